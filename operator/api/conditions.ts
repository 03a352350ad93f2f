/**
 * The catalogue: every word that a status may say, with its meaning and with what to do about it.
 * A reason that is not here does not compile; one that nobody uses does not belong here.
 */
import type { Kind } from './kinds.ts';

/** What a gate says. Unknown is not Passed. */
export const outcomes = ['Passed', 'Waiting', 'Blocked', 'Unknown'] as const;

/** The condition types of each kind, with what `True` means. */
export const conditionMeanings = {
  ReleasePolicy: {
    Ready: 'The policy is in force: releases are judged by it.',
    Explained:
      'Every change of the guarded kinds in production is explained by a release, an act or a declared writer. Other kinds are not looked at.',
    EveryKindGuarded: 'Every namespaced kind that the cluster defines is listed in the guard.',
    NoForeignMutators:
      'No mutating webhook, mutating policy or API service of others can change what is written to production. False stops nothing.',
    NoticesDelivered:
      'Every sink of notices that spec.notify names takes what it is sent; absent where none is named. False stops nothing.',
    ChangesSigned:
      'Others have signed for the policy as it is, where spec.changes asks for that; absent where it does not. False stops nothing.',
    Inherited:
      'Everything that the ClusterReleasePolicy in spec.inherits demands is in force; absent where none is named. Nothing is promoted while it is False.',
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
  PolicyException: {
    Granted: 'Releases pass the gates by it: it is signed for, its time is not over, and the policy lets it.',
    Reconciling: 'It waits for signatures.',
    Stalled: 'It never counts as it is: the policy or the request has to change.',
  },
  PolicyChange: {
    Applied: 'The policy was changed to what it says.',
    Reconciling: 'It waits for signatures, or is being applied.',
    Stalled: 'It is never applied as it is: the policy or the request has to change.',
  },
} as const satisfies Partial<Record<Kind, Record<string, string>>>;

export type CandidateCondition = keyof (typeof conditionMeanings)['ReleaseCandidate'];
export type PolicyCondition = keyof (typeof conditionMeanings)['ReleasePolicy'];
export type RollbackCondition = keyof (typeof conditionMeanings)['Rollback'];
export type EmergencyCondition = keyof (typeof conditionMeanings)['EmergencyAccess'];
export type ExceptionCondition = keyof (typeof conditionMeanings)['PolicyException'];
export type PolicyChangeCondition = keyof (typeof conditionMeanings)['PolicyChange'];
export type ConditionType =
  | CandidateCondition
  | PolicyCondition
  | RollbackCondition
  | EmergencyCondition
  | ExceptionCondition
  | PolicyChangeCondition;
