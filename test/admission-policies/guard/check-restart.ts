/** What comes along with a restart: nothing at all. */
import { accepted, type ApiClient } from '../../support/cluster/cluster.ts';
import { dryRun, refusedBy, type Check } from '../world/check.ts';
import { at, one, podSpec } from '../world/guard-objects.ts';
import type { GuardWorld } from '../world/guard-world.ts';

/** Of a workload and its pods; the main container and the selector are left alone. */
interface Fields {
  readonly metadata?: object;
  readonly spec?: object;
  readonly podMetadata?: object;
  readonly podAnnotations?: object;
  readonly podSpec?: object;
}

const restartedAt = { 'kubectl.kubernetes.io/restartedAt': '2026-03-11T15:00:00Z' };

/** A restart, and what else is written in the same patch. */
export const restart = ({ metadata, spec, podMetadata, podAnnotations, ...pod }: Fields = {}) => ({
  metadata: metadata ?? {},
  spec: {
    ...spec,
    template: {
      metadata: { ...podMetadata, annotations: { ...restartedAt, ...podAnnotations } },
      ...(pod.podSpec === undefined ? {} : { spec: pod.podSpec }),
    },
  },
});

/** It says something at every level. */
const full = 'restart-full';
const prepare = async ({ preparer }: GuardWorld): Promise<void> => {
  const keep = { keep: 'yes' };
  const template = { metadata: { name: 'main', labels: { app: full }, annotations: keep }, spec: podSpec() };
  const spec = { replicas: 0, selector: { matchLabels: { app: full } }, minReadySeconds: 3, template };
  const created = await preparer.create(
    one('deployments', full, { metadata: { labels: keep, annotations: keep }, spec }),
  );
  if (!created.ok && created.code !== 409) accepted(created);
};

/** Something else, something more, and something less, at each level. */
const along: readonly Fields[] = [
  { metadata: { labels: { keep: 'no' } } },
  { metadata: { finalizers: ['example.dev/hold'] } },
  { metadata: { labels: null } },
  { metadata: { annotations: { keep: 'no' } } },
  { metadata: { annotations: { more: 'yes' } } },
  { metadata: { annotations: { keep: null } } },
  { spec: { minReadySeconds: 4 } },
  { spec: { paused: true } },
  { spec: { minReadySeconds: null } },
  { podSpec: { terminationGracePeriodSeconds: 7 } },
  { podMetadata: { name: 'other' } },
  { podMetadata: { labels: { more: 'yes' } } },
  { podMetadata: { finalizers: ['example.dev/hold'] } },
  { podMetadata: { name: null } },
  { podAnnotations: { keep: 'no' } },
  { podAnnotations: { more: 'yes' } },
  { podAnnotations: { keep: null } },
];

const sre = ({ as }: GuardWorld): ApiClient => as('sre-a');

export const ofRestarts: readonly Check[] = [
  ...(['deployments', 'statefulsets', 'daemonsets'] as const).map((resource) => ({
    name: `who operates restarts one of ${resource}`,
    passes: async (world: GuardWorld) =>
      (await sre(world).patch(at(resource, 'standing'), 'merge', restart(), dryRun)).ok,
  })),
  {
    name: 'who operates restarts a workload, and nobody says any more who manages it',
    passes: async (world) => {
      const unmanaged = restart({ metadata: { managedFields: [{}] } });
      return (await sre(world).patch(at('deployments', 'standing'), 'merge', unmanaged, dryRun)).ok;
    },
  },
  {
    name: 'who does not hold the right to operate restarts nothing',
    passes: async ({ as }) =>
      refusedBy(
        await as('attacker').patch(at('deployments', 'standing'), 'merge', restart(), dryRun),
        'ProductionGuardOperateRightMissing',
      ),
  },
  {
    name: 'who operates restarts no ReplicaSet',
    passes: async (world) =>
      refusedBy(
        await sre(world).patch(at('replicasets', 'standing'), 'merge', restart(), dryRun),
        'ProductionGuardWorkload',
      ),
  },
  ...along.map((fields) => ({
    name: `who operates does not write ${JSON.stringify(fields)} along with a restart`,
    passes: async (world: GuardWorld) => {
      await prepare(world);
      const alone = await sre(world).patch(at('deployments', full), 'merge', restart(), dryRun);
      const more = await sre(world).patch(at('deployments', full), 'merge', restart(fields), dryRun);
      return alone.ok && refusedBy(more, 'ProductionGuardWorkload');
    },
  })),
];
