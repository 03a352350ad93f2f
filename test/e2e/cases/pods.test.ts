/** What pods do to a release, forward and back: revisions that run, pods that nobody replaces, pods that are refused, and ones that need a moment. */
import { expect } from '@jest/globals';
import {
  accepted,
  refused,
  waitForAll,
  waitForGone,
  type KubeObject,
  type Manifest,
} from '../../support/cluster/cluster.ts';
import { condition, image, type World } from '../../support/cluster/system.ts';
import {
  end,
  everybody,
  gateSays,
  patienceMs,
  release,
  scenarios,
  sign,
  unguarded,
} from '../../support/scenario/kit.ts';
import { behaving, dataOf, entriesOf, manifestOf, messageOf, podTemplate } from '../../support/scenario/production.ts';

const { scenario, succeeds, fails } = scenarios('pods');

interface PodCondition {
  readonly type: string;
  readonly status: string;
  readonly lastTransitionTime: string;
}

interface Pod extends KubeObject {
  readonly spec: { readonly containers: readonly { readonly image: string }[] };
  readonly status: { readonly conditions?: readonly PodCondition[] };
}

const set = (world: World, letter: string, spec: Readonly<Record<string, unknown>> = {}): Manifest =>
  manifestOf(world, 'StatefulSet', 'db', {
    spec: {
      replicas: 2,
      serviceName: 'db',
      selector: { matchLabels: { app: 'db' } },
      template: podTemplate('db', letter),
      ...spec,
    },
  });

const components = ['StatefulSet/db'];

/** `name image readiness` of each pod of production. */
const running = async (world: World, app: string): Promise<readonly string[]> => {
  const pods = { ...world.ref('Pod'), labelSelector: `app=${app}` };
  const { items } = accepted(await world.as('installer').list<Pod>(pods));
  return items
    .map(({ metadata, spec, status }) => {
      const ready = status.conditions?.find(({ type }) => type === 'Ready')?.status;
      return `${metadata.name ?? ''} ${spec.containers[0]?.image ?? ''} ${ready ?? 'Unknown'}`;
    })
    .toSorted();
};

scenario(
  'a StatefulSet in order whose new pod is broken goes back with its pods, and the next release goes through',
  async (world) => {
    await world.stage(set(world, 'a'));
    expect(await release(world, world.candidate('first', components))).toBe('Promoted');
    await world.stage(set(world, 'b'));
    const overlay = [behaving('StatefulSet', 'db', 'never-ready')];
    expect(await release(world, world.candidate('second', components, { overlay }))).toBe('RolledBack');

    expect(await running(world, 'db')).toEqual([`db-0 ${image('a')} True`, `db-1 ${image('a')} True`]);
    expect(messageOf(await world.finished('second'))).toContain('db-1 is not ready');
    const [ended] = await entriesOf(world, 'RolledBack', 'second');
    expect(dataOf(ended)['outcome']).toBe('Complete');

    await world.stage(set(world, 'c'));
    expect(await release(world, world.candidate('third', components))).toBe('Promoted');
    expect(await running(world, 'db')).toEqual([`db-0 ${image('c')} True`, `db-1 ${image('c')} True`]);
  },
  { health: { progressTimeout: '20s', rollbackTimeout: '2m', observeFor: '0s', settle: '0s' } },
);

scenario(
  'what OnDelete does not roll out is neither tested nor promoted: its pods are named, and a holder of operate replaces them',
  async (world) => {
    const byHand = { updateStrategy: { type: 'OnDelete' } };
    await world.stage(set(world, 'a', byHand));
    expect(await release(world, world.candidate('first', components))).toBe('Promoted');

    await world.stage(set(world, 'b', byHand));
    await world.propose(world.candidate('second', components));
    const staging = await gateSays(world, 'second', 'StagingHealthy', 'StagingUnhealthy');
    expect(staging.message).toContain('2 of 2 pods still run the revision before: db-0 and db-1');
    const stagedPods = { ...world.ref('Pod'), namespace: world.staging, labelSelector: 'app=db' };
    for (const name of ['db-0', 'db-1']) {
      accepted(await world.as('installer').delete({ ...world.ref('Pod', name), namespace: world.staging }));
    }
    await waitForAll<Pod>(
      world.as('installer'),
      stagedPods,
      (pods) => pods.filter(({ spec }) => spec.containers[0]?.image === image('b')).length === 2,
      patienceMs,
    );

    await sign(world, 'second', ...everybody);
    const seen = await world.when(
      'second',
      (each) => condition(each, 'Healthy')?.message.includes('2 of 2 pods still run the revision before') ?? false,
      patienceMs,
    );
    expect(condition(seen, 'Healthy')?.message).toContain(`kubectl delete pod db-0 db-1 -n ${world.production}`);
    expect(refused(await world.as('developer-a').delete(world.ref('Pod', 'db-0'))).code).toBe(403);

    await succeeds(world, 'sre-a', 'delete', 'pod', 'db-0', 'db-1', '--wait=false');
    expect(await end(world, 'second')).toBe('Promoted');
    expect(await running(world, 'db')).toEqual([`db-0 ${image('b')} True`, `db-1 ${image('b')} True`]);
    const acts = (await entriesOf(world, 'Admitted')).filter(({ decision }) => decision === 'Operate');
    expect(acts.map(({ actor, subject }) => `${actor.username} ${subject.kind}/${subject.name}`)).toEqual([
      'sre-a Pod/db-0',
      'sre-a Pod/db-1',
    ]);
  },
  { health: { progressTimeout: '5m', observeFor: '0s', settle: '0s' } },
);

scenario('a holder of operate deletes no pod that its controller replaces by itself', async (world) => {
  await world.stage(set(world, 'a'));
  expect(await release(world, world.candidate('first', components))).toBe('Promoted');
  expect(await fails(world, 'sre-a', 'delete', 'pod', 'db-0')).toMatch(
    /PodNotOnDelete: sre-a .*Next: restart it instead: kubectl rollout restart statefulset\/db/,
  );
});

const web = (world: World, letter: string, spec: Readonly<Record<string, unknown>> = {}): Manifest =>
  manifestOf(world, 'Deployment', 'web', {
    spec: { replicas: 3, selector: { matchLabels: { app: 'web' } }, template: podTemplate('web', letter, spec) },
  });

const impatient = { health: { progressTimeout: '10s', observeFor: '0s', settle: '0s' } };

scenario(
  'a release whose pods exceed a quota goes back, and the cause is the quota',
  async (world) => {
    await world.stage(web(world, 'a'));
    expect(await release(world, world.candidate('first', ['Deployment/web']))).toBe('RolledBack');
    const message = messageOf(await world.finished('first'));
    expect(message).toContain('not complete within progressTimeout: Deployment/web: 1 of 3 replicas are updated');
    expect(message).toContain('its pods are refused (FailedCreate): exceeded quota: few, requested: pods=1');
    await waitForGone(world.as('installer'), { ...world.ref('Pod'), labelSelector: 'app=web' }, patienceMs);
  },
  impatient,
  {
    before: async (world) => {
      const metadata = { name: 'few', namespace: world.production };
      const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata, spec: { hard: { pods: '1' } } };
      accepted(await world.as('installer').create(quota));
    },
  },
);

scenario(
  'a release whose ServiceAccount production lacks is blocked before it begins, and goes forward with it',
  async (world) => {
    await world.stage(
      manifestOf(world, 'ServiceAccount', 'runner', {}),
      web(world, 'a', { serviceAccountName: 'runner' }),
    );
    await world.propose(world.candidate('first', ['Deployment/web']));
    const { message, remedy } = await gateSays(world, 'first', 'DependenciesPresent', 'DependencyMissing');
    expect(message).toBe(`${world.production} lacks ServiceAccount runner for Deployment web`);
    expect(remedy).toContain('that has ServiceAccount runner among its components');
    expect(await release(world, world.candidate('second', ['Deployment/web', 'ServiceAccount/runner']))).toBe(
      'Promoted',
    );
  },
  { health: { progressTimeout: '2m', observeFor: '0s', settle: '0s' } },
);

scenario(
  'a release of a DaemonSet whose pods are refused goes back, and the cause says where the words of the API server are',
  async (world) => {
    await world.stage(
      manifestOf(world, 'DaemonSet', 'agent', {
        spec: {
          selector: { matchLabels: { app: 'agent' } },
          template: podTemplate('agent', 'a'),
        },
      }),
    );
    expect(await release(world, world.candidate('first', ['DaemonSet/agent']))).toBe('RolledBack');
    const message = messageOf(await world.finished('first'));
    const [, fields = ''] = /with its words in: kubectl get events -n \S+ --field-selector (\S+)/.exec(message) ?? [];
    expect(message).toContain(' pods exist, and its status does not say why');
    expect(await succeeds(world, 'installer', 'get', 'events', '--field-selector', fields)).toMatch(
      /forbidden: exceeded quota: none/,
    );
  },
  impatient,
  {
    before: async (world) => {
      const metadata = { name: 'none', namespace: world.production };
      const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata, spec: { hard: { pods: '0' } } };
      accepted(await world.as('installer').create(quota));
    },
  },
);

scenario(
  'the rollback of a first release is over when the last of its pods is gone, and not before',
  async (world) => {
    const metadata = { finalizers: ['example.com/drains'] };
    await world.stage(web(world, 'a'));
    const overlay = [behaving('Deployment', 'web', 'never-ready')];
    await world.propose(world.candidate('first', ['Deployment/web'], { overlay }));
    await sign(world, 'first', ...everybody);
    const pods = { ...world.ref('Pod'), labelSelector: 'app=web' };
    const [held] = await waitForAll<Pod>(world.as('installer'), pods, (all) => all.length === 3, patienceMs);
    const name = held?.metadata.name ?? '';
    accepted(await world.as('installer').patch(world.ref('Pod', name), 'merge', { metadata }));

    await waitForGone(world.as('installer'), world.ref('Deployment', 'web'), patienceMs);
    await waitForAll<Pod>(world.as('installer'), pods, (all) => all.length === 1, patienceMs);
    await world.when(
      'first',
      (seen) => condition(seen, 'Promoted')?.message.includes(`Deployment/web: ${name} still runs`) ?? false,
      patienceMs,
    );
    expect(await entriesOf(world, 'RolledBack')).toEqual([]);

    const drained = { metadata: { finalizers: null } };
    accepted(await world.as('installer').patch(world.ref('Pod', name), 'merge', drained));
    expect(await end(world, 'first')).toBe('RolledBack');
    const [ended] = await entriesOf(world, 'RolledBack', 'first');
    expect(dataOf(ended)['outcome']).toBe('Complete');
  },
  { health: { progressTimeout: '10s', rollbackTimeout: '3m', observeFor: '0s', settle: '0s' } },
  unguarded,
);

for (const behaviour of ['crash-twice', 'slow-pull'] as const) {
  scenario(
    `a release whose pods start with ${behaviour} and are well a moment later is promoted`,
    async (world) => {
      await world.stage(web(world, 'a'));
      expect(await release(world, world.candidate('first', ['Deployment/web']))).toBe('Promoted');
      await world.stage(web(world, 'b'));
      const overlay = [behaving('Deployment', 'web', behaviour)];
      expect(await release(world, world.candidate('second', ['Deployment/web'], { overlay }))).toBe('Promoted');
      expect(await entriesOf(world, 'RollbackStarted')).toEqual([]);
      expect((await running(world, 'web')).every((pod) => pod.endsWith(`${image('b')} True`))).toBe(true);
    },
    { health: { progressTimeout: '2m', observeFor: '0s', settle: '0s' } },
  );
}

scenario(
  'a release is complete when its pods have been ready for as long as the policy asks',
  async (world) => {
    await world.stage(web(world, 'a'));
    expect(await release(world, world.candidate('first', ['Deployment/web']))).toBe('Promoted');
    const pods = await waitForAll<Pod>(
      world.as('installer'),
      { ...world.ref('Pod'), labelSelector: 'app=web' },
      (all) => all.length === 3,
      patienceMs,
    );
    const [promoted] = await entriesOf(world, 'Promoted', 'first');
    const ready = pods.flatMap(({ status }) =>
      (status.conditions ?? [])
        .filter(({ type }) => type === 'Ready')
        .map((each) => Date.parse(each.lastTransitionTime)),
    );
    expect(Date.parse(promoted?.time ?? '') - Math.max(...ready)).toBeGreaterThanOrEqual(3_000);
  },
  { health: { progressTimeout: '2m', observeFor: '0s', settle: '3s' } },
);
