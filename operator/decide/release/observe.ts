/** A complete promotion: its health is observed; afterwards, what had to wait is removed. */
import type { Bundle } from '../bundle.ts';
import { patienceOf } from '../health/patience.ts';
import { type Instant, keyOf } from '../objects.ts';
import { earliest, nothing, type Plan } from '../plan.ts';
import * as drafts from './entries.ts';
import type { ProductionFact } from '../record/package.ts';
import { deliveryNow, isGitOps } from './course.ts';
import { act, append, together, waitUntil } from './effects.ts';
import { observedRelease } from './health.ts';
import { startBack } from './roll-back.ts';
import type { ReleaseSnapshot } from './snapshot.ts';
import { isStillRead } from './readers.ts';
import { prunedAfter, removeSteps } from './removals.ts';
import type { Step } from './steps.ts';
import { effectOf } from './writes.ts';
import { triedAgainAt } from './refused-writes.ts';

export const observe = (s: ReleaseSnapshot, production: ProductionFact, now: Instant): Plan => {
  const bundle = s.bundles.get(production.bundle);
  if (bundle === undefined) return nothing;
  if (now >= production.observeUntil) return isGitOps(s) ? nothing : pruneLate(s, production, bundle, now);
  const health = observedRelease(s, bundle, production.at, now);
  if (health.state !== 'Failed') return waitUntil(earliest(production.observeUntil, health.wakeAt));
  if (bundle.onFailure === 'Page') {
    return act(append(s, drafts.failedObserved(bundle, health.message)));
  }
  return act(
    startBack(
      s,
      {
        candidate: bundle.candidate,
        package: s.package,
        from: production.bundle,
        fromDigest: production.digest,
        to: production.previous,
        toDigest: s.bundles.get(production.previous)?.digest ?? '',
        delivery: deliveryNow(s),
      },
      { cause: health.message, order: undefined },
    ),
  );
};

/**
 * What had to wait is removed once observation is over. A removal that is refused is tried again for as long as a promotion may take; what is still
 * there then is removed by the next release, whose signers see it.
 */
const pruneLate = (s: ReleaseSnapshot, production: ProductionFact, bundle: Bundle, now: Instant): Plan => {
  const course = { to: bundle, from: s.bundles.get(production.previous), over: new Set(production.over) };
  const steps = removeSteps(course, prunedAfter(bundle), s.live).filter(
    ({ ref, standing }) => standing === 'Pending' && !isStillRead(s, ref),
  );
  const until = production.observeUntil + patienceOf(s.policy).progressTimeout;
  const again = ({ ref, live }: Step): Instant | undefined => triedAgainAt(s.refused.get(keyOf(ref)), live, now);
  const isOver = ({ ref }: Step): boolean => now >= until && s.refused.has(keyOf(ref));
  const due = steps.filter((step) => !isOver(step));
  const effects = due
    .filter((step) => again(step) === undefined)
    .flatMap(
      (step) =>
        effectOf(step, {
          as: 'operator',
          namespace: s.namespace,
          intentFor: () => ({ namespace: s.namespace, id: bundle.name, type: 'Promotion', package: s.package }),
        }) ?? [],
    );
  return { ...act(...together(effects)), wakeAt: earliest(...due.map(again)) };
};
