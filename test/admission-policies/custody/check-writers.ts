/** The record of who changed a staged object, with the stamp looking away: what is sent must be what the stamp would have written. */
import { writersAnnotation } from '../../../operator/api/kinds.ts';
import { accepted, type Answer, type ApiClient, type KubeObject } from '../../support/cluster/cluster.ts';
import { policyLock } from '../../support/attack/attack.ts';
import { putRecorded, reported, unstamped } from './check-staging.ts';
import { dryRun, refusedBy, type WorldCheck } from '../world/check.ts';
import { releasedOfKubernetes } from '../world/guard-file.ts';
import { at, one } from '../world/guard-objects.ts';
import { open, type GuardWorld } from '../world/guard-world.ts';
import { forgedOwner, fresh, staging } from '../../support/attack/objects.ts';

type Check = WorldCheck;

const rule = 'WritersAreRecorded';
export const who = 'attacker';
export const resources = releasedOfKubernetes;

const hundred = Array.from({ length: 100 }, (_, i) => `${i} writer-${i}`);

/** By name: the resource, the record, and what else it says. */
const recorded: Readonly<Record<string, readonly [resource: string, record: string, fields?: object]>> = {
  'of-one': ['configmaps', '0 developer-a'],
  'of-attacker': ['configmaps', `0 ${who}\n1 developer-a`],
  'of-unknown': ['configmaps', '0 %\n1 developer-a'],
  'of-nobody': ['configmaps', ''],
  'of-hundred': ['configmaps', hundred.join('\n')],
  'of-replicas': ['deployments', '0 %replicas\n0 developer-a'],
  'of-unscaled': ['deployments', '0 developer-a'],
  'of-autoscaled': ['deployments', '7 %replicas\n0 developer-a'],
};

/** Puts them there while the policy looks away. */
export async function prepareWriters(world: GuardWorld): Promise<void> {
  const close = await policyLock('countersign-writers').open(world);
  const all = [
    ...Object.entries(recorded).map(([name, [resource, record]]) => ({ resource, name, record })),
    ...resources.map((resource) => ({ resource, name: 'recorded', record: '0 developer-a' })),
  ];
  for (const { resource, name, record } of all) {
    const annotations = { note: 'kept', ...(record === '' ? {} : { [writersAnnotation]: record }) };
    const metadata = { labels: { ...unstamped, tier: 'a' }, annotations };
    await putRecorded(world, one(resource, name, { namespace: staging, metadata }), record);
  }
  await close();
}

export const placed = (resource: string, name: string) => at(resource, name, staging);
const resourceOf = (name: string): string => recorded[name]?.[0] ?? 'configmaps';
export const withRecord = (record: string | null, metadata: object = {}) => ({
  metadata: { ...metadata, annotations: { [writersAnnotation]: record } },
});

/** Changes one, and sends the record that is made of its resourceVersion. */
export const sends = async (
  world: GuardWorld,
  name: string,
  given: {
    readonly change?: object;
    readonly metadata?: object;
    readonly record?: (rv: string) => string;
    readonly as?: ApiClient;
    readonly options?: { readonly fieldManager?: string };
  },
): Promise<Answer<KubeObject>> => {
  const target = placed(resourceOf(name), name);
  const { metadata } = accepted(await world.as('installer').get(target));
  const record = given.record?.(metadata.resourceVersion ?? '');
  const annotations = record === undefined ? {} : { [writersAnnotation]: record };
  const noted = { ...given.metadata, annotations: { ...annotations, ...annotationsIn(given.metadata) } };
  return (given.as ?? world.as(who)).patch(
    target,
    'merge',
    { ...given.change, metadata: noted },
    { ...dryRun, ...given.options },
  );
};

const annotationsIn = (metadata: object = {}): object =>
  'annotations' in metadata && typeof metadata.annotations === 'object' ? (metadata.annotations ?? {}) : {};

/** Changes of content, each of which names who made it. */
export const contents: readonly (readonly [
  what: string,
  given: { readonly change?: object; readonly metadata?: object },
])[] = [
  ['a key of data', { change: { data: { level: 'mine' } } }],
  ['all of data', { change: { data: null } }],
  ['a field that was not there', { change: { binaryData: { more: 'AA==' } } }],
  ['a label', { metadata: { labels: { tier: 'b' } } }],
  ['an annotation', { metadata: { annotations: { note: 'other' } } }],
  ['an annotation that was not there', { metadata: { annotations: { more: 'more' } } }],
  ['an annotation that goes', { metadata: { annotations: { note: null } } }],
  ['an owner', { metadata: { ownerReferences: [forgedOwner] } }],
];

const ofContents: readonly Check[] = contents.map(([what, given]) => ({
  name: `who changes ${what} is recorded`,
  passes: async (world) =>
    (await sends(world, 'of-one', { ...given, record: (rv) => `0 developer-a\n${rv} ${who}` })).ok &&
    refusedBy(await sends(world, 'of-one', given), rule),
}));

export const wrong: readonly (readonly [what: string, record: (rv: string) => string])[] = [
  ['with somebody missing', (rv) => `${rv} ${who}`],
  ['with another position', () => `0 developer-a\n0 ${who}`],
  ['with a line too many', (rv) => `0 developer-a\n0 approver-a\n${rv} ${who}`],
  ['in another order', (rv) => `${rv} ${who}\n0 developer-a`],
  ['in the name of another', (rv) => `0 developer-a\n${rv} approver-a`],
];

const change = { data: { level: 'mine' } };

const ofRecords: readonly Check[] = [
  ...wrong.map(([what, record]) => ({
    name: `no record ${what} is taken`,
    passes: async (world: GuardWorld) =>
      refusedBy(await sends(world, 'of-one', { change, record }), rule) &&
      refusedBy(await sends(world, 'of-one', { record }), rule),
  })),
  {
    name: 'who is named already moves to the end',
    passes: async (world) =>
      (await sends(world, 'of-attacker', { change, record: (rv) => `1 developer-a\n${rv} ${who}` })).ok &&
      refusedBy(
        await sends(world, 'of-attacker', { change, record: (rv) => `0 ${who}\n1 developer-a\n${rv} ${who}` }),
        rule,
      ),
  },
  {
    name: 'what changes nothing leaves the record as it is',
    passes: async (world) =>
      (await sends(world, 'of-one', {})).ok &&
      refusedBy(await sends(world, 'of-one', { record: () => '0 approver-a' }), rule) &&
      refusedBy(await world.as(who).patch(placed('configmaps', 'of-one'), 'merge', withRecord(null), dryRun), rule),
  },
  {
    name: 'who sends it as it is answers for what nobody recorded, with those who were',
    passes: async (world) =>
      (await sends(world, 'of-unknown', { record: (rv) => `1 developer-a\n${rv} ${who}` })).ok &&
      (await sends(world, 'of-nobody', { record: (rv) => `${rv} ${who}` })).ok &&
      (await sends(world, 'of-unknown', { change, record: (rv) => `0 %\n1 developer-a\n${rv} ${who}` })).ok &&
      (await sends(world, 'of-nobody', { change, record: (rv) => `0 %\n${rv} ${who}` })).ok &&
      refusedBy(await sends(world, 'of-unknown', { change, record: (rv) => `1 developer-a\n${rv} ${who}` }), rule) &&
      refusedBy(await sends(world, 'of-nobody', { change, record: (rv) => `${rv} ${who}` }), rule),
  },
  {
    name: 'nobody answers through the status, and what reports there changes nothing',
    passes: async (world) => {
      const target = placed('deployments/status', 'of-autoscaled');
      const { metadata } = accepted(await world.as('installer').get(placed('deployments', 'of-autoscaled')));
      const record = `0 %replicas\n0 developer-a\n${metadata.resourceVersion} ${who}`;
      return (
        refusedBy(await world.as(who).patch(target, 'merge', withRecord(record), dryRun), rule) &&
        (await world.as(who).patch(target, 'merge', {}, dryRun)).ok &&
        (await world.as(who).patch(target, 'merge', { status: { observedGeneration: 7 } }, dryRun)).ok
      );
    },
  },
  {
    name: 'who creates is recorded',
    passes: async (world) => {
      const creates = (record: string | undefined) =>
        world.as(who).create(
          one('configmaps', fresh('new'), {
            namespace: staging,
            metadata: {
              labels: unstamped,
              ...(record === undefined ? {} : { annotations: { [writersAnnotation]: record } }),
            },
          }),
          dryRun,
        );
      return (
        (await creates(`0 ${who}`)).ok &&
        refusedBy(await creates(undefined), rule) &&
        refusedBy(await creates('0 developer-a'), rule) &&
        refusedBy(await creates(`0 %\n0 ${who}`), rule)
      );
    },
  },
  {
    name: 'a hundred are kept, and nobody comes to them',
    passes: async (world) => {
      const named = hundred.filter((line) => line !== '7 writer-7');
      return (
        refusedBy(
          await sends(world, 'of-hundred', { change, record: (rv) => [...hundred, `${rv} ${who}`].join('\n') }),
          'WritersAreBounded',
        ) &&
        (await sends(world, 'of-hundred', {})).ok &&
        refusedBy(
          await world.as(who).patch(placed('configmaps', 'of-hundred'), 'merge', withRecord(null), dryRun),
          rule,
        ) &&
        (await sends(world, 'of-hundred', { change, as: world.controller('deployment-controller') })).ok &&
        named.length === 99
      );
    },
  },
];

export const to = (replicas: number) => ({ spec: { replicas } });
export const record = (replicas: number) => (rv: string) => `${replicas} %replicas\n0 developer-a\n${rv} ${who}`;
const scales = (client: ApiClient, resource: string, namespace = staging) =>
  client.patch(
    at(`${resource}/scale`, namespace === open ? 'standing' : 'recorded', namespace),
    'merge',
    { spec: { replicas: 3 } },
    dryRun,
  );

const ofReplicas: readonly Check[] = [
  {
    name: 'who changes replicas answers for them',
    passes: async (world) => {
      return (
        (await sends(world, 'of-replicas', { change: to(3), record: record(3) })).ok &&
        refusedBy(await sends(world, 'of-replicas', { change: to(3), record: record(0) }), rule) &&
        refusedBy(
          await sends(world, 'of-replicas', { change: to(3), record: (rv) => `0 developer-a\n${rv} ${who}` }),
          rule,
        )
      );
    },
  },
  {
    name: 'who changes what was recorded without replicas answers for those that there are',
    passes: async (world) =>
      (await sends(world, 'of-unscaled', { metadata: { labels: { tier: 'b' } }, record: record(0) })).ok,
  },
  {
    name: 'who changes something else does not, and who sends it as it is does',
    passes: async (world) => {
      const metadata = { labels: { tier: 'b' } };
      return (
        (await sends(world, 'of-autoscaled', { metadata, record: record(7) })).ok &&
        refusedBy(await sends(world, 'of-autoscaled', { metadata, record: record(0) }), rule) &&
        (await sends(world, 'of-autoscaled', { record: record(0) })).ok
      );
    },
  },
  {
    name: 'autoscalers scale, and nobody else does so here',
    passes: async ({ as, controller }) => {
      for (const resource of ['deployments', 'statefulsets']) {
        if (!refusedBy(await scales(as(who), resource), 'ScaleIsRecorded')) return false;
        if (!refusedBy(await scales(controller('generic-garbage-collector'), resource), 'ScaleIsRecorded'))
          return false;
        if (!(await scales(controller('horizontal-pod-autoscaler'), resource)).ok) return false;
      }
      return true;
    },
  },
];

/** Those whom values.yaml names beside the garbage collector. */
export const controllers = [
  'generic-garbage-collector',
  'tokens-controller',
  'kube-scheduler',
  'cronjob-controller',
  'deployment-controller',
  'ephemeral-volume-controller',
  'expand-controller',
  'job-controller',
  'persistent-volume-binder',
  'pvc-protection-controller',
  'root-ca-cert-publisher',
  'service-account-controller',
  'statefulset-controller',
  'storage-version-migrator-controller',
] as const;

const ofControllers: readonly Check[] = controllers.map((name) => ({
  name: `${name} writes what no person decided, and leaves the record as it is`,
  passes: async (world) => {
    const as = world.controller(name);
    return (
      (await sends(world, 'of-one', { change, as })).ok &&
      refusedBy(await sends(world, 'of-one', { change, as, record: () => '0 approver-a' }), rule)
    );
  },
}));

/** Names of that length, by impersonation. */
const named = async ({ as }: GuardWorld, length: number): Promise<string> => {
  const username = 'n'.repeat(length);
  const object = one('configmaps', fresh('new'), {
    namespace: staging,
    metadata: { labels: unstamped, annotations: { [writersAnnotation]: `0 ${username}` } },
  });
  const { code, text } = await as('installer').raw({
    method: 'POST',
    path: `/api/v1/namespaces/${staging}/configmaps?dryRun=All`,
    body: object,
    headers: { 'impersonate-user': username, 'impersonate-group': 'system:masters' },
  });
  return `${code} ${text}`;
};

const ofKinds: readonly Check[] = resources.map((resource) => ({
  name: `of ${resource} the record is kept, whether one is created or changed`,
  passes: async ({ as }) => {
    const metadata = { labels: unstamped };
    const created = await as(who).create(one(resource, fresh('new'), { namespace: staging, metadata }), dryRun);
    const changed = await as(who).patch(
      placed(resource, 'recorded'),
      'merge',
      { metadata: { labels: { tier: 'b' } } },
      dryRun,
    );
    return refusedBy(created, rule) && refusedBy(changed, rule);
  },
}));

const ofStatus: readonly Check[] = reported.map((resource) => ({
  name: `the status of ${resource} forges no record`,
  passes: async ({ as }) =>
    refusedBy(
      await as(who).patch(placed(`${resource}/status`, 'recorded'), 'merge', withRecord('0 approver-a'), dryRun),
      rule,
    ),
}));

export const ofWriters: readonly Check[] = [
  ...ofContents,
  ...ofRecords,
  ...ofReplicas,
  ...ofControllers,
  ...ofKinds,
  ...ofStatus,
  {
    name: 'a name of 512 characters is recorded, and none that is longer',
    passes: async (world) =>
      (await named(world, 512)).startsWith('201') && /^403 .*WriterHasName: /s.test(await named(world, 513)),
  },
  {
    name: 'elsewhere nobody is recorded, and what nobody releases carries no record',
    passes: async ({ as }) =>
      (
        await as(who).create(
          one('configmaps', fresh('new'), { namespace: open, metadata: { labels: unstamped } }),
          dryRun,
        )
      ).ok &&
      (await as(who).create(one('roles', fresh('new'), { namespace: staging }), dryRun)).ok &&
      (await as(who).create(one('leases', fresh('new'), { namespace: staging }), dryRun)).ok,
  },
];
