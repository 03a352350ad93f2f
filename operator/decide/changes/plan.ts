/** What to do about a change of the policy: ask whether its signers may sign, apply it when they have, and say how it stands. */
import type { PolicyChange } from '../../api/policy-change.ts';
import { apiVersion, kinds } from '../../api/kinds.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import { askAgainAt, questionKey, type Answers, type PolicyTrialQuestion } from '../api-queries.ts';
import type { Instant } from '../objects.ts';
import { heldRight, rightToSign } from '../people/approval-right.ts';
import { earliest, nothing, type Notice, type Plan } from '../plan.ts';
import type { NamespaceRecord } from '../record/record.ts';
import { isApplied, policyPatch } from './apply.ts';
import {
  changeDigest,
  consentsTo,
  endOfChange,
  judgeChange,
  nextTooOld,
  type ChangeState,
  type KnownChange,
} from './change.ts';
import { changeStatus, type ShownState } from './status.ts';

export interface ChangeSnapshot extends KnownChange {
  readonly policy: ReleasePolicy | undefined;
  readonly record: Pick<NamespaceRecord, 'candidates' | 'policyActs'>;
  readonly complete: boolean;
}

export const planChange = (s: ChangeSnapshot, answers: Answers, now: Instant): Plan => {
  const { change, policy } = s;
  if (!s.complete) return nothing;
  if (isApplied(change, policy, s.record)) return { ...report(s, { is: 'Applied' }, now), notices: toldOf(s) };
  if (policy === undefined) return report(s, { is: 'NoPolicy' }, now);
  const questions = consentsTo(s).map((approval) => ({
    approval,
    question: rightToSign(change.metadata.namespace, approval),
  }));
  const open = questions.filter(({ question }) => !answers.has(questionKey(question)));
  if (open.length > 0) return { ...nothing, questions: open.map(({ question }) => question) };
  const rights = new Map(
    questions.map(({ approval, question }) => [approval.metadata.uid, heldRight(answers.get(questionKey(question)))]),
  );
  const state = judgeChange(s, { policy, rights }, now);
  if (state.is === 'Signed') return apply(s, policy, { state, answers, now });
  return { ...report(s, state, now), wakeAt: wakeAt(s, policy, { state, answers, now }) };
};

/** Everybody has signed: what the API server would say to it is asked first, so that a refusal is told and not repeated. */
const apply = (
  s: ChangeSnapshot,
  policy: ReleasePolicy,
  { state, answers, now }: { readonly state: ChangeState; readonly answers: Answers; readonly now: Instant },
): Plan => {
  const patch = policyPatch(s.change, policy);
  const { namespace, name, resourceVersion } = policy.metadata;
  const trial: PolicyTrialQuestion = {
    ask: 'PolicyTrial',
    namespace,
    name,
    patch,
    digest: `${changeDigest(s.change, policy)} ${resourceVersion}`,
  };
  const answer = answers.get(questionKey(trial));
  if (answer === undefined) return { ...nothing, questions: [trial] };
  if (answer.kind === 'No') {
    return {
      ...report(s, { is: 'NotTaken', why: answer.message }, now),
      wakeAt: earliest(endOfChange(s.change, policy), nextTooOld(s, policy, now), askAgainAt(answers, now)),
    };
  }
  const plan = report(s, state, now);
  return answer.kind === 'Yes' ? { ...plan, effects: [{ do: 'ApplyPolicy', namespace, name, patch }] } : plan;
};

const wakeAt = (
  s: ChangeSnapshot,
  policy: ReleasePolicy,
  { state, answers, now }: { readonly state: ChangeState; readonly answers: Answers; readonly now: Instant },
): Instant | undefined =>
  state.is === 'Waiting' || state.is === 'Unanswered'
    ? earliest(endOfChange(s.change, policy), nextTooOld(s, policy, now), askAgainAt(answers, now))
    : undefined;

const report = (s: ChangeSnapshot, state: ShownState, now: Instant): Plan => {
  const { metadata, status } = s.change;
  const { namespace, name, uid, resourceVersion } = metadata;
  return {
    ...nothing,
    statuses: [
      {
        kind: 'PolicyChange',
        namespace,
        name,
        uid,
        resourceVersion,
        before: status,
        status: changeStatus(s, state, now),
      },
    ],
  };
};

const wasApplied = ({ status }: PolicyChange): boolean =>
  status?.conditions.some(({ type, status: is }) => type === 'Applied' && is === 'True') === true;

/** Told with the status that says so first: who waits is judged by another policy from now on. */
const toldOf = ({ change, record }: ChangeSnapshot): readonly Notice[] =>
  wasApplied(change)
    ? []
    : [...record.candidates.values()]
        .filter(({ finished, intent }) => finished === undefined && intent === undefined)
        .map(({ namespace, name, uid }) => ({
          type: 'Normal',
          reason: 'PolicyChanged',
          note: `it is judged by another policy from now on, changed by PolicyChange ${change.metadata.name}: kubectl get polchg ${change.metadata.name} -n ${change.metadata.namespace} -o yaml`,
          regarding: { apiVersion, kind: kinds.ReleaseCandidate.kind, namespace, name, uid },
        }));
