/** Is the package free for another promotion? */
import { brokenRecord, brokenRemedy } from '../../record/broken-record.ts';
import { placeLimits } from './open-limits.ts';
import { packageRecord } from '../../record/record.ts';
import { agedOf, isEarlier } from './replaces.ts';
import type { Verdict } from '../verdict.ts';
import { blocked, passed, waiting, type Gate, type GateSnapshot } from '../gate.ts';

const brokenLedger = (s: GateSnapshot): Verdict | undefined =>
  s.record.broken === undefined
    ? undefined
    : blocked('LedgerBroken', {
        message: brokenRecord(s.target.name, s.record.broken),
        remedy: brokenRemedy(s.target.name, s.record),
      });

const openIntent = (s: GateSnapshot): Verdict | undefined => {
  const { open } = packageRecord(s.record, s.bundle.package);
  const isOwn = open?.type === 'Promotion' && open.candidate.uid === s.candidate.metadata.uid;
  if (open === undefined || isOwn) return undefined;
  const what =
    open.type === 'Promotion' ? `The promotion of ${open.candidate.name}` : `The rollback of ${s.bundle.package}`;
  return waiting('PromotionInFlight', {
    message: `${what} is in flight`,
    remedy: `Wait, it continues automatically when that has ended: kubectl get cand ${open.candidate.name} -n ${open.candidate.namespace}`,
  });
};

const earlierOpen = (s: GateSnapshot): Verdict | undefined => {
  const own = agedOf(s.candidate);
  const earlier = s.siblings.filter((other) => other.staged && !other.finished && isEarlier(other, own));
  if (earlier.length < placeLimits.package.candidates) return undefined;
  const namespace = s.candidate.metadata.namespace;
  return waiting('TooManyOpen', {
    message: `${placeLimits.package.candidates} or more earlier candidates of ${s.bundle.package} are open`,
    remedy: `A holder of withdraw in ${s.target.name} withdraws those not wanted any more: kubectl delete cand <name> -n ${namespace}`,
  });
};

/** One promotion at a time per package, in a namespace whose record can be trusted. */
export const inFlight: Gate = (s) =>
  brokenLedger(s) ??
  openIntent(s) ??
  earlierOpen(s) ??
  passed('Free', 'No other promotion of the package is in flight');
