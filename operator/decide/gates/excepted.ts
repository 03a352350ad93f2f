/** A gate that does not pass, and for which there is an exception. */
import type { ExceptableGate } from '../../api/exceptable-gates.ts';
import { askForException } from '../exceptions/manifests.ts';
import { signRequest } from '../people/request-manifests.ts';
import { passingBy, waitingFor, type ExceptedRelease } from '../exceptions/passing.ts';
import { rfc3339 } from '../conditions.ts';
import { listed } from '../messages.ts';
import type { Instant } from '../objects.ts';
import { earliest } from '../plan.ts';
import { visible } from '../safe-text.ts';
import { passed } from './gate.ts';
import type { Verdict } from './verdict.ts';

/**
 * What the gate says where exceptions are looked at, too: one that is granted passes what waits or is blocked, never what is not known. `verdict` is
 * what the gate says without.
 */
export const unlessExcepted = (s: ExceptedRelease, gate: ExceptableGate, verdict: Verdict, now: Instant): Verdict => {
  if (verdict.outcome === 'Passed' || s.policy.spec.exceptions?.gates.includes(gate) !== true) return verdict;
  const passing = verdict.outcome === 'Unknown' ? undefined : passingBy(s, gate, now);
  if (passing !== undefined) {
    const { exception, by, until } = passing;
    return passed(
      'PassedByException',
      `${verdict.message}; exception ${exception.metadata.name} passes it until ${rfc3339(until)}, signed by ${listed(by.map(visible))}`,
      earliest(verdict.wakeAt, until),
    );
  }
  return { ...verdict, remedy: [verdict.remedy, ...orExcept(s, gate, now)].join('; ') };
};

/** How to pass it all the same: by signing for an exception that waits, or by asking for one. */
const orExcept = (s: ExceptedRelease, gate: ExceptableGate, now: Instant): readonly string[] => {
  const [open] = waitingFor(s, gate, now);
  const namespace = s.candidate.spec.targetNamespace;
  if (open !== undefined) {
    const { exception, state } = open;
    return state.quorum.lines
      .filter(({ have, need }) => have < need)
      .map(
        ({ role, have, need }) =>
          `or exception ${exception.metadata.name} passes it, once ${need - have} more with role ${role} in ${namespace}, who neither asked for it nor changed the content, sign: ${signRequest(exception, role)}`,
      );
  }
  const lines = s.policy.spec.exceptions?.approvals ?? [];
  return [
    `or somebody who holds except in ${namespace} asks for an exception, for which ${listed(lines.map(({ role, count }) => `${count} ${role}`))} sign: ${askForException(s.candidate, s.policy, gate, now)}`,
  ];
};
