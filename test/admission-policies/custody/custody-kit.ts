/** What the table of custody is written with: people, objects as their rightful authors store them, and what somebody does with them. */
import { z } from 'zod';

import {
  apiVersion,
  approval,
  bundle,
  candidate,
  emergencyAccess,
  evidence,
  exception,
  forgedOwner,
  fresh,
  inFlight,
  ledgerEntry,
  policy,
  policyChange,
  production,
  rollback,
  staging,
  type Sent,
} from '../../support/attack/objects.ts';
import { bindRole } from '../../support/cluster/rights.ts';
import { bind, eventually, robot, role, said, store, type World } from '../../support/attack/world.ts';
import {
  accepted,
  targetOf,
  type Answer,
  type ApiClient,
  type KubeObject,
  type ObjectMeta,
} from '../../support/cluster/cluster.ts';

export interface Row {
  readonly policy: string;
  readonly rule: string;
  /** What is refused, as a sentence about the caller. */
  readonly given: string;
  readonly refused: () => Promise<Answer<unknown>>;
  /** The caller's name, as the message must say it. */
  readonly caller: string;
  /** Part of what the message says to do next. */
  readonly next: string;
  readonly twin: () => Promise<Answer<unknown>>;
}

/** Where namespaces are unguarded, so that policies can be deleted again. */
export const quiet = 'quiet';
/** Hold every right that is asked for by name, by a wildcard on verbs or on resources. */
export const wildcards = ['wild-verbs', 'wild-resources'] as const;
export const operatorUser = 'system:serviceaccount:countersign-system:countersign-operator';
export const entry = z.looseObject({ time: z.string().optional() });
export type Forgery = (entries: readonly z.infer<typeof entry>[]) => readonly unknown[];

/** Ways to lie about the time of a change: what a caller may send as managedFields. */
export const future = '2040-01-01T00:00:00Z';
export const ownsReview = { 'f:spec': { 'f:reviewBy': {} } };
export const stranger = { apiVersion, fieldsType: 'FieldsV1', fieldsV1: ownsReview, manager: 'x', time: future };
export const clockForgeries: readonly (readonly [string, Forgery])[] = [
  ['entries to come', (entries) => entries.map((entry) => ({ ...entry, time: future }))],
  ['a stranger who owns the field by apply', (entries) => [...entries, { ...stranger, operation: 'Apply' }]],
  ['a stranger who owns the field by update', (entries) => [...entries, { ...stranger, operation: 'Update' }]],
  ['only a stranger', () => [{ ...stranger, operation: 'Update' }]],
  [
    'a stranger who owns another field in times to come',
    (entries) => [...entries, { ...stranger, operation: 'Update', fieldsV1: { 'f:spec': { 'f:soak': {} } } }],
  ],
  ['no entries', () => []],
  ['an empty entry', () => [{}]],
  ['entries without a time', (entries) => entries.map((each) => ({ ...each, time: undefined }))],
];

/** A Role or ClusterRole of one minute, named as those of an access are. */
export function minutes(kind: 'Role' | 'ClusterRole', metadata: ObjectMeta = {}, resource = 'emergencyminutes') {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind,
    metadata: { name: fresh('countersign-emergency'), ...metadata },
    rules: [
      {
        apiGroups: ['countersign.dev'],
        resources: [resource],
        resourceNames: ['2026-03-11T15:00'],
        verbs: [resource === '*' ? '*' : 'use'],
      },
    ],
  };
}

export const readers = () => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: fresh('readers') },
  rules: [{ apiGroups: ['example.com'], resources: ['*'], resourceNames: ['2026-03-11T15:00'], verbs: ['*'] }],
});

/** A function that answers as a request does. */
export function stored2(make: () => Promise<Sent>): () => Promise<Answer<unknown>> {
  return async () => ({ ok: true, code: 201, body: await make() });
}

export const configMap = (namespace: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: fresh('settings'), namespace },
});

export const merge = (client: ApiClient, object: KubeObject, body: unknown) =>
  client.patch(targetOf(object), 'merge', body);
const putStatus = (client: ApiClient, object: Sent) =>
  client.replace({ ...object, status: { conditions: [] } }, { subresource: 'status' });

export function actOnDefinition(verb: 'update' | 'delete' | 'status', client: ApiClient): Promise<Answer<unknown>> {
  const target = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    name: 'approvals.countersign.dev',
  };
  if (verb === 'delete') return client.delete(target, { dryRun: ['All'] });
  if (verb === 'status') {
    const status = { conditions: [{ type: 'Established', status: 'False', reason: 'No', message: '' }] };
    return client.patch({ ...target, subresource: 'status' }, 'merge', { status }, { dryRun: 'All' });
  }
  return client.patch(target, 'json', [{ op: 'replace', path: '/spec/names/shortNames', value: ['x'] }], {
    dryRun: 'All',
  });
}

export const revoke = (client: ApiClient, access: Sent): Promise<Answer<unknown>> =>
  merge(client, access, { spec: { revoked: true } });

/** What the rows act with, as and on. */
export type Kit = ReturnType<typeof custodyKit>;

/** The people of `prepareCustody`, and what they do; of each kind an object as its rightful author stores it. The world is there when something is done. */
// oxlint-disable-next-line typescript/explicit-module-boundary-types -- what it returns is what it says
export function custodyKit(world: () => World, serviceAccount: () => ApiClient) {
  const as = (name: string): ApiClient => world().as(name);
  /** An object of each kind as its rightful author stores it. */
  const stored = {
    approvals: () => store(as('tester-a'), approval()),
    rollbacks: () => store(as('sre-a'), rollback()),
    emergencyaccesses: () => store(as('sre-a'), emergencyAccess()),
    evidence: () => store(as('reporter-a'), evidence()),
    policyexceptions: () => store(as('owner-a'), exception()),
    policychanges: () => store(as('admin'), policyChange()),
    releasecandidates: () => store(as('developer-a'), candidate()),
    releasebundles: () => store(world().operator, bundle()),
    ledgerentries: () => store(world().operator, ledgerEntry()),
    /** There is one a namespace: in a namespace of its own. */
    releasepolicies: async () => {
      const name = fresh('shop');
      accepted(await as('installer').create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
      return store(as('admin'), policy({ metadata: { namespace: name } }));
    },
  } as const;
  type Plural = keyof typeof stored;

  const candidateInFlight = async (): Promise<Sent> => {
    const created = await stored.releasecandidates();
    return accepted(
      await world().operator.patch<Sent>(targetOf(created), 'merge', { metadata: { finalizers: [inFlight] } }),
    );
  };

  /** What holds for several kinds: status, owners, finalizers, labels. */
  function commonRows(
    plural: Plural,
    given: { status: 'HasStatus' | 'NoStatus'; record: 'Record' | 'Working' },
  ): Row[] {
    const policy = `countersign-${plural}`;
    const written = ['evidence', 'releasebundles', 'ledgerentries', 'releasepolicies'].includes(plural)
      ? 'OnlyOnce'
      : 'Kept';
    /** The operator changes what it may; of what is written only once, nobody changes anything: then the twin changes nothing. */
    const byOperator = (metadata: unknown) => async () =>
      merge(
        plural === 'releasepolicies' ? as('admin') : world().operator,
        await stored[plural](),
        written === 'Kept' ? { metadata } : {},
      );
    const rows: Row[] = [
      {
        policy,
        rule: 'NoForgedOwners',
        given: 'a cluster admin forges an owner',
        refused: async () =>
          merge(as('admin'), await stored[plural](), { metadata: { ownerReferences: [forgedOwner] } }),
        caller: 'admin',
        next: 'leave metadata.ownerReferences',
        twin: async () => {
          const owner = await stored[plural]();
          const { kind, metadata } = owner;
          return byOperator({ ownerReferences: [{ apiVersion, kind, name: metadata.name, uid: metadata.uid }] })();
        },
      },
      {
        policy,
        rule: 'NoForgedFinalizers',
        given: 'a cluster admin adds a finalizer',
        refused: async () =>
          merge(as('admin'), await stored[plural](), { metadata: { finalizers: ['example.com/stay'] } }),
        caller: 'admin',
        next: 'leave metadata.finalizers',
        twin: byOperator({ finalizers: [inFlight] }),
      },
    ];
    if (given.status === 'HasStatus') {
      rows.push({
        policy,
        rule: 'StatusByOperator',
        given: 'a cluster admin writes status',
        refused: async () => putStatus(as('admin'), await stored[plural]()),
        caller: 'admin',
        next: 'kubectl describe',
        twin: async () => putStatus(world().operator, await stored[plural]()),
      });
    }
    if (given.record === 'Record') {
      rows.push({
        policy,
        rule: 'MetadataNeverChanges',
        given: 'a cluster admin labels a record',
        refused: async () => merge(as('admin'), await stored[plural](), { metadata: { labels: { seen: 'yes' } } }),
        caller: 'admin',
        next: 'create another object',
        twin: byOperator({ labels: { seen: 'yes' } }),
      });
    }
    return rows;
  }

  /** The right by name, held by a person: rows for who lacks which. `act` is the act, `right` somebody who holds the right so. */
  function rightRows(given: {
    policy: string;
    rule: string;
    doing: string;
    act: (client: ApiClient) => Promise<Answer<unknown>>;
    without: string;
    right: string;
    clusterRole: string;
  }): Row[] {
    const { policy, rule, doing, act } = given;
    const twin = () => act(as(given.right));
    const robotUser = `system:serviceaccount:${staging}:robot`;
    return [
      {
        policy,
        rule: `${rule}NeedsPerson`,
        given: `a ServiceAccount that holds the right ${doing}`,
        refused: () => act(serviceAccount()),
        caller: robotUser,
        next: 'have a person do it',
        twin,
      },
      {
        policy,
        rule: `${rule}RightMissing`,
        given: `somebody without the right ${doing}`,
        refused: () => act(as(given.without)),
        caller: given.without,
        next: `--clusterrole=${given.clusterRole} --user=${given.without}`,
        twin,
      },
      ...(['admin', ...wildcards] as const).map((who) => ({
        policy,
        rule: `${rule}OnlyByWildcard`,
        given: `${who}, who holds the right by a wildcard, ${doing}`,
        refused: () => act(as(who)),
        caller: who,
        next: 'kubectl get rolebindings',
        twin,
      })),
    ];
  }

  const keptRows = (
    plural:
      | 'approvals'
      | 'evidence'
      | 'rollbacks'
      | 'emergencyaccesses'
      | 'policyexceptions'
      | 'policychanges'
      | 'ledgerentries',
  ): Row[] =>
    (['archiver-a', 'admin'] as const).map((who) => ({
      policy: `countersign-${plural}`,
      rule: 'RecordKept',
      given: `${who} deletes one of ${plural}`,
      refused: async () => as(who).delete(targetOf(await stored[plural]())),
      caller: `${who} may not delete ${plural} `,
      next: `kubectl get ${plural} -n ${plural === 'evidence' ? staging : production} -o yaml`,
      twin: async () => as('owner-a').delete(targetOf(await stored.releasecandidates())),
    }));

  function putReview(existing: Sent, reviewBy: string, forge: Forgery): Promise<Answer<unknown>> {
    const managedFields = forge(z.array(entry).parse(existing.metadata.managedFields));
    return as('admin').replace({
      ...existing,
      metadata: { ...existing.metadata, managedFields },
      spec: { ...existing.spec, reviewBy },
    });
  }

  async function actOnPolicy(verb: 'create' | 'update' | 'delete', client: ApiClient): Promise<Answer<unknown>> {
    const existing = await stored.releasepolicies();
    if (verb === 'update') return merge(client, existing, { spec: { soak: '1h' } });
    if (verb === 'delete') return client.delete(targetOf(existing));
    accepted(await as('admin').delete(targetOf(existing)));
    return client.create(policy({ metadata: { namespace: existing.metadata.namespace ?? '' } }));
  }

  /** Labels a namespace; admission sees it a moment later. */
  async function label(namespace: string, guarded: 'enforce'): Promise<void> {
    const target = { apiVersion: 'v1', kind: 'Namespace', name: namespace };
    accepted(
      await as('installer').patch(target, 'merge', { metadata: { labels: { 'countersign.dev/guarded': guarded } } }),
    );
    await eventually(
      'the label is seen',
      () => world().operator.create(configMap(namespace), { dryRun: 'All' }),
      (answer) => answer.ok,
    );
  }

  return {
    world,
    serviceAccount,
    as,
    stored,
    candidateInFlight,
    commonRows,
    rightRows,
    keptRows,
    putReview,
    actOnPolicy,
    label,
  };
}

/**
 * Opens RBAC, which is another lock, for the people of the rows, so that custody alone decides, and returns a ServiceAccount that holds rights by name.
 * What the operator may do beside its own work is the caller's to give.
 */
export async function prepareCustody(world: World): Promise<ApiClient> {
  const installer = world.as('installer');
  for (const name of [quiet, 'doomed'])
    accepted(await installer.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
  await bind(world, { user: 'admin', role: 'cluster-admin' });
  await role(world, 'test-edit', {
    resources: [
      'approvals',
      'clusterreleasepolicies',
      'emergencyaccesses',
      'evidence',
      'policychanges',
      'policyexceptions',
      'rollbacks',
      'releasecandidates',
      'releasepolicies',
      'ledgerentries',
      'releasebundles',
    ],
    verbs: ['create', 'update', 'patch', 'delete', 'get'],
  });
  for (const user of ['developer-b', 'archiver-a', 'owner-a']) await bind(world, { user, role: 'test-edit' });
  await world.cluster.controlPlane.identity({ name: 'oncall-a' });
  await bind(world, { user: 'oncall-a', role: 'countersign-oncall', namespace: production });
  await world.cluster.controlPlane.identity({ name: 'reporter-a' });
  await bind(world, { user: 'reporter-a', role: 'countersign-report-TestReport', namespace: staging });
  await bind(world, { user: 'reporter-a', role: 'countersign-report-TestReport', namespace: quiet });
  await role(world, 'wild-verbs', { resources: ['approvalroles', 'evidencetypes', 'releasepolicies'], verbs: ['*'] });
  await role(world, 'wild-resources', {
    resources: ['*'],
    verbs: ['approve', 'report', 'rollback', 'grant', 'withdraw', 'except'],
  });
  for (const name of wildcards) {
    await world.cluster.controlPlane.identity({ name });
    for (const each of ['test-edit', name]) await bind(world, { user: name, role: each });
  }
  await world.cluster.controlPlane.identity({ name: 'definer' });
  await role(world, 'test-define', {
    apiGroups: ['apiextensions.k8s.io'],
    resources: ['customresourcedefinitions', 'customresourcedefinitions/status'],
    verbs: ['get', 'update', 'patch', 'delete'],
  });
  await bind(world, { user: 'definer', role: 'test-define' });
  const serviceAccount = await robot(world, 'robot', staging);
  await bind(world, {
    user: `system:serviceaccount:${staging}:robot`,
    role: 'countersign-report-TestReport',
    namespace: staging,
  });
  const robotUser = `system:serviceaccount:${staging}:robot`;
  await bind(world, { user: robotUser, role: 'test-edit' });
  for (const each of ['approver', 'sre', 'owner', 'archiver', 'admin'])
    await bind(world, { user: robotUser, role: `countersign-${each}`, namespace: production });
  await bind(world, { user: robotUser, role: 'countersign-admin', namespace: quiet });
  await bind(world, { user: 'admin', role: 'countersign-admin', namespace: quiet });
  await prepareSigned(world);
  await eventually(
    'the last binding acts',
    () => serviceAccount.create(policy({ metadata: { namespace: quiet } }), { dryRun: 'All' }),
    (answer) => said(answer).includes('AdministerNeedsPerson'),
  );
  return serviceAccount;
}

/** Where a guarded namespace's policy is changed by signatures; `owner-a` administers it, and nothing else. */
export const signed = 'signed';

/** Signers of changes. */
export const signers = { changes: { approvals: [{ role: 'policy', count: 1 }] } };

async function prepareSigned(world: World): Promise<void> {
  const installer = world.as('installer');
  accepted(await installer.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: signed } }));
  const spec = { ...signers, inherits: 'house' };
  const metadata = { namespace: signed, labels: { seen: 'no' }, annotations: { note: 'kept' } };
  const made = await store(world.as('admin'), policy({ metadata, spec }));
  await eventually(
    'a cluster admin changes it alone',
    () => changeAlone(world.as('admin'), made, 'before', {}),
    (answer) => answer.ok,
  );
  const labels = { 'countersign.dev/guarded': 'enforce' };
  accepted(
    await installer.patch({ apiVersion: 'v1', kind: 'Namespace', name: signed }, 'merge', { metadata: { labels } }),
  );
  await bindRole(installer, {
    name: 'administers',
    namespace: signed,
    role: 'countersign-admin',
    subject: { kind: 'User', name: 'owner-a' },
  });
}

/** Changes the spec, with a reason; it is only tried, so that what is stored stays as the rows expect it. */
export const changeAlone = (
  client: ApiClient,
  object: KubeObject,
  why: string | null,
  options: { readonly dryRun?: 'All' } = { dryRun: 'All' },
): Promise<Answer<unknown>> =>
  client.patch(
    targetOf(object),
    'merge',
    {
      metadata: { annotations: { 'countersign.dev/changed-alone': why } },
      spec: { soak: `${Date.now() % 1000}s` },
    },
    options,
  );
