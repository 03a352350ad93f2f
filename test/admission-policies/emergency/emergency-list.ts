/** Attacks on and with emergency access that the API server alone decides (T47, T48), as data. */
import { accepted, targetOf, type ApiClient, type Target } from '../../support/cluster/cluster.ts';
import { admitted, policyLock, rulesLock, schemaLock, stampLock, type Attack } from '../../support/attack/attack.ts';
import { late, letIn, oncall, wildcard, written, type Manifest } from '../world/emergency-world.ts';
import {
  admin,
  attack,
  creates,
  merges,
  operator,
  opens,
  prepares,
  running,
  token,
  tokenOf,
  type Act,
} from '../guard/guard-list.ts';
import { at, image, one } from '../world/guard-objects.ts';
import { attempt, passes, type TableRow } from '../world/guard-table.ts';
import type { GuardWorld } from '../world/guard-world.ts';
import { lifetimeAttacks } from '../guard/lifetime-list.ts';
import { emergencyAccess, fresh, production, type Given } from '../../support/attack/objects.ts';
import { bind, eventually } from '../../support/attack/world.ts';
import { grantPrefix } from '../../../operator/decide/record/grant-names.ts';
import { emergencyActs } from '../../../operator/decide/manifest/emergency-acts.ts';

interface Managed {
  readonly metadata: { readonly managedFields?: readonly { readonly time?: string }[] };
}

type Fields = Readonly<Record<string, unknown>>;
type Who = (world: GuardWorld) => ApiClient;

const isIn: Who = ({ as }) => as(oncall);
const wasIn: Who = ({ as }) => as(late);
const restorer: Who = ({ restorer: client }) => client;

/** A resource of each topic in which the API server shows when somebody writes. */
export const dated = [
  ['workloads', 'deployments'],
  ['scale', 'horizontalpodautoscalers'],
  ['configuration', 'configmaps'],
  ['network', 'services'],
  ['accounts', 'serviceaccounts'],
  ['storage', 'persistentvolumeclaims'],
  ['custom', 'httproutes'],
] as const;

/** An object that was there before. What is left when a note is taken away is still somebody's, so that the API server shows a time. */
const prepared = async (world: GuardWorld, resource: string): Promise<ReturnType<typeof at>> => {
  const name = fresh('noted');
  accepted(
    await prepares(world).create(one(resource, name, { metadata: { annotations: { note: 'kept', other: 'kept' } } })),
  );
  return at(resource, name);
};

/** Takes an annotation away from an object that was there before; `more` comes with it. */
const takesAway =
  (who: Who, resource: string, more: Readonly<Record<string, string>> = {}): Act =>
  async (world) => {
    const body = { metadata: { annotations: { note: null, ...more } } };
    return admitted(await who(world).patch(await prepared(world, resource), 'merge', body));
  };

/** By its time, a change within the second of the last one is none. */
const hasRested = ({ as }: GuardWorld, target: Target): Promise<unknown> =>
  eventually(
    'the second of its last change is over',
    () => as('installer').get<Managed>(target),
    (answer) =>
      accepted(answer).metadata.managedFields?.every(
        ({ time = '1970-01-01' }) => Date.parse(time) + 1000 <= Date.now(),
      ) ?? true,
  );

const annotates =
  (who: Who, resource: string, name = ''): Act =>
  async (world) => {
    const target = name === '' ? await prepared(world, resource) : at(resource, name);
    await hasRested(world, target);
    return admitted(await who(world).patch(target, 'merge', { metadata: { annotations: { note: fresh('n') } } }));
  };

const debugger1 = () => ({ name: fresh('debug'), image: image('e') });

const debugs =
  (who: Who, containers: () => readonly unknown[] = () => [debugger1()]): Act =>
  async (world) => {
    const pod = await running(world, 'api');
    await hasRested(world, pod);
    const body = { spec: { ephemeralContainers: containers() } };
    return admitted(await who(world).patch({ ...pod, subresource: 'ephemeralcontainers' }, 'strategic', body));
  };

const over: readonly Attack<GuardWorld>[] = [
  ...dated.flatMap(([topic, resource]) => [
    attack('T47', topic, {
      name: `somebody whose emergency is over, and whose bindings are still there, changes one of ${resource}`,
      act: annotates(wasIn, resource, 'standing'),
      denied: 'ProductionGuardEmergencyOver: ',
      twin: annotates(isIn, resource),
    }),
    attack('T47', topic, {
      name: `the same creates one of ${resource}`,
      act: creates(wasIn, resource),
      denied: 'ProductionGuardEmergencyOver: ',
      twin: creates(isIn, resource),
    }),
    attack('T47', topic, {
      name: `the same only takes something away from one of ${resource}`,
      act: takesAway(wasIn, resource),
      denied: 'ProductionGuardEmergencyUndated: ',
      twin: takesAway(isIn, resource, { why: 'inc-4711' }),
    }),
  ]),
  attack('T47', 'accounts', {
    name: 'somebody let in for an emergency changes what the API server keeps no times of',
    act: async (world) => {
      const name = fresh('bare');
      accepted(await prepares(world).create(one('serviceaccounts', name)));
      return annotates(isIn, 'serviceaccounts', name)(world);
    },
    denied: 'ProductionGuardEmergencyUndated: ',
    twin: async (world) => {
      const name = fresh('bare');
      accepted(await prepares(world).create(one('serviceaccounts', name)));
      const applied = one('serviceaccounts', name, { metadata: { annotations: { note: fresh('n') } } });
      return admitted(await isIn(world).patch(at('serviceaccounts', name), 'apply', applied));
    },
  }),
  attack('T47', 'pods', {
    name: 'somebody whose emergency is over adds a debug container to a pod',
    act: debugs(wasIn),
    denied: 'ProductionGuardEmergencyOver: ',
    twin: debugs(isIn),
  }),
  attack('T47', 'pods', {
    name: 'somebody whose emergency is over writes the debug containers of a pod as they are',
    act: debugs(wasIn, () => []),
    denied: 'ProductionGuardEmergencyUndated: ',
    twin: debugs(isIn),
  }),
];

const widget =
  (who: Who): Act =>
  async (world) => {
    const metadata = { name: fresh('widget'), namespace: production };
    return admitted(await who(world).create({ apiVersion: 'example.dev/v1', kind: 'Widget', metadata }));
  };

const rbac = 'rbac.authorization.k8s.io';
const user = (name: string) => ({ apiGroup: rbac, kind: 'User', name });
const exec = 'pods/none-such/exec?command=sh&container=main&stdout=true';

/** Not in an emergency either: bare pods, what controllers make of things, reports, data, tokens, rights. */
const never: readonly Attack<GuardWorld>[] = [
  attack('T01', 'pods', {
    name: 'somebody let in for an emergency creates a pod',
    act: creates(isIn, 'pods'),
    denied: 'ProductionGuardPod: ',
    twin: debugs(isIn),
  }),
  attack('T02', 'pods', {
    name: 'somebody let in for an emergency relabels a running pod',
    act: async (world) => {
      const body = { metadata: { labels: { extra: fresh('x') } } };
      return admitted(await isIn(world).patch(await running(world, 'api'), 'merge', body));
    },
    denied: 'ProductionGuardPod: ',
    twin: debugs(isIn),
  }),
  attack('T05', 'workloads', {
    name: 'somebody let in for an emergency creates a ReplicaSet',
    act: creates(isIn, 'replicasets'),
    denied: 'ProductionGuardWorkload: ',
    twin: creates(isIn, 'deployments'),
  }),
  attack('T13', 'scale', {
    name: 'somebody let in for an emergency scales a ReplicaSet',
    act: merges(isIn, { ...at('replicasets', 'standing'), subresource: 'scale' }, () => ({ spec: { replicas: 2 } })),
    denied: 'ProductionGuardScale: ',
    twin: merges(isIn, { ...at('statefulsets', 'standing'), subresource: 'scale' }, () => ({ spec: { replicas: 0 } })),
  }),
  attack('T20', 'status', {
    name: 'somebody let in for an emergency forges the status of a Deployment',
    act: merges(isIn, { ...at('deployments', 'standing'), subresource: 'status' }, () => ({
      status: { observedGeneration: 1000 },
    })),
    denied: 'ProductionGuardStatus: ',
    twin: annotates(isIn, 'deployments'),
  }),
  attack('T16', 'network', {
    name: 'somebody let in for an emergency creates an EndpointSlice',
    act: creates(isIn, 'endpointslices'),
    denied: 'ProductionGuardNetwork: ',
    twin: creates(isIn, 'services'),
  }),
  attack('T33', 'storage', {
    name: 'somebody let in for an emergency deletes a PersistentVolumeClaim',
    act: async (world) => {
      const name = fresh('data');
      accepted(await prepares(world).create(one('persistentvolumeclaims', name)));
      return admitted(await isIn(world).delete(at('persistentvolumeclaims', name)));
    },
    denied: 'ProductionGuardStorage: ',
    twin: annotates(isIn, 'persistentvolumeclaims'),
  }),
  attack('T04', 'sessions', {
    name: 'somebody let in for an emergency reaches a pod through the proxy',
    act: opens(isIn, production, 'pods/none-such/proxy/'),
    denied: 'ProductionGuardSession: ',
    twin: opens(isIn, production, exec),
  }),
  attack('T27', 'accounts', {
    name: 'somebody let in for an emergency asks for the token of a program',
    act: token(isIn),
    denied: 'ProductionGuardAccount: ',
    twin: annotates(isIn, 'serviceaccounts'),
  }),
  ...(
    [
      ['a Secret made with the token of a program', tokenOf('default')],
      ['a Secret by which a node joins the cluster', { type: 'bootstrap.kubernetes.io/token' }],
    ] as const
  ).map(([what, fields]) =>
    attack('T47', 'configuration', {
      name: `somebody let in for an emergency creates ${what}`,
      act: creates(isIn, 'secrets', fields),
      denied: 'ProductionGuardCredential: ',
      twin: creates(isIn, 'secrets'),
    }),
  ),
  attack('T47', 'configuration', {
    name: 'somebody let in for an emergency changes the token of a program',
    act: annotates(isIn, 'secrets', 'token'),
    denied: 'ProductionGuardCredential: ',
    twin: annotates(isIn, 'secrets', 'standing'),
  }),
  attack('T27', 'rights', {
    name: 'somebody let in for an emergency gives themselves a right that stays',
    act: creates(isIn, 'rolebindings', { subjects: [user(oncall)] }),
    denied: 'ProductionGuardAdministerRightMissing: ',
    twin: creates(admin, 'rolebindings'),
  }),
  attack('T10', 'additional', {
    name: 'somebody let in for an emergency creates a kind that the chart lists in guardedKinds',
    act: widget(isIn),
    denied: 'ProductionGuardAdditional: ',
    twin: widget(operator),
  }),
];

/** Creates, deletes, or opens a session. */
const does =
  (who: Who, act: 'create' | 'delete' | 'connect'): Act =>
  async (world) => {
    const name = fresh('made');
    if (act === 'create') return admitted(await who(world).create(one('configmaps', name)));
    if (act === 'connect') return opens(who, production, exec)(world);
    accepted(await prepares(world).create(one('configmaps', name)));
    return admitted(await who(world).delete(at('configmaps', name)));
  };

/** Who holds minutes, and was let in by nobody. */
const uninvited: readonly Attack<GuardWorld>[] = (['create', 'delete', 'connect'] as const).flatMap((act) => {
  const topic = act === 'connect' ? 'sessions' : 'configuration';
  const denied = act === 'connect' ? 'ProductionGuardSession: ' : 'ProductionGuardConfiguration: ';
  return [
    attack('T26', topic, {
      name: `somebody who holds every minute by a wildcard does a ${act}`,
      act: does(({ as }) => as(wildcard), act),
      denied,
      twin: does(isIn, act),
    }),
    attack('T26', topic, {
      name: `a cluster admin, who holds every minute, too, does a ${act}`,
      act: does(admin, act),
      denied,
      twin: does(isIn, act),
    }),
    attack('T47', topic, {
      name: `a program that was given the minutes does a ${act}`,
      act: does(({ stranger }) => stranger, act),
      denied,
      twin: does(isIn, act),
    }),
  ];
});

type Change = (object: Manifest) => Manifest;
type Which = 'minutes' | 'to minutes' | 'to the role';

/** Creates one of the three objects of an access, changed. The Role of a binding is there. */
const gives =
  (who: Who, which: Which, change: Change = (object) => object): Act =>
  async (world) => {
    const { minutes, bindings } = written({ grantee: 'nobody-a' });
    if (which === 'minutes') return admitted(await who(world).create(change(minutes)));
    accepted(await world.operator.create(minutes));
    return admitted(await who(world).create(change(bindings[which === 'to minutes' ? 0 : 1])));
  };

/** Changes, or deletes, one of the three of an access that lasts. */
const touches =
  (who: Who, which: Which, change?: Fields | ((minutes: Manifest) => Fields)): Act =>
  async (world) => {
    const { minutes, bindings } = await letIn(world, { grantee: 'developer-b' });
    const object = { minutes, 'to minutes': bindings[0], 'to the role': bindings[1] }[which];
    if (change === undefined) return admitted(await who(world).delete(targetOf(object)));
    const body = typeof change === 'function' ? change(minutes) : change;
    return admitted(await who(world).patch(targetOf(object), 'merge', body));
  };

const withName = (): Change => {
  const name = fresh('other');
  return (object) => ({ ...object, metadata: { ...object.metadata, name } });
};
const withFields =
  (fields: Fields): Change =>
  (object) => ({ ...object, ...fields });
const bound = (kind: string, name: string): Change => withFields({ roleRef: { apiGroup: rbac, kind, name } });
const lets = (...subjects: readonly Fields[]): Change => withFields({ subjects });

const minutesRule = { apiGroups: ['countersign.dev'], resources: ['emergencyminutes'], verbs: ['use'] };
const readsPods = { apiGroups: [''], resources: ['pods'], verbs: ['get'] };
const inADay = (): string => new Date(Date.now() + 25 * 3_600_000).toISOString().slice(0, 16);

const wrong: readonly (readonly [string, Which, () => Change])[] = [
  ['a Role without minutes', 'minutes', () => withFields({ rules: [readsPods] })],
  ['a Role without a right', 'minutes', () => withFields({ rules: [] })],
  ['a Role of every minute', 'minutes', () => withFields({ rules: [minutesRule] })],
  [
    'a Role of a minute that no access of now can last to',
    'minutes',
    () => withFields({ rules: [{ ...minutesRule, resourceNames: [inADay()] }] }),
  ],
  [
    'a Role of minutes and of something else',
    'minutes',
    () => withFields({ rules: [{ ...minutesRule, resourceNames: ['unclocked'] }, readsPods] }),
  ],
  ...(
    [
      ['group', { apiGroups: ['countersign.dev', ''] }],
      ['resource', { resources: ['emergencyminutes', 'approvalroles'] }],
      ['verb', { verbs: ['use', 'approve'] }],
    ] as const
  ).map(
    ([what, more]) =>
      [
        `a Role of minutes with another ${what}`,
        'minutes',
        () => withFields({ rules: [{ ...minutesRule, resourceNames: ['unclocked'], ...more }] }),
      ] as const,
  ),
  ['the minutes to a group', 'to minutes', () => lets({ apiGroup: rbac, kind: 'Group', name: 'developers' })],
  [
    'the minutes to a program',
    'to minutes',
    () => lets({ kind: 'ServiceAccount', name: 'rollouts', namespace: 'argocd' }),
  ],
  ['the minutes to a system identity', 'to minutes', () => lets(user('system:admin'))],
  ['the minutes to two people', 'to minutes', () => lets(user('nobody-a'), user('nobody-b'))],
  ['the minutes by a binding of another name', 'to minutes', withName],
  ['a strong role', 'to the role', () => bound('ClusterRole', 'cluster-admin')],
  ['another Role of the namespace', 'to the role', () => bound('Role', 'standing')],
  ['the role to two people', 'to the role', () => lets(user('nobody-a'), user('nobody-b'))],
];

const minutesLock = policyLock('countersign-minutes');

/** A person writes the Role and the binding that would let somebody in; nobody granted that. */
const byHand: Act = async (world) => {
  const name = fresh('by-hand');
  const { minutes, bindings } = written({ grantee: name });
  const role = await admin(world).create({ ...minutes, metadata: { ...minutes.metadata, name } });
  if (!role.ok) return admitted(role);
  const binding = { ...bindings[0], roleRef: { apiGroup: rbac, kind: 'Role', name } };
  accepted(await admin(world).create({ ...binding, metadata: { ...binding.metadata, name } }));
  const { kubeconfig } = await world.cluster.controlPlane.identity({ name });
  await bind(world, { user: name, role: 'test-everything' });
  const answer = await eventually(
    'the bindings act',
    () => world.as(kubeconfig).create(one('configmaps', fresh('new'))),
    ({ ok }) => ok,
  );
  return admitted(answer);
};

/** What an access is made of: written by the operator, as it must be, and by nobody else. */
const made: readonly Attack<GuardWorld>[] = [
  ...wrong.map(([what, which, change]) =>
    attack('T48', 'rights', {
      name: `the token of the operator gives ${what}`,
      act: (world) => gives(operator, which, change())(world),
      denied: 'ProductionGuardGrant: ',
      twin: gives(operator, which),
    }),
  ),
  attack('T48', 'rights', {
    name: 'the token of the operator lets somebody else in, beside the one',
    act: touches(operator, 'to the role', { subjects: [user('developer-b'), user('nobody-b')] }),
    denied: 'ProductionGuardGrant: ',
    twin: touches(operator, 'to the role', { subjects: [] }),
  }),
  attack('T48', 'rights', {
    name: 'the token of the operator changes a binding of others',
    act: merges(operator, at('rolebindings', 'standing'), () => ({ subjects: [user('nobody-b')] })),
    denied: 'ProductionGuardRightNotGrantable: ',
    twin: touches(operator, 'to minutes', { subjects: [] }),
  }),
  attack('T48', 'rights', {
    name: 'the token of the restorer binds minutes',
    act: gives(restorer, 'to minutes'),
    denied: 'ProductionGuardGrant: ',
    twin: touches(restorer, 'to minutes'),
  }),
  attack('T48', 'rights', {
    name: 'the token of the restorer binds a program to a ClusterRole that the chart does not list',
    act: creates(restorer, 'rolebindings', {
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'cluster-admin' },
    }),
    denied: 'ProductionGuardRightNotGrantable: ',
    twin: creates(restorer, 'rolebindings'),
  }),
  attack('T47', 'rights', {
    name: 'who administers lets themselves in by the Role of somebody else',
    act: gives(admin, 'to minutes', (object) => withName()(lets(user('admin'))(object))),
    denied: 'ProductionGuardGrantByOperator: ',
    twin: touches(admin, 'to minutes'),
  }),
  attack('T47', 'rights', {
    name: 'who administers gives the place of somebody who was let in to somebody else',
    act: touches(admin, 'to minutes', { subjects: [user('nobody-b')] }),
    denied: 'ProductionGuardGrantByOperator: ',
    twin: touches(admin, 'to the role'),
  }),
  attack('T47', 'rights', {
    name: 'who administers puts a Role where an access would look for its own',
    act: async (world) => admitted(await admin(world).create(one('roles', fresh(`${grantPrefix}x`)))),
    denied: 'ProductionGuardGrantByOperator: ',
    twin: creates(admin, 'roles'),
  }),
  attack('T47', 'rights', {
    name: 'somebody let in for an emergency binds the role of emergencies under another name',
    act: gives(isIn, 'to the role', (object) => withName()(object)),
    denied: 'ProductionGuardAdministerRightMissing: ',
    twin: gives(operator, 'to the role'),
  }),
  {
    id: 'T47',
    name: 'who administers, and may write any Role, gives minutes by hand',
    act: byHand,
    denied: 'MinutesByOperator: ',
    twin: gives(operator, 'minutes'),
    locks: [minutesLock],
  },
];

const ea = (given: Given) => async (world: GuardWorld) =>
  admitted(await world.as('sre-a').create(emergencyAccess(given)));
const edits =
  (who: string, spec: Fields): Act =>
  async ({ as }) => {
    const sent = emergencyAccess({ spec: { grantee: oncall } });
    await eventually(
      'granted, and stamped', // which it is again some time after a control
      () => as('sre-a').create(sent),
      ({ ok }) => ok,
    );
    return admitted(await as(who).patch(targetOf(sent), 'merge', { spec }));
  };

const custody = policyLock('countersign-emergencyaccesses');
const rootRules = rulesLock('emergencyaccesses');
const specRules = schemaLock('emergencyaccesses', { path: '/x-kubernetes-validations', value: [] });

/** Who lets whom in. Whether two accesses may overlap is not a question for the API server: operator and gate answer it. */
const granting: readonly Attack<GuardWorld>[] = [
  {
    id: 'T47',
    name: 'an SRE lets themselves in',
    act: ea({ spec: { grantee: 'sre-a' } }),
    denied: 'nobody grants themselves access',
    twin: ea({ spec: { grantee: 'sre-b' } }),
    locks: [rootRules],
  },
  {
    id: 'T47',
    name: 'an SRE lets a program in',
    act: ea({ spec: { grantee: 'system:serviceaccount:argocd:rollouts' } }),
    denied: 'only people get access',
    twin: ea({ spec: { grantee: oncall } }),
    locks: [rootRules],
  },
  {
    id: 'T47',
    name: 'an SRE lets themselves in and says that somebody else does',
    act: async ({ as }) => {
      const grantor = { username: 'sre-b', uid: '', groups: [] };
      const answer = await as('sre-a').create<Manifest & { spec: { grantor: { username: string } } }>(
        emergencyAccess({ spec: { grantee: 'sre-a', grantor } }),
      );
      return { ...admitted(answer), reached: answer.ok && answer.body.spec.grantor.username === 'sre-b' };
    },
    denied: 'nobody grants themselves access',
    twin: ea({ spec: { grantee: 'sre-b' } }),
    locks: [stampLock('emergencyaccesses'), custody],
  },
  ...(
    [
      ['makes it longer', { duration: '24h' }],
      ['passes it on', { grantee: 'developer-b' }],
    ] as const
  ).map(([what, spec]): Attack<GuardWorld> => ({
    id: 'T47',
    name: `an SRE ${what} while it lasts`,
    act: edits('sre-a', spec),
    denied: 'spec cannot be changed after creation',
    twin: edits('sre-a', { revoked: true }),
    locks: [specRules, custody],
  })),
  ...(
    [
      ['somebody let in lets a colleague in', oncall, 'GrantRightMissing: '],
      ['a cluster admin, by a wildcard, lets somebody in', 'admin', 'GrantOnlyByWildcard: '],
    ] as const
  ).map(([name, who, denied]): Attack<GuardWorld> => ({
    id: 'T47',
    name,
    act: async ({ as }) => admitted(await as(who).create(emergencyAccess())),
    denied,
    twin: ea({}),
    locks: [custody],
  })),
  {
    id: 'T47',
    name: 'a program that holds the right to grant lets somebody in',
    act: async ({ stranger }) => admitted(await stranger.create(emergencyAccess())),
    denied: 'GrantNeedsPerson: ',
    twin: ea({}),
    locks: [custody],
  },
];

export const emergencyAttacks: readonly Attack<GuardWorld>[] = [
  ...over,
  ...never,
  ...uninvited,
  ...made,
  ...granting,
  ...lifetimeAttacks,
];

const covered: ReadonlySet<string> = new Set(
  emergencyActs.flatMap(({ group, resource, acts }) => acts.map((act) => `${act} ${group}/${resource}`)),
);

/** Whether the guard lets somebody through who is in for an emergency, and whether it should: of one line of its table. */
export async function tryCovered(
  world: GuardWorld,
  { row, act, resource, group }: TableRow,
): Promise<{ readonly expected: boolean; readonly seen: boolean; readonly said: string }> {
  const expected = covered.has(`${act} ${group}/${resource}`);
  if (resource === 'pods/ephemeralcontainers') {
    const { reached, said } = await debugs(isIn)(world);
    return { expected, seen: reached, said };
  }
  // Owners, by which others try it, no emergency changes.
  const annotated = { metadata: { annotations: { note: fresh('n') } } };
  const answer =
    act === 'update' && expected && !resource.includes('/')
      ? await isIn(world).patch(at(resource, 'standing'), 'merge', annotated, { dryRun: 'All' })
      : await attempt(isIn(world), row, act, { own: {} });
  return { expected, seen: passes(answer), said: admitted(answer).said };
}
