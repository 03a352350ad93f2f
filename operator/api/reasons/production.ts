/** Reasons that a ReleasePolicy, a Rollback and an EmergencyAccess give. */
import { entry, type ReasonEntry } from './entry.ts';

export const productionReasons = {
  InForce: entry(['Ready'], 'Releases are judged by this policy.'),
  ReviewOverdue: entry(
    ['Ready'],
    'The policy is in force, and nobody has reviewed it in time.',
    'Somebody who holds an approval role reads the policy and signs the Approval that its status hands out.',
  ),
  KindUnclear: entry(
    ['Ready'],
    'The policy is in force, but an entry names a kind that several groups have, without its group. That entry counts for nothing.',
    'A platform admin adds group to the entry.',
  ),
  TrustedRootUnread: entry(
    ['Ready'],
    'The policy is in force, but one of its trusted roots is none. Evidence that identities under it signed does not count.',
    'A platform admin puts in the trusted root of that Sigstore.',
  ),

  EveryKindListed: entry(['EveryKindGuarded'], 'Every namespaced kind that the cluster defines is guarded.'),
  KindsUnlisted: entry(
    ['EveryKindGuarded'],
    'The cluster defines namespaced kinds that nobody listed. Controllers may write them in production; people do not. What such objects do is not compared.',
    'List those that releases are to hold in kinds of the chart, and what else belongs to what runs in guardedKinds; to keep all but declared controllers from them, set spec.unlistedKinds to Deny.',
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

  SinksTakeNotices: entry(['NoticesDelivered'], 'Every sink that the policy names takes notices.'),
  SinksNotRead: entry(['NoticesDelivered'], 'The Secret that declares sinks has not been read yet.', 'Wait.'),
  SinkMissing: entry(
    ['NoticesDelivered'],
    'The policy names a sink that the Secret of sinks does not declare.',
    'A platform admin declares it in the Secret that the message names, or takes the route from spec.notify: docs/notices.md.',
  ),
  SinkNotAllowed: entry(
    ['NoticesDelivered'],
    'A sink is at an address that notices may not be sent to.',
    'A platform admin names its host in notify.allowedHosts of the chart, or its private network in notify.allowedNetworks; or corrects the Secret of sinks.',
  ),
  SinkFailing: entry(
    ['NoticesDelivered'],
    'A sink has not taken what it was sent several times. It is sent again for an hour; nothing else waits for it.',
    'The person who runs the sink finds out why it does not answer, or refuses.',
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
  AccessGranted: entry(['Active', 'Ended', 'Finished'], 'The grantee has access until the named moment.'),
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
  AccessAlreadyOver: entry(
    ['Active', 'Finished'],
    'Its time was over, or it was revoked, before anybody had access.',
    'Create a new EmergencyAccess.',
  ),

  AlreadyAtTarget: entry(['Finished'], 'Production already runs that bundle.'),
} as const satisfies Record<string, ReasonEntry>;
