/** Reasons that the conditions of a ReleaseCandidate give, beside those of the gates. */
import { entry, type ReasonEntry } from './entry.ts';

export const candidateReasons = {
  PolicyMissing: entry(
    ['Staged', 'Promotable', 'Stalled', 'Applied'],
    'The production namespace has no ReleasePolicy named production.',
    'A platform admin creates it.',
  ),
  PolicyInvalid: entry(
    ['Ready', 'Staged', 'Promotable', 'Stalled', 'ChangeTicket', 'Window', 'Freeze'],
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
  LeftOutUnsaid: entry(
    ['Staged', 'Stalled'],
    'The selector finds an object that this release cannot take, and the candidate does not say that it is left out.',
    'Create a new candidate whose leaveOut names the object with the reason, or take the label off what is no part of the package.',
  ),
  LeftOutNotFound: entry(
    ['Staged', 'Stalled'],
    'The field leaveOut names an object that the selector does not find.',
    'Create a new candidate with the name of the object, or without the entry.',
  ),
  SelectionUnknown: entry(
    ['Staged', 'Stalled'],
    'What else of staging has the labels of the selector cannot be told: the API server does not answer, or refuses.',
    'Wait; it is asked again. If it lasts, a platform admin grants the operator what the message names.',
  ),
  WaveUnknown: entry(
    ['Staged', 'Stalled'],
    'The annotation countersign.dev/wave of a component has a value that it may not have.',
    'Write Before or After on a Job, and no such annotation on other kinds, then create a new candidate.',
  ),
  ReservedAnnotation: entry(
    ['Staged', 'Stalled'],
    'The pod template of a component, or the overlay, sets the annotation countersign.dev/config, which Countersign writes.',
    'Take it off in staging and in the overlay, then create a new candidate.',
  ),
  KindNotRead: entry(
    ['Staged', 'Stalled', 'Explained'],
    'Objects of a defined kind have not been read: its definition is new, or what converts them fails. A candidate that may hold some waits, and of a policy nobody sees what changes of that kind.',
    'Wait; where it lasts, ask the owner of the definition why kubectl get fails.',
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
  TriesFail: entry(
    ['Staged', 'Stalled', 'Explained'],
    'What the operator asks of the API server has failed more than three times in a row; it is tried again.',
    'Wait. If it lasts, a platform admin repairs what the message names: the API server, a webhook, a right or a quota.',
  ),
  InternalError: entry(
    ['Staged', 'Stalled', 'Explained'],
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
  ContentMutated: entry(
    ['Staged', 'Stalled', 'Preflight'],
    'A mutating webhook or policy of the cluster makes something else of an object than is signed for, or something else each time, or for a rollback.',
    'Have it write the same each time, exclude the namespace, or list the annotation or label under unmanagedFields of the policy.',
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
  GitOpsRollbackRequired: entry(
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

  Healthy: entry(['Healthy'], 'Every workload and every check is healthy.'),
  Progressing: entry(['Healthy'], 'Workloads are still being rolled out.'),
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
  WriteRefused: entry(
    ['Stalled'],
    'The API server refuses a write to production, and it is tried again until its time is over.',
    'A platform admin removes what refuses it: the message has the words of the API server.',
  ),
  NotStalled: entry(['Stalled'], 'Nothing needs to be changed for it to go on.'),
  Settled: entry(['Reconciling'], 'No work is under way.'),
} as const satisfies Record<string, ReasonEntry>;
