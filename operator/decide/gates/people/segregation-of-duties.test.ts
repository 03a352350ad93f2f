import { describe, expect, test } from '@jest/globals';
import {
  aBundle,
  aCandidate,
  aDeployment,
  aGateSnapshot,
  aLiveObject,
  aNamespace,
  anApproval,
  anObject,
  aPolicy,
  aRecord,
  enoughApprovals,
  now,
} from '../../../../test/support/builders/decide.ts';
import { keyOf } from '../../objects.ts';
import type { GateSnapshot } from '../gate.ts';
import { signatures } from '../../people/approvals.ts';
import { contributorsOf } from '../../people/authors.ts';
import type { BundleObject } from '../../bundle.ts';
import type { Writer } from '../../../api/writers.ts';
import { segregationOfDuties } from './segregation-of-duties.ts';

const robot = 'system:serviceaccount:ci:deployer';
const trusting = aPolicy({ trustedAutomation: [robot] });
const byRobot = (onBehalfOf: string[]) => ({
  bundle: aBundle({ authors: [robot] }),
  candidate: aCandidate({ author: { username: robot }, onBehalfOf }),
});
const judged = (given: Partial<GateSnapshot>) => segregationOfDuties.judge(aGateSnapshot(given), now);

/** Staging holds objects that were changed after the bundle was frozen; undefined = it is not recorded by whom. */
const changed = (objects: readonly BundleObject[], changedBy: readonly Writer[] | undefined): Partial<GateSnapshot> => {
  const staged = new Map(objects.map((object) => [keyOf(object.ref), aLiveObject(object, { changedBy })]));
  const staging = { source: aNamespace({ staging: true }), staged, stagedAutoscalers: [] };
  return { hands: contributorsOf(staging, 'payments-staging', aBundle({ objects: [] })) };
};

const byHand = (username: string): Partial<GateSnapshot> => changed([aDeployment()], [{ username, position: '0' }]);

const byAda = {
  username: 'ada@example.com',
  did: 'wrote commit 3f0e of https://git.example/payments',
  evidence: 'Source s',
};
const source = (given: Partial<GateSnapshot['sourceAuthors']> = {}): Partial<GateSnapshot> => ({
  sourceAuthors: { known: [byAda], unknown: [], unanswered: [], ...given },
});

describe('who made the source', () => {
  const [testerA, , approverB] = enoughApprovals();
  const approvals = [testerA, anApproval('approver-a', { groups: ['payments-owners'] }), approverB].flatMap(
    (each) => each ?? [],
  );
  const ada = aPolicy({ people: [{ name: 'ada', identities: ['ADA@example.com', 'approver-a'] }] });

  test('cannot sign under any account, and it is said what they did', () => {
    expect(judged({ approvals, policy: ada, ...source() })).toMatchObject({
      outcome: 'Waiting',
      reason: 'AuthorCannotSign',
      message:
        'Not counted, because they changed the content: approver-a (ada@example.com wrote commit 3f0e of https://git.example/payments (Source s))',
    });
  });

  test('and did not sign is named', () => {
    expect(judged(source())).toMatchObject({
      outcome: 'Passed',
      message: expect.stringContaining('authors by the source: ada@example.com wrote commit 3f0e of'),
    });
  });

  test('and whose account is not known blocks it, with what a platform admin adds to the policy', () => {
    const verdict = judged(source({ unknown: [byAda] }));
    expect(verdict).toMatchObject({ outcome: 'Blocked', reason: 'AuthorUnknown' });
    expect(verdict.message).toContain('It is not known which account of the cluster is whose: ada@example.com wrote');
    expect(verdict.remedy).toContain(
      'kubectl edit relpol production -n payments-prod with people: [{name: author-1, identities: ["ada@example.com", <username in the cluster>]}]',
    );
  });

  test('is not passed over while it is not answered who signed the statement', () => {
    const unanswered = source({ known: [], unanswered: ['Source s'] });
    expect(judged(unanswered)).toMatchObject({ outcome: 'Unknown', reason: 'RightsUnknown' });
    expect(signatures(aGateSnapshot(unanswered), now).map(({ standing }) => standing)).not.toContain('Counts');
  });

  test('are more than are recorded', () => {
    const known = Array.from({ length: 251 }, (_, i) => ({ ...byAda, username: `p${i}` }));
    expect(judged(source({ known }))).toMatchObject({ outcome: 'Blocked', reason: 'TooManyAuthors' });
  });
});

describe('who changed staging', () => {
  const [testerA, , approverB] = enoughApprovals();
  const approverA = anApproval('approver-a', { groups: ['payments-owners'] });
  const approvals = [testerA, approverA, approverB].flatMap((each) => each ?? []);

  test.each<[sentence: string, given: Partial<GateSnapshot>]>([
    ['while it is held', byHand('approver-a')],
    ['before it was frozen', { bundle: aBundle({ authors: ['approver-a'] }) }],
    ['before it was tested', { record: aRecord({ candidate: { authorsWhenTested: ['approver-a'] } }) }],
    [
      'under another account',
      { ...byHand('a.lex'), policy: aPolicy({ people: [{ name: 'alex', identities: ['a.lex', 'approver-a'] }] }) },
    ],
    ['in letters that look alike', byHand('Аpprover-a')],
  ])('%s cannot sign', (_, given) => {
    const verdict = judged({ approvals, ...given });
    expect(verdict).toMatchObject({ outcome: 'Waiting', reason: 'AuthorCannotSign' });
    expect(verdict.message).toContain('approver-a');
  });

  test('and signs nothing is not in the way', () => {
    expect(judged({ approvals, ...byHand('approver-c') }).outcome).toBe('Passed');
  });

  test('and is a machine must be trusted, or the object made anew', () => {
    const verdict = judged(byHand(robot));
    expect(verdict).toMatchObject({ outcome: 'Blocked', reason: 'AuthorNotTrusted' });
    expect(verdict.remedy).toContain(
      'A person creates Deployment api again (kubectl get deployment/api -n payments-staging -o yaml | kubectl replace --force -f -) and the developer creates a new candidate',
    );
  });

  test('and is a trusted machine stands for people who are named', () => {
    expect(judged({ ...byHand(robot), policy: trusting }).reason).toBe('AutomationWithoutPerson');
    const named = aCandidate({ onBehalfOf: ['developer-a'] });
    expect(judged({ ...byHand(robot), policy: trusting, candidate: named }).outcome).toBe('Passed');
  });

  test('and is not known blocks it', () => {
    expect(judged(changed([aDeployment(), anObject('ConfigMap', 'a')], undefined))).toMatchObject({
      outcome: 'Blocked',
      reason: 'AuthorUnrecorded',
      message: 'It is not recorded who wrote Deployment api and ConfigMap a in payments-staging',
      remedy:
        'Somebody who answers for each sends it again as it is: kubectl get deployment/api configmap/a -n payments-staging -o yaml | kubectl replace -f -',
    });
  });
});

test('different people pass', () => {
  expect(judged({})).toMatchObject({ outcome: 'Passed', reason: 'DutiesSegregated' });
});

test('nobody who has signed nothing is in the way', () => {
  expect(judged({ approvals: [] }).outcome).toBe('Passed');
});

describe('an author who is a machine', () => {
  test.each<[sentence: string, given: Partial<GateSnapshot>]>([
    ['is refused if the policy does not trust it', byRobot(['developer-a'])],
    ['is refused if it only had a hand in the content', { bundle: aBundle({ authors: ['developer-a', robot] }) }],
    [
      'is refused if the policy trusts another',
      { ...byRobot(['developer-a']), policy: aPolicy({ trustedAutomation: [`${robot}2`] }) },
    ],
    ['is refused if it is no ServiceAccount', { candidate: aCandidate({ author: { username: 'system:node:a' } }) }],
  ])('%s', (_, given) => {
    const verdict = judged(given);
    expect(verdict).toMatchObject({ outcome: 'Blocked', reason: 'AuthorNotTrusted' });
    expect(verdict.remedy).toContain('kubectl edit relpol production -n payments-prod');
  });

  test.each([
    ['nobody', []],
    ['a blank', [' ']],
    ['itself', [robot]],
  ])('and names %s is refused though it is trusted', (_, onBehalfOf) => {
    expect(judged({ ...byRobot(onBehalfOf), policy: trusting })).toMatchObject({
      outcome: 'Blocked',
      reason: 'AutomationWithoutPerson',
    });
  });

  test('passes if it is trusted and names people', () => {
    expect(judged({ ...byRobot(['developer-a']), policy: trusting }).outcome).toBe('Passed');
  });

  test('makes authors of the people whom it names', () => {
    const approvals = [anApproval('developer-a', { role: 'tester' })];
    expect(judged({ ...byRobot(['developer-a']), policy: trusting, approvals }).reason).toBe('AuthorCannotSign');
  });
});

test('a person who names others needs no trust', () => {
  expect(judged({ candidate: aCandidate({ onBehalfOf: ['developer-b'] }) }).outcome).toBe('Passed');
});

describe("an author's signature", () => {
  const own = anApproval('developer-a', { role: 'tester' });
  const [, ...approvers] = enoughApprovals();

  test('holds it up while somebody else must sign in its place', () => {
    const verdict = judged({ approvals: [own, ...approvers] });
    expect(verdict).toMatchObject({ outcome: 'Waiting', reason: 'AuthorCannotSign' });
    expect(verdict.message).toContain('developer-a');
    expect(verdict.remedy).toContain('approvalManifests.tester');
  });

  test('is only named once others have signed', () => {
    const verdict = judged({ approvals: [own, ...enoughApprovals()] });
    expect(verdict.outcome).toBe('Passed');
    expect(verdict.message).toContain('developer-a');
  });
});

describe('a person who signs twice', () => {
  const aliases = aPolicy({ people: [{ name: 'alex', identities: ['tester-a', 'alex-adm'] }] });
  const second = anApproval('alex-adm', { groups: ['payments-owners'] });
  const tester = anApproval('tester-a', { role: 'tester' });
  const owner = anApproval('approver-a', { groups: ['payments-owners'] });

  test.each<[sentence: string, given: Partial<GateSnapshot>, message: string]>([
    [
      'under two accounts',
      { policy: aliases, approvals: [tester, second] },
      'alex-adm as approver and tester-a as tester',
    ],
    ['in two roles', { approvals: [tester, anApproval('tester-a')] }, 'tester-a as approver and tester-a as tester'],
    [
      'in other letters',
      { approvals: [owner, anApproval('APPROVER-A')] },
      'APPROVER-A as approver and approver-a as approver',
    ],
  ])('%s holds it up while somebody else must sign', (_, given, message) => {
    const verdict = judged(given);
    expect(verdict).toMatchObject({ outcome: 'Waiting', reason: 'SamePersonTwice' });
    expect(verdict.message).toContain(message);
  });

  test('is only named once others have signed', () => {
    const verdict = judged({ policy: aliases, approvals: [...enoughApprovals(), second] });
    expect(verdict.outcome).toBe('Passed');
    expect(verdict.message).toContain('alex-adm');
  });

  test('in the same role and name has done no harm', () => {
    const again = anApproval('tester-a', { role: 'tester', name: 'again' });
    expect(judged({ approvals: [tester, again] })).toMatchObject({
      outcome: 'Passed',
      message: 'Authors, testers and approvers are different people',
    });
  });
});
