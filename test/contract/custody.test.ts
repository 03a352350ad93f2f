/** Every validation of every custody policy on a real API server: what it refuses and how it says so, and the twin that passes. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';

import { installChart, systemNamespace } from '../../hack/controlplane/chart.ts';
import { overlayBounds } from '../../operator/api/candidate.ts';
import {
  apiVersion,
  approval,
  bundle,
  candidate,
  day,
  digest,
  emergencyAccess,
  forgedOwner,
  fresh,
  inFlight,
  ledgerEntry,
  policy,
  production,
  rollback,
  staging,
  type Sent,
} from '../attacks/objects.ts';
import { bind, eventually, robot, role, said, startWorld, store, type World } from '../attacks/world.ts';
import {
  accepted,
  refused,
  targetOf,
  type Answer,
  type ApiClient,
  type KubeObject,
  type ObjectMeta,
} from '../cluster/cluster.ts';

/** The garbage collector looks for new kinds every 30 s. */

let world: World;
let serviceAccount: ApiClient;

/** Where namespaces are unguarded, so that policies can be deleted again. */
const quiet = 'quiet';
const forged = { username: 'somebody-else', uid: '', groups: [] };

beforeAll(async () => {
  world = await startWorld();
  const installer = world.as('installer');
  for (const name of [quiet, 'doomed'])
    accepted(await installer.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
  // RBAC is another lock. It is opened for these identities, so that custody alone decides.
  await bind(world, { user: 'admin', role: 'cluster-admin' });
  await bind(world, { user: 'system:serviceaccount:countersign-system:countersign-operator', role: 'cluster-admin' });
  await role(world, 'test-edit', {
    resources: [
      'approvals',
      'emergencyaccesses',
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
  await world.cluster.controlPlane.identity({ name: 'definer' });
  await role(world, 'test-define', {
    apiGroups: ['apiextensions.k8s.io'],
    resources: ['customresourcedefinitions', 'customresourcedefinitions/status'],
    verbs: ['get', 'update', 'patch', 'delete'],
  });
  await bind(world, { user: 'definer', role: 'test-define' });
  serviceAccount = await robot(world, 'robot', staging);
  const robotUser = `system:serviceaccount:${staging}:robot`;
  await bind(world, { user: robotUser, role: 'test-edit' });
  for (const each of ['approver', 'sre', 'owner', 'archiver', 'admin']) {
    await bind(world, { user: robotUser, role: `countersign-${each}`, namespace: production });
  }
  await bind(world, { user: robotUser, role: 'countersign-admin', namespace: quiet });
  await bind(world, { user: 'admin', role: 'countersign-admin', namespace: quiet });
  await eventually(
    'the last binding acts',
    () => serviceAccount.create(policy({ metadata: { namespace: quiet } }), { dryRun: 'All' }),
    (answer) => said(answer).includes('AdministerByPerson'),
  );
}, 120_000);

afterAll(() => world.stop());

interface Row {
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

const as = (name: string): ApiClient => world.as(name);
const operatorUser = 'system:serviceaccount:countersign-system:countersign-operator';
const merge = (client: ApiClient, object: KubeObject, body: unknown) => client.patch(targetOf(object), 'merge', body);
const putStatus = (client: ApiClient, object: Sent) =>
  client.replace({ ...object, status: { conditions: [] } }, { subresource: 'status' });

/** An object of each kind as its rightful author stores it. */
const stored = {
  approvals: () => store(as('tester-a'), approval()),
  rollbacks: () => store(as('sre-a'), rollback()),
  emergencyaccesses: () => store(as('sre-a'), emergencyAccess()),
  releasecandidates: () => store(as('developer-a'), candidate()),
  releasebundles: () => store(world.operator, bundle()),
  ledgerentries: () => store(world.operator, ledgerEntry()),
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
    await world.operator.patch<Sent>(targetOf(created), 'merge', { metadata: { finalizers: [inFlight] } }),
  );
};

/** As many levels as that, a list in each when it is asked for. */
const nested = (levels: number, inLists = false, innermost: unknown = {}): unknown => {
  let inner = innermost;
  for (let level = 1; level < levels; level += 1)
    inner = inLists && (levels - level) % 2 === 0 ? [inner] : { a: inner };
  return inner;
};

const withOverlay = (...patches: readonly unknown[]): Sent =>
  candidate({ spec: { overlay: patches.map((patch, i) => ({ kind: 'ConfigMap', name: `settings-${i}`, patch })) } });

const keysOf = (count: number, value = ''): Readonly<Record<string, string>> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, value]));

const itemsOf = <T>(length: number, item: T): readonly T[] => Array.from({ length }, () => item);

/** What an overlay holds, past each of its bounds, and just within. */
function overlayRows(): Row[] {
  const { levels, items, values, characters } = overlayBounds;
  const row = (rule: string, given: string, past: readonly unknown[], within: readonly unknown[]): Row => ({
    policy: 'countersign-releasecandidates',
    rule,
    given: `an overlay ${given}`,
    refused: () => as('developer-a').create(withOverlay(...past)),
    caller: 'developer-a',
    next: 'spec.overlay',
    twin: () => as('developer-a').create(withOverlay(...within)),
  });
  const text = (length: number) => ({ data: { k: 'x'.repeat(length - 'datak'.length) } });
  return [
    row('OverlayNotTooDeep', 'is nested one level too deep', [{ x: 1 }, nested(levels + 1)], [nested(levels)]),
    row('OverlayNotTooDeep', 'is nested too deep in lists', [nested(levels + 1, true)], [nested(levels, true)]),
    row('OverlayNotTooDeep', 'is nested two thousand levels deep', [nested(2_000)], [nested(2)]),
    row(
      'OverlayNotTooLong',
      'has a list of one item too many',
      [{ args: itemsOf(items + 1, '') }],
      [{ args: itemsOf(items, '') }],
    ),
    row(
      'OverlayNotTooLong',
      'has one at the deepest level',
      [nested(levels, false, itemsOf(items + 1, ''))],
      [nested(levels, false, itemsOf(items, ''))],
    ),
    row(
      'OverlayNotTooLarge',
      'has a text at the deepest level',
      [nested(levels, false, ['x'.repeat(characters)])],
      [nested(levels, false, ['x'.repeat(characters - levels)])],
    ),
    row(
      'OverlayNotTooLong',
      'has a list of as many lists',
      [{ a: { args: itemsOf(items + 1, []) } }],
      [{ a: { args: itemsOf(items, []) } }],
    ),
    row(
      'OverlayNotTooMany',
      'has a list of a hundred thousand items',
      [{ args: itemsOf(100_000, 1) }],
      [{ args: [1] }],
    ),
    row('OverlayNotTooMany', 'has one value too many', [{ data: keysOf(values - 1) }], [{ data: keysOf(values - 2) }]),
    row(
      'OverlayNotTooMany',
      'has many maps of many values',
      [{ a: Object.fromEntries(Object.keys(keysOf(1_000)).map((key) => [key, keysOf(100)])) }],
      [{ a: Object.fromEntries(Object.keys(keysOf(18)).map((key) => [key, keysOf(100)])) }],
    ),
    row(
      'OverlayNotTooMany',
      'has too many values in several patches',
      [{ data: keysOf(values / 2) }, { data: keysOf(values / 2) }],
      [{ data: keysOf(values / 2) }, { data: keysOf(values / 2 - 4) }],
    ),
    row('OverlayNotTooLarge', 'has one character too many', [text(characters + 1)], [text(characters)]),
    row(
      'OverlayNotTooLarge',
      'has long names and items',
      [{ ['x'.repeat(characters / 2)]: ['y'.repeat(characters / 2), 'z'] }],
      [{ ['x'.repeat(characters / 2)]: ['y'.repeat(characters / 2)] }],
    ),
  ];
}

/** What holds for several kinds: status, owners, finalizers, labels. */
function commonRows(plural: Plural, given: { status: 'HasStatus' | 'NoStatus'; record: 'Record' | 'Working' }): Row[] {
  const policy = `countersign-${plural}`;
  const written = ['releasebundles', 'ledgerentries', 'releasepolicies'].includes(plural) ? 'OnlyOnce' : 'Kept';
  /** The operator changes what it may; of what is written only once, nobody changes anything: then the twin changes nothing. */
  const byOperator = (metadata: unknown) => async () =>
    merge(
      plural === 'releasepolicies' ? as('admin') : world.operator,
      await stored[plural](),
      written === 'Kept' ? { metadata } : {},
    );
  const rows: Row[] = [
    {
      policy,
      rule: 'NoForgedOwners',
      given: 'a cluster admin forges an owner',
      refused: async () => merge(as('admin'), await stored[plural](), { metadata: { ownerReferences: [forgedOwner] } }),
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
      twin: async () => putStatus(world.operator, await stored[plural]()),
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

/** The right by name, held by a person: three rows. `act` is the act, `right` somebody who holds the right so. */
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
      rule: `${rule}ByPerson`,
      given: `a ServiceAccount that holds the right ${doing}`,
      refused: () => act(serviceAccount),
      caller: robotUser,
      next: 'have a person do it',
      twin,
    },
    {
      policy,
      rule: `${rule}Held`,
      given: `somebody without the right ${doing}`,
      refused: () => act(as(given.without)),
      caller: given.without,
      next: `--clusterrole=${given.clusterRole} --user=${given.without}`,
      twin,
    },
    {
      policy,
      rule: `${rule}ByName`,
      given: `a cluster admin ${doing}`,
      refused: () => act(as('admin')),
      caller: 'admin',
      next: 'kubectl get rolebindings',
      twin,
    },
  ];
}

const keptRows = (plural: 'approvals' | 'rollbacks' | 'emergencyaccesses' | 'ledgerentries'): Row[] =>
  (['archiver-a', 'admin'] as const).map((who) => ({
    policy: `countersign-${plural}`,
    rule: 'RecordKept',
    given: `${who} deletes one of ${plural}`,
    refused: async () => as(who).delete(targetOf(await stored[plural]())),
    caller: `${who} may not delete ${plural} `,
    next: `kubectl get ${plural} -n ${production} -o yaml`,
    twin: async () => as('owner-a').delete(targetOf(await stored.releasecandidates())),
  }));

const entry = z.looseObject({ time: z.string().optional() });
type Forgery = (entries: readonly z.infer<typeof entry>[]) => readonly unknown[];

/** Ways to lie about the time of a change: what a caller may send as managedFields. */
const future = '2040-01-01T00:00:00Z';
const ownsReview = { 'f:spec': { 'f:reviewBy': {} } };
const stranger = { apiVersion, fieldsType: 'FieldsV1', fieldsV1: ownsReview, manager: 'x', time: future };
const clockForgeries: readonly (readonly [string, Forgery])[] = [
  ['entries to come', (entries) => entries.map((entry) => ({ ...entry, time: future }))],
  ['a stranger who owns the field by apply', (entries) => [...entries, { ...stranger, operation: 'Apply' }]],
  ['a stranger who owns the field by update', (entries) => [...entries, { ...stranger, operation: 'Update' }]],
  ['only a stranger', () => [{ ...stranger, operation: 'Update' }]],
  ['no entries', () => []],
  ['an empty entry', () => [{}]],
  ['entries without a time', (entries) => entries.map((each) => ({ ...each, time: undefined }))],
];

const rows: readonly Row[] = [
  ...commonRows('approvals', { status: 'NoStatus', record: 'Record' }),
  ...commonRows('rollbacks', { status: 'HasStatus', record: 'Record' }),
  ...commonRows('emergencyaccesses', { status: 'HasStatus', record: 'Record' }),
  ...commonRows('releasecandidates', { status: 'HasStatus', record: 'Working' }),
  ...commonRows('releasepolicies', { status: 'HasStatus', record: 'Working' }),
  ...commonRows('releasebundles', { status: 'NoStatus', record: 'Record' }),
  ...commonRows('ledgerentries', { status: 'NoStatus', record: 'Record' }),
  ...keptRows('approvals'),
  ...keptRows('rollbacks'),
  ...keptRows('emergencyaccesses'),
  ...keptRows('ledgerentries'),
  ...rightRows({
    policy: 'countersign-approvals',
    rule: 'Approve',
    doing: 'signs as approver',
    act: (client) => client.create(approval({ spec: { role: 'approver' } })),
    without: 'developer-b',
    right: 'approver-a',
    clusterRole: 'countersign-approver',
  }),
  {
    policy: 'countersign-approvals',
    rule: 'InstallationSignedAtHome',
    given: 'a tester signs for the installation where production is',
    refused: () =>
      as('tester-a').create(
        approval({ spec: { subject: { kind: 'Installation', name: 'countersign', uid: 'countersign' } } }),
      ),
    caller: 'tester-a',
    next: 'kubectl create it in the namespace that its manifest names',
    twin: () => as('tester-a').create(approval()),
  },
  ...rightRows({
    policy: 'countersign-rollbacks',
    rule: 'Rollback',
    doing: 'orders a rollback',
    act: (client) => client.create(rollback()),
    without: 'developer-b',
    right: 'sre-b',
    clusterRole: 'countersign-sre',
  }),
  ...rightRows({
    policy: 'countersign-emergencyaccesses',
    rule: 'Grant',
    doing: 'grants emergency access',
    act: (client) => client.create(emergencyAccess()),
    without: 'developer-b',
    right: 'sre-b',
    clusterRole: 'countersign-sre',
  }),
  {
    policy: 'countersign-emergencyaccesses',
    rule: 'GrantedInProduction',
    given: 'a cluster admin grants emergency access where nothing is guarded',
    refused: () => as('admin').create(emergencyAccess({ metadata: { namespace: quiet } })),
    caller: 'admin',
    next: 'kubectl get namespaces -l countersign.dev/guarded',
    twin: () => as('sre-a').create(emergencyAccess()),
  },
  ...rightRows({
    policy: 'countersign-emergencyaccesses',
    rule: 'Revoke',
    doing: 'ends the emergency access of others',
    act: async (client) => revoke(client, await stored.emergencyaccesses()),
    without: 'developer-b',
    right: 'sre-b',
    clusterRole: 'countersign-sre',
  }),
  ...(['sre-a', 'oncall-a'] as const).map((who) => ({
    policy: 'countersign-emergencyaccesses',
    rule: 'RevokeHeld',
    given: `somebody else without the right does what ${who} may, who ${who === 'sre-a' ? 'granted it' : 'was let in'}`,
    refused: async () => revoke(as('developer-b'), await stored.emergencyaccesses()),
    caller: 'developer-b',
    next: '--clusterrole=countersign-sre --user=developer-b',
    twin: async () => revoke(as(who), await store(as('sre-a'), emergencyAccess({ spec: { grantee: 'oncall-a' } }))),
  })),
  ...rightRows({
    policy: 'countersign-releasecandidates',
    rule: 'Withdraw',
    doing: 'deletes a candidate',
    act: async (client) => client.delete(targetOf(await stored.releasecandidates())),
    without: 'developer-b',
    right: 'owner-a',
    clusterRole: 'countersign-owner',
  }),
  {
    policy: 'countersign-releasecandidates',
    rule: 'StagedInStaging',
    given: 'a cluster admin stages where nothing is stamped',
    refused: () => as('admin').create(candidate({ metadata: { namespace: quiet } })),
    caller: 'admin',
    next: `kubectl label namespace ${quiet} countersign.dev/staging=true`,
    twin: () => as('developer-a').create(candidate()),
  },
  ...[staging, 'kube-system', systemNamespace].map((target) => ({
    policy: 'countersign-releasecandidates',
    rule: 'TargetIsProduction',
    given: `a developer releases to ${target}`,
    refused: () => as('developer-a').create(candidate({ spec: { targetNamespace: target } })),
    caller: 'developer-a',
    next: 'set spec.targetNamespace',
    twin: () => as('developer-a').create(candidate()),
  })),
  ...overlayRows(),
  {
    policy: 'countersign-releasecandidates',
    rule: 'InFlightStays',
    given: 'an owner deletes a candidate in flight',
    refused: async () => as('owner-a').delete(targetOf(await candidateInFlight())),
    caller: 'owner-a',
    next: 'kubectl wait --for=condition=Finished releasecandidate/',
    twin: async () => {
      const held = await candidateInFlight();
      accepted(await merge(world.operator, held, { metadata: { finalizers: null } }));
      return as('owner-a').delete(targetOf(held));
    },
  },
  {
    policy: 'countersign-releasecandidates',
    rule: 'SpecNeverChanges',
    given: 'somebody renames a key of a free-form field, which the CRD does not see',
    refused: async () =>
      merge(
        as('admin'),
        await store(
          as('developer-a'),
          candidate({ spec: { overlay: [{ kind: 'Deployment', name: 'api', patch: { replicas: 6 } }] } }),
        ),
        {
          spec: { overlay: [{ kind: 'Deployment', name: 'api', patch: { paused: 6 } }] },
        },
      ),
    caller: 'admin',
    next: 'spec.replaces',
    twin: async () => merge(as('admin'), await stored.releasecandidates(), { metadata: { labels: { seen: 'yes' } } }),
  },
  {
    policy: 'countersign-releasebundles',
    rule: 'SpecNeverChanges',
    given: 'the operator exchanges authors, which are a set to the CRD',
    refused: async () =>
      merge(world.operator, await stored.releasebundles(), { spec: { authors: ['developer-b', 'developer-a'] } }),
    caller: operatorUser,
    next: 'create a new ReleaseCandidate',
    twin: async () =>
      merge(world.operator, await stored.releasebundles(), { spec: { authors: ['developer-a', 'developer-b'] } }),
  },
  {
    policy: 'countersign-releasebundles',
    rule: 'BundleByOperator',
    given: 'a cluster admin writes a bundle',
    refused: () => as('admin').create(bundle()),
    caller: 'admin',
    next: 'create a ReleaseCandidate',
    twin: () => world.operator.create(bundle()),
  },
  {
    policy: 'countersign-releasebundles',
    rule: 'BundleKept',
    given: 'a cluster admin deletes a bundle',
    refused: async () => as('admin').delete(targetOf(await stored.releasebundles())),
    caller: 'admin',
    next: 'spec.retain.bundles',
    twin: async () => world.operator.delete(targetOf(await stored.releasebundles())),
  },
  {
    policy: 'countersign-ledgerentries',
    rule: 'RecordedByOperator',
    given: 'a cluster admin appends to the ledger',
    refused: () => as('admin').create(ledgerEntry()),
    caller: 'admin',
    next: 'do the act itself',
    twin: () => world.operator.create(ledgerEntry()),
  },
  {
    policy: 'countersign-ledgerentries',
    rule: 'EntryByItsWriter',
    given: 'the operator enters an act that only the gate admits',
    refused: () => world.operator.create(ledgerEntry({ spec: { type: 'Admitted' } })),
    caller: operatorUser,
    next: 'kubectl delete serviceaccount countersign-operator -n countersign-system',
    twin: () => world.operator.create(ledgerEntry()),
  },
  {
    policy: 'countersign-ledgerentries',
    rule: 'EntryActor',
    given: 'the operator enters a promotion in the name of a person',
    refused: () => world.operator.create(ledgerEntry({ spec: { type: 'Promoted' } })),
    caller: operatorUser,
    next: 'kubectl delete serviceaccount countersign-operator -n countersign-system',
    twin: () => world.operator.create(ledgerEntry({ spec: { type: 'Promoted', actor: { username: operatorUser } } })),
  },
  {
    policy: 'countersign-releasepolicies',
    rule: 'PolicyInProduction',
    given: 'a cluster admin guards kube-public',
    refused: () => as('admin').create(policy({ metadata: { namespace: 'kube-public' } })),
    caller: 'admin',
    next: 'kubectl get namespaces',
    twin: stored2(() => stored.releasepolicies()),
  },
  {
    policy: 'countersign-releasepolicies',
    rule: 'PolicyInProduction',
    given: 'a cluster admin guards the namespace of Countersign',
    refused: () => as('admin').create(policy({ metadata: { namespace: systemNamespace } })),
    caller: 'admin',
    next: 'kubectl get namespaces',
    twin: stored2(() => stored.releasepolicies()),
  },
  {
    policy: 'countersign-releasepolicies',
    rule: 'AdministerByPerson',
    given: 'a ServiceAccount that holds the right creates a policy',
    refused: () => serviceAccount.create(policy({ metadata: { namespace: quiet } })),
    caller: `system:serviceaccount:${staging}:robot`,
    next: 'have a person do it',
    twin: stored2(() => stored.releasepolicies()),
  },
  ...(['create', 'update', 'delete'] as const).map((verb) => ({
    policy: 'countersign-releasepolicies',
    rule: 'AdministerHeld',
    given: `somebody without the right tries to ${verb} a policy`,
    refused: async () => actOnPolicy(verb, as('developer-b')),
    caller: 'developer-b',
    next: '--clusterrole=countersign-admin --user=developer-b',
    twin: async () => actOnPolicy(verb, as('admin')),
  })),
  {
    policy: 'countersign-releasepolicies',
    rule: 'GuardedKeepsPolicy',
    given: 'an admin deletes the policy of a guarded namespace',
    refused: async () => {
      const guarded = await stored.releasepolicies();
      await label(guarded.metadata.namespace ?? '', 'enforce');
      return as('admin').delete(targetOf(guarded));
    },
    caller: 'admin',
    next: 'countersign.dev/guarded-',
    twin: async () => as('admin').delete(targetOf(await stored.releasepolicies())),
  },
  {
    policy: 'countersign-releasepolicies',
    rule: 'ReviewWithin24Months',
    given: 'an admin puts the review of a new policy too far off',
    refused: () => as('admin').create(policy({ metadata: { namespace: quiet }, spec: { reviewBy: day(733) } })),
    caller: 'admin',
    next: 'set an earlier day',
    twin: () =>
      as('admin').create(policy({ metadata: { namespace: quiet }, spec: { reviewBy: day(729) } }), { dryRun: 'All' }),
  },
  {
    policy: 'countersign-releasepolicies',
    rule: 'ReviewWithin24Months',
    given: 'an admin moves the review of a policy too far off',
    refused: async () => merge(as('admin'), await stored.releasepolicies(), { spec: { reviewBy: day(733) } }),
    caller: 'admin',
    next: 'set an earlier day',
    twin: async () => merge(as('admin'), await stored.releasepolicies(), { spec: { reviewBy: day(729) } }),
  },
  {
    policy: 'countersign-releasepolicies',
    rule: 'ReviewWithin24Months',
    given: 'an admin creates a policy that says it is created in times to come',
    refused: () =>
      as('admin').create(
        policy({ metadata: { namespace: quiet, creationTimestamp: future }, spec: { reviewBy: day(733) } }),
      ),
    caller: 'admin',
    next: 'set an earlier day',
    twin: () =>
      as('admin').create(policy({ metadata: { namespace: quiet, creationTimestamp: future } }), { dryRun: 'All' }),
  },
  ...(['update', 'delete', 'status'] as const).map((verb) => ({
    policy: 'countersign-definitions',
    rule: 'DefinitionsByAdmins',
    given: `somebody who may edit definitions writes one of ours (${verb})`,
    refused: () => actOnDefinition(verb, as('definer')),
    caller: 'definer',
    next: 'kubectl create rolebinding countersign-installer',
    twin: () => actOnDefinition(verb, as('admin')),
  })),
  ...clockForgeries.map(([given, forge]) => ({
    policy: 'countersign-releasepolicies',
    rule: 'ReviewWithin24Months',
    given: `an admin moves the review too far off, with ${given}`,
    refused: async () => putReview(await stored.releasepolicies(), day(733), forge),
    caller: 'admin',
    next: 'set an earlier day',
    twin: async () => putReview(await stored.releasepolicies(), day(729), forge),
  })),
  ...['kube-public', quiet, staging].flatMap((namespace) =>
    (['operator', 'restorer'] as const).map((who) => ({
      policy: 'countersign-confinement',
      rule: 'ConfinedToProduction',
      given: `the ${who} writes a ConfigMap in ${namespace}`,
      refused: () => world[who].create(configMap(namespace)),
      caller: `system:serviceaccount:countersign-system:countersign-${who}`,
      next:
        namespace === quiet || namespace === staging
          ? `kubectl label namespace ${namespace} countersign.dev/guarded=enforce`
          : 'point the ReleaseCandidate at',
      twin: () => world[who].create(configMap(production)),
    })),
  ),
  {
    policy: 'countersign-confinement',
    rule: 'ConfinedToProduction',
    given: 'the operator writes a Role where nothing is guarded',
    refused: () => world.operator.create({ ...minutes('Role', { namespace: quiet }), rules: [] }),
    caller: operatorUser,
    next: `kubectl label namespace ${quiet} countersign.dev/guarded=enforce`,
    twin: () => world.operator.create(minutes('Role', { namespace: production })),
  },
  ...(
    [
      ['a cluster admin gives minutes by hand, in a namespace', 'admin', minutes('Role', { namespace: quiet })],
      ['a cluster admin gives minutes by hand, in a ClusterRole', 'admin', minutes('ClusterRole')],
      ['the operator gives minutes in a ClusterRole', 'operator', minutes('ClusterRole')],
      ['a cluster admin gives one minute in a rule about everything', 'admin', minutes('ClusterRole', {}, '*')],
      ...['unclocked', 'none'].map((name) => {
        const object = minutes('ClusterRole');
        const rules = object.rules.map((rule) => ({ ...rule, resourceNames: ['other', name] }));
        return [
          `a cluster admin gives what is asked of writes without a time: ${name}`,
          'admin',
          { ...object, rules },
        ] as const;
      }),
    ] as const
  ).map(([given, who, object]) => ({
    policy: 'countersign-minutes',
    rule: 'MinutesByOperator',
    given,
    refused: () => (who === 'operator' ? world.operator : as(who)).create(object),
    caller: who === 'operator' ? operatorUser : who,
    next: 'create an EmergencyAccess',
    twin: () => world.operator.create(minutes('Role', { namespace: production })),
  })),
  {
    policy: 'countersign-minutes',
    rule: 'MinutesByOperator',
    given: 'a cluster admin adds a minute to a ClusterRole',
    refused: async () =>
      merge(as('admin'), accepted(await as('admin').create(readers())), { rules: minutes('ClusterRole').rules }),
    caller: 'admin',
    next: 'create an EmergencyAccess',
    twin: async () =>
      merge(as('admin'), accepted(await as('admin').create(readers())), {
        rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }],
      }),
  },
];

/** A Role or ClusterRole of one minute, named as those of an access are. */
function minutes(kind: 'Role' | 'ClusterRole', metadata: ObjectMeta = {}, resource = 'emergencyminutes') {
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

const readers = () => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: fresh('readers') },
  rules: [{ apiGroups: ['example.com'], resources: ['*'], resourceNames: ['2026-03-11T15:00'], verbs: ['*'] }],
});

const revoke = (client: ApiClient, access: Sent): Promise<Answer<unknown>> =>
  merge(client, access, { spec: { revoked: true } });

function putReview(existing: Sent, reviewBy: string, forge: Forgery): Promise<Answer<unknown>> {
  const managedFields = forge(z.array(entry).parse(existing.metadata.managedFields));
  return as('admin').replace({
    ...existing,
    metadata: { ...existing.metadata, managedFields },
    spec: { ...existing.spec, reviewBy },
  });
}

function actOnDefinition(verb: 'update' | 'delete' | 'status', client: ApiClient): Promise<Answer<unknown>> {
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

/** A function that answers as a request does. */
function stored2(make: () => Promise<Sent>): () => Promise<Answer<unknown>> {
  return async () => ({ ok: true, code: 201, body: await make() });
}

const configMap = (namespace: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: fresh('settings'), namespace },
});

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
    () => world.operator.create(configMap(namespace), { dryRun: 'All' }),
    (answer) => answer.ok,
  );
}

describe('what custody refuses, and its twin', () => {
  test.each(rows.map((row) => [`${row.policy}: ${row.rule}: ${row.given}`, row] as const))('%s', async (_, row) => {
    const answer = await row.refused();
    expect(said(answer)).toContain(
      `ValidatingAdmissionPolicy '${row.policy}' with binding '${row.policy}' denied request: ${row.rule}: `,
    );
    expect(said(answer)).toContain(row.caller);
    expect(said(answer)).toMatch(/ Next: ./);
    expect(said(answer).split(' Next: ')[1]).toContain(row.next);
    expect(said(await row.twin())).toMatch(/^admitted/);
  });
});

describe('the release namespace is closed to our own programs twice over', () => {
  test.each(['operator', 'restorer'] as const)('the %s writes no ConfigMap there', async (who) => {
    const answer = await world[who].create(configMap(systemNamespace));
    expect(said(answer)).toMatch(/denied request: (ConfinedToProduction|InstallationGuard): /);
    expect(said(answer)).toMatch(/ Next: ./);
  });

  test.each(['operator', 'restorer'] as const)('confinement alone holds the %s, too', async (who) => {
    const binding = { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicyBinding' };
    const target = { ...binding, name: 'countersign-installation' };
    const { metadata, ...rest } = accepted(await as('installer').get(target));
    accepted(await as('installer').delete(target));
    const answer = await eventually(
      'confinement speaks',
      () => world[who].create(configMap(systemNamespace)),
      (each) => !said(each).includes('InstallationGuard: '),
    );
    expect(said(answer)).toContain('ConfinedToProduction: ');
    const { labels = {}, annotations = {} } = metadata;
    accepted(await as('installer').create({ ...rest, metadata: { name: target.name, labels, annotations } }));
  });
});

describe('what the rows cover', () => {
  test('every rule of every policy but the guard has a row', async () => {
    interface Policy extends KubeObject {
      readonly spec: { readonly validations: readonly { readonly messageExpression: string }[] };
    }
    const policies = accepted(
      await as('admin').list<Policy>({
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingAdmissionPolicy',
      }),
    );
    const ofOurKinds = policies.items.filter(
      ({ metadata }) => !elsewhere.has(metadata.name ?? '') && metadata.name?.startsWith('countersign-guard-') !== true,
    );
    const rules = ofOurKinds.flatMap(({ metadata, spec }) =>
      spec.validations.map(({ messageExpression }) => `${metadata.name} ${/^'(\w+): /.exec(messageExpression)?.[1]}`),
    );
    const covered = new Set([...rows.map(({ policy, rule }) => `${policy} ${rule}`), ...coveredBelow]);
    expect(rules.filter((rule) => !covered.has(rule))).toEqual([]);
    expect([...covered].filter((rule) => !rules.includes(rule))).toEqual([]);
  });

  test('every served resource of ours is matched by a policy', async () => {
    interface Rules extends KubeObject {
      readonly spec: {
        readonly matchConstraints: { readonly resourceRules: readonly { readonly resources: readonly string[] }[] };
      };
    }
    const policies = accepted(
      await as('admin').list<Rules>({
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingAdmissionPolicy',
      }),
    );
    const matched = new Set(
      policies.items.flatMap(({ spec }) => spec.matchConstraints.resourceRules.flatMap(({ resources }) => resources)),
    );
    const { text } = await as('admin').raw({ method: 'GET', path: `/apis/${apiVersion}` });
    const served = z.object({ resources: z.array(z.object({ name: z.string() })) }).parse(JSON.parse(text));
    expect(served.resources.map(({ name }) => name).filter((name) => !matched.has(name))).toEqual([]);
  });
});

/** Policies that other tests show: about staged objects, writers.test.ts; about kubelets, test/attacks/nodes.test.ts; about the installation, test/attacks/installation.test.ts. */
const elsewhere = new Set([
  'countersign-staging',
  'countersign-writers',
  'countersign-writers-elsewhere',
  'countersign-nodes',
  'countersign-installation',
  'countersign-installation-rights',
]);

/** Rules that no request reaches while the CRD and the stamp do their part: they are taken away below. */
const coveredBelow = [
  ...['approvals', 'emergencyaccesses', 'rollbacks', 'releasecandidates'].map(
    (plural) => `countersign-${plural} StampIsCaller`,
  ),
  ...['OnlyRevoked', 'RevokedStays'].map((rule) => `countersign-emergencyaccesses ${rule}`),
  ...['approvals', 'rollbacks', 'ledgerentries'].map((plural) => `countersign-${plural} SpecNeverChanges`),
];

describe('behind the CRD: its rule that spec never changes is taken away', () => {
  const cases = [
    { plural: 'approvals', change: { digest: digest('c') }, next: 'kubectl create a new Approval' },
    { plural: 'rollbacks', change: { package: 'other' }, next: 'kubectl create a new Rollback' },
    { plural: 'emergencyaccesses', change: { duration: '24h' }, next: 'kubectl create a new EmergencyAccess' },
    { plural: 'ledgerentries', change: { reason: 'other' }, next: 'put right by a later one' },
  ] as const;

  test.each(cases)('countersign-$plural: its spec stays', async ({ plural, change, next }) => {
    const name = `${plural}.countersign.dev`;
    const target = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name };
    const rules = '/spec/versions/0/schema/openAPIV3Schema/properties/spec/x-kubernetes-validations';
    const object = await stored[plural]();
    accepted(await as('installer').patch(target, 'json', [{ op: 'remove', path: rules }]));
    const answer = await eventually(
      'the CRD no longer refuses',
      () => merge(as('admin'), object, { spec: change }),
      (seen) => !said(seen).includes('cannot be changed after creation'),
    );
    const rule = plural === 'emergencyaccesses' ? 'OnlyRevoked' : 'SpecNeverChanges';
    expect(said(answer)).toContain(`denied request: ${rule}: admin `);
    expect(said(answer)).toContain(next);
    expect(said(await merge(as('admin'), object, { spec: {} }))).toMatch(/^admitted/);
  });

  test('countersign-emergencyaccesses: RevokedStays', async () => {
    const access = await stored.emergencyaccesses();
    accepted(await revoke(as('sre-a'), access));
    const answer = await merge(as('sre-a'), access, { spec: { revoked: false } });
    expect(said(answer)).toContain('denied request: RevokedStays: sre-a ');
    expect(said(answer)).toContain('kubectl create a new EmergencyAccess');
  });
});

describe('behind the stamp: it is taken away', () => {
  const cases = [
    { plural: 'approvals', field: 'approver', who: 'tester-a', make: approval },
    { plural: 'rollbacks', field: 'requester', who: 'sre-a', make: rollback },
    { plural: 'emergencyaccesses', field: 'grantor', who: 'sre-a', make: emergencyAccess },
    { plural: 'releasecandidates', field: 'author', who: 'developer-a', make: candidate },
  ] as const;

  test.each(cases)('countersign-$plural: StampIsCaller', async ({ plural, field, who, make }) => {
    const binding = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingAdmissionPolicyBinding',
      name: `countersign-stamp-${plural}`,
    };
    accepted(await as('installer').delete(binding));
    const said = await eventually(
      'the stamp is gone',
      () => as(who).create(make({ spec: { [field]: forged } })),
      (answer) => !answer.ok,
    );
    expect(refused(said).message).toContain(`denied request: StampIsCaller: spec.${field} says ${forged.username}`);
    expect(refused(said).message).toContain('kubectl get mutatingwebhookconfigurations');
    const truth = { username: who, uid: '', groups: ['system:authenticated'] };
    accepted(await as(who).create(make({ spec: { [field]: truth } })));
    for (const lie of [
      { ...truth, uid: '1' },
      { ...truth, groups: ['system:authenticated', 'change-board'] },
    ]) {
      expect(refused(await as(who).create(make({ spec: { [field]: lie } }))).message).toContain('StampIsCaller: ');
    }
    await installChart(world.cluster.controlPlane);
  });
});

describe('what must go on', () => {
  test('a namespace that is not guarded is deleted with everything of ours in it', async () => {
    const installer = as('installer');
    accepted(
      await installer.patch({ apiVersion: 'v1', kind: 'Namespace', name: 'doomed' }, 'merge', {
        metadata: { labels: { 'countersign.dev/staging': 'true' } },
      }),
    );
    await bind(world, { user: 'tester-a', role: 'countersign-tester', namespace: 'doomed' });
    await bind(world, { user: 'sre-a', role: 'countersign-sre', namespace: 'doomed' });
    await bind(world, { user: 'developer-a', role: 'countersign-developer', namespace: 'doomed' });
    const metadata = { namespace: 'doomed' };
    const named = (made: Sent): Sent => ({ ...made, metadata: { ...made.metadata, ...metadata } });
    for (const [client, object] of [
      [as('tester-a'), approval()],
      [as('sre-a'), rollback()],
      [as('developer-a'), candidate()],
      [as('admin'), policy()],
      [world.operator, bundle()],
      [world.operator, ledgerEntry()],
    ] as const) {
      await eventually(
        'created',
        () => client.create(named(object)),
        (answer) => answer.ok,
      );
    }
    accepted(await installer.delete({ apiVersion: 'v1', kind: 'Namespace', name: 'doomed' }));
    const left = await eventually(
      'gone',
      () => installer.get({ apiVersion: 'v1', kind: 'Namespace', name: 'doomed' }),
      (answer) => !answer.ok,
    );
    expect(refused(left).code).toBe(404);
  });

  test('a definition of ours is labelled by whoever may edit definitions: its spec is what is guarded', async () => {
    const target = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      name: 'approvals.countersign.dev',
    };
    expect(said(await as('definer').patch(target, 'merge', { metadata: { labels: { migrated: 'yes' } } }))).toMatch(
      /^admitted/,
    );
  });

  test('foreground and orphaning deletion end: the garbage collector takes its finalizers off', async () => {
    for (const propagationPolicy of ['Foreground', 'Orphan'] as const) {
      const record = await stored.releasecandidates();
      accepted(await as('owner-a').delete(targetOf(record), { propagationPolicy }));
      const left = await eventually(
        'gone',
        () => as('admin').get(targetOf(record)),
        (answer) => !answer.ok,
      );
      expect(refused(left).code).toBe(404);
    }
  });

  test('the operator deletes a finished candidate, and takes its own finalizer off', async () => {
    const held = await candidateInFlight();
    accepted(await merge(world.operator, held, { metadata: { finalizers: null } }));
    expect(said(await world.operator.delete(targetOf(held)))).toMatch(/^admitted/);
  });

  test('a ServiceAccount may stage: whether it is trusted is the policy of the release to say', async () => {
    const made = accepted(await serviceAccount.create<Sent>(candidate()));
    expect(made.spec['author']).toMatchObject({ username: `system:serviceaccount:${staging}:robot` });
  });
});
