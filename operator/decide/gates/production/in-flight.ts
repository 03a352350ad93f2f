/** Is the package free for another promotion? */
import { brokenRecord, brokenRemedy } from '../../record/broken-record.ts';
import { placeLimits } from './open-limits.ts';
import { packageRecord } from '../../record/record.ts';
import { agedOf, isEarlier } from './replaces.ts';
import type { Verdict } from '../verdict.ts';
import { blocked, defineGate, type Facts, passed, waiting } from '../gate.ts';

const reads = ['candidate', 'target', 'record', 'bundle', 'siblings'] as const;
type Seen = Facts<typeof reads>;

const brokenLedger = (s: Seen): Verdict | undefined =>
  s.record.broken === undefined
    ? undefined
    : blocked('LedgerBroken', {
        message: brokenRecord(s.target.name, s.record.broken),
        remedy: brokenRemedy(s.target.name, s.record),
      });

const openIntent = (s: Seen): Verdict | undefined => {
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

const earlierOpen = (s: Seen): Verdict | undefined => {
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
const judge = (s: Seen) =>
  brokenLedger(s) ??
  openIntent(s) ??
  earlierOpen(s) ??
  passed('NoPromotionInFlight', 'No other promotion of the package is in flight');

export const inFlight = defineGate({
  name: 'InFlight',
  asks: 'Is the package free for another promotion?',
  reads,
  rejudgedAtAdmission:
    'A promotion that was begun is itself in flight; the webhook admits writes only of the one that the record names as open.',
  exceptable: 'Two promotions of one package at once would write over each other.',
  judge,
});
