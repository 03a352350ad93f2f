import { describe, expect, test } from '@jest/globals';
import { anApproval, aPolicy, digestOf, hour, now } from '../../../test/support/builders/decide.ts';
import type { Approval } from '../../api/approval.ts';
import { approval } from '../../api/approval.ts';
import { noEmergencies } from './emergency.ts';
import { questionKey, type Answer } from '../api-queries.ts';
import { planResume, signResume, type ResumeSnapshot } from './resume.ts';
import { rightToSign } from '../people/approval-right.ts';

const refused = { name: '000000000042', id: 'entry-id', hash: digestOf('7'), emergencies: noEmergencies };
const policy = aPolicy();
const { namespace } = policy.metadata;

/** As the command creates it, and the API server stamps it. */
const signed = (spec: Partial<Approval['spec']> = {}, createdAt = now - hour): Approval => {
  const manifest = JSON.parse(/echo '(.*)' \| kubectl/.exec(signResume(policy, refused))?.[1] ?? '') as Approval;
  return approval.parse({
    ...manifest,
    metadata: {
      ...anApproval('tester-a').metadata,
      name: 'for-going-on',
      creationTimestamp: new Date(createdAt).toISOString(),
    },
    spec: { ...manifest.spec, approver: { username: 'tester-a', uid: '', groups: [] }, ...spec },
  });
};

const planned = (
  approvals: readonly Approval[],
  answer: Answer | undefined,
  given: Partial<ResumeSnapshot['record']> = {},
) => {
  const answers = new Map(
    answer === undefined ? [] : approvals.map((each) => [questionKey(rightToSign(namespace, each)), answer] as const),
  );
  return planResume({ namespace, policy, record: { refused, ...given }, approvals: () => approvals }, answers, now);
};
const yes: Answer = { kind: 'Yes' };
const no = { kind: 'No' } as Answer;

describe('going on without an entry that does not follow', () => {
  test('is entered once somebody who holds the role signed, in their name', () => {
    expect(planned([signed()], yes).effects).toMatchObject([
      {
        do: 'Append',
        namespace,
        draft: {
          actor: { username: 'tester-a' },
          subject: { kind: 'LedgerEntry', name: '000000000042', uid: 'entry-id' },
          digest: refused.hash,
          data: { type: 'Resumed', entry: 'entry-id', approval: { name: 'for-going-on', username: 'tester-a' } },
        },
      },
    ]);
  });

  test('asks first whether they hold it', () => {
    expect(planned([signed()], undefined)).toMatchObject({ effects: [], questions: [{ name: 'tester' }] });
  });

  test.each<[string, Approval]>([
    ['another entry', signed({ subject: { kind: 'LedgerEntry', name: '000000000042', uid: 'another' } })],
    ['another place', signed({ subject: { kind: 'LedgerEntry', name: '000000000043', uid: 'entry-id' } })],
    ['another kind', signed({ subject: { kind: 'Finding', name: '000000000042', uid: 'entry-id' } })],
    ['other content', signed({ digest: digestOf('8') })],
    ['a role that the policy does not have', signed({ role: 'nobody' })],
    ['a refusal', signed({ decision: 'Reject', comment: 'no' })],
    ['a program', signed({ approver: { username: 'system:serviceaccount:x:y', uid: '', groups: [] } })],
    ['long ago', signed({}, now - 10_000 * hour)],
  ])('is not entered by a signature that is for %s', (_, signature) => {
    expect(planned([signature], yes).effects).toEqual([]);
  });

  test('is not entered by somebody who does not hold the role', () => {
    expect(planned([signed()], no).effects).toEqual([]);
  });

  test('is not entered where entries are missing', () => {
    expect(planned([signed()], yes, { damaged: true }).effects).toEqual([]);
  });
});
