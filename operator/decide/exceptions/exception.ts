/** What an exception is worth now. The one place where that is decided: gates, lock B, status and the command only read it. */
import type { Approval } from '../../api/approval.ts';
import { milliseconds } from '../../api/duration.ts';
import type { ExceptableGate } from '../../api/exceptable-gates.ts';
import type { PolicyException } from '../../api/exception.ts';
import { jsonObject } from '../../api/meta.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import { digestOf } from '../json/canonical.ts';
import type { Instant } from '../objects.ts';
import { peopleAmong } from '../people/identity.ts';
import type { Quorum } from '../people/quorum.ts';
import {
  aboutRequest,
  refusalAmong,
  tally,
  type Refusal,
  type SignatureWorth,
  type Uncounted,
} from '../people/requests.ts';

/** An exception with every signature under its uid. */
export interface KnownException {
  readonly exception: PolicyException;
  readonly approvals: readonly Approval[];
}

/** What it is judged by. */
export interface Jury {
  readonly policy: ReleasePolicy;
  /** By uid of an approval: does its signer hold the right to sign in that role now? undefined or absent = not answered. */
  readonly rights: ReadonlyMap<string, boolean | undefined>;
  /** Who had a hand in the release that is to pass: they do not sign for that. */
  readonly authors: readonly string[];
}

/** Why a signature does not count. */
export type UncountedBecause = 'Requester' | 'Author' | 'LacksRight' | 'OtherContent';

/** The same for people. */
export const uncountedBecause: Readonly<Record<UncountedBecause, string>> = {
  Requester: 'asked for it',
  Author: 'changed the content of the candidate',
  LacksRight: 'does not hold the role',
  OtherContent: 'signed for something else',
};

/** How it stands. Only `Granted` passes anything. */
export type ExceptionState =
  | { readonly is: 'Granted'; readonly gates: readonly ExceptableGate[]; readonly by: readonly string[] }
  | { readonly is: 'Waiting'; readonly quorum: Quorum; readonly ignored: readonly Uncounted<UncountedBecause>[] }
  /** Whether signers hold their roles is not answered yet. */
  | { readonly is: 'Unanswered'; readonly quorum: Quorum }
  /** Its time is over. */
  | { readonly is: 'Over' }
  /** Somebody refused it, or took it back. */
  | ({ readonly is: 'Refused' } & Refusal)
  /** The policy does not let any of its gates be passed. */
  | { readonly is: 'NotOffered' }
  | { readonly is: 'TooLong'; readonly most: string };

/** What a signature is under: all that is asked for, where, and by whom. */
export const exceptionDigest = ({ metadata, spec }: PolicyException): string =>
  digestOf({
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    // As JSON: an absent candidate is no field.
    spec: jsonObject(JSON.parse(JSON.stringify(spec))),
  });

/** First instant at which it counts no more. What cannot be read is over. */
export const endOfException = ({ spec }: Pick<PolicyException, 'spec'>): Instant => {
  const until = Date.parse(spec.until);
  return Number.isNaN(until) ? -Infinity : until;
};

/** Only a refusal makes it worse: that ends it. */
export const judgeException = (known: KnownException, jury: Jury, now: Instant): ExceptionState => {
  const { exception } = known;
  const { policy } = jury;
  const end = endOfException(exception);
  if (!(now < end)) return { is: 'Over' };
  const offered = policy.spec.exceptions;
  const gates = exception.spec.gates.filter((gate) => offered?.gates.includes(gate) === true);
  if (offered === undefined || gates.length === 0) return { is: 'NotOffered' };
  const from = Date.parse(exception.metadata.creationTimestamp);
  // Not `end > …`: a time that cannot be read makes it too long.
  if (!(end <= from + milliseconds(offered.maxDuration))) return { is: 'TooLong', most: offered.maxDuration };

  const signed = aboutRequest(exception, known.approvals);
  const refused = refusalAmong(signed);
  if (refused !== undefined) return { is: 'Refused', ...refused };
  const signatures = tally(offered.approvals, signed, weights(exception, signed, jury));
  return signatures.is === 'Complete'
    ? { is: 'Granted', gates, by: signatures.by.map(({ username }) => username) }
    : signatures;
};

const weights = (exception: PolicyException, signed: readonly Approval[], { policy, rights, authors }: Jury) => {
  const digest = signed.length === 0 ? '' : exceptionDigest(exception);
  const requester = exception.spec.requester.username;
  const signers = signed.map(({ spec }) => spec.approver.username);
  const personOf = peopleAmong(policy.spec.people, [requester, ...authors, ...signers]);
  const authorPeople = new Set(authors.map(personOf));
  const worth = ({ metadata, spec }: Approval, person: string): SignatureWorth<UncountedBecause> => {
    if (spec.digest !== digest) return 'OtherContent';
    if (person === personOf(requester)) return 'Requester';
    if (authorPeople.has(person)) return 'Author';
    const held = rights.get(metadata.uid);
    if (held === undefined) return 'Unanswered';
    return held ? 'Counts' : 'LacksRight';
  };
  return { personOf, worth };
};
