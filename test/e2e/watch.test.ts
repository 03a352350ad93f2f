/** Lock C: what changes production without explanation becomes a finding, once, and stays one until somebody signs or a release covers it. */
import { expect } from '@jest/globals';
import { accepted, refused, waitFor, waitForGone, type Manifest } from '../support/cluster/cluster.ts';
import { eventually } from '../support/attack/world.ts';
import { condition, image, isTrue, ours, type Reported, type World } from '../support/cluster/system.ts';
import {
  audit,
  closed,
  eventsOf,
  explained,
  findings,
  found,
  foundUntilNow,
  policy,
  scaleAs,
  signFor,
} from '../support/scenario/findings.ts';
import { patienceMs, release, scenarios } from '../support/scenario/kit.ts';
import {
  dataOf,
  entriesOf,
  job,
  manifestOf,
  meddle,
  plant,
  podOf,
  podTemplate,
  service,
} from '../support/scenario/production.ts';

const { scenario: within, system } = scenarios('watched');

const scenario = (sentence: string, run: (world: World) => Promise<void>): void => within(sentence, run, {}, audit);

const components = ['ConfigMap/settings', 'Deployment/api', 'Service/api'];

/** Staging holds this, and production is given it. */
const letter = async (world: World, name: string, text: string): Promise<string | undefined> => {
  await world.stage(world.configMap('settings', { text }), world.deployment('api', text), service(world, 'api'));
  return release(world, world.candidate(name, components));
};

/** Production runs a release of three objects, and all of it is explained. */
const running = async (world: World): Promise<void> => {
  await explained(world);
  expect(await letter(world, 'first', 'a')).toBe('Promoted');
};

const metric = async (world: World): Promise<string | undefined> =>
  (await (await fetch(`${system().operator.address}/metrics`)).text())
    .split('\n')
    .find((line) => line.startsWith(`countersign_findings_open{namespace="${world.production}"}`));

scenario('an edit of what was promoted is one finding, named everywhere, and a signature closes it', async (world) => {
  await running(world);
  await meddle(world, 'Deployment', 'api', { metadata: { labels: { by: 'hand' } } }, 'kubectl-edit');

  const entry = await found(world, 'Deployment/api');
  const data = dataOf(entry);
  expect(data).toMatchObject({ change: 'Changed', managers: ['kubectl-edit', 'countersign-operator'] });
  expect(data['before']).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(data['after']).toBe(entry.digest);
  expect(data['after']).not.toBe(data['before']);
  const seen = await policy(world, (each) => condition(each, 'Explained')?.status === 'False');
  expect(condition(seen, 'Explained')?.message).toMatch(
    /^1 open finding: Deployment\/api was changed by field manager kubectl-edit.*kubectl create -f -$/,
  );
  expect(await metric(world)).toMatch(/ 1$/);

  await signFor(world, 'Deployment/api', 'approver-a', 'approver');
  expect(await closed(world, 'Deployment/api')).toMatchObject({ by: 'Signature', accepted: true });
  await explained(world);
  expect(await metric(world)).toMatch(/ 0$/);
  // What was signed for is the measure now; what was there before is not.
  await meddle(world, 'Deployment', 'api', { metadata: { labels: { by: null } } });
  await policy(world, ({ status }) => status?.findings?.length === 1);
  expect(await findings(world)).toEqual(['Changed Deployment/api', 'Changed Deployment/api']);
  const opened = await eventsOf(world, 'FindingOpened');
  expect(opened.filter((note) => note.includes('kubectl-edit'))).toHaveLength(1);
});

scenario(
  'what is created, changed or deleted of any sort is found, and no value of a Secret is told',
  async (world) => {
    await running(world);
    const installer = world.as('installer');
    const made: readonly Manifest[] = [
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'stray' }, stringData: { token: 'swordfish' } },
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'bare' },
        spec: { containers: [{ name: 'x', image: image('e') }] },
      },
      manifestOf(world, 'Job', 'by-hand', {
        spec: { template: podTemplate('by-hand', 'e', { restartPolicy: 'Never' }) },
      }),
      {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        metadata: { name: 'loose' },
        spec: { selector: { matchLabels: { app: 'loose' } }, template: podTemplate('loose', 'e') },
      },
      { apiVersion: 'apps/v1', kind: 'ControllerRevision', metadata: { name: 'orphan' }, data: {}, revision: 1 },
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name: 'reroute' },
        addressType: 'IPv4',
        endpoints: [],
        ports: [],
      },
    ];
    const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: 'strong' } };
    await plant(world, { ...role, rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] });
    for (const manifest of made) await plant(world, manifest);
    await meddle(world, 'ConfigMap', 'settings', { data: { text: 'other' } });
    await meddle(world, 'ServiceAccount', 'default', { imagePullSecrets: [{ name: 'theirs' }] });
    accepted(await installer.delete(world.ref('Service', 'api')));
    const pod = await podOf(world, 'api');
    accepted(
      await installer.patch(world.ref('Pod', pod.metadata.name), 'strategic', {
        spec: { containers: [{ name: 'main', image: image('e') }] },
      }),
    );
    await meddle(world, 'Secret', 'stray', { stringData: { token: 'sesame' } });

    const expected = [
      ...made.map(({ kind, metadata }) => `${kind}/${metadata.name ?? ''}`),
      'ConfigMap/settings',
      'ServiceAccount/default',
      'Service/api',
      `Pod/${pod.metadata.name}`,
    ];
    await Promise.all(expected.map((object) => found(world, object)));
    const all = await findings(world);
    expect(all.filter((each) => each.startsWith('Deleted'))).toEqual(['Deleted Service/api']);
    // A pod of the loose set is explained by the set, and the pods of the Job by the Job: each is found once.
    expect(new Set(all.map((each) => each.split(' ')[1]))).toEqual(new Set(expected));
    expect(all).toHaveLength(expected.length);
    // Who administers gives rights: that is in the record under their name, and no finding.
    const given = (await entriesOf(world, 'Admitted')).find(({ subject }) => subject.name === 'strong');
    expect(given).toMatchObject({ decision: 'Administer', actor: { username: 'installer' } });
    const told = JSON.stringify([await world.ledger(), await policy(world, () => true)]);
    expect(told).not.toMatch(/swordfish|sesame|c3dvcmRmaXNo|c2VzYW1l/);
  },
);

scenario(
  'a label by which a Service would take a pod is found, and one that nothing picks by is not',
  async (world) => {
    await explained(world);
    const primary = manifestOf(world, 'Service', 'primary', {
      spec: { selector: { role: 'primary' }, ports: [{ port: 80 }] },
    });
    await world.stage(world.deployment('api', 'a'), primary);
    expect(await release(world, world.candidate('first', ['Deployment/api', 'Service/primary']))).toBe('Promoted');
    const pod = (await podOf(world, 'api')).metadata.name ?? '';
    const labelled = (labels: Readonly<Record<string, string>>) => meddle(world, 'Pod', pod, { metadata: { labels } });
    await labelled({ mesh: 'on' });
    expect(await foundUntilNow(world)).toEqual([]);
    await labelled({ role: 'primary' });
    await found(world, `Pod/${pod}`);
    expect(await foundUntilNow(world)).toEqual([`Created Pod/${pod}`]);
  },
);

scenario('a release, and a rollback, close the findings that they cover', async (world) => {
  await running(world);
  accepted(await world.as('installer').delete(world.ref('Service', 'api')));
  await found(world, 'Service/api');
  expect(await letter(world, 'second', 'b')).toBe('Promoted');
  expect(await closed(world, 'Service/api')).toMatchObject({ by: 'Release', accepted: false });

  await meddle(world, 'ConfigMap', 'settings', { data: { text: 'other' } });
  await found(world, 'ConfigMap/settings');
  accepted(
    await world.as('sre-a').create({
      apiVersion: ours,
      kind: 'Rollback',
      metadata: { name: 'back', namespace: world.production },
      spec: { package: 'payments', reason: 'somebody edited it' },
    }),
  );
  await waitFor<Reported>(
    world.as('sre-a'),
    world.ref('Rollback', 'back'),
    (seen) => isTrue(seen, 'Finished'),
    patienceMs,
  );
  expect(await closed(world, 'ConfigMap/settings')).toMatchObject({ by: 'Release' });
  await explained(world);
  expect(await foundUntilNow(world)).toEqual(['Deleted Service/api', 'Changed ConfigMap/settings']);
});

scenario('a finding is not signed for by who may not sign, nor for another content', async (world) => {
  await running(world);
  await meddle(world, 'ConfigMap', 'settings', { data: { text: 'other' } });
  const entry = await found(world, 'ConfigMap/settings');
  const signature = (digest: string): Manifest => ({
    apiVersion: ours,
    kind: 'Approval',
    metadata: { generateName: 'finding-', namespace: world.production },
    spec: {
      subject: { kind: 'Finding', name: String(entry.seq).padStart(12, '0'), uid: entry.id },
      digest,
      role: 'approver',
      decision: 'Approve',
    },
  });
  expect(refused(await world.as('developer-a').create(signature(entry.digest))).code).toBe(403);
  accepted(await world.as('approver-a').create(signature(`sha256:${'0'.repeat(64)}`)));
  expect(await foundUntilNow(world)).toEqual(['Changed ConfigMap/settings']);
  expect((await world.ledger()).filter(({ type }) => type === 'FindingClosed')).toEqual([]);
  accepted(await world.as('approver-b').create(signature(entry.digest)));
  expect(await closed(world, 'ConfigMap/settings')).toMatchObject({ by: 'Signature' });
});

scenario('rollouts, Jobs, evictions, scaling by an autoscaler and a failed release are explained', async (world) => {
  await explained(world);
  const scaler = await system().controlPlane.identity({
    name: 'system:serviceaccount:kube-system:horizontal-pod-autoscaler',
  });
  const autoscaler = manifestOf(world, 'HorizontalPodAutoscaler', 'api', {
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' },
      minReplicas: 1,
      maxReplicas: 5,
    },
  });
  const all = [...components, 'Job/migrate', 'StatefulSet/state', 'HorizontalPodAutoscaler/api', 'CronJob/often'];
  const content = (text: string): readonly Manifest[] => [
    world.configMap('settings', { text }),
    world.deployment('api', text),
    service(world, 'api'),
    job(world, 'migrate', text),
    autoscaler,
    manifestOf(world, 'StatefulSet', 'state', {
      spec: {
        serviceName: 'state',
        replicas: 2,
        selector: { matchLabels: { app: 'state' } },
        template: podTemplate('state', text),
      },
    }),
    manifestOf(world, 'CronJob', 'often', {
      spec: {
        schedule: '* * * * *',
        jobTemplate: { spec: { template: podTemplate('often', text, { restartPolicy: 'Never' }) } },
      },
    }),
  ];
  await world.stage(...content('a'));
  expect(await release(world, world.candidate('first', all))).toBe('Promoted');
  for (const replicas of [3, 5, 2]) await scaleAs(world, scaler.name, 'api', replicas);
  // A pod that was chosen may be one that the scaling takes away.
  let evicted = '';
  await eventually(
    'a pod is evicted',
    async () => {
      const { name = '' } = (await podOf(world, 'api')).metadata;
      evicted = name;
      return world.as('installer').createAt(
        { ...world.ref('Pod', name), subresource: 'eviction' },
        {
          apiVersion: 'policy/v1',
          kind: 'Eviction',
          metadata: { name, namespace: world.production },
        },
      );
    },
    ({ ok }) => ok,
  );
  await waitForGone(world.as('installer'), world.ref('Pod', evicted), patienceMs);

  // Jobs cannot be staged under the same name twice.
  accepted(
    await world
      .as('developer-a')
      .delete(world.ref('Job', 'migrate', world.staging), { propagationPolicy: 'Background' }),
  );
  await waitForGone(world.as('developer-a'), world.ref('Job', 'migrate', world.staging), patienceMs);
  await world.stage(...content('b'));
  const failing = {
    overlay: [
      {
        kind: 'Deployment',
        name: 'api',
        patch: { spec: { template: { metadata: { annotations: { 'countersign.test/behaviour': 'crash-loop' } } } } },
      },
    ],
  };
  expect(await release(world, world.candidate('second', all, failing))).toBe('RolledBack');
  expect(await foundUntilNow(world)).toEqual([]);
});
