/**
 * May this emergency access be given? Asked when somebody creates one, so that they hear at once; asked again in the order of the ledger, which is
 * what counts; and asked by the gate before anything of it is written. All three ask here.
 */
import { milliseconds } from '../../api/duration.ts';
import type { EmergencyAccess } from '../../api/emergency.ts';
import { policyName } from '../../api/kinds.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import type { Instant } from '../objects.ts';
import { isSystemName, peopleAmong, type PersonOf } from '../people/identity.ts';
import { questionKey, type Answers, type Question, type RightQuestion } from '../api-queries.ts';
import { notAfterOf } from './grant.ts';
import { isLive, type Emergencies, type EmergencyRecord } from '../record/emergency.ts';
import { forbiddenRights, type RoleFacts } from './role-limits.ts';

/** The API server's time now (`kube/server-time.ts`): not before `earliest`, and before `latest`. */
export interface ServerNow {
  readonly earliest: Instant;
  readonly latest: Instant;
}

/** Why one is not given. */
export type GrantRefusal =
  | 'EmergencyNotOffered'
  | 'DurationTooLong'
  | 'GranteeNotPerson'
  | 'GranteeIsGrantor'
  | 'GrantorLacksRight'
  | 'GranteeHasGrant'
  | 'TooManyGrants'
  | 'FollowUpOverdue'
  | 'RoleMissing'
  | 'RoleTooStrong'
  | 'ClockSkewed'
  | 'AccessAlreadyOver';

export interface GrantSnapshot {
  /** What is asked for. It need not be stored yet; its creationTimestamp and uid are the API server's. */
  readonly access: Pick<EmergencyAccess, 'metadata' | 'spec'>;
  /** undefined = the namespace has none. */
  readonly policy: ReleasePolicy | undefined;
  /** The ClusterRole that the policy names; undefined = there is none of that name. */
  readonly role: RoleFacts | undefined;
  readonly emergencies: Emergencies;
  /** undefined = not known yet. */
  readonly serverTime: ServerNow | undefined;
  /** How far this program's wall clock is from the API server's, at least, in milliseconds; undefined = not known yet. */
  readonly skewMs: number | undefined;
  readonly answers: Answers;
}

export type GrantVerdict =
  | { readonly is: 'Grantable' }
  /** `message` says who may not do what where, and what to do next; the word is not in it. */
  | { readonly is: 'Refused'; readonly decision: GrantRefusal; readonly message: string }
  /** The API server's clock is not known yet. */
  | { readonly is: 'Wait'; readonly message: string }
  | { readonly is: 'Ask'; readonly questions: readonly Question[] };

/** A program whose own clock is further off is not trusted with deadlines. */
export const mostSkewMs = 5_000;

/** Does whoever grants hold `grant` in the namespace, by that name? */
export const rightToGrant = ({ metadata, spec }: GrantSnapshot['access']): RightQuestion => ({
  ask: 'Right',
  who: spec.grantor,
  namespace: metadata.namespace,
  resource: 'releasepolicies',
  verb: 'grant',
  name: policyName,
});

/** A snapshot whose policy offers emergency access and whose clocks are known, with who is who in it. */
interface Judging extends GrantSnapshot {
  readonly rules: NonNullable<ReleasePolicy['spec']['emergency']>;
  readonly personOf: PersonOf;
  readonly now: ServerNow;
  readonly skewMs: number;
}

/** undefined = nothing is wrong with that. */
type Check = (s: Judging) => GrantVerdict | undefined;

export const refusalOfGrant = (s: GrantSnapshot): GrantVerdict => {
  const { access, policy, serverTime, skewMs } = s;
  const { grantee, grantor } = access.spec;
  const rules = policy?.spec.emergency;
  if (policy === undefined || rules === undefined) return notOffered(s);
  if (serverTime === undefined || skewMs === undefined) {
    return { is: 'Wait', message: "the API server's clock is not known yet" };
  }
  const others = [...s.emergencies.all.values()].map((each) => each.grantee);
  const personOf = peopleAmong(policy.spec.people, [grantee, grantor.username, ...others]);
  const judging: Judging = { ...s, rules, personOf, now: serverTime, skewMs };
  for (const check of checks) {
    const verdict = check(judging);
    if (verdict !== undefined) return verdict;
  }
  return { is: 'Grantable' };
};

const refused = (
  { access }: Pick<GrantSnapshot, 'access'>,
  decision: GrantRefusal,
  { why, next }: { readonly why: string; readonly next: string },
): GrantVerdict => ({
  is: 'Refused',
  decision,
  message: `${access.spec.grantor.username} may not give ${access.spec.grantee} access to ${access.metadata.namespace}: ${why}. Next: ${next}`,
});

const notOffered = (s: GrantSnapshot): GrantVerdict =>
  refused(s, 'EmergencyNotOffered', {
    why: 'its policy offers no emergency access',
    next: `have a platform admin set spec.emergency: ${editPolicy(s)}`,
  });

const duration: Check = (s) => {
  const { duration } = s.access.spec;
  const { maxDuration } = s.rules;
  if (milliseconds(duration) <= milliseconds(maxDuration)) return undefined;
  return refused(s, 'DurationTooLong', {
    why: `${duration} is longer than the ${maxDuration} that the policy allows`,
    next: `create an EmergencyAccess with spec.duration: ${maxDuration} or less`,
  });
};

const people: Check = (s) => {
  const { grantee, grantor } = s.access.spec;
  if (isSystemName(grantee)) {
    return refused(s, 'GranteeNotPerson', {
      why: 'system: names are machines, and only people get access',
      next: 'name a person in spec.grantee',
    });
  }
  if (isSystemName(grantor.username)) {
    return refused(s, 'GrantorLacksRight', { why: 'system: names grant nothing', next: 'have a person grant it' });
  }
  if (s.personOf(grantee) !== s.personOf(grantor.username)) return undefined;
  return refused(s, 'GranteeIsGrantor', {
    why: 'both are one person, and nobody grants themselves access',
    next: `have somebody else who holds grant create it: kubectl create -f <emergencyaccess>.yaml -n ${s.access.metadata.namespace}`,
  });
};

const clocks: Check = (s) => {
  if (s.skewMs > mostSkewMs) {
    return refused(s, 'ClockSkewed', {
      why: `the clock of the program that judges is at least ${Math.floor(s.skewMs / 1_000)} s from the API server's, and deadlines need both to agree to ${mostSkewMs / 1_000} s`,
      next: 'have a platform admin set the clocks of the nodes, then create it again',
    });
  }
  if (s.now.latest < notAfterOf(s.access)) return undefined;
  return refused(s, 'AccessAlreadyOver', { why: 'its time is over', next: 'create a new EmergencyAccess' });
};

const followUps: Check = (s) => {
  const { namespace } = s.access.metadata;
  const overdue = [...s.emergencies.all.values()].find((each) => each.overdue && each.stage !== 'Closed');
  if (overdue === undefined) return undefined;
  return refused(s, 'FollowUpOverdue', {
    why: `the formal release after emergency ${overdue.name} is overdue`,
    next: `stage a ReleaseCandidate with spec.followsUp: ${overdue.name} and have it promoted: kubectl create -f <candidate>.yaml -n ${s.policy?.spec.sourceNamespace ?? ''}; and have ${overdue.name} reviewed: kubectl get ea ${overdue.name} -n ${namespace} -o jsonpath={.status.approvalManifests} shows what is signed`,
  });
};

const others: Check = (s) => {
  const live = liveBefore(s);
  const theirs = live.find((each) => s.personOf(each.grantee) === s.personOf(s.access.spec.grantee));
  if (theirs !== undefined) {
    return refused(s, 'GranteeHasGrant', {
      why: `they have access already by ${theirs.name}, and nobody has it twice at once`,
      next: `use that one, or end it first: ${revoke(s, theirs.name)}`,
    });
  }
  if (live.length < s.rules.maxActive) return undefined;
  return refused(s, 'TooManyGrants', {
    why: `${live.length} of at most ${s.rules.maxActive} are live (${live.map(({ name }) => name).join(', ')})`,
    next: `end one that is not needed any more: ${revoke(s, '<name>')}`,
  });
};

const role: Check = (s) => {
  const { clusterRole } = s.rules;
  if (s.role?.name !== clusterRole) {
    return refused(s, 'RoleMissing', {
      why: `ClusterRole ${clusterRole}, which the policy binds in an emergency, does not exist, or the chart does not list it in emergency.clusterRoles`,
      next: `have a platform admin create it, or name another in spec.emergency.clusterRole: ${editPolicy(s)}`,
    });
  }
  const strong = forbiddenRights(s.role);
  if (strong.length === 0) return undefined;
  const more = strong.length > mostNamed ? ` and ${strong.length - mostNamed} more` : '';
  return refused(s, 'RoleTooStrong', {
    why: `ClusterRole ${clusterRole} holds what no emergency may: ${strong.slice(0, mostNamed).join(', ')}${more}`,
    next: `have a platform admin take that away: kubectl edit clusterrole ${clusterRole}`,
  });
};

const right: Check = (s) => {
  const { namespace } = s.access.metadata;
  const { username } = s.access.spec.grantor;
  const question = rightToGrant(s.access);
  const answer = s.answers.get(questionKey(question));
  switch (answer?.kind) {
    case undefined:
      return { is: 'Ask', questions: [question] };
    case 'Yes':
      return undefined;
    case 'Unavailable':
      return { is: 'Wait', message: `whether ${username} may grant could not be asked: ${answer.message}` };
    case 'No':
    case 'Digest':
    case 'Mutated':
    case 'Object':
    case 'Selected':
    case 'Signer':
      return refused(s, 'GrantorLacksRight', {
        why: `${username} does not hold grant there by name`,
        next: `ask a platform admin for the right: kubectl create rolebinding ${username}-countersign-sre --clusterrole=countersign-sre --user=${username} -n ${namespace}`,
      });
  }
};

/** In the order in which people hear of them. Who holds the right is asked last: it takes a call. */
const checks: readonly Check[] = [duration, people, clocks, followUps, others, role, right];

/**
 * Those granted before this one, in the order of the ledger, that may be live: all that it knows while this one is not among them. What was
 * granted later does not count, so that two of a moment cannot refuse each other.
 */
const liveBefore = ({ access, emergencies, now }: Judging): readonly EmergencyRecord[] => {
  const known = [...emergencies.all.values()];
  const mine = known.findIndex(({ uid }) => uid === access.metadata.uid);
  return known.slice(0, mine < 0 ? known.length : mine).filter((each) => isLive(each) && now.earliest < each.notAfter);
};

/** How many rights a message names. */
const mostNamed = 5;

const editPolicy = ({ access }: GrantSnapshot): string =>
  `kubectl edit relpol ${policyName} -n ${access.metadata.namespace}`;

const revoke = ({ access }: GrantSnapshot, name: string): string =>
  `kubectl patch ea ${name} -n ${access.metadata.namespace} --type=merge -p '{"spec":{"revoked":true}}'`;
