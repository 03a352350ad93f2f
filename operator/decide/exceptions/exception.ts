/** What an exception is worth now. The one place where that is decided: gates, lock B, status and the command only read it. */
import type { Approval } from '../../api/approval.ts';
import { milliseconds } from '../../api/duration.ts';
import type { ExceptableGate } from '../../api/exceptable-gates.ts';
import type { PolicyException } from '../../api/exception.ts';
import { kinds } from '../../api/kinds.ts';
import { jsonObject } from '../../api/meta.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import { digestOf } from '../json/canonical.ts';
import type { Instant } from '../objects.ts';
import { isSystemName, peopleAmong } from '../people/identity.ts';
import { quorum, type Quorum, type Signer } from '../people/quorum.ts';

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
export type Uncounted = 'Requester' | 'Author' | 'LacksRight' | 'OtherContent';

export interface Ignored {
  readonly username: string;
  readonly role: string;
  readonly why: Uncounted;
}

/** How it stands. Only `Granted` passes anything. */
export type ExceptionState =
  | { readonly is: 'Granted'; readonly gates: readonly ExceptableGate[]; readonly by: readonly string[] }
  | { readonly is: 'Waiting'; readonly quorum: Quorum; readonly ignored: readonly Ignored[] }
  /** Whether signers hold their roles is not answered yet. */
  | { readonly is: 'Unanswered'; readonly quorum: Quorum }
  /** Its time is over. */
  | { readonly is: 'Over' }
  /** Somebody refused it, or took it back. */
  | { readonly is: 'Refused'; readonly approval: string; readonly username: string; readonly role: string }
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

/** Signatures that are about this very exception. */
const aboutIt = ({ exception, approvals }: KnownException): readonly Approval[] =>
  approvals.filter(
    ({ metadata, spec }) =>
      metadata.namespace === exception.metadata.namespace &&
      spec.subject.kind === kinds.PolicyException.kind &&
      spec.subject.name === exception.metadata.name &&
      spec.subject.uid === exception.metadata.uid &&
      !isSystemName(spec.approver.username),
  );

type Weighed = { readonly approval: Approval; readonly signer: Signer } & {
  readonly is: 'Counts' | 'Unanswered' | Uncounted;
};

/** One signature more never makes it worse but a refusal: that ends it whatever becomes of the right of who refused. */
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

  const signed = aboutIt(known);
  const refused = signed.find(({ spec }) => spec.decision === 'Reject');
  if (refused !== undefined) {
    const { approver, role } = refused.spec;
    return { is: 'Refused', approval: refused.metadata.name, username: approver.username, role };
  }
  const weighed = weigh(known, signed, jury);
  const having = (...which: readonly Weighed['is'][]): Quorum =>
    quorum(
      offered.approvals,
      weighed.flatMap(({ is, signer }) => (which.includes(is) ? [signer] : [])),
    );
  const sure = having('Counts');
  if (sure.have === sure.need) return { is: 'Granted', gates, by: sure.lines.flatMap(({ by }) => by) };
  if (having('Counts', 'Unanswered').have > sure.have) return { is: 'Unanswered', quorum: sure };
  const ignored = weighed.flatMap(({ is, signer }): Ignored[] =>
    is === 'Counts' || is === 'Unanswered' ? [] : [{ username: signer.username, role: signer.role, why: is }],
  );
  return { is: 'Waiting', quorum: sure, ignored };
};

const weigh = (
  { exception }: KnownException,
  signed: readonly Approval[],
  { policy, rights, authors }: Jury,
): readonly Weighed[] => {
  if (signed.length === 0) return [];
  const digest = exceptionDigest(exception);
  const { requester } = exception.spec;
  const personOf = peopleAmong(policy.spec.people, [
    requester.username,
    ...authors,
    ...signed.map(({ spec }) => spec.approver.username),
  ]);
  const authorPeople = new Set(authors.map(personOf));
  const worth = ({ metadata, spec }: Approval, person: string): Weighed['is'] => {
    if (spec.digest !== digest) return 'OtherContent';
    if (person === personOf(requester.username)) return 'Requester';
    if (authorPeople.has(person)) return 'Author';
    const held = rights.get(metadata.uid);
    if (held === undefined) return 'Unanswered';
    return held ? 'Counts' : 'LacksRight';
  };
  return signed.map((approval) => {
    const { approver, role } = approval.spec;
    const person = personOf(approver.username);
    const signer = { person, username: approver.username, role, groups: approver.groups };
    return { approval, signer, is: worth(approval, person) };
  });
};
