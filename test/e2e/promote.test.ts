/** Promotion: what is written, in which order, by whom, and what stops it half way. */
import { expect } from '@jest/globals';
import { accepted, waitFor, waitForGone, type KubeObject } from '../support/cluster/cluster.ts';
import { condition, image, isTrue, type Reported, type World } from '../support/cluster/system.ts';
import { verifyChain } from '../../operator/decide/record/chain.ts';
import {
  end,
  everybody,
  gateSays,
  inProduction,
  patienceMs,
  release,
  scenarios,
  sign,
  staged,
  unguarded,
} from '../support/scenario/kit.ts';
import {
  behave,
  behaving,
  componentsOf,
  dataOf,
  differences,
  entriesOf,
  job,
  meddle,
  messageOf,
  normalLive,
  ofEveryKind,
  plant,
  podOf,
  recorded,
  service,
  writesTo,
  type Write,
} from '../support/scenario/production.ts';

const { scenario, system } = scenarios('promote');

interface Data extends KubeObject {
  readonly data: Readonly<Record<string, string>>;
}

interface Workload extends KubeObject {
  readonly spec: {
    readonly replicas: number;
    readonly template: { readonly spec: { readonly containers: readonly { readonly image: string }[] } };
  };
}

/** Proposes and signs; the promotion begins, and the caller looks on. */
const begin = async (world: World, ...candidate: Parameters<World['candidate']>): Promise<void> => {
  await world.propose(world.candidate(...candidate));
  await sign(world, candidate[0], ...everybody);
  await recorded(world, 'PromotionStarted', candidate[0]);
};

const finished = (world: World, name: string): Promise<Reported> => world.finished(name, patienceMs);

const waves = [
  ['serviceaccounts', 'configmaps', 'persistentvolumeclaims', 'networkpolicies', 'poddisruptionbudgets'],
  ['jobs'],
  ['deployments', 'statefulsets', 'daemonsets', 'cronjobs'],
  ['horizontalpodautoscalers'],
  ['services', 'ingresses'],
];

/** Writes that were sent before the last one of an earlier wave had been answered. */
const tooEarly = (writes: readonly Write[]): readonly string[] =>
  waves.flatMap((wave, i) => {
    const earlier = writes.filter(({ resource }) => waves.slice(0, i).some((before) => before.includes(resource)));
    const last =
      earlier
        .map(({ until }) => until)
        .toSorted()
        .at(-1) ?? '';
    return writes.filter(({ resource, from }) => wave.includes(resource) && from < last).map(({ object }) => object);
  });

scenario(
  'every promotable kind is written in waves, by PUT over what was read, a Job once per bundle; what the next release drops is deleted',
  async (world) => {
    const all = ofEveryKind(world, 'a');
    await world.stage(...all);
    expect(await release(world, world.candidate('first', componentsOf(all)))).toBe('Promoted');
    const first = await writesTo(system(), world);
    // A Job is written once more, when the record says how it ended.
    expect(first.map(({ verb, resource }) => `${verb} ${resource}`).toSorted()).toEqual(
      [...waves.flat().map((resource) => `create ${resource}`), 'update jobs'].toSorted(),
    );
    expect(tooEarly(first)).toEqual([]);
    const one = (await entriesOf(world, 'PromotionStarted', 'first'))[0];
    const bundle = String(dataOf(one)['to']);
    expect(await differences(world, bundle)).toEqual([]);
    expect(await world.live('Job', `migrate-${one?.digest.slice('sha256:'.length).slice(0, 8) ?? ''}`)).toBeDefined();

    const dropped = new Set([
      'NetworkPolicy/closed',
      'CronJob/nightly',
      'Service/web',
      'ServiceAccount/runner',
      'PersistentVolumeClaim/data',
      'Ingress/web',
    ]);
    // A Job cannot be changed: the next one of its name is another object.
    accepted(
      await world
        .as('developer-a')
        .delete(world.ref('Job', 'migrate', world.staging), { propagationPolicy: 'Background' }),
    );
    await waitForGone(world.as('developer-a'), world.ref('Job', 'migrate', world.staging));
    const next = ofEveryKind(world, 'b').filter(({ kind, metadata }) => !dropped.has(`${kind}/${metadata.name}`));
    await world.stage(...next.filter(({ kind }) => kind !== 'PodDisruptionBudget'));
    const irreversible = [{ kind: 'PersistentVolumeClaim', name: 'data', reason: 'nothing is kept there any more' }];
    expect(await release(world, world.candidate('second', componentsOf(next), { irreversible }))).toBe('Promoted');
    await waitForGone(world.as('installer'), world.ref('PersistentVolumeClaim', 'data'), patienceMs);
    await waitForGone(world.as('installer'), world.ref('Service', 'web'), patienceMs);
    await waitForGone(world.as('installer'), world.ref('ServiceAccount', 'runner'), patienceMs);

    const second = (await writesTo(system(), world)).slice(first.length);
    expect(tooEarly(second.filter(({ verb }) => verb !== 'delete'))).toEqual([]);
    const updates = second.filter(({ verb }) => verb === 'update');
    // The budget is the same in both releases, and is left alone.
    expect(updates.map(({ resource }) => resource).toSorted()).toEqual([
      'configmaps',
      'daemonsets',
      'deployments',
      'jobs',
      'statefulsets',
    ]);
    expect(updates.every(({ resourceVersion }) => Number(resourceVersion) > 0)).toBe(true);
    const jobs = [...first, ...second].filter(({ resource, verb }) => resource === 'jobs' && verb === 'create');
    expect(jobs).toHaveLength(2);
    expect(new Set(jobs.map(({ object }) => object)).size).toBe(2);

    const [completed] = await entriesOf(world, 'Promoted', 'second');
    const deletes = second.filter(({ verb }) => verb === 'delete');
    const late = ['persistentvolumeclaims', 'serviceaccounts', 'services'];
    expect(deletes.map(({ resource }) => resource).toSorted()).toEqual(
      ['cronjobs', 'ingresses', 'networkpolicies', ...late].toSorted(),
    );
    const observeUntil = String(dataOf(completed)['observeUntil']);
    for (const { resource, from, object } of deletes) {
      const when = late.includes(resource) ? from >= observeUntil : from <= (completed?.time ?? '');
      expect([object, when]).toEqual([object, true]);
    }
    expect(await world.live('PodDisruptionBudget', 'some')).toBeDefined();
    expect(verifyChain(await world.ledger()).broken).toBeUndefined();
  },
  { health: { progressTimeout: '30s', observeFor: '2s', settle: '0s' } },
);

scenario(
  'a Job that fails fails the promotion, and the workloads are never written',
  async (world) => {
    await world.stage(
      world.configMap('settings', { a: '1' }),
      job(world, 'migrate', 'a'),
      world.deployment('api', 'a'),
      service(world, 'api'),
    );
    const components = ['ConfigMap/settings', 'Job/migrate', 'Deployment/api', 'Service/api'];

    const ended = await release(
      world,
      world.candidate('first', components, { overlay: [behaving('Job', 'migrate', 'fail')] }),
    );

    expect(ended).toBe('RolledBack');
    const writes = await writesTo(system(), world);
    expect(writes.filter(({ resource }) => ['deployments', 'services'].includes(resource))).toEqual([]);
    // Into an empty namespace: everything is gone again, but the failed Job, which somebody has to look at.
    expect(await world.live('ConfigMap', 'settings')).toBeUndefined();
    // And that one is only let go of, once the record says that it failed.
    const ofJobs = writes.filter(({ resource, verb }) => resource === 'jobs' && verb !== 'create');
    expect(ofJobs.map(({ verb, by }) => `${verb} by ${by}`)).toEqual(['update by restorer']);
    expect((await entriesOf(world, 'RollbackStarted'))[0]?.reason).toContain('the Job failed');
  },
  // Longer than anybody waits here: the failure itself is what ends it.
  { health: { progressTimeout: '10m', observeFor: '0s', settle: '0s' } },
);

scenario('a first promotion into an empty namespace that fails leaves nothing of itself', async (world) => {
  const all = ofEveryKind(world, 'a').filter(({ kind }) => kind !== 'Job');
  await world.stage(...all);

  const ended = await release(
    world,
    world.candidate('first', componentsOf(all), { overlay: [behaving('Deployment', 'web', 'crash-loop')] }),
  );

  expect(ended).toBe('RolledBack');
  const left = await Promise.all(
    all.map(async ({ kind, metadata }) => ((await world.live(kind, metadata.name ?? '')) === undefined ? [] : [kind])),
  );
  expect(left.flat()).toEqual([]);
  expect(
    (await writesTo(system(), world)).filter(({ verb }) => verb === 'delete').every(({ by }) => by === 'restorer'),
  ).toBe(true);
});

scenario(
  'content that somebody wrote into production blocks the next release, naming the manager, until it is put right',
  async (world) => {
    const components = ['ConfigMap/settings', 'Deployment/api'];
    await world.stage(world.configMap('settings', { level: 'info' }), world.deployment('api', 'a'));
    expect(await release(world, world.candidate('first', components))).toBe('Promoted');
    await meddle(world, 'ConfigMap', 'settings', { data: { level: 'trace' } });
    await world.stage(world.configMap('settings', { level: 'debug' }), world.deployment('api', 'b'));
    await world.propose(world.candidate('second', components));
    await sign(world, 'second', ...everybody);

    const verdict = await gateSays(world, 'second', 'Preflight', 'OwnershipConflict');

    expect(verdict.outcome).toBe('Blocked');
    expect(verdict.message).toContain('data.level of ConfigMap settings (written by by-hand)');
    expect((await inProduction<Data>(world, 'ConfigMap', 'settings', () => true)).data).toEqual({ level: 'trace' });

    await meddle(world, 'ConfigMap', 'settings', { data: { level: 'info' } });
    expect(await end(world, 'second')).toBe('Promoted');
  },
  {},
  unguarded,
);

scenario(
  'content that somebody writes midway stops the promotion, and the whole package goes back',
  async (world) => {
    await world.stage(world.configMap('settings', { level: 'info' }), world.deployment('api', 'a'));
    const components = ['ConfigMap/settings', 'Deployment/api'];
    expect(await release(world, world.candidate('first', components))).toBe('Promoted');
    await world.stage(
      world.configMap('settings', { level: 'debug' }),
      world.deployment('api', 'b'),
      job(world, 'migrate', 'b'),
    );
    await begin(world, 'second', [...components, 'Job/migrate'], {
      overlay: [behaving('Job', 'migrate', 'never-ready')],
    });
    await podOf(world, 'migrate');
    await inProduction<Data>(world, 'ConfigMap', 'settings', ({ data }) => data['level'] === 'debug');

    await meddle(world, 'ConfigMap', 'settings', { data: { level: 'trace' } });

    const done = await finished(world, 'second');
    expect(condition(done, 'Finished')?.reason).toBe('RolledBack');
    expect(messageOf(done)).toContain('OwnershipConflict: ConfigMap/settings');
    expect(messageOf(done)).toContain('field manager by-hand');
    expect((await inProduction<Data>(world, 'ConfigMap', 'settings', () => true)).data).toEqual({ level: 'info' });
    const [started] = await entriesOf(world, 'RollbackStarted', 'second');
    expect(dataOf(started)['overwrites']).toEqual(['ConfigMap/settings']);
    expect(
      (await writesTo(system(), world)).filter(({ object, verb }) => object === 'deployments/api' && verb !== 'create'),
    ).toEqual([]);
    await waitForGone(world.as('installer'), { ...world.ref('Pod'), labelSelector: 'app=migrate' }, patienceMs);
  },
  {},
  unguarded,
);

scenario(
  'live values of unmanaged fields are kept',
  async (world) => {
    await world.stage(world.deployment('api', 'a', { replicas: 1 }));
    expect(await release(world, world.candidate('first', ['Deployment/api']))).toBe('Promoted');
    await meddle(world, 'Deployment', 'api', { spec: { replicas: 3 } });
    await world.stage(world.deployment('api', 'b', { replicas: 2 }));

    expect(await release(world, world.candidate('second', ['Deployment/api']))).toBe('Promoted');

    const live = await inProduction<Workload>(world, 'Deployment', 'api', () => true);
    expect(live.spec.template.spec.containers[0]?.image).toBe(image('b'));
    expect(live.spec.replicas).toBe(3);
  },
  { unmanagedFields: [{ kind: 'Deployment', name: 'api', fields: ['spec.replicas'] }] },
  unguarded,
);

scenario('two packages of one namespace are promoted beside each other', async (world) => {
  const sides = ['left', 'right'];
  await world.stage(
    ...sides.flatMap((side) => [
      world.configMap(side, { side }),
      job(world, `${side}-job`, 'a'),
      world.deployment(side, 'a'),
    ]),
  );
  for (const side of sides) {
    await begin(world, side, [`ConfigMap/${side}`, `Deployment/${side}`, `Job/${side}-job`], {
      package: side,
      overlay: [behaving('Job', `${side}-job`, 'never-ready')],
    });
  }
  // Both are in flight now: each waits for its own Job.
  expect((await world.ledger()).filter(({ type }) => type === 'Promoted')).toEqual([]);
  for (const side of sides) await behave(world, await podOf(world, `${side}-job`), undefined);

  expect(await Promise.all(sides.map((side) => end(world, side)))).toEqual(['Promoted', 'Promoted']);
  expect(verifyChain(await world.ledger()).broken).toBeUndefined();
});

scenario(
  'of one package, one promotion is in flight; the next one waits, and is signed for what it then is',
  async (world) => {
    await world.stage(world.configMap('settings', { level: 'info' }), job(world, 'migrate', 'a'));
    await world.propose(world.candidate('next', ['ConfigMap/settings'], { version: '2.0.0' }));
    const before = await staged(world, 'next');
    await begin(world, 'first', ['ConfigMap/settings', 'Job/migrate'], {
      overlay: [behaving('Job', 'migrate', 'never-ready')],
    });
    const pod = await podOf(world, 'migrate');

    const verdict = await gateSays(world, 'next', 'InFlight', 'PromotionInFlight');
    expect(verdict.outcome).toBe('Waiting');
    expect(verdict.message).toContain('first');

    await behave(world, pod, undefined);
    expect(await end(world, 'first')).toBe('Promoted');
    // Against what production runs now: another delta, another digest.
    await world.when('next', ({ status }) => status?.digest !== before.status?.digest, patienceMs);
    await world.sign(before, ...everybody[0]);
    await gateSays(world, 'next', 'Approvals', 'ApprovalsMissing', ({ message }) =>
      message.includes('signed for other content'),
    );
    await sign(world, 'next', ...everybody);
    expect(await end(world, 'next')).toBe('Promoted');
  },
);

scenario('what the API server refuses midway takes the package back, and the record has its words', async (world) => {
  await world.stage(world.configMap('settings', { level: 'info' }), world.deployment('api', 'a'));
  expect(await release(world, world.candidate('first', ['ConfigMap/settings', 'Deployment/api']))).toBe('Promoted');
  await world.stage(
    world.configMap('settings', { level: 'debug' }),
    job(world, 'migrate', 'b'),
    world.deployment('api', 'b'),
    world.deployment('worker', 'b'),
    service(world, 'worker'),
  );
  await begin(
    world,
    'second',
    ['ConfigMap/settings', 'Job/migrate', 'Deployment/api', 'Deployment/worker', 'Service/worker'],
    {
      overlay: [behaving('Job', 'migrate', 'never-ready')],
    },
  );
  const pod = await podOf(world, 'migrate');
  await quota(world, 'few', { 'count/deployments.apps': '1' });
  await behave(world, pod, undefined);

  const done = await finished(world, 'second');

  expect(condition(done, 'Finished')?.reason).toBe('RolledBack');
  expect(messageOf(done)).toContain('exceeded quota: few');
  const [refused] = await entriesOf(world, 'Refused', 'second');
  expect(refused?.reason).toMatch(/^Deployment\/worker: .*exceeded quota: few/);
  const [started] = await entriesOf(world, 'PromotionStarted', 'second');
  expect(await differences(world, String(dataOf(started)['from']))).toEqual([]);
  expect(await world.live('Deployment', 'worker')).toBeUndefined();
  // The waves after the refusal were not begun.
  expect((await writesTo(system(), world)).filter(({ resource }) => resource === 'services')).toEqual([]);
});

interface Quota extends KubeObject {
  readonly status?: {
    readonly hard?: Readonly<Record<string, string>>;
    readonly used?: Readonly<Record<string, string>>;
  };
}

const quota = async (world: World, name: string, hard: Readonly<Record<string, string>>): Promise<void> => {
  const metadata = { name, namespace: world.production };
  accepted(await world.as('installer').create({ apiVersion: 'v1', kind: 'ResourceQuota', metadata, spec: { hard } }));
  await waitFor<Quota>(
    world.as('installer'),
    world.ref('ResourceQuota', name),
    ({ status }) =>
      Object.keys(hard).every((each) => status?.hard?.[each] !== undefined && status.used?.[each] !== undefined),
    patienceMs,
  );
};

scenario('what the API server would refuse blocks before anything is written, in its own words', async (world) => {
  await world.stage(world.configMap('settings', { level: 'info' }), service(world, 'api'));
  await world.propose(world.candidate('first', ['ConfigMap/settings', 'Service/api']));
  await sign(world, 'first', everybody[0], everybody[1]);
  await quota(world, 'none', { 'count/services': '0' });
  await sign(world, 'first', everybody[2]);

  const verdict = await gateSays(world, 'first', 'Preflight', 'ObjectRefused');

  expect(verdict.outcome).toBe('Blocked');
  expect(verdict.message).toContain('Service api: services "api" is forbidden: exceeded quota: none');
  expect(await writesTo(system(), world)).toEqual([]);
  expect(await entriesOf(world, 'PromotionStarted')).toEqual([]);
});

scenario(
  'a first promotion over what was there adopts it: a baseline is recorded, and a rollback restores it exactly',
  async (world) => {
    await inProduction<KubeObject & { status?: { availableReplicas?: number } }>(
      world,
      'Deployment',
      'api',
      ({ status }) => status?.availableReplicas === 2,
    );
    const was = await Promise.all([normalLive(world, 'ConfigMap', 'settings'), normalLive(world, 'Deployment', 'api')]);
    const uid = (await world.live('Deployment', 'api'))?.metadata.uid;
    await world.stage(
      world.configMap('settings', { level: 'new' }),
      world.deployment('api', 'a'),
      service(world, 'api'),
    );
    const components = ['ConfigMap/settings', 'Deployment/api', 'Service/api'];

    const done = await world
      .propose(world.candidate('first', components, { overlay: [behaving('Deployment', 'api', 'crash-loop')] }))
      .then(async () => sign(world, 'first', ...everybody))
      .then(async () => finished(world, 'first'));

    expect(condition(done, 'Finished')?.reason).toBe('RolledBack');
    const [started] = await entriesOf(world, 'PromotionStarted', 'first');
    const baseline = accepted(
      await world
        .as('auditor-a')
        .get<KubeObject & { spec: { baseline: boolean; objects: unknown[] } }>(
          world.ref('ReleaseBundle', String(dataOf(started)['from'])),
        ),
    );
    expect(baseline.spec.baseline).toBe(true);
    expect(baseline.spec.objects).toHaveLength(2);
    expect(
      await Promise.all([normalLive(world, 'ConfigMap', 'settings'), normalLive(world, 'Deployment', 'api')]),
    ).toEqual(was);
    expect((await world.live('Deployment', 'api'))?.metadata.uid).toBe(uid);
    expect(await world.live('Service', 'api')).toBeUndefined();

    // The twin that is healthy goes forward from the same baseline.
    expect(await release(world, world.candidate('mended', components))).toBe('Promoted');
    expect(isTrue(await world.finished('mended'), 'Promoted')).toBe(true);
  },
  {},
  {
    async before(world) {
      await plant(world, world.configMap('settings', { level: 'old', extra: 'kept' }));
      await plant(world, world.deployment('api', 'c', { replicas: 2 }));
    },
  },
);
