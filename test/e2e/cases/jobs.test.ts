/** Jobs: what ran stays done, whatever takes the object away, and a Job that needs its own package runs after it. */
import { expect } from '@jest/globals';
import { waitFor, waitForGone, type KubeObject, type Manifest } from '../../support/cluster/cluster.ts';
import { isTrue, type World } from '../../support/cluster/system.ts';
import { jobName } from '../../../operator/decide/manifest/normal-form.ts';
import {
  approverA,
  approverB,
  end,
  everybody,
  gateSays,
  inProduction,
  patched,
  patienceMs,
  scenarios,
  sign,
  staged,
  tester,
} from '../../support/scenario/kit.ts';
import {
  behave,
  behaving,
  entriesOf,
  dataOf,
  job,
  manifestOf,
  messageOf,
  podOf,
  podTemplate,
  recorded,
  service,
  writesTo,
} from '../../support/scenario/production.ts';

const { scenario, system } = scenarios('jobs');

/** Its end is its own: the object goes as soon as it has finished. */
const leavingAtOnce = (manifest: Manifest, seconds = 0): Manifest =>
  patched(manifest, { spec: { ttlSecondsAfterFinished: seconds } });

/** Jobs that were made in production, by name. */
const jobsMade = async (world: World): Promise<readonly string[]> =>
  (await writesTo(system(), world))
    .filter(({ resource, verb }) => resource === 'jobs' && verb === 'create')
    .map(({ object }) => object);

/** Proposes and signs; the promotion begins, and its Job has the name that it has in production. */
const begin = async (world: World, candidate: Manifest, name: string): Promise<string> => {
  const { name: of = '' } = candidate.metadata;
  await world.propose(candidate);
  await sign(world, of, ...everybody);
  return jobName(name, (await recorded(world, 'PromotionStarted', of)).digest);
};

scenario(
  'a Job that its TTL takes away when it is complete runs exactly once per bundle, and the promotion goes on without it',
  async (world) => {
    await world.stage(job(world, 'migrate', 'a'), world.deployment('web', 'a'));
    const name = await begin(
      world,
      world.candidate('first', ['Job/migrate', 'Deployment/web'], {
        overlay: [
          { kind: 'Job', name: 'migrate', patch: { spec: { ttlSecondsAfterFinished: 0 } } },
          behaving('Deployment', 'web', 'never-ready'),
        ],
      }),
      'migrate',
    );
    const pod = await podOf(world, 'web');
    await waitForGone(world.as('installer'), world.ref('Job', name), patienceMs);
    await behave(world, pod, undefined);

    expect(await end(world, 'first')).toBe('Promoted');

    expect(await jobsMade(world)).toEqual([`jobs/${name}`]);
    const done = (await entriesOf(world, 'JobDone', 'first')).at(-1);
    expect(dataOf(done)).toMatchObject({ object: `Job/${name}`, outcome: 'Complete' });
  },
  { health: { progressTimeout: '90s', observeFor: '0s' } },
);

scenario(
  'a Job that fails and that its TTL takes away at once fails the promotion, by what the record says of it',
  async (world) => {
    await world.stage(job(world, 'migrate', 'a'), world.deployment('web', 'a'));
    const name = await begin(
      world,
      world.candidate('first', ['Job/migrate', 'Deployment/web'], {
        overlay: [
          {
            kind: 'Job',
            name: 'migrate',
            patch: {
              spec: {
                ttlSecondsAfterFinished: 0,
                template: { metadata: { annotations: { 'countersign.test/behaviour': 'fail' } } },
              },
            },
          },
        ],
      }),
      'migrate',
    );

    expect(await end(world, 'first')).toBe('RolledBack');

    await waitForGone(world.as('installer'), world.ref('Job', name), patienceMs);
    expect(await jobsMade(world)).toEqual([`jobs/${name}`]);
    const done = (await entriesOf(world, 'JobDone', 'first')).at(-1);
    expect(dataOf(done)).toMatchObject({ object: `Job/${name}`, outcome: 'Failed' });
    expect((await entriesOf(world, 'RollbackStarted'))[0]?.reason).toContain('the Job failed');
  },
  // Longer than anybody waits here: the failure itself is what ends it.
  { health: { progressTimeout: '10m', observeFor: '0s' } },
);

scenario(
  'a Job that completed in staging is held to have run: that its TTL has taken it away since is no change of staging',
  async (world) => {
    const cleanup = leavingAtOnce(job(world, 'cleanup', 'a'), 5);
    await world.stage(
      patched(cleanup, {
        spec: { template: { metadata: { annotations: { 'countersign.test/behaviour': 'never-ready' } } } },
      }),
      world.deployment('web', 'a'),
    );
    const behaviour = { metadata: { annotations: { 'countersign.test/behaviour': null } } };
    await world.propose(
      world.candidate('first', ['Job/cleanup', 'Deployment/web'], {
        overlay: [{ kind: 'Job', name: 'cleanup', patch: { spec: { template: behaviour } } }],
      }),
    );
    await staged(world, 'first');
    await gateSays(world, 'first', 'StagingHealthy', 'StagingUnhealthy');
    const inStaging = { ...world.ref('Pod', undefined, world.staging), labelSelector: 'app=cleanup' };
    const pod = await waitFor(world.as('installer'), inStaging, () => true, patienceMs);
    await behave(world, pod, undefined, world.staging);
    await waitForGone(world.as('developer-a'), world.ref('Job', 'cleanup', world.staging), patienceMs);

    await sign(world, 'first', tester, approverA);
    for (const name of ['StagingHealthy', 'StagingUnchanged']) await gateSays(world, 'first', name, name);
    await sign(world, 'first', approverB);

    expect(await end(world, 'first')).toBe('Promoted');
  },
  { stagingHold: 'UntilPromoted', health: { progressTimeout: '90s', observeFor: '0s' } },
);

/** A database, and a Job that fills it, as one package. */
const shop = (world: World): readonly Manifest[] => [
  patched(service(world, 'db'), { spec: { clusterIP: 'None' } }),
  manifestOf(world, 'StatefulSet', 'db', {
    spec: {
      serviceName: 'db',
      replicas: 2,
      selector: { matchLabels: { app: 'db' } },
      template: podTemplate('db', 'a'),
    },
  }),
  patched(job(world, 'schema', 'a'), { metadata: { annotations: { 'countersign.dev/wave': 'After' } } }),
];

const shopParts = ['Service/db', 'StatefulSet/db', 'Job/schema'];

interface Ready extends KubeObject {
  readonly status?: { readonly readyReplicas?: number };
}

scenario(
  'a Job that needs the database of its own package runs after it: the StatefulSet is ready and its Service is there',
  async (world) => {
    await world.stage(...shop(world));
    const name = await begin(
      world,
      world.candidate('first', shopParts, { overlay: [behaving('Job', 'schema', 'never-ready')] }),
      'schema',
    );
    const pod = await podOf(world, 'schema');
    const database = await inProduction<Ready>(world, 'StatefulSet', 'db', () => true);
    expect(database.status?.readyReplicas).toBe(2);
    expect(await world.live('Service', 'db')).toBeDefined();
    // Nothing is complete before the Job is.
    expect(await entriesOf(world, 'Promoted')).toEqual([]);
    await behave(world, pod, undefined);

    expect(await end(world, 'first')).toBe('Promoted');
    expect(await jobsMade(world)).toEqual([`jobs/${name}`]);
  },
  { health: { progressTimeout: '90s', observeFor: '0s' } },
);

scenario(
  'a Job that runs after the workloads and fails takes the whole package back',
  async (world) => {
    await world.stage(...shop(world));
    await world.propose(world.candidate('first', shopParts, { overlay: [behaving('Job', 'schema', 'fail')] }));
    await sign(world, 'first', ...everybody);

    const ended = await world.when('first', (each) => isTrue(each, 'Finished'), patienceMs);

    expect(messageOf(ended)).toContain('the Job failed');
    expect(await world.live('StatefulSet', 'db')).toBeUndefined();
    expect(await world.live('Service', 'db')).toBeUndefined();
  },
  { health: { progressTimeout: '10m', observeFor: '0s' } },
);
