/** When an object goes is content: finalizers and owners are compared by the watch, shown to signers, set by releases and put back by rollbacks. */
import { beforeAll, expect } from '@jest/globals';
import { accepted, refused, waitFor, type KubeObject } from '../support/cluster/cluster.ts';
import { isTrue, ours, type Entry, type Reported, type World } from '../support/cluster/system.ts';
import {
  audit,
  closed,
  explained,
  findings,
  found,
  foundUnderGuard,
  foundUntilNow,
  podMaker,
  policy,
  signFor,
} from '../support/scenario/findings.ts';
import { endNow, letIn, when } from '../support/scenario/night.ts';
import { inProduction, patienceMs, release, scenarios, type BundleSeen } from '../support/scenario/kit.ts';
import { dataOf, manifestOf, meddle, plant, podOf, service } from '../support/scenario/production.ts';

const { scenario, system } = scenarios('lifetime');

const collector = 'system:serviceaccount:kube-system:generic-garbage-collector';

beforeAll(async () => {
  for (const name of [podMaker, collector]) await system().controlPlane.identity({ name });
});

const finalizer = 'elb.example.com/resources';
const components = ['ConfigMap/settings', 'Deployment/api', 'PersistentVolumeClaim/data', 'Service/api'];

const staged = async (world: World, text: string, finalizers: readonly string[] = []): Promise<void> => {
  const settings = world.configMap('settings', { text });
  await world.stage(
    { ...settings, metadata: { ...settings.metadata, finalizers: [...finalizers] } },
    world.deployment('api', 'a'),
    manifestOf(world, 'PersistentVolumeClaim', 'data', {
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    }),
    service(world, 'api'),
  );
};

const running = async (world: World, finalizers: readonly string[] = []): Promise<void> => {
  await explained(world);
  await staged(world, 'a', finalizers);
  expect(await release(world, world.candidate('first', components))).toBe('Promoted');
};

type Bound = KubeObject & {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly finalizers?: readonly string[];
    readonly ownerReferences?: readonly unknown[];
  };
};

const live = async (world: World, kind: string, name: string): Promise<Bound['metadata']> =>
  accepted(await world.as('installer').get<Bound>(world.ref(kind, name))).metadata;

/** The finding that tells of a change in words. */
const told = (world: World, object: string, words: string): Promise<Entry> =>
  waitFor<Entry>(
    world.as('auditor-a'),
    world.ref('LedgerEntry'),
    ({ spec }) => spec.type === 'FindingOpened' && dataOf(spec)['object'] === object && spec.reason.includes(words),
    patienceMs,
  );

const goBack = async (world: World, name: string): Promise<void> => {
  accepted(
    await world.as('sre-a').create({
      apiVersion: ours,
      kind: 'Rollback',
      metadata: { name, namespace: world.production },
      spec: { package: 'payments', reason: 'what is there is not what was released' },
    }),
  );
  await waitFor<Reported>(
    world.as('sre-a'),
    world.ref('Rollback', name),
    (seen) => isTrue(seen, 'Finished'),
    patienceMs,
  );
};

scenario(
  'a finalizer that somebody plants or takes is a finding with object, field and value, and is signed for',
  async (world) => {
    await running(world);
    await meddle(world, 'Deployment', 'api', { metadata: { finalizers: [finalizer] } }, 'kubectl-edit');
    const { spec } = await told(world, 'Deployment/api', `metadata.finalizers gained ${finalizer}`);
    expect(dataOf(spec)).toMatchObject({
      change: 'Changed',
      paths: ['metadata.finalizers'],
      lifetime: { before: [], after: [`finalizer ${finalizer}`] },
    });
    expect(spec.reason).toContain('by field manager kubectl-edit');
    const seen = await policy(world, ({ status }) => status?.findings?.length === 1);
    expect(seen.status?.findings?.[0]?.message).toContain(finalizer);

    await signFor(world, 'Deployment/api', 'approver-a', 'approver');
    expect(await closed(world, 'Deployment/api')).toMatchObject({ by: 'Signature', accepted: true });
    await explained(world);
    await meddle(world, 'Deployment', 'api', { metadata: { finalizers: null } });
    await told(world, 'Deployment/api', `metadata.finalizers lost ${finalizer}`);
    expect(await foundUntilNow(world)).toEqual(['Changed Deployment/api', 'Changed Deployment/api']);
  },
  {},
  audit,
);

scenario(
  'an owner that somebody plants is a finding with object, field and value, whoever made the object',
  async (world) => {
    await running(world);
    const { uid } = await live(world, 'Service', 'api');
    const owner = { apiVersion: 'v1', kind: 'Service', name: 'api', uid };
    const pod = await podOf(world, 'api');
    const planted = [
      ['ConfigMap', 'settings'],
      ['PersistentVolumeClaim', 'data'],
      ['Pod', pod.metadata.name ?? ''],
    ] as const;
    for (const [kind, name] of planted) {
      const { ownerReferences = [] } = await live(world, kind, name);
      await meddle(world, kind, name, { metadata: { ownerReferences: [...ownerReferences, owner] } });
    }
    for (const [kind, name] of planted) {
      const { spec } = await told(world, `${kind}/${name}`, 'metadata.ownerReferences gained Service/api');
      expect(spec.reason).toContain(uid);
      expect(dataOf(spec)).toMatchObject({ change: 'Changed', paths: ['metadata.ownerReferences'] });
    }
    expect(await foundUntilNow(world)).toHaveLength(planted.length);
  },
  {},
  audit,
);

scenario("with a controller's token a finalizer and an owner pass lock A, and the watch finds both", async (world) => {
  await running(world);
  const asDeveloper = await world
    .as('developer-a')
    .patch(world.ref('Deployment', 'api'), 'merge', { metadata: { finalizers: [finalizer] } });
  expect(refused(asDeveloper).code).toBe(403);

  const { uid } = await live(world, 'Service', 'api');
  const metadata = { ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name: 'api', uid }] };
  const token = world.as(collector);
  accepted(await token.patch(world.ref('Deployment', 'api'), 'merge', { metadata: { finalizers: [finalizer] } }));
  accepted(await token.patch(world.ref('PersistentVolumeClaim', 'data'), 'merge', { metadata }));
  await told(world, 'Deployment/api', `metadata.finalizers gained ${finalizer}`);
  await told(world, 'PersistentVolumeClaim/data', 'metadata.ownerReferences gained Service/api');
  expect((await foundUnderGuard(world)).toSorted()).toEqual([
    'Changed Deployment/api',
    'Changed PersistentVolumeClaim/data',
  ]);
});

scenario(
  'what the control plane sets for its own ends is no finding, nor what the policy leaves to others',
  async (world) => {
    await running(world);
    const claim = await live(world, 'PersistentVolumeClaim', 'data');
    expect(claim.finalizers).toEqual(['kubernetes.io/pvc-protection']);
    const protection = { metadata: { finalizers: ['service.kubernetes.io/load-balancer-cleanup'] } };
    await meddle(world, 'Service', 'api', protection, 'service-controller');
    await meddle(world, 'ConfigMap', 'settings', { metadata: { finalizers: [finalizer] } });
    // A set that goes after its pods holds foregroundDeletion meanwhile.
    const sets = { apiVersion: 'apps/v1', kind: 'ReplicaSet', namespace: world.production };
    const first = await waitFor<Bound>(world.as('installer'), sets, () => true, patienceMs);
    const { code } = await world.as('installer').raw({
      method: 'DELETE',
      path: `/apis/apps/v1/namespaces/${world.production}/replicasets/${first.metadata.name}`,
      body: { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Foreground' },
    });
    expect(code).toBeLessThan(300);
    await waitFor<Bound>(
      world.as('installer'),
      sets,
      ({ metadata }) => metadata.uid !== first.metadata.uid,
      patienceMs,
    );
    expect(await foundUntilNow(world)).toEqual([]);
  },
  { unmanagedFields: [{ kind: 'ConfigMap', name: 'settings', fields: ['metadata.finalizers'] }] },
  audit,
);

scenario(
  'a release shows the finalizers that it brings, sets them, and a rollback puts back those that were released',
  async (world) => {
    await running(world, [finalizer]);
    expect((await live(world, 'ConfigMap', 'settings')).finalizers).toEqual([finalizer]);

    await staged(world, 'b', ['other.example.com/x']);
    await world.propose(world.candidate('second', components));
    const bundles = () =>
      waitFor<BundleSeen>(
        world.as('auditor-a'),
        world.ref('ReleaseBundle'),
        ({ spec }) => spec.deltaText.includes('other.example.com/x') && spec.deltaText.includes(finalizer),
        patienceMs,
      );
    expect((await bundles()).spec.deltaText).toContain('metadata.finalizers');
    expect(await release(world, world.candidate('third', components))).toBe('Promoted');
    expect((await live(world, 'ConfigMap', 'settings')).finalizers).toEqual(['other.example.com/x']);

    // Behind everybody's back: one planted on each of two objects, one taken.
    await meddle(world, 'ConfigMap', 'settings', { metadata: { finalizers: ['planted.example.com/x'] } });
    await meddle(world, 'Deployment', 'api', { metadata: { finalizers: ['planted.example.com/x'] } });
    await found(world, 'ConfigMap/settings');
    await found(world, 'Deployment/api');
    await goBack(world, 'back');
    await inProduction<Bound>(
      world,
      'ConfigMap',
      'settings',
      ({ metadata }) => JSON.stringify(metadata.finalizers) === JSON.stringify([finalizer]),
    );
    expect((await live(world, 'Deployment', 'api')).finalizers).toBeUndefined();
    expect(await closed(world, 'Deployment/api')).toMatchObject({ by: 'Release' });
    await explained(world);
    expect(await foundUntilNow(world)).toHaveLength(2);
  },
  {},
  audit,
);

scenario(
  'what was there before anybody compared it is the measure: it is no finding, and a release leaves it',
  async (world) => {
    await running(world);
    expect((await live(world, 'Deployment', 'api')).finalizers).toEqual([finalizer]);
    expect((await live(world, 'ConfigMap', 'old')).ownerReferences).toHaveLength(1);
    await meddle(world, 'ConfigMap', 'old', { metadata: { finalizers: null } });
    await told(world, 'ConfigMap/old', `metadata.finalizers lost ${finalizer}`);
    expect(await findings(world)).toEqual(['Changed ConfigMap/old']);
  },
  {},
  {
    ...audit,
    async before(world) {
      const anchor = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'anchor' } };
      await plant(world, anchor);
      const { uid } = await live(world, 'ConfigMap', 'anchor');
      await plant(world, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: {
          name: 'old',
          finalizers: [finalizer],
          ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'anchor', uid }],
        },
      });
      const deployment = world.deployment('api', 'a');
      await plant(world, { ...deployment, metadata: { ...deployment.metadata, finalizers: [finalizer] } });
    },
  },
);

scenario(
  'what an emergency put back is listed for the reviewer all the same, when it has another finalizer or owner than before',
  async (world) => {
    const names = ['held', 'owned', 'plain'] as const;
    await explained(world);
    await world.stage(...[...names, 'anchor'].map((name) => world.configMap(name, { text: 'a' })));
    const all = [...names, 'anchor'].map((name) => `ConfigMap/${name}`);
    expect(await release(world, world.candidate('first', all))).toBe('Promoted');
    await explained(world);
    await letIn(world);
    const write = async (name: string, text: string): Promise<void> => {
      accepted(await world.as('developer-b').patch(world.ref('ConfigMap', name), 'merge', { data: { text } }));
    };
    for (const name of names) await write(name, 'b');
    // Nobody who was let in plants one; with the token of a controller it passes lock A.
    const planted = await world
      .as('developer-b')
      .patch(world.ref('ConfigMap', 'held'), 'merge', { metadata: { finalizers: [finalizer] }, data: { text: 'c' } });
    expect(refused(planted).code).toBe(403);
    const { uid } = await live(world, 'ConfigMap', 'anchor');
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'anchor', uid };
    const token = world.as(collector);
    const change = async (name: string, metadata: object): Promise<void> => {
      accepted(await token.patch(world.ref('ConfigMap', name), 'merge', { metadata }));
    };
    await change('held', { finalizers: [finalizer] });
    await change('owned', { ownerReferences: [owner] });
    for (const name of names) await write(name, 'a');

    await endNow(world);
    const seen = await when(world, ({ status }) => (status?.drift ?? []).length > 0);
    expect(seen.status?.drift).toMatchObject([
      { object: 'ConfigMap/held', change: 'Changed' },
      { object: 'ConfigMap/owned', change: 'Changed' },
    ]);
  },
  { emergency: { followUpWithin: '24h' } },
);
