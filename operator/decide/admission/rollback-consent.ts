/**
 * May production go back there? Decided by the gate before the first write of a rollback, from objects read at this moment: the record may
 * be forged by whoever holds a token that appends to it, the signatures of people may not.
 */
import type { Approval } from '../../api/approval.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import type { ApprovalLine } from '../../api/policy-fields.ts';
import type { Bundle } from '../bundle.ts';
import { digestOf } from '../json/canonical.ts';
import { keyOf } from '../objects.ts';
import { isSystemName, peopleAmong } from '../people/identity.ts';
import { quorum } from '../people/quorum.ts';
import type { NamespaceRecord } from '../record/record.ts';
import type { OpenIntent } from '../record/package.ts';
import type { Consent } from './consent.ts';
import { digestOfBundle } from '../bundle-digest.ts';

/** A bundle, and what was signed for its candidate, read past every copy. undefined = it is gone. */
export interface SignedBundle {
  readonly bundle: Bundle | undefined;
  readonly approvals: readonly Approval[];
}

/** What a rollback rests on, as the API server holds it now. */
export interface ReturnSnapshot {
  readonly intent: OpenIntent;
  readonly record: NamespaceRecord;
  readonly policy: ReleasePolicy | undefined;
  /** Where it leads; undefined = to nothing. */
  readonly to: SignedBundle | undefined;
  /** What is taken back. */
  readonly from: SignedBundle;
  /** The release that was signed for over `to`, where that is a baseline. */
  readonly above: SignedBundle | undefined;
}

/** `Write`: what the target holds is restored. `Delete`: what the other bundle brought is taken away, too. */
export type ReturnAct = 'Write' | 'Delete';

export const judgeReturn = (s: ReturnSnapshot, act: ReturnAct): Exclude<Consent, { is: 'Ask' }> => {
  const { policy, intent } = s;
  if (policy === undefined) return { is: 'Missing', message: 'the policy of the namespace is gone' };
  const wrong =
    (s.to && wrongTarget(s, policy, s.to)) ??
    (act === 'Delete' ? unsigned(s, policy, s.from, { name: intent.from, digest: intent.fromDigest }) : undefined) ??
    (s.to === undefined && s.from.bundle?.base !== 'none' ? `production was never without ${intent.from}` : undefined);
  return wrong === undefined ? { is: 'Given' } : { is: 'Missing', message: wrong };
};

/** A baseline was nobody's release; those who signed for the first release over it have signed for it under its digest. */
const wrongTarget = (s: ReturnSnapshot, policy: ReleasePolicy, to: SignedBundle): string | undefined => {
  const { to: name, toDigest: digest } = s.intent;
  if (to.bundle?.baseline !== true) return unsigned(s, policy, to, { name, digest });
  const altered = untrue(to.bundle, { name, digest });
  if (altered !== undefined) return altered;
  if (s.above?.bundle === undefined)
    return `the release over the baseline ${name} is gone, and with it who signed for it`;
  if (s.above.bundle.base !== digest) return `no release was signed for over the baseline ${name}`;
  return unsigned(s, policy, s.above, s.above.bundle);
};

/** Why a bundle is not what the record names. */
const untrue = (bundle: Bundle, { name, digest }: { name: string; digest: string }): string | undefined => {
  if (bundle.digest !== digest) return `bundle ${name} is not the content that the record names`;
  const altered = bundle.objects.find((object) => digestOf(object.content) !== object.digest);
  if (altered !== undefined) return `${keyOf(altered.ref)} of bundle ${name} is not what its digest says`;
  return digestOfBundle(bundle) === digest ? undefined : `bundle ${name} is not what its digest says`;
};

/**
 * What the policy demanded when the promotion of a bundle began: what it demands now, or before the first change since. The operator says
 * when promotions began, and only of now; the gate says what changes of the policy found, and begins nothing.
 */
const linesThen = ({ record }: ReturnSnapshot, policy: ReleasePolicy, bundle: Bundle): readonly ApprovalLine[] => {
  const intent = record.candidates.get(bundle.candidate.uid)?.intent;
  if (intent?.bundle !== bundle.name || intent.digest !== bundle.digest) return policy.spec.approvals;
  return record.demanded.find(({ seq }) => seq > intent.seq)?.lines ?? policy.spec.approvals;
};

/**
 * Why not enough people have signed for a bundle, by the policy of then. Age counts for nothing here, nor does whether a signer still
 * holds the role: the API server takes a signature only from who holds it.
 */
const unsigned = (
  s: ReturnSnapshot,
  policy: ReleasePolicy,
  { bundle, approvals }: SignedBundle,
  named: { readonly name: string; readonly digest: string },
): string | undefined => {
  if (bundle === undefined) return `bundle ${named.name} is gone`;
  const altered = untrue(bundle, named);
  if (altered !== undefined) return altered;
  const { candidate } = bundle;
  const known = s.record.candidates.get(candidate.uid);
  // What a bundle says of its authors is no part of its digest: the record says who they were when it was staged.
  const authors = [...bundle.authors, ...(known?.authors ?? []), ...(known?.authorsWhenTested ?? [])];
  const given = approvals.filter(
    ({ metadata, spec }) =>
      metadata.namespace === policy.metadata.namespace &&
      spec.subject.kind === 'ReleaseCandidate' &&
      spec.subject.name === candidate.name &&
      spec.subject.uid === candidate.uid &&
      spec.digest === bundle.digest &&
      spec.decision === 'Approve' &&
      !isSystemName(spec.approver.username),
  );
  const personOf = peopleAmong(policy.spec.people, [...authors, ...given.map(({ spec }) => spec.approver.username)]);
  const authorPeople = new Set(authors.map(personOf));
  const signers = given
    .map(({ spec: { approver, role } }) => ({ ...approver, role, person: personOf(approver.username) }))
    .filter(({ person }) => !authorPeople.has(person));
  const { have, need, lines } = quorum(linesThen(s, policy, bundle), signers);
  if (have >= need) return undefined;
  const open = lines.filter((line) => line.have < line.need).map((line) => `${line.need - line.have} as ${line.role}`);
  return `${have} of ${need} signatures for ${candidate.name} under ${bundle.digest} are there; missing: ${open.join(', ')}. Anyone who holds such a role may sign for it now: kubectl create an Approval with subject {kind: ReleaseCandidate, name: ${candidate.name}, uid: ${candidate.uid}} and that digest in ${bundle.namespace}`;
};
