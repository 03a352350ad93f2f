/** What becomes of people who were let in for an emergency: when their write shows no time, and when it is theirs to do anyway. */
import { accepted, type ApiClient, type Manifest } from '../../support/cluster/cluster.ts';
import { asItIs, dryRun, refusedBy, type Check } from '../world/check.ts';
import { dated } from './emergency-list.ts';
import { delivers, keeps, keepsSecrets, kept, late, oncall, operatesIn } from '../world/emergency-world.ts';
import { helmBook, tokenOf } from '../guard/guard-list.ts';
import { restart } from '../guard/check-restart.ts';
import { at, image, one } from '../world/guard-objects.ts';
import { passes } from '../world/guard-table.ts';
import type { GuardWorld } from '../world/guard-world.ts';
import { fresh } from '../../support/attack/objects.ts';

/** Writes something new to it, and then nothing new. */
const writes = async (who: ApiClient, resource: string, name = 'standing') =>
  (await who.patch(at(resource, name), 'merge', { metadata: { annotations: { note: fresh('n') } } }, dryRun)).ok &&
  (await who.patch(at(resource, name), 'merge', {}, dryRun)).ok;

/** Of an object of which nobody says any more who manages it. */
const unmanaged = async (world: GuardWorld, resource: string): Promise<Manifest> => {
  const object = asItIs(accepted(await world.as('installer').get<Manifest>(at(resource, 'standing'))));
  return { ...object, metadata: { ...object.metadata, managedFields: [{}] } };
};

const ofDated = (resource: string): readonly Check[] => [
  {
    name: `somebody whose emergency is over writes one of ${resource} back, and nobody says any more who manages it`,
    passes: async (world) =>
      refusedBy(
        await world.as(late).replace(await unmanaged(world, resource), dryRun),
        'ProductionGuardEmergencyUndated',
      ),
  },
  {
    name: `somebody who delivers, and whose emergency is over, writes one of ${resource}`,
    passes: ({ as }) => writes(as(delivers), resource),
  },
];

const platformKinds: Readonly<Record<string, string>> = {
  scale: 'horizontalpodautoscalers',
  configuration: 'secrets',
  network: 'services',
};

const ofPlatform = (resource: string): Check => ({
  name: `somebody whom the policy names for one of ${resource}, and whose emergency is over, writes it`,
  passes: async ({ as }) => passes(await as(keeps).create(one(resource, kept))) && writes(as(keeps), resource, kept),
});

const ofOperation: readonly Check[] = [
  {
    name: 'somebody who holds the right to operate, and whose emergency is over, restarts a workload',
    passes: async ({ as, preparer }) => {
      const name = fresh('restarted');
      accepted(await preparer.create(one('deployments', name)));
      accepted(await as(keeps).patch(at('deployments', name), 'merge', restart()));
      return (await as(keeps).patch(at('deployments', name), 'merge', {}, dryRun)).ok;
    },
  },
];

const ofConfiguration: readonly Check[] = [
  {
    name: 'somebody who delivers by a tool, and whose emergency is over, writes its book',
    passes: async ({ as }) => {
      const name = fresh('book');
      accepted(await as(delivers).create(one('secrets', name, helmBook)));
      return writes(as(delivers), 'secrets', name);
    },
  },
  {
    name: 'somebody who keeps Secrets, and whose emergency is over, writes one',
    passes: async ({ as }) => {
      const name = fresh('kept');
      accepted(await as(keepsSecrets).create(one('secrets', name)));
      return writes(as(keepsSecrets), 'secrets', name);
    },
  },
  {
    name: 'somebody who keeps Secrets, and is let in for an emergency, is not held to what they write without it',
    passes: async ({ as }) => {
      const metadata = { labels: { 'countersign.dev/noted': 'yes' } };
      return passes(await as(operatesIn).create(one('secrets', fresh('marked'), { metadata }), dryRun));
    },
  },
  {
    name: 'somebody let in for an emergency creates the token that the policy names for them',
    passes: async ({ as }) => passes(await as(oncall).create(one('secrets', kept, tokenOf('default')), dryRun)),
  },
  {
    name: 'somebody let in for an emergency deletes the token of a program',
    passes: async ({ as }) => (await as(oncall).delete(at('secrets', 'token'), { dryRun: ['All'] })).ok,
  },
];

/** A pod of which nobody says any more who manages it. */
const unmanagedPod = async ({ controller }: GuardWorld): Promise<ReturnType<typeof at>> => {
  const pod = at('pods', fresh('unmanaged'));
  accepted(await controller('replicaset-controller').create(one('pods', pod.name)));
  accepted(await controller('generic-garbage-collector').patch(pod, 'merge', { metadata: { managedFields: [{}] } }));
  return pod;
};

const ofPods: readonly Check[] = (
  [
    ['adds a debug container to', 'strategic', 'ProductionGuardEmergencyUndated'],
    ['applies a debug container to', 'apply', 'ProductionGuardEmergencyOver'],
  ] as const
).map(([does, type, rule]) => ({
  name: `somebody whose emergency is over ${does} a pod that nobody manages any more`,
  passes: async (world) => {
    const { apiVersion, kind, ...metadata } = await unmanagedPod(world);
    const spec = { ephemeralContainers: [{ name: 'debug', image: image('e') }] };
    const target = { apiVersion, kind, ...metadata, subresource: 'ephemeralcontainers' };
    return refusedBy(await world.as(late).patch(target, type, { apiVersion, kind, metadata, spec }, dryRun), rule);
  },
}));

const ofTopic: Readonly<Record<string, readonly Check[]>> = {
  workloads: ofOperation,
  configuration: ofConfiguration,
  pods: ofPods,
};

/** Of a topic. */
export const ofEmergency = (topic: string): readonly Check[] => [
  ...dated.filter(([of]) => of === topic).flatMap(([, resource]) => ofDated(resource)),
  ...Object.entries(platformKinds)
    .filter(([of]) => of === topic)
    .map(([, resource]) => ofPlatform(resource)),
  ...(ofTopic[topic] ?? []),
];
