/** By which exceptions a release passes a gate. */
import type { ReleaseCandidate } from '../../api/candidate.ts';
import type { ExceptableGate } from '../../api/exceptable-gates.ts';
import type { PolicyException } from '../../api/exception.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import { questionKey, type Answers, type RightQuestion } from '../api-queries.ts';
import type { Instant } from '../objects.ts';
import { heldRight, rightToSign } from '../people/approval-right.ts';
import { authorsOf, type Authored } from '../people/approvals.ts';
import { endOfException, judgeException, type ExceptionState, type Jury, type KnownException } from './exception.ts';

/** A release with the exceptions of its package. */
export interface ExceptedRelease extends Authored {
  readonly candidate: ReleaseCandidate;
  readonly policy: ReleasePolicy;
  /** Of the production namespace; those of other packages and candidates are passed over. */
  readonly exceptions: readonly KnownException[];
  readonly rights: Jury['rights'];
}

type Asked = Pick<ExceptedRelease, 'candidate' | 'exceptions'>;

const isFor = ({ candidate }: Asked, { metadata, spec }: PolicyException): boolean =>
  metadata.namespace === candidate.spec.targetNamespace &&
  spec.package === candidate.spec.package &&
  (spec.candidate === undefined ||
    (spec.candidate.uid === candidate.metadata.uid && spec.candidate.name === candidate.metadata.name));

/** Whether it is about this release and not over. */
export const concerns = (s: Asked, { exception }: KnownException, now: Instant): boolean =>
  isFor(s, exception) && now < endOfException(exception);

const concerning = (s: Asked, now: Instant): readonly KnownException[] =>
  s.exceptions.filter((known) => concerns(s, known, now));

/** Whether those may sign who signed for an exception that concerns the release. */
export const questionsOnExceptions = (s: Asked, now: Instant): readonly RightQuestion[] =>
  concerning(s, now).flatMap(({ approvals }) =>
    approvals
      .filter(({ spec }) => spec.decision === 'Approve')
      .map((approval) => rightToSign(s.candidate.spec.targetNamespace, approval)),
  );

/** Those of them that are not answered yet. */
export const openOnExceptions = (s: Asked, answers: Answers, now: Instant): readonly RightQuestion[] =>
  questionsOnExceptions(s, now).filter((question) => !answers.has(questionKey(question)));

/** By uid of each signature for an exception: what the answers say. */
export const rightsOnExceptions = (
  { candidate, exceptions }: Asked,
  answers: Answers,
): readonly (readonly [string, boolean | undefined])[] =>
  exceptions.flatMap(({ approvals }) =>
    approvals.map((approval) => {
      const question = rightToSign(candidate.spec.targetNamespace, approval);
      return [approval.metadata.uid, heldRight(answers.get(questionKey(question)))] as const;
    }),
  );

export const stateFor = (s: ExceptedRelease, known: KnownException, now: Instant): ExceptionState =>
  judgeException(known, { policy: s.policy, rights: s.rights, authors: authorsOf(s) }, now);

/** An exception that passes a gate for a release. */
export interface Passing {
  readonly exception: PolicyException;
  /** Usernames of those who signed for it. */
  readonly by: readonly string[];
  readonly until: Instant;
}

/** The exception by which the release passes the gate now: of several, the one that lasts longest. */
export const passingBy = (s: ExceptedRelease, gate: ExceptableGate, now: Instant): Passing | undefined =>
  concerning(s, now)
    .flatMap((known): Passing[] => {
      const state = stateFor(s, known, now);
      return state.is === 'Granted' && state.gates.includes(gate)
        ? [{ exception: known.exception, by: state.by, until: endOfException(known.exception) }]
        : [];
    })
    .toSorted((a, b) => b.until - a.until || Number(a.exception.metadata.name > b.exception.metadata.name) * 2 - 1)[0];

/** Exceptions for the gate that wait for signatures, oldest name first. */
export const waitingFor = (
  s: ExceptedRelease,
  gate: ExceptableGate,
  now: Instant,
): readonly { readonly exception: PolicyException; readonly state: Extract<ExceptionState, { is: 'Waiting' }> }[] =>
  concerning(s, now).flatMap((known) => {
    const state = stateFor(s, known, now);
    return state.is === 'Waiting' && known.exception.spec.gates.includes(gate)
      ? [{ exception: known.exception, state }]
      : [];
  });
