import { expect, test } from '@jest/globals';
import {
  aCandidateRecord,
  anApproval,
  anIntent,
  anObject,
  aPolicy,
  aRecord,
  aSealedBundle,
  digestOf,
  hour,
  now,
} from '../../../test/support/builders/decide.ts';
import type { Approval } from '../../api/approval.ts';
import type { Bundle } from '../bundle.ts';
import type { NamespaceRecord } from '../record/record.ts';
import { judgeReturn, type ReturnAct, type ReturnSnapshot, type SignedBundle } from './rollback-consent.ts';

const lines = [
  { role: 'tester', count: 1, oneFromEach: [] },
  { role: 'approver', count: 1, oneFromEach: [] },
];
const policy = aPolicy({ approvals: lines });

const signatures = (bundle: Bundle, given: Parameters<typeof anApproval>[1] = {}): readonly Approval[] => [
  anApproval('tester-a', { role: 'tester', digest: bundle.digest, ...given }),
  anApproval('approver-a', { digest: bundle.digest, ...given }),
];
const signedFor = (bundle: Bundle): SignedBundle => ({ bundle, approvals: signatures(bundle) });

const baseline = aSealedBundle({
  name: 'payments-baseline',
  baseline: true,
  candidate: { name: '', uid: '', namespace: '' },
  base: 'none',
  objects: [anObject('ConfigMap', 'api-config', { data: { level: 'old' } })],
});
const before = aSealedBundle({
  name: 'before',
  base: 'none',
  objects: [anObject('ConfigMap', 'api-config', { data: {} })],
});
const next = aSealedBundle({ name: 'next', base: before.digest });
const over = aSealedBundle({ name: 'over', base: baseline.digest });
const first = aSealedBundle({ name: 'first', base: 'none' });

/** A message that says why. */
const textWith = (why: string): unknown => expect.stringContaining(why);

const back = (to: Bundle | undefined, from: Bundle, given: Partial<ReturnSnapshot> = {}): ReturnSnapshot => ({
  intent: anIntent(from, {
    type: 'Rollback',
    to: to?.name ?? '',
    toDigest: to?.digest ?? '',
    from: from.name,
    fromDigest: from.digest,
  }),
  record: aRecord(),
  policy,
  to: to && signedFor(to),
  from: signedFor(from),
  above: to?.baseline === true ? signedFor(from) : undefined,
  ...given,
});

/** It demands more than it did when the releases above were promoted. */
const stricter = aPolicy({ approvals: [...lines, { role: 'security', count: 1 }] });

/** The promotion of `before` began at that place of the record, and the policy was changed at another. */
const begun = (seq: number, change: NamespaceRecord['demanded'][number], digest = before.digest): NamespaceRecord =>
  aRecord({
    candidate: { intent: { bundle: before.name, digest, quorum: '2/2', restsOn: {}, seq } },
    demanded: [change],
  });

const altered: Bundle = {
  ...before,
  objects: [anObject('ConfigMap', 'api-config', { data: { level: 'evil' } }, before.objects[0]?.digest)],
};

test.each<[string, ReturnSnapshot, ReturnAct, string | undefined]>([
  ['what people signed for', back(before, next), 'Write', undefined],
  [
    'what people signed for long ago',
    back(before, next, { to: { bundle: before, approvals: signatures(before, { createdAt: now - 9_000 * hour }) } }),
    'Write',
    undefined,
  ],
  [
    'what was there before the first release, which people signed for over it',
    back(baseline, over),
    'Write',
    undefined,
  ],
  ['nothing, where nothing was', back(undefined, first), 'Delete', undefined],
  ['what people signed for, away with what the other one brought', back(before, next), 'Delete', undefined],
  [
    'what nobody signed for',
    back(before, next, { to: { bundle: before, approvals: [] } }),
    'Write',
    '0 of 2 signatures',
  ],
  [
    'what too few signed for',
    back(before, next, { to: { bundle: before, approvals: signatures(before).slice(0, 1) } }),
    'Write',
    'missing: 1 as approver',
  ],
  [
    'what was signed for under another digest',
    back(before, next, { to: { bundle: before, approvals: signatures(next) } }),
    'Write',
    '0 of 2',
  ],
  [
    'what was rejected',
    back(before, next, { to: { bundle: before, approvals: signatures(before, { decision: 'Reject' }) } }),
    'Write',
    '0 of 2',
  ],
  [
    'what was signed for another candidate',
    back(before, next, { to: { bundle: before, approvals: signatures(before, { subject: { uid: 'other' } }) } }),
    'Write',
    '0 of 2',
  ],
  [
    'what was signed for elsewhere',
    back(before, next, { to: { bundle: before, approvals: signatures(before, { namespace: 'other' }) } }),
    'Write',
    '0 of 2',
  ],
  [
    'what its author signed for',
    back(before, next, { to: signedFor({ ...before, authors: ['approver-a'] }) }),
    'Write',
    '1 of 2',
  ],
  [
    'what its author, by the record, signed for',
    back(before, next, { record: aRecord({ candidate: aCandidateRecord({ authorsWhenTested: ['approver-a'] }) }) }),
    'Write',
    '1 of 2',
  ],
  [
    'what somebody signed for who staged it, by the record',
    back(before, next, { record: aRecord({ candidate: aCandidateRecord({ authors: new Set(['approver-a']) }) }) }),
    'Write',
    '1 of 2',
  ],
  [
    'what enough people signed for by the policy of then',
    back(before, next, { policy: stricter, record: begun(5, { seq: 9, lines }) }),
    'Write',
    undefined,
  ],
  [
    'what was promoted under the stricter policy, and too few signed for',
    back(before, next, { policy: stricter, record: begun(9, { seq: 5, lines }) }),
    'Write',
    'missing: 1 as security',
  ],
  [
    'what says that it was promoted earlier, under another digest',
    back(before, next, { policy: stricter, record: begun(5, { seq: 9, lines }, digestOf('e')) }),
    'Write',
    'missing: 1 as security',
  ],
  [
    'a bundle of another digest than the record names',
    back({ ...before, digest: digestOf('e') }, next, { to: signedFor(before) }),
    'Write',
    'not the content that the record names',
  ],
  [
    'a bundle whose content is another',
    back(before, next, { to: signedFor(altered) }),
    'Write',
    'is not what its digest says',
  ],
  [
    'a bundle that is gone',
    back(before, next, { to: { bundle: undefined, approvals: [] } }),
    'Write',
    'bundle before is gone',
  ],
  [
    'what only says that it is a baseline',
    back(baseline, next, { above: signedFor(next) }),
    'Write',
    'no release was signed for over the baseline',
  ],
  [
    'a baseline over which nobody signed',
    back(baseline, over, { above: { bundle: over, approvals: [] } }),
    'Write',
    '0 of 2',
  ],
  [
    'a baseline whose content is another',
    back(baseline, over, { to: { bundle: { ...baseline, objects: altered.objects }, approvals: [] } }),
    'Write',
    'is not what its digest says',
  ],
  ['nothing, where something was', back(undefined, next), 'Delete', 'production was never without next'],
  [
    'what people signed for, away with what nobody signed for',
    back(before, next, { from: { bundle: next, approvals: [] } }),
    'Delete',
    '0 of 2',
  ],
  ['what people signed for, without a policy', back(before, next, { policy: undefined }), 'Write', 'the policy'],
])('back to %s', (_, snapshot, act, why) => {
  expect(judgeReturn(snapshot, act)).toEqual(
    why === undefined ? { is: 'Given' } : { is: 'Missing', message: textWith(why) },
  );
});
