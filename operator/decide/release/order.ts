/** Rollbacks that people ordered: whether one can be carried out. */
import { policyName } from '../../api/kinds.ts';
import type { Rollback } from '../../api/rollback.ts';
import { type Answers, type Question, questionKey } from '../api-queries.ts';
import type { Plan } from '../plan.ts';
import * as drafts from './entries.ts';
import type { ProductionFact } from '../record/package.ts';
import { packageRecord } from '../record/record.ts';
import { deliveryNow } from './course.ts';
import { act, ask } from './effects.ts';
import { startBack } from './roll-back.ts';
import type { ReleaseSnapshot } from './snapshot.ts';

/** The oldest Rollback that somebody ordered and that has neither begun nor been refused; undefined = there is none to act on. */
export const orderedRollback = (s: ReleaseSnapshot, answers: Answers): Plan | undefined => {
  const { orders } = packageRecord(s.record, s.package);
  const order = s.rollbacks.find(({ metadata }) => !orders.has(metadata.uid));
  if (order === undefined) return undefined;
  const judged = judgeOrder(s, order, answers);
  switch (judged.state) {
    case 'Ask':
      return ask(judged.question);
    case 'Wait':
      return undefined;
    case 'Refuse':
      return act({
        do: 'Append',
        namespace: s.namespace,
        draft: drafts.refusedOrder(order, judged.reason, judged.message),
      });
    case 'Go':
      return act(
        startBack(s, judged.back, {
          cause: `ordered by ${order.spec.requester.username}: ${order.spec.reason}`,
          order,
        }),
      );
  }
};

export type JudgedOrder =
  | { readonly state: 'Ask'; readonly question: Question }
  | { readonly state: 'Wait'; readonly message: string }
  | {
      readonly state: 'Refuse';
      readonly reason: 'RequesterLacksRight' | 'BundleUnknown' | 'NoEarlierBundle' | 'AlreadyAtTarget';
      readonly message: string;
    }
  | { readonly state: 'Go'; readonly back: drafts.Return };

/** Whether an order can be carried out: the right is asked for again, and the bundle must be one that production ran. */
export const judgeOrder = (s: ReleaseSnapshot, order: Rollback, answers: Answers): JudgedOrder => {
  const { open, production, ran, unfinished } = packageRecord(s.record, s.package);
  // What was not finished is finished, unless somebody wants to go elsewhere.
  const isAgain =
    unfinished !== undefined && production !== undefined && (order.spec.to ?? unfinished.to) === unfinished.to;
  const question = orderQuestion(s, order);
  const answer = answers.get(questionKey(question));
  if (answer === undefined) return { state: 'Ask', question };
  if (answer.kind === 'Unavailable') return { state: 'Wait', message: answer.message };
  if (answer.kind !== 'Yes') {
    return {
      state: 'Refuse',
      reason: 'RequesterLacksRight',
      message: `${order.spec.requester.username} may not order rollbacks in ${s.namespace}`,
    };
  }
  if (open?.type === 'Rollback') return { state: 'Wait', message: 'a rollback of the package is under way' };
  const from = open?.to ?? (isAgain ? unfinished.from : production?.bundle);
  if (production !== undefined && isDoneAlready(order, production)) {
    const further = production.previous === '' ? 'an earlier bundle' : production.previous;
    return {
      state: 'Refuse',
      reason: 'AlreadyAtTarget',
      message: `production has gone back to ${production.bundle} already; to go back further, create a new Rollback whose spec.to names ${further}: kubectl get relbundle -n ${s.namespace}`,
    };
  }
  const bundle = from === undefined ? undefined : s.bundles.get(from);
  if (from === undefined || bundle === undefined || bundle.baseline) {
    return {
      state: 'Refuse',
      reason: 'NoEarlierBundle',
      message: `production runs no release of package ${s.package} that could be taken back`,
    };
  }
  const previous = open?.from ?? (isAgain ? unfinished.to : production?.previous) ?? '';
  const to = order.spec.to ?? previous;
  if (to === from) return { state: 'Refuse', reason: 'AlreadyAtTarget', message: `production runs ${to} already` };
  const target = s.bundles.get(to);
  // What a bundle says of itself is nobody's word but its writer's: the record knows what production ran.
  const isKnown = to === '' ? previous === '' : target !== undefined && (to === previous || ran.has(to));
  if (!isKnown) {
    return {
      state: 'Refuse',
      reason: 'BundleUnknown',
      message: `production never ran a bundle ${to} of package ${s.package}`,
    };
  }
  return {
    state: 'Go',
    back: {
      candidate: bundle.candidate,
      package: s.package,
      from,
      fromDigest: bundle.digest,
      to,
      toDigest: target?.digest ?? '',
      delivery: open?.delivery ?? deliveryNow(s),
    },
  };
};

/**
 * Production went back a moment ago, or hours ago, and whoever orders it without naming a bundle may mean just that: the release before is taken back
 * only by its name, for its data goes with it.
 */
const isDoneAlready = ({ spec }: Rollback, { how }: ProductionFact): boolean =>
  how === 'RolledBack' && spec.to === undefined;

const orderQuestion = (s: ReleaseSnapshot, order: Rollback): Question => ({
  ask: 'Right',
  who: order.spec.requester,
  namespace: s.namespace,
  resource: 'releasepolicies',
  verb: 'rollback',
  name: policyName,
});
