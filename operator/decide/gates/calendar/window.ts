/** Is a window open? */
import { orExpedite, unlessExpedited } from './expedited.ts';
import { editPolicy } from '../remedies.ts';
import { windowAt } from '../../schedule.ts';
import { listed } from '../../messages.ts';
import { blocked, defineGate, passed, waiting, type Judge } from '../gate.ts';

const reads = ['candidate', 'policy', 'target'] as const;

/** One open window is enough; no windows at all is always open. A window that cannot be read holds everything up. */
const openWindow: Judge<(typeof reads)[number]> = (s, now) => {
  const windows = s.policy.spec.windows.map((window) => ({
    named: `"${window.schedule}" ${window.timeZone} for ${window.duration}`,
    state: windowAt(window, now),
  }));
  if (windows.length === 0) return passed('NoWindows', 'The policy has no windows, so it is always open');

  const problems = windows.flatMap(({ named, state }) =>
    state.is === 'Invalid' ? [`${named}: ${state.problem}`] : [],
  );
  if (problems.length > 0) {
    return blocked('PolicyInvalid', {
      message: `A window of the policy cannot be read: ${listed(problems)}`,
      remedy: `A platform admin corrects spec.windows: ${editPolicy(s)}`,
    });
  }
  const open = windows.flatMap(({ named, state }) => (state.is === 'Open' ? [{ named, until: state.until }] : []));
  const [first] = open;
  if (first !== undefined) {
    return passed('WindowOpen', `A window is open: ${first.named}`, Math.min(...open.map(({ until }) => until)));
  }
  const openings = windows.flatMap(({ state }) => (state.is === 'Closed' ? (state.opensAt ?? []) : []));
  if (openings.length === 0) {
    return blocked('PolicyInvalid', {
      message: `No window of the policy ever opens: ${listed(windows.map(({ named }) => named))}`,
      remedy: `A platform admin corrects spec.windows: ${editPolicy(s)}`,
    });
  }
  return waiting('WindowClosed', {
    message: `No window is open: ${listed(windows.map(({ named }) => named))}`,
    remedy: `Wait for the next window, it continues automatically: kubectl get relpol ${s.policy.metadata.name} -n ${s.target.name} -o jsonpath={.spec.windows}${orExpedite(s, 'Window')}`,
    wakeAt: Math.min(...openings),
  });
};

export const window = defineGate({
  name: 'Window',
  asks: 'Is a window open?',
  reads,
  rejudgedAtAdmission: true,
  exceptable: true,
  judge: unlessExpedited('Window', openWindow),
});
