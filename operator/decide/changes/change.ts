/** What a change of the policy is worth now. The one place where that is decided: operator, lock B, status and the command only read it. */
import { storedSpec } from '../inherited.ts';
import type { Approval } from '../../api/approval.ts';
import { milliseconds } from '../../api/duration.ts';
import { jsonObject, type JsonObject } from '../../api/meta.ts';
import type { PolicyChange } from '../../api/policy-change.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import { canonicalJson, digestOf } from '../json/canonical.ts';
import type { Instant } from '../objects.ts';
import { isConsent } from '../people/approval-right.ts';
import { peopleAmong } from '../people/identity.ts';
import type { Quorum, Signer } from '../people/quorum.ts';
import {
  aboutRequest,
  refusalAmong,
  tally,
  type Refusal,
  type SignatureWorth,
  type Uncounted,
} from '../people/requests.ts';

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
export type UncountedBecause = 'Author' | 'LacksRight' | 'OtherContent' | 'TooOld';

/** The same for people. */
export const uncountedBecause: Readonly<Record<UncountedBecause, string>> = {
  Author: 'asked for it',
  LacksRight: 'does not hold the role',
  OtherContent:
    'signed for another difference: the policy has changed since, so read the difference again and sign again',
  TooOld: 'signed longer ago than approvalValidFor of the policy',
};

/** How it stands. Only what is `Signed` is applied. */
export type ChangeState =
  | { readonly is: 'Signed'; readonly by: readonly Signer[] }
  | { readonly is: 'Waiting'; readonly quorum: Quorum; readonly ignored: readonly Uncounted<UncountedBecause>[] }
  /** Whether signers hold their roles is not answered yet. */
  | { readonly is: 'Unanswered'; readonly quorum: Quorum }
  | { readonly is: 'Expired' }
  | ({ readonly is: 'Rejected' } & Refusal)
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

/** Signatures about whose signers it is asked whether they hold their role. */
export const consentsTo = (known: KnownChange): readonly Approval[] =>
  aboutRequest(known.change, known.approvals).filter(({ spec }) => spec.decision === 'Approve');

/** Only a refusal makes it worse: that ends it. */
export const judgeChange = (known: KnownChange, jury: ChangeJury, now: Instant): ChangeState => {
  const { change } = known;
  const { policy } = jury;
  const refused = refusalAmong(aboutRequest(change, known.approvals));
  if (refused !== undefined) return { is: 'Rejected', ...refused };
  const asked = policy.spec.changes;
  if (asked === undefined) return { is: 'NotNeeded' };
  if (isSameSpec(storedSpec(policy), change.spec.policy)) return { is: 'Nothing' };
  if (!(now < endOfChange(change, policy))) return { is: 'Expired' };
  const signed = consentsTo(known);
  const signatures = tally(asked.approvals, signed, weights(change, signed, { jury, now }));
  return signatures.is === 'Complete' ? { is: 'Signed', by: signatures.by } : signatures;
};

const weights = (
  change: PolicyChange,
  signed: readonly Approval[],
  { jury: { policy, rights }, now }: { readonly jury: ChangeJury; readonly now: Instant },
) => {
  const digest = signed.length === 0 ? '' : changeDigest(change, policy);
  const author = change.spec.author.username;
  const personOf = peopleAmong(policy.spec.people, [author, ...signed.map(({ spec }) => spec.approver.username)]);
  const worth = (approval: Approval, person: string): SignatureWorth<UncountedBecause> => {
    if (approval.spec.digest !== digest) return 'OtherContent';
    if (person === personOf(author)) return 'Author';
    if (!isConsent(approval, policy, now)) return 'TooOld';
    const held = rights.get(approval.metadata.uid);
    if (held === undefined) return 'Unanswered';
    return held ? 'Counts' : 'LacksRight';
  };
  return { personOf, worth };
};

/** When one of its signatures becomes too old to count; undefined = none will. */
export const nextTooOld = (known: KnownChange, { spec }: ReleasePolicy, now: Instant): Instant | undefined =>
  consentsTo(known)
    .map(({ metadata }) => Date.parse(metadata.creationTimestamp) + milliseconds(spec.approvalValidFor))
    .filter((end) => end > now)
    .toSorted((a, b) => a - b)[0];
