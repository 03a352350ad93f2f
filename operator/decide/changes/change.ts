/** What a change of the policy is worth now. The one place where that is decided: operator, lock B, status and the command only read it. */
import { storedSpec } from '../inherited.ts';
import type { Approval } from '../../api/approval.ts';
import { milliseconds } from '../../api/duration.ts';
import { kinds } from '../../api/kinds.ts';
import { jsonObject, type JsonObject } from '../../api/meta.ts';
import type { PolicyChange } from '../../api/policy-change.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import { canonicalJson, digestOf } from '../json/canonical.ts';
import type { Instant } from '../objects.ts';
import { isConsent } from '../people/approval-right.ts';
import { isSystemName, peopleAmong } from '../people/identity.ts';
import { quorum, type Quorum, type Signer } from '../people/quorum.ts';

/** A change with every signature under its uid. */
export interface KnownChange {
  readonly change: PolicyChange;
  readonly approvals: readonly Approval[];
}

/** What it is judged by. */
export interface ChangeJury {
  /** As it is: it says who signs for another one. */
  readonly policy: ReleasePolicy;
  /** By uid of an approval: does its signer hold the right to sign in that role now? undefined or absent = not answered. */
  readonly rights: ReadonlyMap<string, boolean | undefined>;
}

/** Why a signature does not count. */
export type Uncounted = 'Author' | 'LacksRight' | 'OtherContent' | 'TooOld';

export interface Ignored {
  readonly username: string;
  readonly role: string;
  readonly why: Uncounted;
}

/** How it stands. Only what is `Signed` is applied. */
export type ChangeState =
  | { readonly is: 'Signed'; readonly by: readonly Signer[] }
  | { readonly is: 'Waiting'; readonly quorum: Quorum; readonly ignored: readonly Ignored[] }
  /** Whether signers hold their roles is not answered yet. */
  | { readonly is: 'Unanswered'; readonly quorum: Quorum }
  | { readonly is: 'Expired' }
  | { readonly is: 'Rejected'; readonly approval: string; readonly username: string; readonly role: string }
  /** The policy asks nobody to sign. */
  | { readonly is: 'NotNeeded' }
  /** The policy is so already. */
  | { readonly is: 'Nothing' };

/** As JSON: what is undefined is no field. */
const plain = (value: object): JsonObject => jsonObject(JSON.parse(JSON.stringify(value)));

/**
 * What a signature is under: the change, by whom, and the policy that it was read against. The generation moves with each change of the policy's
 * spec, so that nothing that was signed before counts after one, and nothing is applied twice.
 */
export const changeDigest = ({ metadata, spec }: PolicyChange, policy: Pick<ReleasePolicy, 'metadata'>): string =>
  digestOf({
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    spec: plain(spec),
    policy: { uid: policy.metadata.uid, generation: policy.metadata.generation },
  });

type PolicySpec = ReleasePolicy['spec'];

export const isSameSpec = (a: PolicySpec, b: PolicySpec): boolean =>
  canonicalJson(plain(a)) === canonicalJson(plain(b));

/** First instant at which it can be applied no more. What cannot be read is over. */
export const endOfChange = ({ metadata }: Pick<PolicyChange, 'metadata'>, { spec }: ReleasePolicy): Instant => {
  const created = Date.parse(metadata.creationTimestamp);
  return Number.isNaN(created) ? -Infinity : created + milliseconds(spec.candidateValidFor);
};

/** Signatures that are about this very change. */
const aboutIt = ({ change, approvals }: KnownChange): readonly Approval[] =>
  approvals.filter(
    ({ metadata, spec }) =>
      metadata.namespace === change.metadata.namespace &&
      spec.subject.kind === kinds.PolicyChange.kind &&
      spec.subject.name === change.metadata.name &&
      spec.subject.uid === change.metadata.uid &&
      !isSystemName(spec.approver.username),
  );

/** Signatures about whose signers it is asked whether they hold their role. */
export const consentsTo = (known: KnownChange): readonly Approval[] =>
  aboutIt(known).filter(({ spec }) => spec.decision === 'Approve');

interface Weighed {
  readonly signer: Signer;
  readonly is: 'Counts' | 'Unanswered' | Uncounted;
}

/** One signature more never makes it worse but a refusal: that ends it whatever becomes of the right of who refused. */
export const judgeChange = (known: KnownChange, jury: ChangeJury, now: Instant): ChangeState => {
  const { change } = known;
  const { policy } = jury;
  const refused = aboutIt(known).find(({ spec }) => spec.decision === 'Reject');
  if (refused !== undefined) {
    const { approver, role } = refused.spec;
    return { is: 'Rejected', approval: refused.metadata.name, username: approver.username, role };
  }
  const asked = policy.spec.changes;
  if (asked === undefined) return { is: 'NotNeeded' };
  if (isSameSpec(storedSpec(policy), change.spec.policy)) return { is: 'Nothing' };
  if (!(now < endOfChange(change, policy))) return { is: 'Expired' };
  const weighed = weigh(known, jury, now);
  const having = (...which: readonly Weighed['is'][]): readonly Signer[] =>
    weighed.flatMap(({ is, signer }) => (which.includes(is) ? [signer] : []));
  const sure = quorum(asked.approvals, having('Counts'));
  if (sure.have === sure.need) return { is: 'Signed', by: counted(sure, having('Counts')) };
  if (quorum(asked.approvals, having('Counts', 'Unanswered')).have > sure.have)
    return { is: 'Unanswered', quorum: sure };
  const ignored = weighed.flatMap(({ is, signer }): Ignored[] =>
    is === 'Counts' || is === 'Unanswered' ? [] : [{ username: signer.username, role: signer.role, why: is }],
  );
  return { is: 'Waiting', quorum: sure, ignored };
};

/** Those who fill the places of the lines. */
const counted = ({ lines }: Quorum, signers: readonly Signer[]): readonly Signer[] =>
  signers.filter(({ username, role }) => lines.some((line) => line.role === role && line.by.includes(username)));

const weigh = (known: KnownChange, { policy, rights }: ChangeJury, now: Instant): readonly Weighed[] => {
  const signed = consentsTo(known);
  if (signed.length === 0) return [];
  const digest = changeDigest(known.change, policy);
  const author = known.change.spec.author.username;
  const personOf = peopleAmong(policy.spec.people, [author, ...signed.map(({ spec }) => spec.approver.username)]);
  const worth = (approval: Approval, person: string): Weighed['is'] => {
    if (approval.spec.digest !== digest) return 'OtherContent';
    if (person === personOf(author)) return 'Author';
    if (!isConsent(approval, policy, now)) return 'TooOld';
    const held = rights.get(approval.metadata.uid);
    if (held === undefined) return 'Unanswered';
    return held ? 'Counts' : 'LacksRight';
  };
  return signed.map((approval) => {
    const { approver, role } = approval.spec;
    const person = personOf(approver.username);
    const signer = { person, username: approver.username, role, groups: approver.groups };
    return { signer, is: worth(approval, person) };
  });
};

/** When one of its signatures becomes too old to count; undefined = none will. */
export const nextTooOld = (known: KnownChange, { spec }: ReleasePolicy, now: Instant): Instant | undefined =>
  consentsTo(known)
    .map(({ metadata }) => Date.parse(metadata.creationTimestamp) + milliseconds(spec.approvalValidFor))
    .filter((end) => end > now)
    .toSorted((a, b) => a - b)[0];
