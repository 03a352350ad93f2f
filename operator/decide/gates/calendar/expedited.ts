/** What the expedited lane lets a candidate pass. */
import { blocked, passed, type Field, type GateSnapshot, type Judge } from '../gate.ts';
import { expeditedLane } from '../../people/approval-lines.ts';
import { editPolicy, newCandidate } from '../remedies.ts';
import type { Verdict } from '../verdict.ts';

type Seen = Pick<GateSnapshot, 'candidate' | 'policy'>;

/** A candidate that asks for a lane which is not there, or which it may not take. */
const refusedLane = (s: Seen): Verdict | undefined => {
  if (s.candidate.spec.urgency !== 'Expedited' || expeditedLane(s) !== undefined) return undefined;
  return blocked('ExpeditedNotOffered', {
    message:
      s.policy.spec.expedited === undefined
        ? 'The candidate is of urgency Expedited, and the policy has no expedited lane'
        : 'The candidate is of urgency Expedited, and names no incident',
    remedy: `${newCandidate(s, 'and urgency Normal, or with the incident')}; or a platform admin adds spec.expedited to the policy: ${editPolicy(s)}`,
  });
};

/** A gate of waiting, for which an expedited candidate need not wait if the policy says so. It passes nothing that is Blocked. */
export const unlessExpedited =
  <Reads extends Field>(name: 'Window' | 'Freeze', judge: Judge<Reads>): Judge<Reads | 'candidate' | 'policy'> =>
  (s, now) => {
    const refused = refusedLane(s);
    if (refused !== undefined) return refused;
    const verdict = judge(s, now);
    const passes = expeditedLane(s)?.passes.includes(name) === true;
    if (verdict.outcome !== 'Waiting' || !passes) return verdict;
    return passed(
      'PassedByExpedited',
      `${verdict.message}; the expedited lane of the policy passes it`,
      verdict.wakeAt,
    );
  };

/** How not to wait at a gate of waiting, if the policy offers it. */
export const orExpedite = (s: Seen, name: 'Window' | 'Freeze'): string =>
  s.policy.spec.expedited?.passes.includes(name) === true && expeditedLane(s) === undefined
    ? `; if it cannot wait: ${newCandidate(s, 'and urgency: Expedited and its incident')}`
    : '';
