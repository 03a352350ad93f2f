/** Every command, in the order in which the help shows them. */
import type { CommandDefinition } from './command.ts';
import { approve } from './commands/approve.ts';
import { completion } from './commands/completion.ts';
import { dashboard } from './commands/dashboard.ts';
import { diff } from './commands/diff.ts';
import { doctor } from './commands/doctor.ts';
import { emergencyEnd } from './commands/emergency-end.ts';
import { emergencyGrant } from './commands/emergency-grant.ts';
import { emergencyReview } from './commands/emergency-review.ts';
import { emergencyStatus } from './commands/emergency-status.ts';
import { findings } from './commands/findings.ts';
import { get } from './commands/get.ts';
import { notes } from './commands/notes.ts';
import { pending } from './commands/pending.ts';
import { policyChange } from './commands/policy-change.ts';
import { policyDiff } from './commands/policy-diff.ts';
import { policyEffective } from './commands/policy-effective.ts';
import { policyLint } from './commands/policy-lint.ts';
import { reject } from './commands/reject.ts';
import { report } from './commands/report.ts';
import { rollback } from './commands/rollback.ts';
import { running } from './commands/running.ts';
import { signChange } from './commands/sign-change.ts';
import { signException } from './commands/sign-exception.ts';
import { signFinding } from './commands/sign-finding.ts';
import { stage } from './commands/stage.ts';
import { wait } from './commands/wait.ts';
import { why } from './commands/why.ts';
import { withdraw } from './commands/withdraw.ts';

export const commands: readonly CommandDefinition[] = [
  get,
  why,
  diff,
  notes,
  pending,
  dashboard,
  stage,
  report,
  approve,
  reject,
  wait,
  withdraw,
  running,
  rollback,
  findings,
  signFinding,
  signException,
  signChange,
  emergencyGrant,
  emergencyStatus,
  emergencyEnd,
  emergencyReview,
  policyDiff,
  policyEffective,
  policyLint,
  policyChange,
  doctor,
  completion,
];
