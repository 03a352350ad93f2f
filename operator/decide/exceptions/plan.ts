/** What to do about an exception: ask whether its signers may sign, and say how it stands, what it lacks and who can supply that. */
import type { PolicyExceptionStatus } from '../../api/exception.ts';
import type { Reason } from '../../api/reasons.ts';
import { askAgainAt, questionKey, type Answers } from '../api-queries.ts';
import { rfc3339, setConditions, type Wanted } from '../conditions.ts';
import { listed } from '../messages.ts';
import type { Instant } from '../objects.ts';
import { heldRight, rightToSign } from '../people/approval-right.ts';
import { openLines, openPlaces } from '../people/open-lines.ts';
import { refuseRequest, requestManifests, signRequest } from '../people/request-manifests.ts';
import { uncountedText } from '../people/requests.ts';
import { earliest, nothing, type Plan } from '../plan.ts';
import type { NamespaceRecord } from '../record/record.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import { visible } from '../safe-text.ts';
import {
  endOfException,
  exceptionDigest,
  judgeException,
  uncountedBecause,
  type ExceptionState,
  type KnownException,
} from './exception.ts';

export interface ExceptionSnapshot extends KnownException {
  readonly policy: ReleasePolicy | undefined;
  readonly record: Pick<NamespaceRecord, 'candidates'>;
  readonly complete: boolean;
}

export const planException = (s: ExceptionSnapshot, answers: Answers, now: Instant): Plan => {
  const { exception, approvals, policy } = s;
  const { metadata, spec, status } = exception;
  if (!s.complete) return nothing;
  const questions = approvals
    .filter((approval) => approval.spec.decision === 'Approve' && now < endOfException(exception))
    .map((approval) => ({ approval, question: rightToSign(metadata.namespace, approval) }));
  const open = questions.filter(({ question }) => !answers.has(questionKey(question)));
  if (open.length > 0) return { ...nothing, questions: open.map(({ question }) => question) };
  const rights = new Map(
    questions.map(({ approval, question }) => [approval.metadata.uid, heldRight(answers.get(questionKey(question)))]),
  );
  const authors = [...(s.record.candidates.get(spec.candidate?.uid ?? '')?.authors ?? [])];
  const state: ExceptionState =
    policy === undefined ? { is: 'NotOffered' } : judgeException(s, { policy, rights, authors }, now);
  return {
    ...nothing,
    statuses: [
      {
        kind: 'PolicyException',
        namespace: metadata.namespace,
        name: metadata.name,
        uid: metadata.uid,
        resourceVersion: metadata.resourceVersion,
        before: status,
        status: statusOf(s, state, now),
      },
    ],
    wakeAt: state.is === 'Over' ? undefined : earliest(endOfException(exception), askAgainAt(answers, now)),
  };
};

const statusOf = (s: ExceptionSnapshot, state: ExceptionState, now: Instant): PolicyExceptionStatus => {
  const { exception } = s;
  const { generation } = exception.metadata;
  const { reason, message } = said(s, state);
  const isOpen = state.is === 'Waiting' || state.is === 'Unanswered';
  const roles = isOpen ? openLines(state.quorum).map(({ role }) => role) : [];
  const conditions: readonly Wanted[] = [
    { type: 'Granted', status: state.is === 'Granted' ? 'True' : 'False', reason, message },
    isOpen
      ? { type: 'Reconciling', status: 'True', reason, message: 'it waits for signatures' }
      : { type: 'Reconciling', status: 'False', reason: 'Settled', message: 'no work is under way' },
    state.is === 'NotOffered' || state.is === 'TooLong'
      ? { type: 'Stalled', status: 'True', reason, message }
      : { type: 'Stalled', status: 'False', reason: 'NotStalled', message: 'nothing needs to be changed' },
  ];
  return {
    observedGeneration: generation,
    conditions: setConditions(exception.status?.conditions ?? [], conditions, { now, generation }),
    state: reason,
    approvals: approvalsOf(state, exception.status?.approvals ?? ''),
    digest: exceptionDigest(exception),
    approvalManifests: requestManifests(exception, exceptionDigest(exception), roles),
  };
};

/** How many signed, as long as they are counted; afterwards what was said last. */
const approvalsOf = (state: ExceptionState, before: string): string => {
  if (state.is === 'Granted') return `${state.by.length}/${state.by.length}`;
  return state.is === 'Waiting' || state.is === 'Unanswered' ? `${state.quorum.have}/${state.quorum.need}` : before;
};

interface Saying {
  readonly reason: Reason;
  readonly message: string;
}

const said = ({ exception, policy }: ExceptionSnapshot, state: ExceptionState): Saying => {
  const { namespace } = exception.metadata;
  const until = rfc3339(Math.max(0, endOfException(exception)));
  const editPolicy = `kubectl edit relpol production -n ${namespace}`;
  switch (state.is) {
    case 'Granted':
      return {
        reason: 'ExceptionGranted',
        message: `releases pass ${listed(state.gates)} by it until ${until}, signed by ${listed(state.by.map(visible))}; an author of a release among those does not count for it. Somebody who may sign ends it before: ${refuseRequest(exception, exceptionDigest(exception), { role: policy?.spec.exceptions?.approvals[0]?.role ?? '', comment: '<why it ends>' })}`,
      };
    case 'Waiting':
      return { reason: 'ExceptionAwaitsSignatures', message: waitingText(exception, state) };
    case 'Unanswered':
      return {
        reason: 'RightsUnknown',
        message: 'the API server is asked whether its signers hold their roles; it goes on automatically',
      };
    case 'Over':
      return { reason: 'ExceptionOver', message: `it ended at ${until}; who needs it longer asks for a new one` };
    case 'Refused':
      return {
        reason: 'ExceptionRefused',
        message: `${visible(state.username)} refused it as ${state.role}, which is final: kubectl get appr ${state.approval} -n ${namespace} -o jsonpath={.spec.comment}`,
      };
    case 'NotOffered':
      return {
        reason: 'ExceptionNotOffered',
        message: `the policy lets nobody pass ${listed(exception.spec.gates)} by an exception; a platform admin lists the gate in spec.exceptions.gates: ${editPolicy}`,
      };
    case 'TooLong':
      return {
        reason: 'ExceptionTooLong',
        message: `it would last until ${until}, and the policy allows ${state.most} from its creation; create a new PolicyException with an earlier spec.until, or a platform admin changes spec.exceptions.maxDuration: ${editPolicy}`,
      };
  }
};

const waitingText = (
  exception: KnownException['exception'],
  { quorum, ignored }: Extract<ExceptionState, { is: 'Waiting' }>,
): string => {
  const open = openLines(quorum);
  const next = open.map(
    ({ role }) =>
      `somebody who holds role ${role} in ${exception.metadata.namespace} by name, and did not ask for it, signs: ${signRequest(exception, role)}`,
  );
  return `${quorum.have} of ${quorum.need} signatures; waiting for ${listed(open.map(openPlaces))}${uncountedText(ignored, uncountedBecause)}. Next: ${next.join('; ')}`;
};
