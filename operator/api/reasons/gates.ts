/** Reasons that gates give, in the order of the gates. */
import { entry, type ReasonEntry } from './entry.ts';
import { dutiesReasons } from './duties.ts';
import { evidenceReasons } from './evidence.ts';
import { imageReasons } from './images.ts';

export const gateReasons = {
  NotesComplete: entry(['Notes'], 'The notes say everything that the policy demands.'),
  NotesMissing: entry(
    ['Notes'],
    'A note that the policy demands is empty.',
    'Create a new candidate with the named notes filled in; write "none" where there is nothing to say, and set spec.replaces.',
  ),
  AnalysisMissing: entry(
    ['Notes'],
    'The release before this one was rolled back, and the notes do not say why.',
    'Create a new candidate with notes.analysis: why the other failed, and why this one does not.',
  ),

  ChangeTicketGiven: entry(['ChangeTicket'], 'The candidate names a change of the form that the policy demands.'),
  ChangeTicketNotRequired: entry(
    ['ChangeTicket'],
    'The candidate names no change, and the policy does not require one.',
  ),
  ChangeTicketMissing: entry(
    ['ChangeTicket'],
    'The policy requires a change in the system of record, and the candidate names none.',
    'Create a new candidate with the change in spec.change, and set spec.replaces.',
  ),
  ChangeTicketMalformed: entry(
    ['ChangeTicket'],
    'The change that the candidate names is not of the form that the policy demands.',
    'Create a new candidate with the change as the system of record writes it in spec.change, and set spec.replaces.',
  ),

  ...imageReasons,

  PreflightPassed: entry(['Preflight'], 'The API server would accept every object as it is.'),
  GateNotReady: entry(
    ['Preflight'],
    'Whether the writes would be accepted cannot be told now: the gate, or the API server, does not answer.',
  ),
  PreflightPending: entry(
    ['Preflight'],
    'The API server is asked whether it would accept every object once every other gate has passed.',
    'Wait; if it lasts when every other gate has passed, look at the log of the operator.',
  ),
  ImmutableFieldChanged: entry(
    ['Preflight'],
    'A field changes that Kubernetes does not let change on a live object.',
    'Give the object another name, or leave the field as it is in production.',
  ),
  ObjectRefused: entry(
    ['Preflight'],
    'The API server, or an admission policy, refuses an object.',
    'Fix the object in staging as the message says, then create a new candidate.',
  ),
  JobNotDeliverable: entry(
    ['Preflight'],
    'A GitOps tool delivers this namespace, and a Job runs under another name for each release, which Git cannot know.',
    'Run what the Job does from an init container or a CronJob, then create a new candidate.',
  ),
  ClaimedByOtherPackage: entry(
    ['Preflight'],
    'An object of this release belongs to another package of the same production namespace.',
    'Release it with the package that owns it, or drop it there first.',
  ),
  OwnershipConflict: entry(
    ['Preflight', 'Finished', 'Stalled'],
    'Production holds content in an object that neither this release nor the policy explains.',
    'Ask the named field manager to stop, or list the field under unmanagedFields of the policy.',
  ),

  Reversible: entry(['Reversible'], 'A rollback would take back everything that the release does.'),
  IrreversibleTold: entry(
    ['Reversible'],
    'A rollback would not take back everything; what it would not is in the delta, and what loses data the candidate names.',
  ),
  NotTakenBack: entry(
    ['Reversible'],
    'The candidate says onFailure: Page, so it is not rolled back automatically, whatever could not be taken back.',
  ),
  DataWouldBeLost: entry(
    ['Reversible'],
    'The release deletes data that no rollback brings back, and the candidate does not say so.',
    'Create a new candidate with other content, with onFailure: Page, or with what the message names in spec.irreversible, and set spec.replaces.',
  ),
  IrreversibleUnknown: entry(
    ['Reversible'],
    'The candidate names under spec.irreversible an object that the release neither holds nor drops.',
    'Create a new candidate whose spec.irreversible names objects of the release, and what it drops, and set spec.replaces.',
  ),

  StagingHealthy: entry(['StagingHealthy'], 'Every workload of the package is healthy in staging.'),
  StagingNotRestarted: entry(
    ['StagingHealthy'],
    'Pods of staging started before a ConfigMap that they read was last changed, so nothing has run with it.',
    'Restart the named workload in staging.',
  ),
  StagingUnhealthy: entry(
    ['StagingHealthy'],
    'A workload of the package is not healthy in staging.',
    'Fix the named workload in staging; if its content changes, create a new candidate.',
  ),

  StagingUnchanged: entry(['StagingUnchanged'], 'Staging runs exactly the content of the bundle.'),
  HoldOver: entry(
    ['StagingUnchanged', 'StagingHealthy'],
    'Staging has held the content as long as the policy asks; it may move on.',
  ),
  StagingChanged: entry(
    ['StagingUnchanged'],
    'Staging no longer runs the content that was staged, before it was held long enough.',
    'Restore the named object in staging, or create a new candidate that replaces this one.',
  ),

  StagingUnknown: entry(
    ['StagingUnchanged'],
    'It could not be told whether staging still runs the content.',
    'Wait; if it lasts, look at the log of the operator.',
  ),

  Soaked: entry(['Soak'], 'Staging has run this content, healthy, for the whole soak.'),
  Soaking: entry(
    ['Soak'],
    'Staging has not yet run this content for the whole soak.',
    'Wait; it continues automatically when the soak is over.',
  ),
  NotSoaking: entry(
    ['Soak'],
    'Staging does not run this content healthily, so the soak has not begun.',
    'Make staging run the content of the candidate, healthy.',
  ),

  ApprovalsComplete: entry(['Approvals', 'Approved'], 'Every approval line is met.'),
  ApprovalsMissing: entry(
    ['Approvals', 'Approved'],
    'An approval line is not met.',
    'A holder of the named role reads the delta and signs with the manifest in status.approvalManifests.',
  ),
  ApprovalExpired: entry(
    ['Approvals', 'Approved'],
    'A signature that was needed is older than the policy lets it be.',
    'The signer, or another holder of the role, signs again.',
  ),
  ApproverLacksRight: entry(
    ['Approvals', 'Approved'],
    'A signer does not, or no longer, hold the right to sign in that role.',
    'Bind the approver role to the signer in the production namespace, or have a holder sign.',
  ),
  Rejected: entry(
    ['Approvals', 'Approved', 'Finished'],
    'Somebody who may sign has refused the content; that is final.',
    'Read the comment of the named Approval, fix the release, and create a new candidate.',
  ),

  ...dutiesReasons,

  ...evidenceReasons,

  WindowOpen: entry(['Window'], 'A window is open.'),
  NoWindows: entry(['Window'], 'The policy has no windows: it is always open.'),
  WindowClosed: entry(
    ['Window'],
    'No window is open.',
    'Wait for the window that the message names, or use the expedited lane.',
  ),

  NotFrozen: entry(['Freeze'], 'No freeze is on.'),
  Frozen: entry(
    ['Freeze'],
    'A freeze is on.',
    'Wait for its end, or use the expedited lane if the policy lets it pass.',
  ),
  PassedByExpedited: entry(
    ['Window', 'Freeze'],
    'The candidate is expedited, and the policy lets such candidates pass here.',
  ),

  ExpeditedNotOffered: entry(
    ['Window', 'Freeze'],
    'The candidate is expedited, and the policy has no such lane or the candidate names no incident.',
    'Create a new candidate of urgency Normal, or have a platform admin add spec.expedited to the policy.',
  ),

  SecretsPresent: entry(['SecretsPresent'], 'Production has every Secret and key that the content refers to.'),
  SecretsComing: entry(
    ['SecretsPresent'],
    'Production lacks only Secrets that an object of the release, or a declared platform writer, makes.',
  ),
  SecretMissing: entry(
    ['SecretsPresent'],
    'Production lacks a Secret that the content refers to.',
    'A holder of keepsecrets creates the named Secret in production; secrets are never copied from staging.',
  ),
  SecretKeyMissing: entry(
    ['SecretsPresent'],
    'A Secret of production lacks a key that the content refers to.',
    'A holder of keepsecrets adds the named key.',
  ),

  ConfigMapMissing: entry(
    ['SecretsPresent'],
    'Neither production nor the release has a ConfigMap that the content refers to.',
    'Make the named ConfigMap a component of the release.',
  ),
  ConfigMapKeyMissing: entry(
    ['SecretsPresent'],
    'A ConfigMap lacks a key that the content refers to.',
    'Add the named key to the ConfigMap in staging, then create a new candidate.',
  ),

  NoEmergencyDrift: entry(['EmergencyDrift'], 'It takes back nothing that an emergency changed.'),
  FollowsUp: entry(
    ['EmergencyDrift'],
    'It says what becomes of everything that it touches of the emergency that it follows up.',
  ),
  EmergencyDrift: entry(
    ['EmergencyDrift'],
    'It would take back, without saying so, what an emergency changed.',
    'Create a new candidate with spec.followsUp: the named EmergencyAccess, whose content is as production holds it now; objects that are to go back are named in spec.reverts.',
  ),
  EmergencyUnknown: entry(
    ['EmergencyDrift'],
    'There is no such emergency access, or it is closed already.',
    'Create a new candidate whose spec.followsUp names one of kubectl get emergencyaccesses, or none.',
  ),
  EmergencyUnderWay: entry(
    ['EmergencyDrift'],
    'The emergency access is not over yet, so it is not known what it leaves behind.',
    'Wait for its end, or end it: kubectl patch emergencyaccess <name> --type=merge -p {"spec":{"revoked":true}}.',
  ),
  NotDrifted: entry(
    ['EmergencyDrift'],
    'An object in spec.reverts is none that the emergency left changed.',
    'Create a new candidate whose spec.reverts names objects of status.drift of the EmergencyAccess only.',
  ),

  InstallationUnchanged: entry(['InstallationIntegrity'], 'The installation of Countersign is as the record knows it.'),
  InstallationChanged: entry(
    ['InstallationIntegrity'],
    'A policy, definition, webhook configuration or role of Countersign changed, and nobody has signed for that.',
    'If it was an upgrade, a holder of an approval role signs for the finding that the message names; otherwise a platform admin puts the named object back: helm upgrade.',
  ),

  NotHeld: entry(['RollbackHold'], 'The content is not on hold.'),
  HeldAfterRollback: entry(
    ['RollbackHold'],
    'Exactly this content failed in production and was rolled back.',
    'Fix it, and create a new candidate; the same content does not go forward again.',
  ),

  NoPromotionInFlight: entry(['InFlight'], 'No other promotion of the package is in flight.'),
  PromotionInFlight: entry(
    ['InFlight'],
    'Another promotion or rollback of the package is in flight.',
    'Wait for it to end.',
  ),
  LedgerBroken: entry(
    ['InFlight', 'Staged'],
    'The ledger of the production namespace does not verify; nothing is promoted on a broken record.',
    'An auditor finds the entry that does not fit: kubectl get ledger -o json | node hack/ledger.ts. If it only does not follow, somebody who holds an approval role signs for going on without it: the policy says how.',
  ),
  TooManyOpen: entry(
    ['InFlight', 'Staged'],
    'Too many candidates of the package, of the author or of the production namespace are open at once.',
    'A holder of withdraw withdraws candidates that are not wanted any more: kubectl delete cand.',
  ),
  TooMuchOpen: entry(
    ['Staged', 'Stalled'],
    'The contents of open candidates of the author, or of the production namespace, are as many bytes as may be open at once.',
    'A holder of withdraw withdraws candidates that are not wanted any more: kubectl delete cand.',
  ),
} as const satisfies Record<string, ReasonEntry>;
