/** May this go to production? Every gate is asked, every answer is shown. */
import { gateNames, type GateName } from '../api/conditions.ts';
import { applicable } from './gates/applicable.ts';
import { approvals } from './gates/approvals.ts';
import { emergencyDrift } from './gates/emergency-drift.ts';
import { freeze } from './gates/freeze.ts';
import type { Gate, GateSnapshot } from './gates/gate.ts';
import { images } from './gates/images.ts';
import { inFlight } from './gates/in-flight.ts';
import { integrity } from './gates/integrity.ts';
import { notes } from './gates/notes.ts';
import { rollbackHold } from './gates/rollback-hold.ts';
import { secretsPresent } from './gates/secrets-present.ts';
import { segregationOfDuties } from './gates/segregation-of-duties.ts';
import { soak } from './gates/soak.ts';
import { stagingHealthy } from './gates/staging-healthy.ts';
import { stagingUnchanged } from './gates/staging-unchanged.ts';
import { window } from './gates/window.ts';
import type { Instant } from './objects.ts';
import type { NamedVerdict } from './verdict.ts';

/** A name without its gate does not compile. */
const gates: Readonly<Record<GateName, Gate>> = {
  Notes: notes,
  Images: images,
  Applicable: applicable,
  StagingHealthy: stagingHealthy,
  StagingUnchanged: stagingUnchanged,
  Soak: soak,
  Approvals: approvals,
  SegregationOfDuties: segregationOfDuties,
  Window: window,
  Freeze: freeze,
  SecretsPresent: secretsPresent,
  EmergencyDrift: emergencyDrift,
  Integrity: integrity,
  Hold: rollbackHold,
  InFlight: inFlight,
};

/** Every gate's verdict, in the order in which they are shown. Only if all are Passed may the content go to production. */
export const judge = (s: GateSnapshot, now: Instant): readonly NamedVerdict[] =>
  gateNames.map((name) => ({ name, ...gates[name](s, now) }));
