/** Is the package free for another promotion? */
import { packageRecord } from '../record.ts';
import type { Verdict } from '../verdict.ts';
import { blocked, passed, waiting, type Gate, type GateSnapshot } from './gate.ts';

/** How many candidates of one package may be open at once; later ones wait. Each costs renderings and watches. */
export const maxOpenCandidates = 20;

const brokenLedger = (s: GateSnapshot): Verdict | undefined =>
  s.record.broken === undefined
    ? undefined
    : blocked('LedgerBroken', {
        message: `The ledger of ${s.target.name} does not verify: ${s.record.broken}`,
        remedy: `Nothing is promoted on a broken record; an auditor finds out what happened to it: kubectl get ledger -n ${s.target.name} -o json | node hack/ledger.ts`,
      });

const openIntent = (s: GateSnapshot): Verdict | undefined => {
  const { open } = packageRecord(s.record, s.bundle.package);
  const isOwn = open?.type === 'Promotion' && open.candidate.uid === s.candidate.metadata.uid;
  if (open === undefined || isOwn) return undefined;
  const what =
    open.type === 'Promotion' ? `The promotion of ${open.candidate.name}` : `The rollback of ${s.bundle.package}`;
  return waiting('PromotionInFlight', {
    message: `${what} is in flight`,
    remedy: `Wait, it goes on by itself when that has ended: kubectl get cand ${open.candidate.name} -n ${open.candidate.namespace}`,
  });
};

const earlierOpen = (s: GateSnapshot): Verdict | undefined => {
  const own = { createdAt: Date.parse(s.candidate.metadata.creationTimestamp), uid: s.candidate.metadata.uid };
  const earlier = s.siblings.filter(
    ({ staged, finished, createdAt, uid }) =>
      staged && !finished && (createdAt < own.createdAt || (createdAt === own.createdAt && uid < own.uid)),
  );
  if (earlier.length < maxOpenCandidates) return undefined;
  const namespace = s.candidate.metadata.namespace;
  return waiting('TooManyOpen', {
    message: `${maxOpenCandidates} or more earlier candidates of ${s.bundle.package} are open`,
    remedy: `A holder of withdraw in ${s.target.name} withdraws those not wanted any more: kubectl delete cand <name> -n ${namespace}`,
  });
};

/** One promotion at a time per package, in a namespace whose record can be trusted. */
export const inFlight: Gate = (s) =>
  brokenLedger(s) ??
  openIntent(s) ??
  earlierOpen(s) ??
  passed('Free', 'No other promotion of the package is in flight');
