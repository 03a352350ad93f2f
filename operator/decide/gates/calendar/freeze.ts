/** Is there no freeze? */
import { orExpedite, unlessExpedited } from './expedited.ts';
import { editPolicy } from '../remedies.ts';
import { visible } from '../../safe-text.ts';
import { listed } from '../../messages.ts';
import { blocked, defineGate, passed, waiting, type Judge } from '../gate.ts';

const reads = ['candidate', 'policy', 'target'] as const;

/** A freeze is on from `from` until, not including, `to`. */
const noFreeze: Judge<(typeof reads)[number]> = (s, now) => {
  const freezes = s.policy.spec.freezes.map(({ from, to, reason }) => ({
    from: Date.parse(from),
    to: Date.parse(to),
    reason: visible(reason),
    end: `${visible(to)} (${visible(reason)})`,
  }));
  const unreadable = freezes.filter(({ from, to }) => Number.isNaN(from) || Number.isNaN(to));
  if (unreadable.length > 0) {
    return blocked('PolicyInvalid', {
      message: `A freeze of the policy cannot be read: ${listed(unreadable.map(({ reason }) => reason))}`,
      remedy: `A platform admin corrects spec.freezes: ${editPolicy(s)}`,
    });
  }
  const boundaries = freezes.flatMap(({ from, to }) => [from, to]).filter((instant) => instant > now);
  const wakeAt = boundaries.length === 0 ? undefined : Math.min(...boundaries);
  const active = freezes.filter(({ from, to }) => from <= now && now < to);
  if (active.length === 0) return passed('NotFrozen', 'No freeze is on', wakeAt);
  return waiting('Frozen', {
    message: `A freeze is on: ${listed(active.map(({ reason }) => reason))}`,
    remedy: `Wait until ${listed(active.map(({ end }) => end))}, it continues automatically: kubectl get relpol ${s.policy.metadata.name} -n ${s.target.name} -o jsonpath={.spec.freezes}${orExpedite(s, 'Freeze')}`,
    wakeAt,
  });
};

export const freeze = defineGate({
  name: 'Freeze',
  asks: 'Is there no freeze?',
  reads,
  rejudgedAtAdmission: true,
  exceptable: true,
  judge: unlessExpedited('Freeze', noFreeze),
});
