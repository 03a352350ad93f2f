/**
 * What to do about a package in production: finish what is open, watch what is complete, take back what fails.
 * Judged from the ledger and from production as it is, so whoever continues after a crash continues here.
 */
import type { Answers } from '../api-queries.ts';
import { heldUp } from '../manifest/pending-deletion.ts';
import type { Instant } from '../objects.ts';
import { earliest, nothing, type Plan } from '../plan.ts';
import { packageRecord } from '../record/record.ts';
import { leaving } from './course.ts';
import { observe } from './observe.ts';
import { orderedRollback } from './order.ts';
import { promote } from './promote.ts';
import { goBack } from './roll-back.ts';
import { orderStatuses } from './rollback-status.ts';
import type { ReleaseSnapshot } from './snapshot.ts';

export const planRelease = (s: ReleaseSnapshot, answers: Answers, now: Instant): Plan => {
  const plan = next(s, answers, now);
  if (plan.questions.length > 0 || !s.complete) return plan;
  const held = heldUp(leaving(s), now);
  return { ...plan, statuses: orderStatuses(s, held.objects, now), wakeAt: earliest(plan.wakeAt, held.wakeAt) };
};

const next = (s: ReleaseSnapshot, answers: Answers, now: Instant): Plan => {
  if (!s.complete || s.record.broken !== undefined) return nothing;
  const { open, production } = packageRecord(s.record, s.package);
  if (open?.type === 'Rollback') return goBack(s, open, answers, now);
  const ordered = orderedRollback(s, answers);
  if (ordered !== undefined) return ordered;
  if (open?.type === 'Promotion') return promote(s, open, answers, now);
  if (production?.how === 'Promoted') return observe(s, production, now);
  return nothing;
};
