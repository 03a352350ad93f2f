/** What somebody asks for and others sign for, an exception or another policy: who may sign is judged alike in the terminal and on the page. */
import type { Approval } from '../../operator/api/approval.ts';
import type { Identity } from '../../operator/api/meta.ts';
import type { PolicyException } from '../../operator/api/exception.ts';
import type { ReleasePolicy } from '../../operator/api/policy.ts';
import type { ChangeState } from '../../operator/decide/changes/change.ts';
import { rfc3339 } from '../../operator/decide/conditions.ts';
import type { ExceptionState } from '../../operator/decide/exceptions/exception.ts';
import type { requestApproval } from '../../operator/decide/people/request-manifests.ts';
import { listed } from '../../operator/decide/messages.ts';
import { peopleAmong } from '../../operator/decide/people/identity.ts';
import { openLines, openPlaces } from '../../operator/decide/people/open-lines.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { Problem } from '../exit.ts';
import { policyIn } from './find.ts';
import { approvalOf } from './objects.ts';
import { rolesHeld } from './roles.ts';

/** One person in one production namespace, and the roles that they hold there. */
export interface Asked {
  readonly cluster: Cluster;
  readonly policy: ReleasePolicy;
  readonly held: readonly string[];
  readonly now: number;
}

/** @throws Problem where there is no policy */
export const askedIn = async (cluster: Cluster, namespace: string, now: number) => {
  const [policy, held] = await Promise.all([policyIn(cluster, namespace), rolesHeld(cluster, namespace)]);
  return { cluster, policy, held, now };
};

export type RequestKind = 'exception' | 'change';

export interface Request {
  readonly what: RequestKind;
  readonly metadata: PolicyException['metadata'];
  /** Username of the person who asks: they do not sign. */
  readonly author: string;
  /** What a signature is under. */
  readonly digest: string;
  readonly approval: (role: string) => ReturnType<typeof requestApproval>;
  /** How it stands by these signatures, where everybody who signed holds the role. */
  readonly state: (approvals: readonly Approval[]) => ExceptionState | ChangeState;
  /** Why a signature does not count, for people. */
  readonly uncounted: Readonly<Record<string, string>>;
}

/** For `judgeException` and `judgeChange`: what people may is asked when they sign, and by the operator when it counts. */
export const everyRight = (approvals: readonly Approval[]): ReadonlyMap<string, boolean> =>
  new Map(approvals.map(({ metadata }) => [metadata.uid, true]));

const shortNames = { exception: 'polex', change: 'polchg' } as const satisfies Record<RequestKind, string>;

/** Prints all of it. */
export const showRequest = ({ what, metadata }: Pick<Request, 'what' | 'metadata'>): string =>
  `kubectl get ${shortNames[what]} ${metadata.name} -n ${metadata.namespace} -o yaml`;

/** How many places are filled; Infinity = all that there are; undefined = it waits for no signature. */
const filled = (state: ReturnType<Request['state']>): number | undefined => {
  if (state.is === 'Granted' || state.is === 'Signed') return Infinity;
  return state.is === 'Waiting' ? state.quorum.have : undefined;
};

/** What somebody would create, as the operator would see it. */
const wouldBe = ({ approval, metadata }: Request, who: Identity, role: string, now: number): Approval => {
  const manifest = approval(role);
  return {
    ...manifest,
    metadata: {
      name: 'would-be',
      namespace: metadata.namespace,
      uid: 'would-be',
      resourceVersion: '',
      generation: 1,
      creationTimestamp: rfc3339(now),
    },
    spec: { ...manifest.spec, comment: '', approver: who },
  };
};

/** A request and its signatures, as one person sees them. */
export interface Standing {
  readonly who: Identity;
  readonly approvals: readonly Approval[];
  readonly state: ReturnType<Request['state']>;
  /** Roles in which a signature of this person would fill an open place. */
  readonly roles: readonly string[];
}

export const standingOf = async ({ cluster, held, now }: Asked, request: Request): Promise<Standing> => {
  const { namespace, uid } = request.metadata;
  const selection = { namespace, fieldSelector: `spec.subject.uid=${uid}` };
  const [who, found] = await Promise.all([cluster.whoAmI(), cluster.listOur('Approval', selection)]);
  const approvals = found.map(approvalOf);
  const state = request.state(approvals);
  const before = filled(state);
  const fills = (role: string): boolean =>
    before !== undefined && (filled(request.state([...approvals, wouldBe(request, who, role, now)])) ?? 0) > before;
  return { who, approvals, state, roles: held.filter(fills) };
};

/** Why a signature of this person would not count, in this role or in any. */
export const whyNot = ({ policy, held }: Asked, request: Request, standing: Standing, role?: string): Problem => {
  const { metadata, author, what } = request;
  const { name, namespace } = metadata;
  const { state, who } = standing;
  const because = (why: string, next: string): Problem =>
    new Problem(`Your signature would not count for ${name}: ${why}`, next);
  if (state.is !== 'Waiting') return because('it waits for no signature now', showRequest(request));
  const open = openLines(state.quorum);
  const roles = open.map((line) => line.role);
  const [first = ''] = roles;
  const others = `Somebody else who holds role ${first} in ${namespace} signs: kubectl countersign sign ${what} ${name} -n ${namespace} --role ${first}`;
  const personOf = peopleAmong(policy.spec.people, [author, who.username]);
  if (personOf(author) === personOf(who.username)) return because('you asked for it', others);
  if (state.quorum.lines.some(({ by }) => by.includes(who.username))) return because('you have signed for it', others);
  const waits = `it waits for ${listed(open.map(openPlaces))}`;
  if (role !== undefined && !roles.includes(role)) return because(`${waits}, and not for ${role}`, others);
  if (role !== undefined && !held.includes(role))
    return because(`you do not hold role ${role} in ${namespace}`, others);
  if (!held.some((each) => roles.includes(each)))
    return because(`${waits}, and you hold none of these roles in ${namespace}`, others);
  return because(`${waits}, and you can fill no such place`, others);
};
