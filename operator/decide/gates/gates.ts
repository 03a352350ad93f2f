/** May this go to production? Every gate is asked, every answer is shown. */
import type { GateName } from '../../api/reasons.ts';
import { policyReviewed } from './people/policy-reviewed.ts';
import { preflight } from './content/preflight.ts';
import { approvals } from './people/approvals.ts';
import { changeTicket } from './content/change-ticket.ts';
import { clusterRights } from './content/cluster-rights.ts';
import { dependenciesPresent } from './content/dependencies-present.ts';
import type { ExceptableGate } from '../../api/exceptable-gates.ts';
import { passingBy, type ExceptedRelease, type Passing } from '../exceptions/passing.ts';
import { emergencyDrift } from './production/emergency-drift.ts';
import { evidence } from './content/evidence.ts';
import { freeze } from './calendar/freeze.ts';
import { unlessExcepted } from './excepted.ts';
import type { Field, Gate, GateSnapshot } from './gate.ts';
import { images } from './content/images.ts';
import { inheritance } from './people/inheritance.ts';
import { inFlight } from './production/in-flight.ts';
import { installationIntegrity } from './production/installation-integrity.ts';
import { notes } from './content/notes.ts';
import { rights } from './content/rights.ts';
import { overlay } from './content/overlay.ts';
import { reversible } from './content/reversible.ts';
import { rollbackHold } from './production/rollback-hold.ts';
import { secretsPresent } from './content/secrets-present.ts';
import { segregationOfDuties } from './people/segregation-of-duties.ts';
import { soak } from './staging/soak.ts';
import { stagingHealthy } from './staging/staging-healthy.ts';
import { stagingReferences } from './content/staging-references.ts';
import { stagingUnchanged } from './staging/staging-unchanged.ts';
import { window } from './calendar/window.ts';
import type { Instant } from '../objects.ts';
import type { NamedVerdict, Verdict } from './verdict.ts';

/** The registration: a gate that is not here is not asked. This is the order in which they are shown. */
const registered = [
  notes,
  changeTicket,
  images,
  overlay,
  preflight,
  reversible,
  rights,
  clusterRights,
  stagingHealthy,
  stagingUnchanged,
  stagingReferences,
  soak,
  approvals,
  segregationOfDuties,
  policyReviewed,
  inheritance,
  evidence,
  window,
  freeze,
  secretsPresent,
  dependenciesPresent,
  emergencyDrift,
  installationIntegrity,
  rollbackHold,
  inFlight,
] as const;

type Registered = (typeof registered)[number];
type Rejudged = Extract<Registered, { rejudgedAtAdmission: true }>;

/** Does not compile when a gate says that an exception may pass it and the list of the API lacks it; a test says the reverse. */
const exceptable: readonly ExceptableGate[] = registered
  .filter((gate): gate is Extract<Registered, { exceptable: true }> => gate.exceptable === true)
  .map(({ name }) => name);

const isExceptable = (name: GateName): name is ExceptableGate => exceptable.some((each) => each === name);

/** What a gate says, exceptions counted in. */
const asked = (name: GateName, verdict: Verdict, s: ExceptedRelease, now: Instant): Verdict =>
  isExceptable(name) ? unlessExcepted(s, name, verdict, now) : verdict;

/** Does not compile when the catalogue of reasons speaks of a gate that nobody registered. */
type Complete<Name extends Registered['name']> = readonly Gate<Name>[];

/** Every gate, in the order in which they are shown. */
export const gates: Complete<GateName> = registered;

export const gateNames: readonly GateName[] = gates.map(({ name }) => name);

/** Every gate's verdict, in the order in which they are shown. Only if all are Passed may the content go to production. */
export const judge = (s: GateSnapshot, now: Instant): readonly NamedVerdict[] =>
  gates.map(({ name, judge: says }) => ({ name, ...asked(name, says(s, now), s, now) }));

/**
 * Would every gate pass if some facts were as assumed? Judges only the gates that read one of those; of the others the verdicts hold.
 * @param verdicts of `judge` for the same snapshot and instant
 */
export const wouldPass = (
  verdicts: readonly NamedVerdict[],
  s: GateSnapshot,
  assumed: Partial<GateSnapshot>,
  now: Instant,
): boolean => {
  const view = { ...s, ...assumed };
  const outcomes = new Map(verdicts.map(({ name, outcome }) => [name, outcome]));
  const isAffected = (reads: readonly Field[]): boolean => reads.some((field) => Object.hasOwn(assumed, field));
  return gates.every(
    ({ name, reads, judge: again }) =>
      (isAffected(reads) ? asked(name, again(view, now), view, now).outcome : outcomes.get(name)) === 'Passed',
  );
};

/** An exception that passes gates, those gates, and who signed for it. */
export interface UsedException extends Pick<Passing, 'exception' | 'by'> {
  readonly gates: readonly ExceptableGate[];
}

/** The exceptions by which a release passes. @param verdicts of `judge` for the same snapshot and instant */
export const exceptionsUsed = (
  s: ExceptedRelease,
  verdicts: readonly NamedVerdict[],
  now: Instant,
): readonly UsedException[] => {
  const used = verdicts.flatMap(({ name, reason }) => {
    const passing = reason === 'PassedByException' && isExceptable(name) ? passingBy(s, name, now) : undefined;
    return passing === undefined || !isExceptable(name) ? [] : [{ ...passing, gate: name }];
  });
  return [...Map.groupBy(used, ({ exception }) => exception.metadata.uid).values()].flatMap(([first, ...rest]) =>
    first === undefined ? [] : [{ ...first, gates: [first, ...rest].map(({ gate }) => gate) }],
  );
};

/** What the gates look at that are judged again at admission: exactly what they read. */
export type AdmissionFacts = Pick<GateSnapshot, Rejudged['reads'][number] | keyof ExceptedRelease>;

/** The verdicts of those gates that the admission webhook judges again. */
export const judgeAtAdmission = (s: AdmissionFacts, now: Instant): readonly NamedVerdict[] =>
  registered
    .filter((gate): gate is Rejudged => gate.rejudgedAtAdmission === true)
    .map(({ name, judge: says }) => ({ name, ...asked(name, says(s, now), s, now) }));
