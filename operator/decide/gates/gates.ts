/** May this go to production? Every gate is asked, every answer is shown. */
import { gateNames, type GateName } from '../../api/conditions.ts';
import { applicable } from './content/preflight.ts';
import { approvals } from './people/approvals.ts';
import { emergencyDrift } from './production/emergency-drift.ts';
import { freeze } from './calendar/freeze.ts';
import type { Gate, GateSnapshot } from './gate.ts';
import { images } from './content/images.ts';
import { inFlight } from './production/in-flight.ts';
import { integrity } from './production/installation-integrity.ts';
import { notes } from './content/notes.ts';
import { rollbackHold } from './production/rollback-hold.ts';
import { secretsPresent } from './content/secrets-present.ts';
import { segregationOfDuties } from './people/segregation-of-duties.ts';
import { soak } from './staging/soak.ts';
import { stagingHealthy } from './staging/staging-healthy.ts';
import { stagingUnchanged } from './staging/staging-unchanged.ts';
import { window } from './calendar/window.ts';
import type { Instant } from '../objects.ts';
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
