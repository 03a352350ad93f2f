/** What the control plane's programs may change of what they keep the books of: metadata, and what their row says they rewrite. */
import { accepted, type ApiClient, type Manifest } from '../../support/cluster/cluster.ts';
import { asItIs, dryRun, refusedBy, type WorldCheck } from '../world/check.ts';
import { guard } from '../world/guard-file.ts';
import { at, one } from '../world/guard-objects.ts';
import type { GuardWorld } from '../world/guard-world.ts';
import { fresh, production } from '../../support/attack/objects.ts';

/** The rule by which a topic refuses a program that has no business there, and the one by which it holds those that have. */
const rules: Readonly<Record<string, readonly [string, string]>> = {
  workloads: ['ProductionGuardWorkload', 'ProductionGuardWorkloadContent'],
  pods: ['ProductionGuardPod', 'ProductionGuardPodContent'],
  scale: ['ProductionGuardScale', 'ProductionGuardScaleContent'],
  configuration: ['ProductionGuardConfiguration', 'ProductionGuardConfigurationContent'],
  network: ['ProductionGuardNetwork', 'ProductionGuardNetworkContent'],
  accounts: ['ProductionGuardAccount', 'ProductionGuardAccountContent'],
  storage: ['ProductionGuardStorage', 'ProductionGuardStorageContent'],
  rights: ['ProductionGuardAdministerNeedsPerson', 'ProductionGuardRightsContent'],
  status: ['ProductionGuardStatus', 'ProductionGuardStatusContent'],
  additional: ['ProductionGuardAdditional', ''],
};

export const rulesOf = (topic: string): readonly [string, string] => rules[topic] ?? ['', ''];

/** A namespace that is held by the lines of files/guard.yaml, and by which rules, as above. Whose things are is asked of `by`. */
export interface Held {
  readonly namespace: string;
  readonly rules: readonly [string, string];
  readonly by?: (world: GuardWorld) => ApiClient;
}

const inProduction = (topic: string): Held => ({ namespace: production, rules: rulesOf(topic) });

const subsets = (ip: string) => [{ addresses: [{ ip }], ports: [{ port: 80 }] }];

export interface Content {
  readonly resource: string;
  /** Fields beside the usual ones, of one that says something and of one that says less. */
  readonly full?: object;
  readonly bare?: object;
  /** Of what the full one says something else, and less; as merge patches, as far as the API server takes them. */
  readonly changes: readonly object[];
  /** More than the bare one says. */
  readonly more?: object;
  /** Whose it is. The one who delivers when absent. */
  readonly by?: (world: GuardWorld) => ApiClient;
}

export const deliverer = ({ preparer }: GuardWorld): ApiClient => preparer;
const program =
  (name: string) =>
  ({ controller }: GuardWorld): ApiClient =>
    controller(name);

const pullSecrets = (name: string) => ({ imagePullSecrets: [{ name }] });
const bound = (name: string) => ({ subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name }] });

/** One kind of each topic. */
export const contents: Readonly<Record<string, Content>> = {
  workloads: { resource: 'deployments', changes: [{ spec: { minReadySeconds: 7 } }] },
  scale: { resource: 'horizontalpodautoscalers', changes: [{ spec: { maxReplicas: 7 } }] },
  configuration: {
    resource: 'configmaps',
    changes: [{ data: { level: 'debug' } }, { data: null }],
    more: { binaryData: { more: 'AA==' } },
  },
  network: {
    resource: 'endpoints',
    full: { subsets: subsets('10.9.9.8') },
    changes: [{ subsets: subsets('10.9.9.9') }, { subsets: null }],
    more: { subsets: subsets('10.9.9.9') },
    by: program('endpoint-controller'),
  },
  accounts: {
    resource: 'serviceaccounts',
    full: pullSecrets('one'),
    changes: [pullSecrets('other'), { imagePullSecrets: null }],
    more: { automountServiceAccountToken: false },
  },
  storage: {
    resource: 'csistoragecapacities',
    full: { capacity: '1Gi' },
    changes: [{ capacity: '7Gi' }, { capacity: null }],
    more: { capacity: '7Gi' },
    by: program('storage-controllers'),
  },
  rights: {
    resource: 'rolebindings',
    full: bound('nobody'),
    bare: { subjects: [] },
    changes: [bound('somebody'), { subjects: null }],
    more: bound('somebody'),
    by: ({ as }) => as('admin'),
  },
};

/** What is only shown to what migrates stored objects, beside those. */
export const others: Readonly<Record<string, Content>> = {
  pods: { resource: 'pods', changes: [{ spec: { activeDeadlineSeconds: 7 } }], by: program('replicaset-controller') },
  status: { resource: 'statefulsets/status', changes: [{ status: { observedGeneration: 7 } }] },
  additional: {
    resource: 'widgets',
    bare: { spec: undefined },
    changes: [{ spec: { size: 7 } }, { spec: null }],
    more: { spec: { size: 7 } },
  },
};

export const [full, bare] = ['content-full', 'content-bare'];

/** Puts both of each topic there, or of one. */
export async function prepareContents(
  world: GuardWorld,
  {
    namespace = production,
    of = Object.keys({ ...contents, ...others }),
    ...given
  }: Partial<Held> & {
    readonly of?: readonly string[];
  } = {},
): Promise<void> {
  for (const content of of.map((topic) => contents[topic] ?? others[topic])) {
    if (content === undefined) continue;
    const { resource, by = deliverer, ...fields } = content;
    const [main = ''] = resource.split('/');
    for (const [name, more] of [
      [full, fields.full],
      [bare, fields.bare],
    ] as const) {
      const noted = { standing: 'yes' };
      const metadata = name === full ? { labels: noted, annotations: noted } : {};
      const created = await (given.by ?? by)(world).create(one(main, name, { namespace, metadata, ...more }));
      if (!created.ok && created.code !== 409) accepted(created);
    }
  }
}

/** Each change, and of which of the two. */
export const changesOf = ({ changes, more }: Content): readonly (readonly [object, string])[] => [
  ...changes.map((body) => [body, full] as const),
  ...(more === undefined ? [] : [[more, bare] as const]),
];

/** What the books' keepers may not write, and others may. */
export function ofContents(topic: string, held: Held = inProduction(topic)): readonly WorldCheck[] {
  const content = contents[topic];
  if (content === undefined) return [];
  const { resource } = content;
  const by = held.by ?? content.by ?? deliverer;
  return changesOf(content).map(([body, name]) => ({
    name: `whose it is writes ${JSON.stringify(body)} of one of ${resource}, and the garbage collector does not`,
    passes: async (world: GuardWorld) => {
      const target = at(resource, name, held.namespace);
      const keeper = await world.controller('generic-garbage-collector').patch(target, 'merge', body, dryRun);
      const other = await by(world).patch(target, 'merge', body, dryRun);
      return refusedBy(keeper, held.rules[1]) && other.ok;
    },
  }));
}

/** What is rewritten of each kind of which something is. */
const rewritten: Readonly<Record<string, { readonly name?: string; readonly body: object }>> = {
  replicasets: { body: { spec: { replicas: 1 } } },
  controllerrevisions: { body: { revision: 7 } },
  configmaps: { name: 'kube-root-ca.crt', body: { data: { more: 'x' } } },
  secrets: { name: 'token', body: { data: { more: 'eA==' } } },
  services: { body: { spec: { selector: { 'rollouts-pod-template-hash': 'a1b2c3' } } } },
  endpoints: { body: { subsets: subsets('10.9.9.9') } },
  endpointslices: { body: { endpoints: [{ addresses: ['10.9.9.9'] }] } },
  persistentvolumeclaims: { body: { spec: { volumeName: 'some' } } },
  csistoragecapacities: { body: { capacity: '7Gi' } },
};

/** Who rewrites does, and who else updates does not. */
export const ofRewrites = (topic: string, held: Held = inProduction(topic)): readonly WorldCheck[] =>
  (guard.topics[topic] ?? [])
    .filter(({ rewrite }) => rewrite !== undefined)
    .map(({ resource, rewrite = [], update = [] }) => ({
      name: `of ${resource}, ${rewrite.join(' and ')} writes what it says, and nobody else who updates it`,
      passes: async ({ controller }: GuardWorld) => {
        const { name = 'standing', body } = rewritten[resource] ?? { body: {} };
        for (const who of update) {
          const answer = await controller(who).patch(at(resource, name, held.namespace), 'merge', body, dryRun);
          if (rewrite.includes(who) ? !answer.ok : !refusedBy(answer, held.rules[1])) return false;
        }
        return true;
      },
    }));

/** Of the full one something else, more and less; of the bare one more. /status takes annotations alone. */
export const metadataChanges = (subresource: string | undefined): readonly (readonly [object, string])[] => [
  ...(subresource === undefined ? [{ labels: { standing: 'no' } }, { labels: null }] : []).map(
    (metadata) => [{ metadata }, full] as const,
  ),
  ...[{ annotations: { more: 'more' } }, { annotations: null }].map((metadata) => [{ metadata }, full] as const),
  [{ metadata: { annotations: { more: 'more' } } }, bare],
  ...(subresource === undefined ? [[{ metadata: { labels: { more: 'more' } } }, bare] as const] : []),
];

/** What migrates stored objects writes them back as they are; more, less, another, and no other act; and nobody else does. */
export function ofMigration(topic: string, held: Held = inProduction(topic)): readonly WorldCheck[] {
  const given = contents[topic] ?? others[topic];
  if (given === undefined) return [];
  const { resource } = given;
  const { namespace: place } = held;
  const target = at(resource, full, place);
  const [main = '', subresource] = resource.split('/');
  const [rule] = held.rules;
  const migrator = program('storage-migrators');
  const put = async (world: GuardWorld, who: ApiClient, metadata: object = {}) => {
    if (resource !== main) return who.patch(target, 'merge', { metadata }, dryRun);
    const object = asItIs(accepted(await world.as('installer').get<Manifest>(at(main, full, place))));
    return who.replace({ ...object, metadata: { ...object.metadata, ...metadata } }, dryRun);
  };
  return [
    {
      name: `what migrates stored objects writes one of ${resource} back`,
      passes: async (world) => (await put(world, migrator(world))).ok,
    },
    {
      name: `what migrates stored objects writes one of ${resource} back, and nobody says any more who manages it`,
      passes: async (world) => (await put(world, migrator(world), { managedFields: [{}] })).ok,
    },
    {
      name: `what migrates stored objects says of one of ${resource} what it says already`,
      passes: async (world) => {
        const { apiVersion, kind, name, namespace } = target;
        const body = { apiVersion, kind, metadata: { name, namespace, annotations: { standing: 'yes' } } };
        return (await migrator(world).patch(target, 'apply', body, dryRun)).ok;
      },
    },
    {
      name: `somebody does not even write one of ${resource} back`,
      passes: async (world) => refusedBy(await put(world, world.as('attacker')), ''),
    },
    ...[...changesOf(given), ...metadataChanges(subresource)].map(([body, name]) => ({
      name: `what migrates stored objects does not write ${JSON.stringify(body)} of ${name} of ${resource}`,
      passes: async (world: GuardWorld) =>
        refusedBy(await migrator(world).patch(at(resource, name, place), 'merge', body, dryRun), rule),
    })),
    ...(resource === main
      ? [
          {
            name: `what migrates stored objects creates none of ${resource}`,
            passes: async (world: GuardWorld) =>
              refusedBy(await migrator(world).create(one(resource, fresh('new'), { namespace: place }), dryRun), rule),
          },
        ]
      : []),
  ];
}
