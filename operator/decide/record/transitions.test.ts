import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  aBundle,
  aCandidate,
  aCandidateRecord,
  anAccess,
  anAdmittedAct,
  anApproval,
  anObject,
  digestOf,
  hour,
  now,
} from '../../../test/support/builders/decide.ts';
import { entryAfter, program } from '../../../test/support/builders/record.ts';
import { entryName, type LedgerEntrySpec } from '../../api/ledger.ts';
import { ledgerWriters } from '../../api/ledger-writers.ts';
import { rollback } from '../../api/rollback.ts';
import { breakOf, emptyHead, entryHash } from './chain.ts';
import type { Bundle } from '../bundle.ts';
import { digest8 } from '../json/canonical.ts';
import { jobName } from '../manifest/normal-form.ts';
import * as candidateEntries from '../candidate/entries.ts';
import * as findingsEntries from '../findings/entries.ts';
import * as releaseEntries from '../release/entries.ts';
import { holdLifted } from './holds.ts';
import { resumed } from './resume.ts';
import * as emergency from '../emergency/entries.ts';
import type { LedgerDraft } from '../ledger-entry.ts';
import { packageRecord, emptyRecord, type NamespaceRecord } from './record.ts';
import { followEntries, type Link } from './follow.ts';
import { joined, type JointDraft } from './batch.ts';
import { whyNotNext } from './transitions.ts';

const place = 'payments-prod';

type Draft = LedgerDraft | JointDraft;

/** A draft, or what makes one of the record as it stands; or one of these, planted with a `previous` that is not the hash of the head. */
type Sound = Draft | ((record: NamespaceRecord) => Draft);
type Step = Sound | { readonly planted: Sound };

const planted = (step: Step): Step => ('planted' in step ? step : { planted: step });

const draftOf = (record: NamespaceRecord, step: Step): Draft => {
  const sound = 'planted' in step ? step.planted : step;
  return typeof sound === 'function' ? sound(record) : sound;
};

const entryOf = (record: NamespaceRecord, step: Step): LedgerEntrySpec => {
  const entry = entryAfter(record, draftOf(record, step), { at: now });
  return 'planted' in step ? { ...entry, previous: digestOf('f') } : entry;
};

const linkOf = ({ head }: NamespaceRecord, entry: LedgerEntrySpec): Link => ({
  entry,
  hash: entryHash(entry),
  broken: breakOf(head, entry),
});

const follow = (record: NamespaceRecord, ...steps: readonly Step[]): NamespaceRecord =>
  steps.reduce((before, step) => followEntries(before, [linkOf(before, entryOf(before, step))], whyNotNext), record);

const empty: NamespaceRecord = { ...emptyRecord, head: emptyHead };

const candidate = (name: string) => aCandidate({}, name);
const none = { name: '', digest: 'none' };
const baselineDigest = digestOf('c');
const baseline = { name: `payments-baseline-${digest8(baselineDigest)}`, digest: baselineDigest };
type Base = Pick<Bundle, 'name' | 'digest'>;

const bundleOf = (name: string, digit: string, base: Base = none): Bundle => {
  const { metadata } = candidate(name);
  return aBundle({
    name: `${name}-bundle`,
    candidate: { name, uid: metadata.uid, namespace: 'payments-staging' },
    digest: digestOf(digit),
    base: base.digest,
    previous: base.name,
  });
};

const staged = (bundle: Bundle): Step => candidateEntries.staged(candidate(bundle.candidate.name), bundle);
const started = (bundle: Bundle, given: { from?: string; fromDigest?: string } = {}): Step =>
  candidateEntries.promotionStarted(candidate(bundle.candidate.name), bundle, {
    from: bundle.previous,
    fromDigest: bundle.base === 'none' ? '' : bundle.base,
    quorum: '3/3',
    approvals: [],
    delivery: 'Countersign',
    followsUp: null,
    ...given,
  });

const openOf = (record: NamespaceRecord) => {
  const { open } = packageRecord(record, 'payments');
  if (open === undefined) throw new Error('nothing is open');
  return open;
};
const promoted =
  (bundle: Bundle, healthy = true): Step =>
  (record) =>
    releaseEntries.promoted(openOf(record), bundle, { observeUntil: now + hour, healthy, reason: '' });

const order = (name = 'back') =>
  rollback.parse({
    apiVersion: 'countersign.dev/v1alpha1',
    kind: 'Rollback',
    metadata: {
      name,
      namespace: place,
      uid: `uid-${name}`,
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: '2026-03-11T15:00:00Z',
    },
    spec: { package: 'payments', reason: 'broken', requester: { username: 'sre-a', uid: '', groups: [] } },
  });

const goingBack = (from: Bundle, to: Base, ordered = false, given: Partial<releaseEntries.Return> = {}): Step =>
  releaseEntries.rollbackStarted(
    {
      candidate: from.candidate,
      package: 'payments',
      from: from.name,
      fromDigest: from.digest,
      to: to.name,
      toDigest: to.name === '' ? '' : to.digest,
      delivery: 'Countersign',
      ...given,
    },
    { cause: 'it failed', overwrites: [], order: ordered ? order() : undefined, restores: undefined, removes: [] },
  );

const wentBack =
  (previous = ''): Step =>
  (record) =>
    releaseEntries.rolledBack(openOf(record), { package: 'payments', previous, outcome: 'Complete', left: [] });

/** Somebody signs that what was taken back was not the cause. */
const lifting =
  ({ digest }: Bundle, username = 'approver-a'): Step =>
  (record) => {
    const hold = packageRecord(record, 'payments').held.get(digest) ?? {
      name: '000000000000',
      id: 'none',
      candidate: { name: 'second', uid: candidate('second').metadata.uid, namespace: 'payments-staging' },
    };
    const approval = anApproval(username);
    return holdLifted({ package: 'payments', digest, hold }, approval);
  };

/** A release with a Job, and how that ended, in production or in staging. */
const withJob: Bundle = { ...bundleOf('job', '5'), objects: [anObject('Job', 'migrate')] };
const jobKey = `Job/${jobName('migrate', withJob.digest)}`;
type Outcome = 'Complete' | 'Failed';
const jobEnded =
  (outcome: Outcome, object = jobKey, bundle = withJob): Step =>
  (record) =>
    releaseEntries.jobDone(openOf(record), bundle, { object, outcome, message: '' });
const ranInStaging = (outcome: Outcome, bundle: Bundle = withJob): Step =>
  candidateEntries.jobDone(candidate('job'), bundle, { object: 'Job/migrate', outcome, message: '' });
const runsJob: readonly Step[] = [staged(withJob), started(withJob)];

const first = bundleOf('first', '1');
const second = bundleOf('second', '2', first);
const third = bundleOf('third', '3', second);
const over = bundleOf('over', '4', baseline);
/** Nobody staged it, or signed for it. */
const evil = bundleOf('evil', '6', second);

const runsFirst = [staged(first), started(first), promoted(first)];
const runsSecond = [...runsFirst, staged(second), started(second), promoted(second)];

const signedBy = (who: string) => anApproval(who, { name: `by-${who}` });

const access = anAccess();
const role = { name: 'countersign-emergency', digest: digestOf('9') };
const emergencyOf = (record: NamespaceRecord) => {
  const known = record.emergencies.all.get(access.metadata.uid);
  if (known === undefined) throw new Error('no emergency');
  return known;
};
const ended: Step = (record) =>
  emergency.ended(place, emergencyOf(record), { decision: 'AccessExpired', message: 'over' });
const accounted: Step = (record) =>
  emergency.accounted(place, emergencyOf(record), { drift: [], sessions: [], dueAt: undefined });
const reviewed =
  (who = 'approver-a'): Step =>
  (record) => {
    const known = emergencyOf(record);
    return emergency.reviewed(place, known, anApproval(who, { digest: known.accounted?.digest ?? '' }));
  };
const openedFinding = findingsEntries.findingOpened(place, {
  object: 'ConfigMap/settings',
  uid: '',
  digest: digestOf('7'),
  reason: 'somebody',
  data: {
    change: 'Changed',
    before: '',
    after: digestOf('7'),
    scale: '',
    without: [],
    managers: [],
    username: '',
    paths: [],
    parts: [],
  },
});
const closedFinding =
  (given: Partial<LedgerDraft> = {}): Step =>
  (record) => {
    const [finding] = record.explained.findings.values();
    if (finding === undefined) throw new Error('no finding is open');
    const approval = signedBy('approver-a');
    return {
      ...findingsEntries.findingClosed(place, finding, { by: 'Signature', approval, accepted: true }),
      ...given,
    };
  };

const settings = { object: 'ConfigMap/settings', digest: digestOf('8'), replicas: null, without: [] };
const adopting = (kinds: readonly string[]): LedgerDraft =>
  findingsEntries.adopted(place, { objects: [settings], kinds: [...kinds], more: false, reason: '' });
const binding = (kinds: readonly string[]): LedgerDraft =>
  findingsEntries.adopted(place, {
    objects: [],
    kinds: [...kinds],
    more: false,
    lifetimes: [{ object: 'ConfigMap/settings', lifetime: ['finalizer a.b/c'] }],
    measuresLifetimes: true,
    reason: '',
  });

const acted = anAdmittedAct('Operate', { after: digestOf('7') });
const came =
  (object = ''): Step =>
  (record) => {
    const [attempt] = record.explained.attempts.values();
    if (attempt === undefined) throw new Error('no act is open');
    return findingsEntries.observed(place, attempt, object === '' ? undefined : { object, uid: '' });
  };
const rejecting = (inFlight: boolean): Step =>
  candidateEntries.rejected(candidate('first'), anApproval('approver-a', { decision: 'Reject' }), inFlight);

const never = (): never => {
  throw new Error('none');
};

/** One entry for several acts, as the record stands when it is written. */
const together =
  (...steps: readonly [Step, ...Step[]]): Step =>
  (record) => {
    const [act, ...more] = steps.map((step) => {
      const draft = draftOf(record, step);
      return 'acts' in draft.data ? never() : { ...draft, data: draft.data };
    });
    const first = act ?? never();
    return joined(place, [first, ...more], program(ledgerWriters[first.data.type].writer));
  };
const withdrawing: LedgerDraft = {
  ...anAdmittedAct('Withdraw', { operation: 'DELETE', resource: 'releasecandidates.countersign.dev' }),
  subject: { kind: 'ReleaseCandidate', name: 'first', uid: candidate('first').metadata.uid, namespace: place },
  package: 'payments',
};
const demanding = anAdmittedAct('Administer', {
  demanded: [{ role: 'tester', count: 1, oneFromEach: [] }],
  resource: 'releasepolicies.countersign.dev',
});
const underNone = anAdmittedAct('Emergency', { emergency: 'none' });
const attemptOf = (record: NamespaceRecord) => [...record.explained.attempts.values()][0] ?? never();
const closedFindingOf = (record: NamespaceRecord): Draft => draftOf(record, closedFinding());

const goingBackRejected = (record: NamespaceRecord): Draft => draftOf(record, goingBack(first, none));

describe('legitimate histories', () => {
  test.each<[string, readonly Step[]]>([
    ['a first release, from nothing', runsFirst],
    ['one release after another', [...runsSecond, staged(third), started(third), promoted(third)]],
    ['a first release over what was there', [staged(over), started(over), promoted(over)]],
    [
      'a promotion that goes back',
      [...runsFirst, staged(second), started(second), goingBack(second, first), wentBack()],
    ],
    [
      'a first promotion that goes back to nothing',
      [staged(first), started(first), goingBack(first, none), wentBack()],
    ],
    [
      'a first promotion that goes back to what was there',
      [staged(over), started(over), goingBack(over, baseline), wentBack()],
    ],
    ['a release that fails while it is observed', [...runsSecond, goingBack(second, first), wentBack()]],
    ['an order', [...runsSecond, goingBack(second, first, true), wentBack()]],
    [
      'an order while a promotion is open',
      [...runsSecond, staged(third), started(third), goingBack(third, first, true), wentBack()],
    ],
    [
      'an old order after a rollback',
      [
        ...runsSecond,
        staged(third),
        started(third),
        promoted(third),
        goingBack(third, second),
        wentBack(first.name),
        goingBack(second, first, true),
        wentBack(),
      ],
    ],
    [
      'an order back to what was there',
      [staged(over), started(over), promoted(over), goingBack(over, baseline, true), wentBack()],
    ],
    [
      'the next release after a rollback to nothing',
      [
        staged(first),
        started(first),
        goingBack(first, none),
        wentBack(),
        staged(bundleOf('second', '2')),
        started(bundleOf('second', '2')),
      ],
    ],
    [
      'content whose hold somebody lifted goes forward again',
      [
        ...runsFirst,
        staged(second),
        started(second),
        goingBack(second, first),
        wentBack(),
        lifting(second),
        staged({ ...third, digest: second.digest, base: first.digest, previous: first.name }),
        started({ ...third, digest: second.digest, base: first.digest, previous: first.name }),
      ],
    ],
    [
      'a Job that failed in staging, then ran there and in production',
      [
        staged(withJob),
        ranInStaging('Failed'),
        ranInStaging('Complete'),
        started(withJob),
        jobEnded('Complete'),
        promoted(withJob),
      ],
    ],
    ['a release whose Job fails', [...runsJob, jobEnded('Failed'), goingBack(withJob, none), wentBack()]],
    ['a release that pages', [...runsFirst.slice(0, 2), promoted(first, false)]],
    ['a release that pages while it is observed', [...runsFirst, releaseEntries.failedObserved(first, 'crashes')]],
    [
      'a write that is refused',
      [
        ...runsFirst.slice(0, 2),
        (r) => releaseEntries.refusedWrite(openOf(r), 'payments', 'ConfigMap/x', 'no'),
        goingBack(first, none),
        wentBack(),
      ],
    ],
    ['an order that is refused', [releaseEntries.refusedOrder(order(), 'BundleUnknown', 'no')]],
    [
      'a candidate that expires before it was staged',
      [candidateEntries.refusedCandidate(candidate('first'), 'Expired', 'late')],
    ],
    [
      'a candidate that is withdrawn',
      [
        staged(first),
        candidateEntries.withdrawn(aCandidateRecord({ uid: candidate('first').metadata.uid, name: 'first' })),
      ],
    ],
    [
      'content that is staged against another base',
      [staged(second), ...runsFirst, staged({ ...second, digest: digestOf('5') })],
    ],
    [
      'signatures, and a rejection',
      [staged(first), candidateEntries.signed(candidate('first'), signedBy('tester-a')), rejecting(false)],
    ],
    ['a rejection in flight', [staged(first), started(first), rejecting(true), (r) => goingBackRejected(r)]],
    ['a tested release', [staged(first), candidateEntries.tested(candidate('first'), first, []), started(first)]],
    ['what was there is taken up, and measured anew', [adopting(['ConfigMap']), adopting([])]],
    ['finalizers are taken up, and those of a kind that is added later', [binding([]), binding(['ConfigMap'])]],
    ['an act that was seen', [adopting(['ConfigMap']), acted, came('Deployment/api')]],
    ['an act that was not seen', [acted, came()]],
    ['a finding that somebody signs for', [openedFinding, closedFinding()]],
    [
      'a finding that somebody signs for, entered by the operator',
      [openedFinding, closedFinding({ actor: 'operator' })],
    ],
    [
      'an emergency',
      [
        emergency.granted(access, role),
        (r) => emergency.opened(place, emergencyOf(r)),
        (r) => anAdmittedAct('Emergency', { emergency: emergencyOf(r).uid }),
        ended,
        accounted,
        reviewed(),
        (r) => emergency.closed(place, emergencyOf(r)),
      ],
    ],
    ['an access that is refused', [emergency.refusedAccess(access, 'AccessAlreadyOver', 'no')]],
    ['several acts in one entry', [staged(first), together(acted, withdrawing, demanding), came()]],
  ])('%s', (_, steps) => {
    expect(follow(empty, ...steps).broken).toBeUndefined();
  });
});

test('the record says what the policy demanded before each change, and where each promotion began', () => {
  const lines = [{ role: 'tester', count: 1, oneFromEach: [] }];
  const change = anAdmittedAct('Administer', { demanded: lines, resource: 'releasepolicies.countersign.dev' });
  const record = follow(empty, staged(first), started(first), change, promoted(first));
  expect(record.demanded).toEqual([{ seq: 2, lines }]);
  expect(record.candidates.get(candidate('first').metadata.uid)).toMatchObject({
    intent: { bundle: first.name, seq: 1 },
    authors: new Set(['developer-a']),
  });
});

describe('forged histories', () => {
  test.each<[string, readonly Step[], Step, string]>([
    [
      'Promoted without an intent',
      runsSecond,
      () =>
        releaseEntries.promoted({ ...openOf(follow(empty, staged(first), started(first))), to: 'evil-bundle' }, evil, {
          observeUntil: now,
          healthy: true,
          reason: '',
        }),
      'no promotion id-1 is open',
    ],
    ['a promotion of what was never staged', runsSecond, started(evil), 'never staged'],
    [
      'the end of a Job that ended before',
      [...runsJob, jobEnded('Complete')],
      jobEnded('Failed'),
      'the end of that Job was entered before',
    ],
    [
      'the end of a Job that failed before, under the same promotion',
      [...runsJob, jobEnded('Failed')],
      jobEnded('Complete'),
      'the end of that Job was entered before',
    ],
    [
      'the end of a Job that the promotion does not hold',
      runsJob,
      jobEnded('Complete', 'Job/other-55555555'),
      'its promotion writes no such Job',
    ],
    [
      'the end of something that is no Job',
      [staged(first), started(first)],
      jobEnded('Complete', 'ConfigMap/api-config', first),
      'its promotion writes no such Job',
    ],
    [
      'the end of a Job of other content',
      runsJob,
      jobEnded('Complete', jobKey, { ...withJob, digest: digestOf('e') }),
      'it is about other content than its intent',
    ],
    [
      'the end of a Job with nothing open',
      [...runsJob, promoted(withJob)],
      () =>
        releaseEntries.jobDone(openOf(follow(empty, ...runsJob)), withJob, {
          object: jobKey,
          outcome: 'Complete',
          message: '',
        }),
      'no promotion',
    ],
    [
      'the end of a Job of staging, twice',
      [staged(withJob), ranInStaging('Complete')],
      ranInStaging('Complete'),
      'the end of that Job was entered before',
    ],
    [
      'that a Job of staging failed which was complete',
      [staged(withJob), ranInStaging('Complete')],
      ranInStaging('Failed'),
      'the end of that Job was entered before',
    ],
    [
      'the end of a Job of staging, of what was never staged',
      [staged(withJob)],
      ranInStaging('Complete', { ...withJob, digest: digestOf('e') }),
      'never staged',
    ],
    [
      'the end of a Job of staging after the promotion began',
      runsJob,
      ranInStaging('Complete'),
      'the promotion of its candidate has begun',
    ],
    [
      'a promotion from what production does not run',
      [...runsSecond, staged(third)],
      started(third, { from: 'first-bundle', fromDigest: first.digest }),
      'which production does not run',
    ],
    [
      'a promotion over a baseline that nobody staged against',
      [staged(first)],
      started(first, { from: baseline.name, fromDigest: baseline.digest }),
      'against another base',
    ],
    [
      'a promotion over something that is no baseline',
      [staged(first)],
      started(first, { from: 'evil-bundle', fromDigest: evil.digest }),
      'which production does not run',
    ],
    [
      'a promotion while another is open',
      [staged(first), staged(bundleOf('second', '2')), started(first)],
      started(bundleOf('second', '2')),
      'is open',
    ],
    [
      'a promotion of what is on hold',
      [
        ...runsFirst,
        staged(second),
        started(second),
        goingBack(second, first),
        wentBack(),
        staged({ ...third, digest: second.digest, base: first.digest, previous: first.name }),
      ],
      started({ ...third, digest: second.digest, base: first.digest, previous: first.name }),
      'on hold',
    ],
    [
      'a hold that is lifted in another name than its signature',
      [...runsFirst, staged(second), started(second), goingBack(second, first), wentBack()],
      (r) => ({ ...draftOf(r, lifting(second)), actor: { username: 'approver-b', uid: '', groups: [] } }),
      'in another name',
    ],
    [
      'a hold that an author of the content lifts',
      [...runsFirst, staged(second), started(second), goingBack(second, first), wentBack()],
      lifting(second, 'developer-a'),
      'an author of the content',
    ],
    ['a hold that is none', runsSecond, lifting(second), 'not on hold'],
    ['a promotion again', [...runsFirst, goingBack(first, none, true), wentBack()], started(first), 'finished'],
    [
      'an outcome for other content',
      [staged(first), started(first)],
      (r) => ({
        ...releaseEntries.promoted(openOf(r), first, { observeUntil: now, healthy: true, reason: '' }),
        digest: evil.digest,
      }),
      'other content',
    ],
    ['a rollback to what production never ran', runsSecond, goingBack(second, evil), 'never ran evil-bundle'],
    [
      'an ordered rollback to what production never ran',
      runsSecond,
      goingBack(second, evil, true),
      'never ran evil-bundle',
    ],
    [
      'a rollback to other content under a known name',
      runsSecond,
      goingBack(second, { ...first, digest: evil.digest }),
      'other content than ran',
    ],
    [
      'a rollback from what production does not run',
      runsSecond,
      goingBack(evil, second),
      'production does not run evil-bundle',
    ],
    ['a rollback to nothing', runsSecond, goingBack(second, none), 'never without the package'],
    [
      'a rollback that nobody ordered, further back',
      [...runsSecond, staged(third), started(third), promoted(third)],
      goingBack(third, first),
      'is not what it came from',
    ],
    [
      'a rollback of a rollback that nobody ordered',
      [...runsSecond, goingBack(second, first), wentBack()],
      goingBack(first, none),
      'nobody ordered it',
    ],
    [
      'an order twice',
      [
        ...runsSecond,
        staged(third),
        started(third),
        promoted(third),
        goingBack(third, second, true),
        wentBack(first.name),
      ],
      goingBack(second, first, true),
      'answered before',
    ],
    [
      'a rollback while one is open',
      [...runsSecond, goingBack(second, first)],
      goingBack(second, first),
      'a rollback of the package is open',
    ],
    [
      'an end of a rollback to elsewhere',
      [...runsSecond, goingBack(second, first)],
      (r) =>
        releaseEntries.rolledBack(
          { ...openOf(r), to: evil.name, toDigest: evil.digest },
          { package: 'payments', previous: '', outcome: 'Complete', left: [] },
        ),
      'other bundles',
    ],
    [
      'an end of a rollback that names another bundle before',
      [...runsSecond, goingBack(second, first)],
      wentBack(evil.name),
      'did not come after',
    ],
    [
      'an end of a rollback that was not begun',
      runsSecond,
      () =>
        releaseEntries.rolledBack(openOf(follow(empty, ...runsSecond, goingBack(second, first))), {
          package: 'payments',
          previous: '',
          outcome: 'Complete',
          left: [],
        }),
      'no rollback',
    ],
    [
      'a rollback in the name of nobody',
      runsSecond,
      { ...(goingBack(second, first, true) as LedgerDraft), actor: 'operator' },
      'ordered by no person',
    ],
    ['content staged twice', [staged(first)], staged(first), 'staged before'],
    [
      'a signature that is entered twice',
      [staged(first), candidateEntries.signed(candidate('first'), signedBy('tester-a'))],
      candidateEntries.signed(candidate('first'), signedBy('tester-a')),
      'entered before',
    ],
    [
      'a signature in another name',
      [staged(first)],
      {
        ...candidateEntries.signed(candidate('first'), signedBy('tester-a')),
        actor: { username: 'tester-b', uid: '', groups: [] },
      },
      'another name',
    ],
    [
      'a signature in the name of a program',
      [staged(first)],
      { ...candidateEntries.signed(candidate('first'), signedBy('tester-a')), actor: 'operator' },
      'in that of a person',
    ],
    [
      'a promotion in the name of a person',
      [staged(first)],
      { ...(started(first) as LedgerDraft), actor: { username: 'developer-a', uid: '', groups: [] } },
      'countersign-operator itself',
    ],
    [
      'a rejection of what nobody began, in flight',
      [staged(first)],
      rejecting(true),
      'no promotion of its candidate has begun',
    ],
    ['a rejection that ends a candidate in flight', [staged(first), started(first)], rejecting(false), 'has begun'],
    [
      'a candidate of another package',
      [staged(first)],
      { ...(started(first) as LedgerDraft), package: 'other' },
      'of another package',
    ],
    ['a kind taken up twice', [adopting(['ConfigMap'])], adopting(['ConfigMap']), 'taken up before'],
    ['an object taken up twice', [adopting(['ConfigMap'])], adopting(['Secret']), 'an object that the record knows'],
    ['finalizers taken up twice', [binding([])], binding([]), 'finalizers and owners of objects'],
    ['an object measured anew that nobody knows', [], adopting([]), 'does not know'],
    [
      'something seen of no act',
      [],
      findingsEntries.observed(place, { ...attemptOf(follow(empty, acted)), id: 'none' }, undefined),
      'no act none is open',
    ],
    ['something seen on another object', [acted], came('Deployment/other'), 'about another object'],
    [
      'a finding closed that is not open',
      [openedFinding, closedFinding()],
      () => closedFindingOf(follow(empty, openedFinding)),
      'is open',
    ],
    [
      'a finding closed for another change',
      [openedFinding],
      closedFinding({ digest: digestOf('0') }),
      'another change',
    ],
    [
      'a finding closed by a release that is none',
      [openedFinding],
      (r) =>
        findingsEntries.findingClosed(place, [...r.explained.findings.values()][0] ?? never(), {
          by: 'Release',
          bundle: 'x',
        }),
      'no release covers it',
    ],
    [
      'an emergency that was not granted',
      [],
      () => emergency.opened(place, emergencyOf(follow(empty, emergency.granted(access, role)))),
      'does not know that access',
    ],
    [
      'an emergency opened after its end',
      [emergency.granted(access, role), ended],
      (r) => emergency.opened(place, emergencyOf(r)),
      'is Ended',
    ],
    ['an emergency granted twice', [emergency.granted(access, role)], emergency.granted(access, role), 'judged before'],
    [
      'an emergency granted after it was refused',
      [emergency.refusedAccess(access, 'AccessAlreadyOver', 'no')],
      emergency.granted(access, role),
      'judged before',
    ],
    [
      'an emergency reviewed by who had it',
      [emergency.granted(access, role), ended, accounted],
      reviewed('developer-a'),
      'had a part in it',
    ],
    [
      'an emergency closed without review',
      [emergency.granted(access, role), ended, accounted],
      (r) => emergency.closed(place, emergencyOf(r)),
      'nobody reviewed',
    ],
    ['an act under no emergency', [], underNone, 'does not know its emergency'],
    [
      'an entry for several acts of which the last does not follow',
      [staged(first), adopting(['ConfigMap']), emergency.granted(access, role)],
      together(
        acted,
        withdrawing,
        demanding,
        (r) => anAdmittedAct('Emergency', { emergency: emergencyOf(r).uid }),
        underNone,
      ),
      'does not know its emergency',
    ],
    [
      'an entry for several acts in the name of another program',
      [staged(first)],
      (r) => ({ ...draftOf(r, together(demanding, withdrawing)), actor: program('operator') }),
      'countersign-gate itself',
    ],
    ['an entry that tells twice what came of one act', [acted], together(came(), came()), 'is open'],
    [
      'an entry for several acts of which the last cannot be read',
      [staged(first)],
      together(demanding, { ...acted, data: { ...acted.data, operation: 'APPROVE' } as unknown as typeof acted.data }),
      'cannot be read',
    ],
  ])('%s breaks the record, which says where and why, and nothing comes of it', (_, before, forged, why) => {
    const good = follow(empty, ...before);
    expect(good.broken).toBeUndefined();

    const after = follow(good, forged);

    expect(after.broken).toContain(why);
    expect(after.broken).toMatch(/^entry \d{12} \(\w+\) (does not follow: |cannot be read)/);
    const others = { head: undefined, broken: undefined, refused: undefined };
    expect({ ...after, ...others }).toEqual({ ...good, ...others });
  });
});

// --- going on -------------------------------------------------------------------------------------------------------

/** Somebody signed for going on without the entry that broke the record. */
const goesOn =
  (who = 'tester-a', given: { readonly id?: string; readonly hash?: string } = {}): Step =>
  ({ refused }) => {
    const { name, id, hash } = { name: entryName(0), id: 'none', hash: digestOf('0'), ...refused, ...given };
    const subject = { kind: 'LedgerEntry', name, uid: id, namespace: place };
    return resumed(subject, hash, signedBy(who));
  };

describe('a record that an entry broke goes on', () => {
  test.each<[string, Step[]]>([
    ['that entry alone', [promoted(evil)]],
    ['an entry with another previous', [planted(promoted(third))]],
    ['what follows from an entry with another previous', [planted(promoted(third)), openedFinding]],
    ['entries of which each has another previous', [planted(promoted(third)), planted(goesOn())]],
    ['what follows from it', [promoted(evil), goingBack(evil, second)]],
    ['what would have followed without it', [promoted(evil), openedFinding, staged(third), started(third)]],
  ])('without %s, once somebody signed for that', (_, [bad, ...more]) => {
    const good = follow(empty, ...runsSecond, staged(third), started(third));
    const broken = follow(good, ...(bad === undefined ? [] : [bad, ...more]));
    expect(broken.broken).toContain('does not follow');

    const after = follow(broken, goesOn());

    const others = { head: undefined, emergencies: undefined };
    expect({ ...after, ...others }).toEqual({ ...good, ...others });
    expect(follow(after, promoted(third))).toMatchObject({ broken: undefined });
  });

  test.each<[string, Step]>([
    ['another entry', goesOn('tester-a', { id: 'another' })],
    ['other content of it', goesOn('tester-a', { hash: digestOf('9') })],
    ['it, in the name of a program', goesOn('system:serviceaccount:countersign:countersign-operator')],
  ])('not by a signature for %s', (_, step) => {
    const broken = follow(empty, ...runsFirst, goingBack(evil, second));
    expect(follow(broken, step).broken).toBe(broken.broken);
  });

  test('not where nothing is broken: to say so breaks it', () => {
    expect(follow(empty, ...runsFirst, goesOn()).broken).toContain('every entry before it follows');
  });

  test('not where entries are missing', () => {
    const good = follow(empty, ...runsFirst);
    const lost = entryOf(good, openedFinding);
    const gap = [linkOf({ ...good, head: { seq: good.head.seq - 1, hash: '' } }, lost)];
    const broken = follow(followEntries(good, gap, whyNotNext), goingBack(evil, second), goesOn());
    expect(broken).toMatchObject({ broken: `entry ${entryName(good.head.seq)} is missing`, damaged: true });
  });

  test('accesses that only refused entries tell of have ended, and those before are as they were', () => {
    const good = follow(empty, ...runsFirst, emergency.granted(access, role));
    const other = anAccess({}, { uid: 'other' });
    const after = follow(good, goingBack(evil, second), emergency.granted(other, role), ended, goesOn());
    expect(emergencyOf(after)).toEqual(emergencyOf(good));
    expect(after.emergencies.all.get(other.metadata.uid)).toMatchObject({ stage: 'Ended' });
  });
});

// --- properties ------------------------------------------------------------------------------------------------------

/** Everything that an attacker may say of three bundles, true or not. */
const bundles = [first, second, third, over, evil];
const anyBundle = fc.constantFrom(...bundles);
const anyBase = fc.constantFrom<Base>(...bundles, baseline, none);
const anySound: fc.Arbitrary<Step> = fc.oneof(
  anyBundle.map(staged),
  fc
    .tuple(anyBundle, anyBase)
    .map(([bundle, from]) =>
      started(bundle, { from: from.name, fromDigest: from.digest === 'none' ? '' : from.digest }),
    ),
  anyBundle.map((bundle): Step => (r) => {
    const { open } = packageRecord(r, 'payments');
    return releaseEntries.promoted(
      open ?? { ...openOf(follow(empty, staged(first), started(first))), to: bundle.name },
      bundle,
      { observeUntil: now, healthy: true, reason: '' },
    );
  }),
  fc.tuple(anyBundle, anyBase, fc.boolean()).map(([from, to, ordered]) => goingBack(from, to, ordered)),
  anyBase.map((to): Step => (r) => {
    const open = packageRecord(r, 'payments').open ?? openOf(follow(empty, staged(first), started(first)));
    return releaseEntries.rolledBack(
      { ...open, to: to.name },
      { package: 'payments', previous: '', outcome: 'Complete', left: [] },
    );
  }),
  fc.constantFrom<Step>(openedFinding, adopting(['ConfigMap']), acted, emergency.granted(access, role)),
  // Acts that follow, and others, in one entry.
  fc
    .array(fc.constantFrom<Step>(acted, withdrawing, demanding, underNone), { minLength: 2, maxLength: 6 })
    .map(([act = acted, ...more]) => together(act, ...more)),
  fc.array(fc.boolean(), { minLength: 2, maxLength: 6 }).map((happened): Step => (r) => {
    const attempts = [...r.explained.attempts.values()];
    const [seen, ...more] = happened.map((isSeen, i) => {
      const attempt = attempts[i % attempts.length] ?? attemptOf(follow(empty, acted));
      return findingsEntries.observed(place, attempt, isSeen ? { object: attempt.object, uid: '' } : undefined);
    });
    return draftOf(r, together(seen ?? never(), ...more));
  }),
);

const anything: fc.Arbitrary<Step> = fc.oneof(
  { weight: 9, arbitrary: anySound },
  { weight: 1, arbitrary: anySound.map(planted) },
);

/** What production should be, and what was demanded of it, by the record. */
const shouldBe = ({ packages, candidates, explained, demanded }: NamespaceRecord) => ({
  packages,
  candidates,
  explained,
  demanded,
});

test('no sequence of entries after the first that is refused changes what production should be', () => {
  fc.assert(
    fc.property(
      fc.array(anything, { maxLength: 30 }),
      fc.array(anything, { minLength: 1, maxLength: 10 }),
      (some, more) => {
        let good = empty;
        let broken: NamespaceRecord | undefined;
        for (const step of some) {
          const next = follow(good, step);
          if (next.broken === undefined) good = next;
          else broken ??= next;
          if (broken !== undefined) break;
        }
        const after = [broken ?? good, ...(broken === undefined ? [] : [follow(broken, ...more)])];
        const goneOn = broken === undefined ? [] : [follow(broken, ...more, goesOn())];
        for (const each of [...after, ...goneOn]) expect(shouldBe(each)).toEqual(shouldBe(good));
        expect(after[0]?.emergencies).toEqual(good.emergencies);
      },
    ),
    { numRuns: 500 },
  );
});

test('a record that follows leads only to what was staged, or to what was there before the first release', () => {
  fc.assert(
    fc.property(fc.array(anything, { maxLength: 60 }), (some) => {
      // What is refused is left out: the longest history that an attacker can tell.
      const record = some.reduce((before, step) => {
        const next = follow(before, step);
        return next.broken === undefined ? next : before;
      }, empty);
      const { production, open } = packageRecord(record, 'payments');
      const known = new Set(['', ...[...record.candidates.values()].flatMap(({ bases }) => [...bases].flat()), 'none']);
      expect(known).toContain(production?.digest ?? '');
      expect(known).toContain(open?.toDigest ?? '');
    }),
    { numRuns: 500 },
  );
});

test('a record read at once is the record that was followed', () => {
  fc.assert(
    fc.property(fc.array(anything, { maxLength: 20 }), (some) => {
      let followed = empty;
      const links = some.map((step) => {
        const entry = entryOf(followed, step);
        const link = linkOf(followed, entry);
        followed = followEntries(followed, [link], whyNotNext);
        return link;
      });
      expect(followEntries(empty, links, whyNotNext)).toEqual(followed);
    }),
  );
});
