/** Releases that change what Kubernetes does not take back: claims that grow, immutable ConfigMaps, StatefulSets that go with their data. */
import { beforeAll, expect } from '@jest/globals';
import { accepted, waitFor, waitForGone, type KubeObject, type Manifest } from '../../support/cluster/cluster.ts';
import { condition, isTrue, ours, type Entry, type Reported, type World } from '../../support/cluster/system.ts';
import {
  amendPolicy,
  bundleOf,
  end,
  everybody,
  gateSays,
  inProduction,
  patienceMs,
  release,
  scenarios,
  sign,
} from '../../support/scenario/kit.ts';
import {
  behave,
  behaving,
  dataOf,
  entriesOf,
  inCluster,
  manifestOf,
  podOf,
  podTemplate,
  recorded,
  service,
  storageClass,
  volume,
} from '../../support/scenario/production.ts';

const { scenario, system } = scenarios('data');

/** A class of which nobody makes volumes: claims stay as they are asked for. */
beforeAll(async () => {
  accepted(
    await system()
      .as('installer')
      .create({
        apiVersion: 'storage.k8s.io/v1',
        kind: 'StorageClass',
        metadata: { name: 'none' },
        provisioner: 'kubernetes.io/no-provisioner',
      }),
  );
});

interface Claim extends KubeObject {
  readonly spec: {
    readonly storageClassName?: string;
    readonly volumeName?: string;
    readonly resources: { readonly requests: { readonly storage: string } };
  };
  readonly status?: { readonly phase?: string };
}

interface Data extends KubeObject {
  readonly data: Readonly<Record<string, string>>;
  readonly immutable?: boolean;
}

interface Workload extends KubeObject {
  readonly spec: {
    readonly replicas: number;
    readonly template: { readonly spec: { readonly containers: readonly { readonly image: string }[] } };
  };
}

const claim = (world: World, storage: string, storageClassName?: string): Manifest =>
  manifestOf(world, 'PersistentVolumeClaim', 'data', {
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage } },
      ...(storageClassName === undefined ? {} : { storageClassName }),
    },
  });

const health = (progressTimeout: string, observeFor = '0s') => ({ health: { progressTimeout, observeFor } });
const patient = health('120s');

/** A release whose pods never become ready in production: it goes back when its time is over. */
const failing = async (world: World, candidate: Manifest): Promise<string | undefined> => {
  const { name = '' } = candidate.metadata;
  await world.propose(candidate);
  await sign(world, name, ...everybody);
  await recorded(world, 'PromotionStarted', name);
  await amendPolicy(world, health('10s'));
  await recorded(world, 'RollbackStarted', name);
  await amendPolicy(world, patient);
  return end(world, name);
};

const neverReady = { overlay: [behaving('Deployment', 'web', 'never-ready')] };

const letterOf = async (world: World, kind: string, name: string): Promise<string | undefined> =>
  (await world.live<Workload>(kind, name))?.spec.template.spec.containers[0]?.image.at(-1);

const findings = (world: World): Promise<readonly Entry['spec'][]> => entriesOf(world, 'FindingOpened');

scenario(
  'a rollback of a release that let a claim grow ends, leaves the claim as large as it is, and the next release starts',
  async (world) => {
    const sc = `${world.production}-grows`;
    await inCluster(world, storageClass(sc), volume(`${sc}-1`, sc), volume(`${sc}-2`, sc));
    const parts = ['PersistentVolumeClaim/data', 'Deployment/web'];
    await world.stage(claim(world, '1Gi', sc), world.deployment('web', 'a'));
    expect(await release(world, world.candidate('first', parts))).toBe('Promoted');
    await inProduction<Claim>(world, 'PersistentVolumeClaim', 'data', ({ status }) => status?.phase === 'Bound');
    await waitFor<Claim>(
      world.as('developer-a'),
      world.ref('PersistentVolumeClaim', 'data', world.staging),
      ({ status }) => status?.phase === 'Bound',
      patienceMs,
    );
    accepted(
      await world.as('developer-a').patch(world.ref('PersistentVolumeClaim', 'data', world.staging), 'merge', {
        spec: { resources: { requests: { storage: '2Gi' } } },
      }),
    );
    await world.stage(world.deployment('web', 'b'));

    expect(await failing(world, world.candidate('second', parts, neverReady))).toBe('RolledBack');
    expect(await letterOf(world, 'Deployment', 'web')).toBe('a');
    expect((await world.live<Claim>('PersistentVolumeClaim', 'data'))?.spec.resources.requests.storage).toBe('2Gi');
    const told = dataOf((await entriesOf(world, 'RolledBack'))[0]);
    expect(told['left']).toMatchObject([
      {
        object: 'PersistentVolumeClaim/data',
        wanted: 'spec.resources.requests.storage: 1Gi',
        found: 'spec.resources.requests.storage: 2Gi',
      },
    ]);

    await world.stage(world.deployment('web', 'c'));
    expect(await release(world, world.candidate('third', parts))).toBe('Promoted');
    expect(await findings(world)).toEqual([]);
  },
  patient,
);

const settings = (world: World, text: string, immutable?: true): Manifest => ({
  ...world.configMap('settings', { text }),
  ...(immutable === undefined ? {} : { immutable }),
});

/** An immutable ConfigMap of staging changes only by being made again. */
const restage = async (world: World, ...objects: readonly Manifest[]): Promise<void> => {
  await world.as('developer-a').delete(world.ref('ConfigMap', 'settings', world.staging));
  await world.stage(...objects);
};

scenario(
  'a rollback of a release that made a ConfigMap immutable brings back what the ConfigMap held',
  async (world) => {
    const parts = ['ConfigMap/settings', 'Deployment/web'];
    await world.stage(settings(world, 'calm'), world.deployment('web', 'a'));
    expect(await release(world, world.candidate('first', parts))).toBe('Promoted');
    await world.stage(settings(world, 'fast', true), world.deployment('web', 'b'));

    expect(await failing(world, world.candidate('second', parts, neverReady))).toBe('RolledBack');
    const now = await world.live<Data>('ConfigMap', 'settings');
    expect([now?.data['text'], now?.immutable]).toEqual(['calm', undefined]);
    expect(await letterOf(world, 'Deployment', 'web')).toBe('a');
    expect(await findings(world)).toEqual([]);
  },
  patient,
);

scenario(
  'an order goes back to a release whose ConfigMap was immutable, past one that made it again with other data',
  async (world) => {
    const both = ['ConfigMap/settings', 'Deployment/web'];
    await world.stage(settings(world, 'calm', true), world.deployment('web', 'a'));
    expect(await release(world, world.candidate('first', both))).toBe('Promoted');
    await world.stage(world.deployment('web', 'b'));
    expect(await release(world, world.candidate('second', ['Deployment/web']))).toBe('Promoted');
    await restage(world, settings(world, 'fast', true), world.deployment('web', 'c'));
    expect(await release(world, world.candidate('third', both))).toBe('Promoted');

    const to = String(dataOf((await entriesOf(world, 'PromotionStarted', 'first'))[0])['to']);
    accepted(
      await world.as('sre-a').create({
        apiVersion: ours,
        kind: 'Rollback',
        metadata: { name: 'far', namespace: world.production },
        spec: { package: 'payments', reason: 'customers cannot pay', to },
      }),
    );
    const done = await waitFor<Reported>(
      world.as('sre-a'),
      world.ref('Rollback', 'far'),
      (each) => isTrue(each, 'Finished'),
      patienceMs,
    );
    expect(condition(done, 'Finished')?.reason).toBe('RolledBack');
    const now = await world.live<Data>('ConfigMap', 'settings');
    expect([now?.data['text'], now?.immutable]).toEqual(['calm', true]);
    expect(await letterOf(world, 'Deployment', 'web')).toBe('a');
    expect(await findings(world)).toEqual([]);
  },
  patient,
);

scenario(
  'a rollback leaves a claim the class that the control plane gave it after the release',
  async (world) => {
    const parts = ['PersistentVolumeClaim/data', 'Deployment/web'];
    await world.stage(claim(world, '1Gi'), world.deployment('web', 'a'));
    expect(await release(world, world.candidate('first', parts))).toBe('Promoted');
    const sc = `${world.production}-later`;
    const isDefault = { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } };
    await inCluster(world, storageClass(sc, { metadata: { name: sc, ...isDefault } }));
    const hasClass = ({ spec }: Claim): boolean => spec.storageClassName === sc;
    await inProduction<Claim>(world, 'PersistentVolumeClaim', 'data', hasClass);
    await waitFor<Claim>(
      world.as('developer-a'),
      world.ref('PersistentVolumeClaim', 'data', world.staging),
      hasClass,
      patienceMs,
    );
    await world.stage(world.deployment('web', 'b'));

    expect(await failing(world, world.candidate('second', parts, neverReady))).toBe('RolledBack');
    expect(await letterOf(world, 'Deployment', 'web')).toBe('a');
    expect((await world.live<Claim>('PersistentVolumeClaim', 'data'))?.spec.storageClassName).toBe(sc);
    expect(await findings(world)).toEqual([]);
    accepted(await world.as('installer').delete({ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', name: sc }));
  },
  patient,
);

/** A database that says that its claims go with it. */
const database = (world: World, name: string, letter: string, storageClassName: string): Manifest =>
  manifestOf(world, 'StatefulSet', name, {
    spec: {
      serviceName: 'db',
      replicas: 1,
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Retain' },
      selector: { matchLabels: { app: name } },
      template: podTemplate(name, letter),
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: { storageClassName, accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        },
      ],
    },
  });

const isRunning = async (world: World, name: string, namespace: string): Promise<void> => {
  await waitFor<KubeObject & { readonly status?: { readonly readyReplicas?: number } }>(
    world.as('installer'),
    world.ref('StatefulSet', name, namespace),
    ({ status }) => status?.readyReplicas === 1,
    patienceMs,
  );
};

const wholeClaim = async (world: World, name: string) => {
  const found = await inProduction<Claim>(
    world,
    'PersistentVolumeClaim',
    name,
    ({ spec }) => spec.volumeName !== undefined,
  );
  return { uid: found.metadata.uid, volume: found.spec.volumeName };
};

const dropped = async (world: World): Promise<{ readonly claim: unknown }> => {
  const sc = `${world.production}-db`;
  await inCluster(world, storageClass(sc), ...[1, 2, 3, 4, 5, 6].map((n) => volume(`${sc}-${n}`, sc)));
  await world.stage(service(world, 'db'), database(world, 'db', 'a', sc));
  await isRunning(world, 'db', world.staging);
  expect(await release(world, world.candidate('first', ['Service/db', 'StatefulSet/db']))).toBe('Promoted');
  const claimBefore = await wholeClaim(world, 'data-db-0');
  await world.stage(database(world, 'db2', 'b', sc));
  await isRunning(world, 'db2', world.staging);
  return { claim: claimBefore };
};

scenario(
  'the data of a StatefulSet that a release drops survives its rollback, in the same claim and volume',
  async (world) => {
    const before = await dropped(world);
    await amendPolicy(world, health('120s', '600s'));
    await world.propose(world.candidate('second', ['Service/db', 'StatefulSet/db2']));
    await sign(world, 'second', ...everybody);
    await recorded(world, 'Promoted', 'second');
    // Nothing of it runs beside the new one.
    await inProduction<Workload & { readonly status: { readonly replicas: number } }>(
      world,
      'StatefulSet',
      'db',
      ({ spec, status }) => spec.replicas === 0 && status.replicas === 0,
    );

    await behave(world, await podOf(world, 'db2'), 'crash-loop');
    expect(await end(world, 'second')).toBe('RolledBack');
    await isRunning(world, 'db', world.production);
    expect(await wholeClaim(world, 'data-db-0')).toEqual(before.claim);
    expect(await findings(world)).toEqual([]);
  },
  patient,
);

scenario(
  'the claims of a StatefulSet that a release drops stay when observation is over',
  async (world) => {
    const before = await dropped(world);
    expect(await release(world, world.candidate('second', ['Service/db', 'StatefulSet/db2']))).toBe('Promoted');
    await waitForGone(world.as('installer'), world.ref('StatefulSet', 'db'), patienceMs);
    expect(await wholeClaim(world, 'data-db-0')).toEqual(before.claim);
    expect(await findings(world)).toEqual([]);
  },
  patient,
);

scenario(
  'a release that drops a claim is blocked until its candidate says that the data goes, which signers read',
  async (world) => {
    const both = ['PersistentVolumeClaim/data', 'Deployment/web'];
    await world.stage(claim(world, '1Gi', 'none'), world.deployment('web', 'a'));
    expect(await release(world, world.candidate('first', both))).toBe('Promoted');

    await world.propose(world.candidate('forgets', ['Deployment/web']));
    const told = await gateSays(world, 'forgets', 'Reversible', 'DataWouldBeLost');
    expect([told.outcome, told.message]).toEqual(['Blocked', expect.stringContaining('PersistentVolumeClaim data')]);
    expect(told.remedy).toContain('spec.irreversible: [{kind: PersistentVolumeClaim, name: data, reason: <why>}]');

    const irreversible = [{ kind: 'PersistentVolumeClaim', name: 'data', reason: 'the data moved to the bucket' }];
    await world.propose(world.candidate('says', ['Deployment/web'], { irreversible, replaces: 'forgets' }));
    const ready = await sign(world, 'says', ...everybody);
    const { spec } = await bundleOf(world, ready);
    expect(spec.deltaText).toMatch(
      /Cannot be taken back:\n.*PersistentVolumeClaim data is deleted[^]*moved to the bucket/,
    );
    expect(spec.delta.find(({ object }) => object === 'PersistentVolumeClaim/data')?.class).toBe('data loss');
    expect(await end(world, 'says')).toBe('Promoted');
    await waitForGone(world.as('installer'), world.ref('PersistentVolumeClaim', 'data'), patienceMs);
    expect(await findings(world)).toEqual([]);
  },
  patient,
);

scenario(
  'the claims of a StatefulSet go with it where the candidate says so, after observation and not before',
  async (world) => {
    await dropped(world);
    await amendPolicy(world, health('120s', '10s'));
    const irreversible = [{ kind: 'StatefulSet', name: 'db', reason: 'the data moved to db2' }];
    await world.propose(world.candidate('second', ['Service/db', 'StatefulSet/db2'], { irreversible }));
    await sign(world, 'second', ...everybody);
    await recorded(world, 'Promoted', 'second');
    expect(await wholeClaim(world, 'data-db-0')).toBeDefined();
    await waitForGone(world.as('installer'), world.ref('StatefulSet', 'db'), patienceMs);
    await waitForGone(world.as('installer'), world.ref('PersistentVolumeClaim', 'data-db-0'), patienceMs);
    expect(await findings(world)).toEqual([]);
  },
  patient,
);

scenario(
  'a StatefulSet that a release drops runs again after its rollback, though the policy leaves its replicas to others',
  async (world) => {
    const before = await dropped(world);
    await amendPolicy(world, health('120s', '600s'));
    await world.propose(world.candidate('second', ['Service/db', 'StatefulSet/db2']));
    await sign(world, 'second', ...everybody);
    await recorded(world, 'Promoted', 'second');

    await behave(world, await podOf(world, 'db2'), 'crash-loop');
    expect(await end(world, 'second')).toBe('RolledBack');
    await isRunning(world, 'db', world.production);
    expect(await wholeClaim(world, 'data-db-0')).toEqual(before.claim);
    expect(await findings(world)).toEqual([]);
  },
  { ...patient, operate: { scale: [{ kind: 'StatefulSet', name: 'db', min: 1, max: 3 }] } },
);
