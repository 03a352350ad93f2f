/**
 * Every reason that a status may give, with its meaning and with what to do about it. A reason that is not here does not compile; one that
 * nobody says does not belong here.
 */
import type { ConditionType } from './conditions.ts';
import { candidateReasons } from './reasons/candidate.ts';
import { policyChangeReasons } from './reasons/policy-changes.ts';
import type { ReasonEntry } from './reasons/entry.ts';
import { exceptionReasons } from './reasons/exceptions.ts';
import { gateReasons } from './reasons/gates.ts';
import { surroundingsReasons } from './reasons/surroundings.ts';
import { overlayReasons } from './reasons/overlay.ts';
import { productionReasons } from './reasons/production.ts';

/** Every reason, beginning with those of the gates in their order. */
const catalogue = {
  ...gateReasons,
  ...surroundingsReasons,
  ...overlayReasons,
  ...candidateReasons,
  ...productionReasons,
  ...exceptionReasons,
  ...policyChangeReasons,
} as const satisfies Record<string, ReasonEntry>;

/** A word of the catalogue: a typo does not compile. */
export type Reason = keyof typeof catalogue;

/** Whatever says a reason and is no condition is a gate. Gates are registered in decide/gates/gates.ts, which compiles only with exactly these. */
export type GateName = Exclude<(typeof catalogue)[Reason]['at'][number], ConditionType>;

export const reasons: Readonly<Record<Reason, ReasonEntry>> = catalogue;

export const isReason = (word: string): word is Reason => Object.hasOwn(reasons, word);
