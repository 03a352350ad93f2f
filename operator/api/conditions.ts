/**
 * The catalogue: every word that a status may say, with its meaning and with what to do about it.
 * A reason that is not here does not compile; one that nobody uses does not belong here.
 */
import type { Kind } from './kinds.ts';

/** What a gate says. Unknown is not Passed. */
export const outcomes = ['Passed', 'Waiting', 'Blocked', 'Unknown'] as const;

/** The gates, in the order in which they are shown. */
export const gateNames = [
  'Notes',
  'Images',
  'Applicable',
  'StagingHealthy',
  'StagingUnchanged',
  'Soak',
  'Approvals',
  'SegregationOfDuties',
  'Window',
  'Freeze',
  'SecretsPresent',
  'EmergencyDrift',
  'Integrity',
  'Hold',
  'InFlight',
] as const;
export type GateName = (typeof gateNames)[number];

/** What each gate asks. */
export const gateMeanings: Record<GateName, string> = {
  Notes: 'Do the release notes say what the policy demands?',
  Images: 'Is every image named by digest?',
  Applicable: 'Would the API server accept every object, and does nobody else own it?',
  StagingHealthy: 'Is staging healthy with this content?',
  StagingUnchanged: 'Does staging still run exactly this content?',
  Soak: 'Has staging run it long enough?',
  Approvals: 'Is every approval line met by signatures under this digest?',
  SegregationOfDuties: 'Are authors, testers and approvers different people?',
  Window: 'Is a window open?',
  Freeze: 'Is there no freeze?',
  SecretsPresent: 'Has production every Secret and key that the content refers to?',
  EmergencyDrift: 'Does it say what becomes of what an emergency changed?',
  Integrity: 'Are our own policies, definitions and roles as the record knows them?',
  Hold: 'Is the content not on hold after a rollback?',
  InFlight: 'Is the package free for another promotion?',
};

/** How a candidate ends. `Finished` is `True` with one of these, always. */
export const finishedReasons = [
  'Promoted',
  'RolledBack',
  'Rejected',
  'Withdrawn',
  'Expired',
  'Superseded',
  'Failed',
] as const satisfies readonly Reason[];

/** Where a candidate stands. For display only: nothing decides by it. */
export const phases = [
  'Staging',
  'AwaitingGates',
  'Promoting',
  'Observing',
  'RollingBack',
  'Stalled',
  ...finishedReasons,
] as const;

export type Phase = (typeof phases)[number];

/** The condition types of each kind, with what `True` means. */
export const conditionMeanings = {
  ReleasePolicy: {
    Ready: 'The policy is in force: releases are judged by it.',
    Explained:
      'Every change of the guarded kinds in production is explained by a release, an act or a declared writer. Other kinds are not looked at.',
    EveryKindGuarded: 'Every namespaced kind that the cluster defines is listed in the guard.',
    NoForeignMutators:
      'No mutating webhook, mutating policy or API service of others can change what is written to production. False stops nothing.',
    Reconciling: 'A change of the policy is being taken in.',
    Stalled: 'The policy cannot be applied until somebody changes something.',
  },
  ReleaseCandidate: {
    Staged: 'The content is rendered and frozen in a bundle; it can be signed for.',
    Approved: 'Every approval line is met, by people who may sign.',
    Promotable: 'Every gate has passed.',
    Promoted: 'Production has the content, complete.',
    Healthy: 'Production is healthy with the content.',
    ActionRequired: 'A GitOps tool has to write what was opened for it; absent where the operator writes.',
    Replaces: 'The candidate named in spec.replaces ends when this one is promoted; absent where none is named.',
    Finished: 'Nothing further will happen; the reason says how it ended.',
    Reconciling: 'Work is under way: staging, promoting, observing or rolling back.',
    Stalled: 'Nothing can go on until somebody changes something.',
  },
  Rollback: {
    Finished: 'The rollback is over; the reason says how it ended.',
    Reconciling: 'Production is going back.',
    Stalled: 'Nothing can go on until somebody changes something.',
  },
  EmergencyAccess: {
    Pending: 'It is being judged and created; nobody has access yet.',
    Active: 'The grantee has access.',
    Ended: 'It is over, and nothing of it is left in the cluster.',
    ReviewDue: 'Somebody who is neither grantee nor grantor is still to look at what was done, and to sign.',
    FollowUpDue: 'A formal release is still to say what becomes of what was left changed.',
    Overdue: 'That release is late: until it is there, nobody gets access to this namespace.',
    Closed: 'Reviewed, and everything that was left changed is settled.',
    Finished: 'Nothing further will happen; the reason says how it ended.',
    Reconciling: 'Work is under way: granting, or taking away.',
    Stalled: 'Nothing can go on until somebody changes something.',
  },
} as const satisfies Partial<Record<Kind, Record<string, string>>>;

export type CandidateCondition = keyof (typeof conditionMeanings)['ReleaseCandidate'];
export type PolicyCondition = keyof (typeof conditionMeanings)['ReleasePolicy'];
export type RollbackCondition = keyof (typeof conditionMeanings)['Rollback'];
export type EmergencyCondition = keyof (typeof conditionMeanings)['EmergencyAccess'];
export type ConditionType = CandidateCondition | PolicyCondition | RollbackCondition | EmergencyCondition;

/** One word of the catalogue. */
export interface ReasonEntry {
  /** The gates and conditions that say it. */
  readonly at: readonly (GateName | ConditionType)[];
  /** What it means, as one sentence. */
  readonly meaning: string;
  /** What to do about it, as one sentence; empty when nothing need be done. */
  readonly remedy: string;
}

const entry = (at: ReasonEntry['at'], meaning: string, remedy = ''): ReasonEntry => ({ at, meaning, remedy });

/** Every reason, beginning with those of the gates in their order. */
const catalogue = {
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

  DigestsPinned: entry(['Images'], 'Every image is named by digest.'),
  TagWithoutDigest: entry(
    ['Images'],
    'An image is named by a tag, which somebody may move.',
    'Name the image as <repository>@sha256:<digest> in staging, then create a new candidate.',
  ),

  Applicable: entry(['Applicable'], 'The API server would accept every object as it is.'),
  GateNotReady: entry(
    ['Applicable'],
    'Whether the writes would be accepted cannot be told now: the gate, or the API server, does not answer.',
  ),
  PreflightPending: entry(
    ['Applicable'],
    'The API server is asked whether it would accept every object once every other gate has passed.',
    'Wait; if it lasts when every other gate has passed, look at the log of the operator.',
  ),
  ImmutableFieldChanged: entry(
    ['Applicable'],
    'A field changes that Kubernetes does not let change on a live object.',
    'Give the object another name, or leave the field as it is in production.',
  ),
  ObjectRefused: entry(
    ['Applicable'],
    'The API server, or an admission policy, refuses an object.',
    'Fix the object in staging as the message says, then create a new candidate.',
  ),
  JobNotDeliverable: entry(
    ['Applicable'],
    'A GitOps tool delivers this namespace, and a Job runs under another name for each release, which Git cannot know.',
    'Run what the Job does from an init container or a CronJob, then create a new candidate.',
  ),
  ClaimedByOtherPackage: entry(
    ['Applicable'],
    'An object of this release belongs to another package of the same production namespace.',
    'Release it with the package that owns it, or drop it there first.',
  ),
  OwnershipConflict: entry(
    ['Applicable', 'Finished', 'Stalled'],
    'Production holds content in an object that neither this release nor the policy explains.',
    'Ask the named field manager to stop, or list the field under unmanagedFields of the policy.',
  ),

  StagingHealthy: entry(['StagingHealthy'], 'Every workload of the package is healthy in staging.'),
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
  RightsUnknown: entry(
    ['Approvals', 'Approved'],
    'It could not be told whether a signer holds the right to sign.',
    'Wait; if it lasts, look at the log of the operator.',
  ),
  Rejected: entry(
    ['Approvals', 'Approved', 'Finished'],
    'Somebody who may sign has refused the content; that is final.',
    'Read the comment of the named Approval, fix the release, and create a new candidate.',
  ),

  DutiesSegregated: entry(['SegregationOfDuties'], 'Authors, testers and approvers are different people.'),
  AuthorCannotSign: entry(
    ['SegregationOfDuties'],
    'Somebody who changed the content has signed for it; that signature does not count.',
    'Somebody who had no hand in the content signs in their place.',
  ),
  SamePersonTwice: entry(
    ['SegregationOfDuties'],
    'One person has signed more than once; one signature counts.',
    'Another person signs for the line that is still open.',
  ),
  AuthorNotTrusted: entry(
    ['SegregationOfDuties'],
    'The author is a ServiceAccount that the policy does not trust to author releases.',
    'A person creates the candidate, or the policy lists the ServiceAccount under trustedAutomation.',
  ),
  AuthorNamesNobody: entry(
    ['SegregationOfDuties'],
    'The author is trusted automation and names no person behind it.',
    'Create a new candidate with the people in spec.onBehalfOf.',
  ),
  WriterUnknown: entry(
    ['SegregationOfDuties', 'Staged', 'Stalled'],
    'It is not recorded who wrote a staged object, so it cannot be told who may sign for it.',
    'Somebody who answers for the named object sends it again as it is, in a namespace labelled countersign.dev/staging=true: kubectl get <object> -o yaml | kubectl replace -f -.',
  ),

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
  SecretMissing: entry(
    ['SecretsPresent'],
    'Production lacks a Secret that the content refers to.',
    'The people who manage the Secrets of production create the named Secret there; secrets are never copied from staging.',
  ),
  SecretKeyMissing: entry(
    ['SecretsPresent'],
    'A Secret of production lacks a key that the content refers to.',
    'The people who manage the Secrets of production add the named key.',
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

  InstallationUnchanged: entry(['Integrity'], 'The installation of Countersign is as the record knows it.'),
  InstallationChanged: entry(
    ['Integrity'],
    'A policy, definition, webhook configuration or role of Countersign changed, and nobody has signed for that.',
    'If it was an upgrade, a holder of an approval role signs for the finding that the message names; otherwise a platform admin puts the named object back: helm upgrade.',
  ),

  NotHeld: entry(['Hold'], 'The content is not on hold.'),
  HeldAfterRollback: entry(
    ['Hold'],
    'Exactly this content failed in production and was rolled back.',
    'Fix it, and create a new candidate; the same content does not go forward again.',
  ),

  Free: entry(['InFlight'], 'No other promotion of the package is in flight.'),
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

  PolicyMissing: entry(
    ['Staged', 'Promotable', 'Stalled'],
    'The production namespace has no ReleasePolicy named production.',
    'A platform admin creates it.',
  ),
  PolicyInvalid: entry(
    ['Ready', 'Staged', 'Promotable', 'Stalled', 'Window', 'Freeze'],
    'The ReleasePolicy cannot be applied as it is.',
    'A platform admin corrects the named field.',
  ),
  NamespaceNotGuarded: entry(
    ['Ready', 'Staged', 'Promotable', 'Stalled'],
    'The production namespace does not carry the label that guards it.',
    'A platform admin labels it countersign.dev/guarded=enforce.',
  ),
  NamespaceTerminating: entry(
    ['Staged', 'Promotable', 'Stalled'],
    'The production namespace is being deleted.',
    'Create the candidate for a namespace that lives.',
  ),
  SourceNotNamed: entry(
    ['Staged', 'Stalled'],
    'The policy of the production namespace names another namespace as its source.',
    'Create the candidate in the namespace that the policy names, or have the policy changed.',
  ),
  ComponentMissing: entry(
    ['Staged', 'Stalled'],
    'A component, or the object of an overlay, is not in staging.',
    'Create the named object in staging, or create a new candidate without it.',
  ),
  KindNotPromotable: entry(
    ['Staged', 'Stalled'],
    'A component is of a kind that cannot be promoted.',
    'Leave it out, or have the chart list its kind.',
  ),
  PackageTooLarge: entry(
    ['Staged', 'Stalled'],
    'The package is larger than the operator takes.',
    'Split it into several packages.',
  ),
  DeltaTooLarge: entry(
    ['Staged', 'Stalled'],
    'What signers must see whole is more than a delta holds.',
    'Split the package, or move long commands into ConfigMaps or images, then create a new candidate.',
  ),
  InternalError: entry(
    ['Staged', 'Stalled'],
    'The operator failed to work on the object; it tries again, and works on others meanwhile.',
    'Report the message, with the object and the log of the operator. Of a candidate, a new one with less in it may pass.',
  ),
  WillReplace: entry(['Replaces'], 'The candidate that it names in spec.replaces ends when this one is promoted.'),
  ReplacesNothing: entry(
    ['Replaces'],
    'There is no earlier open candidate of the package under the name in spec.replaces.',
    'Nothing, or create a new candidate whose replaces names an earlier one.',
  ),
  ReplacesRefused: entry(
    ['Replaces'],
    'Its author is no author of the candidate that it names in spec.replaces, and may not withdraw it.',
    'A holder of withdraw in the production namespace withdraws the earlier one: kubectl delete cand.',
  ),
  NameTooLong: entry(
    ['Staged', 'Stalled'],
    'A name would become longer than Kubernetes allows.',
    'Give the named object a shorter name, then create a new candidate.',
  ),
  NormalFormRefused: entry(
    ['Staged', 'Stalled'],
    'An object could not be brought into its normal form: the API server refused the trial, or the object is nested too deep, or holds lists or values beyond what is compared.',
    'Fix the object in staging as the message says, then create a new candidate.',
  ),

  Rendering: entry(['Staged', 'Reconciling'], 'The content is being read from staging and rendered.'),
  Staged: entry(['Staged'], 'The content is frozen in a bundle and can be signed for.'),
  GatesPassed: entry(['Promotable'], 'Every gate has passed.'),
  GatesWaiting: entry(
    ['Promotable', 'Promoted'],
    'A gate waits for time or for people.',
    'See status.gates for who can supply what is missing.',
  ),
  GatesBlocked: entry(
    ['Promotable', 'Promoted'],
    'A gate is blocked until something is changed.',
    'See status.gates for what to change.',
  ),
  GatesUnknown: entry(
    ['Promotable', 'Promoted'],
    'A gate could not be judged.',
    'Wait; if it lasts, look at the log of the operator.',
  ),
  NotStaged: entry(
    ['Approved', 'Promotable', 'Promoted', 'Healthy'],
    'The content is not staged yet.',
    'See the condition Staged.',
  ),
  NotPromoted: entry(['Healthy'], 'Production does not run the content.'),

  AwaitingTool: entry(
    ['ActionRequired'],
    'The release is opened for the GitOps tool, which has not written all of it yet.',
    'Sync the tool to the commit that holds the content.',
  ),
  ToolMustGoBack: entry(
    ['ActionRequired'],
    'The release failed, the one before it is opened again, and the GitOps tool has not written it yet.',
    'Take the commit back, or roll back in the tool, as the message says.',
  ),
  Promoting: entry(['Promoted', 'Healthy', 'Reconciling'], 'Production is being written, wave by wave.'),
  Promoted: entry(['Promoted', 'Finished'], 'Production has the content, complete.'),
  Observing: entry(['Finished', 'Reconciling'], 'The content is in production and its health is watched.'),
  RollingBack: entry(
    ['Promoted', 'Finished', 'Reconciling'],
    'Production is going back to the bundle before this one.',
  ),
  RolledBack: entry(
    ['Promoted', 'Finished'],
    'Production went back, as a whole, to the bundle before this one.',
    'Find out why, and create a new candidate that says so in notes.analysis.',
  ),
  ApplyRefused: entry(
    ['Promoted', 'Finished'],
    'The API server refused a write of the promotion, so the package was undone.',
    'Fix the object that the message names, then create a new candidate.',
  ),

  Healthy: entry(['Healthy'], 'Every workload and every check is healthy.'),
  Progressing: entry(['Healthy'], 'Workloads are still being rolled out.'),
  ProgressTimeout: entry(
    ['Healthy'],
    'The workloads were not complete within progressTimeout.',
    'Look at the pods that the message names.',
  ),
  WorkloadUnhealthy: entry(
    ['Healthy'],
    'A workload of the package is not healthy.',
    'Look at the object that the message names.',
  ),
  JobFailed: entry(['Healthy'], 'A Job of the package failed.', 'Read the log of its pods.'),
  CheckFailing: entry(['Healthy'], 'A check of the policy fails.', 'Ask the address of the named check yourself.'),
  HealthUnknown: entry(
    ['Healthy', 'StagingHealthy'],
    'Health could not be observed; that is not healthy.',
    'Wait; if it lasts, look at the log of the operator.',
  ),

  InProgress: entry(['Finished'], 'It is still under way.'),
  Withdrawn: entry(['Finished'], 'Somebody who may do so took the candidate back.'),
  Expired: entry(['Finished'], 'It waited longer than the policy lets candidates wait.', 'Create a new candidate.'),
  Superseded: entry(
    ['Finished'],
    'A later candidate that names it in spec.replaces was promoted.',
    'Look at that candidate.',
  ),
  Failed: entry(
    ['Finished'],
    'It failed and production was left as the message says.',
    'Read the message; a Rollback takes production to an earlier bundle.',
  ),

  FinalizerHolds: entry(
    ['Stalled'],
    'An object is being deleted, and a finalizer that nobody takes off keeps it.',
    'Repair the controller that set it; if that is gone, a holder of operate runs the command of the message.',
  ),
  NotStalled: entry(['Stalled'], 'Nothing needs to be changed for it to go on.'),
  Settled: entry(['Reconciling'], 'No work is under way.'),

  InForce: entry(['Ready'], 'Releases are judged by this policy.'),
  ReviewOverdue: entry(
    ['Ready'],
    'The policy is in force, and the day in reviewBy is past.',
    'A platform admin reads the policy and sets the next day.',
  ),

  EveryKindListed: entry(['EveryKindGuarded'], 'Every namespaced kind that the cluster defines is guarded.'),
  KindsUnlisted: entry(
    ['EveryKindGuarded'],
    'The cluster defines namespaced kinds that nobody listed. Controllers may write them in production; people do not. What such objects do is not compared.',
    'List those that belong to what runs in guardedKinds of the chart; to keep all but declared controllers from them, set spec.unlistedKinds to Deny.',
  ),
  DefinitionsNotRead: entry(['EveryKindGuarded'], 'The definitions of kinds have not been read yet.', 'Wait.'),

  NothingForeign: entry(['NoForeignMutators'], 'Nothing of others can change what is written to production.'),
  ForeignMutators: entry(
    ['NoForeignMutators'],
    'Webhooks, mutating policies or API services of others are asked about writes to production and may change them. The message names each with eight digits over what it does, certificates aside. What a release writes is compared afterwards; what controllers write is not, in full.',
    'Remove or narrow what does not belong there; note the digits of what does.',
  ),
  MutatorsNotRead: entry(
    ['NoForeignMutators'],
    'Webhooks, mutating policies and API services have not been read yet.',
    'Wait.',
  ),

  Explained: entry(['Explained'], 'Every change of the guarded kinds in production is explained.'),
  FindingsOpen: entry(
    ['Explained'],
    'Production changed in a way that no release, act or declared writer explains.',
    'Release the object, which puts it back; or have a holder of an approval role sign for the finding with the manifest in status.findings.',
  ),
  EntriesAhead: entry(
    ['Explained'],
    'An entry of the ledger stands ahead of the newest one: somebody holds a token of ours. It counts for nothing.',
    'End the tokens as docs/operations.md says; then have a holder of an approval role sign with the command in the message.',
  ),
  NotLookedAt: entry(
    ['Explained'],
    'Production has not been looked at for the first time.',
    'Label the namespace countersign.dev/guarded, and wait.',
  ),

  NoEarlierBundle: entry(
    ['Finished', 'Stalled'],
    'There is no bundle before the present one.',
    'Nothing can be rolled back before the second release.',
  ),
  BundleUnknown: entry(
    ['Finished', 'Stalled'],
    'The bundle to go back to does not exist, or production never ran it.',
    'Create a new Rollback that names a bundle of kubectl get relbundle, or none.',
  ),
  RequesterLacksRight: entry(
    ['Finished', 'Stalled'],
    'The requester does not hold the right to order a rollback here.',
    'Somebody who holds verb rollback on releasepolicies creates a new Rollback.',
  ),
  GrantPending: entry(['Pending', 'Active', 'Ended', 'Finished', 'Reconciling'], 'It is being judged and made.'),
  GrantMade: entry(['Pending'], 'It was judged.'),
  GranteeLetIn: entry(['Active', 'Ended', 'Finished'], 'The grantee has access until the named moment.'),
  AccessExpired: entry(['Active', 'Ended'], 'Its time is over.'),
  AccessRevoked: entry(['Active', 'Ended'], 'Somebody ended it before its time.'),
  AccessChanged: entry(
    ['Active', 'Ended'],
    'Its Role, its bindings or the bound ClusterRole changed, so it was ended.',
    'Find out who changed the named object; an SRE who holds grant creates a new EmergencyAccess.',
  ),
  TakingAway: entry(['Ended', 'Reconciling', 'ReviewDue', 'FollowUpDue'], 'What it was made of is being taken away.'),
  AccessOver: entry(['Pending', 'ReviewDue', 'FollowUpDue', 'Finished'], 'It is over.'),
  NotOver: entry(['ReviewDue', 'FollowUpDue', 'Overdue', 'Closed'], 'It is not over yet.'),
  ReviewMissing: entry(
    ['ReviewDue', 'Closed', 'Finished'],
    'Nobody has signed that they looked at what was done.',
    'A holder of an approval role who is neither grantee nor grantor reads the acts and signs with the manifest in status.approvalManifests.',
  ),
  Reviewed: entry(['ReviewDue'], 'Somebody who is neither grantee nor grantor has signed.'),
  NothingDrifted: entry(['FollowUpDue', 'Overdue'], 'Nothing was left changed.'),
  FollowUpMissing: entry(
    ['FollowUpDue', 'Closed', 'Finished'],
    'What was left changed is not in a formal release yet.',
    'A developer stages a ReleaseCandidate with spec.followsUp: this EmergencyAccess.',
  ),
  FollowedUp: entry(['FollowUpDue', 'Overdue'], 'A formal release says what became of everything.'),
  FollowUpObserved: entry(
    ['FollowUpDue', 'Closed', 'Finished'],
    'The release that follows up is in production and still observed.',
    'Wait; it continues automatically when the observation is over.',
  ),
  NotOverdue: entry(['Overdue'], 'There is still time.'),
  FollowUpLate: entry(
    ['Overdue', 'Stalled'],
    'The release that follows up is late; until it is there nobody gets access to this namespace.',
    'A developer stages a ReleaseCandidate with spec.followsUp: this EmergencyAccess; it may take the expedited lane.',
  ),
  AccessClosed: entry(['Closed', 'Finished'], 'Reviewed, and everything that was left changed is settled.'),

  EmergencyNotOffered: entry(
    ['Active', 'Finished'],
    'The policy of the namespace offers no emergency access.',
    'A platform admin adds spec.emergency to the policy: kubectl edit relpol production.',
  ),
  DurationTooLong: entry(
    ['Active', 'Finished'],
    'It would last longer than the policy lets it.',
    'Create a new EmergencyAccess with a shorter spec.duration.',
  ),
  GranteeIsGrantor: entry(
    ['Active', 'Finished'],
    'Grantee and grantor are one person.',
    'Somebody else who holds grant creates the EmergencyAccess.',
  ),
  GranteeNotPerson: entry(
    ['Active', 'Finished'],
    'Only people get access, and the grantee is a machine.',
    'Create a new EmergencyAccess for a person, under their own name.',
  ),
  GrantorLacksRight: entry(
    ['Active', 'Finished'],
    'The grantor does not hold the right to grant, or only by a wildcard.',
    'Somebody who holds verb grant on releasepolicies creates a new EmergencyAccess.',
  ),
  GranteeHasGrant: entry(
    ['Active', 'Finished'],
    'The person has access already.',
    'End the other access, or wait for its end, and create a new one.',
  ),
  TooManyGrants: entry(
    ['Active', 'Finished'],
    'As many accesses are live as the policy allows.',
    'End one of them, and create a new one.',
  ),
  FollowUpOverdue: entry(
    ['Active', 'Finished'],
    'The release that follows up an earlier emergency is late.',
    'A developer stages a ReleaseCandidate with spec.followsUp: the named EmergencyAccess; then create a new one.',
  ),
  RoleMissing: entry(
    ['Active', 'Finished'],
    'The ClusterRole that the policy names does not exist.',
    'A platform admin names one of the chart’s emergency.clusterRoles in spec.emergency.clusterRole.',
  ),
  RoleTooStrong: entry(
    ['Active', 'Finished'],
    'The ClusterRole that the policy names holds a right that no emergency may hold.',
    'A platform admin takes the named right out of it, or names another in spec.emergency.clusterRole.',
  ),
  ClockSkewed: entry(
    ['Active', 'Finished'],
    'The clock of the gate or of the operator is more than five seconds from that of the API server.',
    'A platform admin sets the clocks of the nodes right; then create a new EmergencyAccess.',
  ),
  TooLate: entry(
    ['Active', 'Finished'],
    'Its time was over, or it was revoked, before anybody had access.',
    'Create a new EmergencyAccess.',
  ),

  AlreadyThere: entry(['Finished'], 'Production already runs that bundle.'),
} as const satisfies Record<string, ReasonEntry>;

/** A word of the catalogue: a typo does not compile. */
export type Reason = keyof typeof catalogue;

export const reasons: Readonly<Record<Reason, ReasonEntry>> = catalogue;

export const isReason = (word: string): word is Reason => Object.hasOwn(reasons, word);
