/** Plans with a fault put in on purpose, so that the histories show that they would find it. */
import { packageRecord } from '../../../operator/decide/record/record.ts';
import { undelivered } from '../../../operator/decide/release/course.ts';
import { act, append } from '../../../operator/decide/release/effects.ts';
import * as releaseEntries from '../../../operator/decide/release/entries.ts';
import { planRelease } from '../../../operator/decide/release/plan.ts';
import type { PlanRelease } from './surroundings.ts';

/** A deadline that nobody remembers. */
export const forgetsDeadline: PlanRelease = (s, answers, now) => {
  const { policy } = s;
  if (policy === undefined) return planRelease(s, answers, now);
  const health = { ...policy.spec.health, progressTimeout: '6h' };
  return planRelease({ ...s, policy: { ...policy, spec: { ...policy.spec, health } } }, answers, now);
};

/** The outcome is entered when all is written, and no pod is waited for. */
export const doesNotWaitForPods: PlanRelease = (s, answers, now) => {
  const plan = planRelease(s, answers, now);
  const { open } = packageRecord(s.record, s.package);
  const bundle = s.bundles.get(open?.to ?? '');
  const isWaiting = plan.effects.length === 0 && plan.questions.length === 0;
  if (open?.type !== 'Promotion' || bundle === undefined || !isWaiting || undelivered(s, open).length > 0) return plan;
  return act(append(s, releaseEntries.promoted(open, bundle, { observeUntil: now, healthy: true, reason: 'written' })));
};

/** What a release drops is left. */
export const doesNotPrune: PlanRelease = (s, answers, now) =>
  planRelease(
    { ...s, bundles: new Map([...s.bundles].map(([name, bundle]) => [name, { ...bundle, removed: [] }])) },
    answers,
    now,
  );
