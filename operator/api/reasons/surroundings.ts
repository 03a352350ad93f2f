/** Reasons of the gates that ask what the release needs of, and does to, what surrounds it: other objects of production, staging, and rights. */
import { entry, type ReasonEntry } from './entry.ts';

export const surroundingsReasons = {
  NoStagingReferences: entry(['StagingReferences'], 'The content does not name the staging namespace as a place.'),
  StagingReferencesReported: entry(
    ['StagingReferences'],
    'The content names the staging namespace, and the policy asks only to say so.',
  ),
  StagingReferencesFound: entry(
    ['StagingReferences'],
    'The content names the staging namespace as a host, URL, selector or argument: production would go on talking to staging.',
    'Create a new candidate with the overlay that the gate shows, or write hosts of the same namespace without it in staging.',
  ),

  DependenciesPresent: entry(['DependenciesPresent'], 'Production has everything that the content refers to.'),
  DependenciesTold: entry(
    ['DependenciesPresent'],
    'Production has what it must have; something that a text seems to name as a host, or that does without, is not there.',
  ),
  DependencyMissing: entry(
    ['DependenciesPresent'],
    'Production lacks an account, claim, class or backend that the content refers to: pods would be refused, or traffic would go nowhere.',
    'Release the package that has it first, or have the candidate contain it; a platform admin creates classes.',
  ),
  RightsGrantable: entry(['Rights'], 'The release grants no right that no release may grant.'),
  RightNotGrantable: entry(
    ['Rights', 'Staged', 'Stalled'],
    'A Role or RoleBinding of the release grants what no release may: wildcards (but every verb on named custom resources), impersonation, tokens, rights over rights or over Countersign, or something to others than ServiceAccounts.',
    'Name groups, resources and verbs one by one, or leave it out and have a platform admin grant it.',
  ),
  ClusterRightsPresent: entry(
    ['ClusterRights'],
    'The ServiceAccounts of the release hold in production what they hold in staging.',
  ),
  ClusterRightsElsewhere: entry(
    ['ClusterRights'],
    'A binding in a namespace of others gives a ServiceAccount of staging rights that its namesake in production lacks. Anybody who may make bindings there can make one, so the release does not wait for it; the message names it, and the command.',
  ),
  ClusterRightsMissing: entry(
    ['ClusterRights'],
    'In staging a binding that no release holds, such as a ClusterRoleBinding, gives a ServiceAccount of the release rights that its namesake in production lacks: its program would be refused there.',
    'A cluster administrator types the command that the gate shows; or takes the binding from staging, if the program does not need it.',
  ),
  PolicyReviewed: entry(['PolicyReviewed'], 'The review of the policy is not due yet.'),
  ReviewOnlyReported: entry(['PolicyReviewed'], 'The policy holds up no release whose review is late.'),
  NothingInherited: entry(['Inheritance'], 'The policy inherits nothing: it alone counts.'),
  TemplateInForce: entry(['Inheritance', 'Inherited'], 'Everything that the ClusterReleasePolicy demands is in force.'),
  TemplateMissing: entry(
    ['Inheritance', 'Inherited'],
    'The ClusterReleasePolicy that the policy names in spec.inherits is not there, or cannot be read: nothing is promoted.',
    'A platform admin creates it, or names another one.',
  ),
  LooserThanTemplate: entry(
    ['Inheritance', 'Inherited'],
    'A field that the API server reads from the policy itself is looser there than in the ClusterReleasePolicy: nothing is promoted.',
    'A platform admin types the commands that the message shows.',
  ),
  NothingInCommon: entry(
    ['Inheritance', 'Inherited'],
    'A field has no value that is as tight as the policy and the ClusterReleasePolicy: nothing is promoted.',
    'A platform admin gives the policy a value of which one is.',
  ),
  PolicyReviewOverdue: entry(
    ['PolicyReviewed'],
    'Nobody has reviewed the policy in time, and it says that nothing is promoted then.',
    'Somebody who holds an approval role reads the policy and signs the Approval that its status hands out.',
  ),
} as const satisfies Record<string, ReasonEntry>;
