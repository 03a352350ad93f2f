/**
 * What goes on, and what does not, while the gate is dead, while both are, and while the operator is: production changes no template, and
 * everything that keeps it running goes on. The matrix is printed.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { installer, programIdentities } from '../../hack/controlplane/identities.ts';
import { serviceAccountToken } from '../../hack/controlplane/chart.ts';
import { startGate, type GateProcess } from '../../hack/controlplane/gate.ts';
import {
  accepted,
  startTimeoutMs,
  waitFor,
  waitForAll,
  waitForGone,
  type Answer,
  type ApiClient,
  type KubeObject,
} from '../support/cluster/cluster.ts';
import { image, startSystem, type System, type World } from '../support/cluster/system.ts';
import { end, everybody, patienceMs, sign } from '../support/scenario/kit.ts';
import { behave, manifestOf, plant, podOf, podTemplate, recorded, service } from '../support/scenario/production.ts';

let system: System;
let world: World;
let operator: ApiClient;
let autoscaler: ApiClient;
let cronJobs: ApiClient;
let lateGate: GateProcess | undefined;

const kubeSystem = 'kube-system';
const rbac = 'rbac.authorization.k8s.io';

/** Holds every right in RBAC, so that the locks alone decide. */
const powerful = 'developer-b';

beforeAll(async () => {
  system = await startSystem();
  const setup = system.as(installer.name);
  for (const [name, subject] of [
    ['powerful', { kind: 'User', apiGroup: rbac, name: powerful }],
    ['node', { kind: 'User', apiGroup: rbac, name: programIdentities.kwok.name }],
  ] as const) {
    accepted(
      await setup.create({
        apiVersion: `${rbac}/v1`,
        kind: 'ClusterRoleBinding',
        metadata: { name: `test-${name}` },
        roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'cluster-admin' },
        subjects: [subject],
      }),
    );
  }
  operator = setup.withToken(await serviceAccountToken(system.controlPlane, 'countersign-operator'));
  autoscaler = await loop('horizontal-pod-autoscaler');
  cronJobs = await loop('cronjob-controller');
  world = await system.world(
    'outage',
    { health: { progressTimeout: '40s', observeFor: '45s', settle: '0s' } },
    { before: populate },
  );
}, startTimeoutMs * 3);

afterAll(async () => {
  for (const each of [operator, autoscaler, cronJobs]) each?.close();
  await lateGate?.stop();
  await system?.stop();
});

/** A program of kube-controller-manager, by its token. */
async function loop(name: string): Promise<ApiClient> {
  const setup = system.as(installer.name);
  const answer = await setup.createAt<KubeObject & { readonly status: { readonly token: string } }>(
    { apiVersion: 'v1', kind: 'ServiceAccount', namespace: kubeSystem, name, subresource: 'token' },
    { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } },
  );
  return setup.withToken(accepted(answer).status.token);
}

async function populate(world: World): Promise<void> {
  const workload = (kind: string, name: string, more: object = {}) =>
    manifestOf(world, kind, name, {
      spec: { selector: { matchLabels: { app: name } }, template: podTemplate(name, 'a'), ...more },
    });
  for (const each of [
    workload('Deployment', 'web', { replicas: 2 }),
    workload('StatefulSet', 'state', { replicas: 1, serviceName: 'state' }),
    workload('DaemonSet', 'agent'),
    service(world, 'web'),
    manifestOf(world, 'CronJob', 'minutely', {
      spec: {
        schedule: '* * * * *',
        jobTemplate: { spec: { template: podTemplate('minutely', 'a', { restartPolicy: 'Never' }) } },
      },
    }),
  ])
    await plant(world, each);
  for (const app of ['web', 'state', 'agent']) await running(world, app);
}

interface Pod extends KubeObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

const isReady = ({ status, metadata }: Pod): boolean =>
  metadata.deletionTimestamp === undefined &&
  status?.conditions?.some((each) => each.type === 'Ready' && each.status === 'True') === true;

/** The ready pods of an application, when there are as many as that at least, and none of these. */
const running = async (world: World, app: string, count = 1, gone: readonly string[] = []): Promise<readonly Pod[]> => {
  const isThere = (pods: readonly Pod[]): readonly Pod[] =>
    pods.filter(
      (pod) => pod.metadata.labels?.['app'] === app && isReady(pod) && !gone.includes(pod.metadata.uid ?? ''),
    );
  const all = await waitForAll<Pod>(
    system.as(installer.name),
    world.ref('Pod'),
    (pods) => isThere(pods).length >= count,
    patienceMs,
  );
  return isThere(all);
};

/** A pod goes as its node lets it go, and its controller makes another. */
const remade = async (app: string, count = 1): Promise<void> => {
  const [pod] = await running(world, app, count);
  const node = system.as(programIdentities.kwok.name);
  accepted(await node.delete(world.ref('Pod', pod?.metadata.name), { gracePeriodSeconds: 0 }));
  await running(world, app, count, [pod?.metadata.uid ?? '']);
};

const scaled = async (replicas: number): Promise<void> => {
  const { code, text } = await autoscaler.raw({
    method: 'PUT',
    path: `/apis/apps/v1/namespaces/${world.production}/deployments/web/scale`,
    body: {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'web', namespace: world.production },
      spec: { replicas },
    },
  });
  if (code !== 200) throw new Error(text);
  await waitFor<KubeObject & { readonly status?: { readonly readyReplicas?: number; readonly replicas?: number } }>(
    system.as(installer.name),
    world.ref('Deployment', 'web'),
    ({ status }) => status?.readyReplicas === replicas && status.replicas === replicas,
    patienceMs,
  );
};

let turn = 0;
const fresh = (prefix: string): string => `${prefix}-${(turn += 1)}`;

const completed = (name: string): Promise<KubeObject> =>
  waitFor<KubeObject & { readonly status?: { readonly succeeded?: number } }>(
    system.as(installer.name),
    world.ref('Job', name),
    ({ status }) => status?.succeeded === 1,
    patienceMs,
  );

/** When the state began that is looked at. */
let since = '';

interface Row {
  readonly name: string;
  /** Throws when it does not go on. */
  readonly goesOn: () => Promise<unknown>;
}

const continuity: readonly Row[] = [
  { name: 'a pod of a Deployment is made anew', goesOn: () => remade('web', 2) },
  { name: 'a pod of a StatefulSet is made anew', goesOn: () => remade('state') },
  { name: 'a pod of a DaemonSet is made anew', goesOn: () => remade('agent') },
  { name: 'an autoscaler scales up', goesOn: () => scaled(4) },
  { name: 'an autoscaler scales down', goesOn: () => scaled(2) },
  {
    name: 'a drain evicts a pod, and it is made anew',
    goesOn: async () => {
      const [pod] = await running(world, 'web', 2);
      const { name, uid = '' } = pod?.metadata ?? {};
      const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: world.production } };
      accepted(
        await system.as(installer.name).createAt({ ...world.ref('Pod', name), subresource: 'eviction' }, eviction),
      );
      await running(world, 'web', 2, [uid]);
    },
  },
  {
    name: 'a Service learns of new pods',
    goesOn: async () => {
      const ready = await running(world, 'web', 2);
      await waitForAll<
        KubeObject & { readonly endpoints?: readonly { readonly targetRef?: { readonly uid?: string } }[] }
      >(
        system.as(installer.name),
        { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', namespace: world.production },
        (slices) => {
          const known = new Set(
            slices.flatMap(({ endpoints = [] }) => endpoints.map(({ targetRef }) => targetRef?.uid)),
          );
          return ready.every(({ metadata }) => known.has(metadata.uid));
        },
        patienceMs,
      );
    },
  },
  {
    name: 'a Job of the CronJob controller completes',
    goesOn: async () => {
      const owner = await world.live('CronJob', 'minutely');
      const name = fresh('by-controller');
      const reference = {
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        name: 'minutely',
        uid: owner?.metadata.uid ?? '',
        controller: true,
      };
      accepted(
        await cronJobs.create({
          apiVersion: 'batch/v1',
          kind: 'Job',
          metadata: { name, namespace: world.production, ownerReferences: [reference] },
          spec: { template: podTemplate('minutely', 'a', { restartPolicy: 'Never' }) },
        }),
      );
      await completed(name);
    },
  },
  {
    name: 'a node gets the token with which a pod starts',
    goesOn: async () =>
      accepted(
        await system
          .as(programIdentities.kwok.name)
          .createAt(
            { ...world.ref('ServiceAccount', 'default'), subresource: 'token' },
            { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
          ),
      ),
  },
  {
    name: 'a node says how a pod is',
    goesOn: async () => {
      const [pod] = await running(world, 'agent');
      const target = { ...world.ref('Pod', pod?.metadata.name), subresource: 'status' };
      const message = fresh('seen');
      accepted(await system.as(programIdentities.kwok.name).patch(target, 'strategic', { status: { message } }));
    },
  },
  {
    name: 'programs note events in production',
    goesOn: async () =>
      accepted(
        await autoscaler.create({
          apiVersion: 'v1',
          kind: 'Event',
          metadata: { name: fresh('note'), namespace: world.production },
          involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace: world.production, name: 'web' },
          reason: 'Tried',
          type: 'Normal',
        }),
      ),
  },
  {
    name: 'a new namespace gets its account and its certificate, and goes when it is deleted',
    goesOn: async () => {
      const setup = system.as(installer.name);
      const name = fresh('other');
      const namespace = { apiVersion: 'v1', kind: 'Namespace', name };
      accepted(await setup.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
      await waitFor(setup, world.ref('ServiceAccount', 'default', name), () => true, patienceMs);
      await waitFor(setup, world.ref('ConfigMap', 'kube-root-ca.crt', name), () => true, patienceMs);
      accepted(await setup.delete(namespace));
      await waitForGone(setup, namespace, patienceMs);
    },
  },
  {
    name: 'developers roll out in staging',
    goesOn: () => world.stage(world.deployment('other', turn % 2 === 0 ? 'c' : 'd')),
  },
  {
    name: 'what loses its owner in staging is collected',
    goesOn: async () => {
      const name = fresh('short');
      await world.stage(world.deployment(name, 'a'));
      accepted(await world.as('developer-a').delete(world.ref('Deployment', name, world.staging)));
      await waitForAll(
        system.as(installer.name),
        world.ref('Pod', undefined, world.staging),
        (pods) => pods.every(({ metadata }) => metadata.labels?.['app'] !== name),
        patienceMs,
      );
    },
  },
  // It fires once a minute, so it is asked when the others are done.
  {
    name: 'a CronJob fires, and its Job completes',
    goesOn: async () => {
      const isOfNow = ({ metadata }: KubeObject): boolean =>
        metadata.name?.startsWith('minutely-') === true && (metadata.creationTimestamp ?? '').slice(0, 19) > since;
      const jobs = await waitForAll(system.as(installer.name), world.ref('Job'), (all) => all.some(isOfNow), 90_000);
      await completed(jobs.find(isOfNow)?.metadata.name ?? '');
    },
  },
];

const template = { spec: { template: { spec: { containers: [{ name: 'main', image: image('e') }] } } } };
const web = () => world.ref('Deployment', 'web');

/** As the operator writes: the whole object. */
const rewritten = async (who: ApiClient): Promise<Answer<unknown>> => {
  const live = await world.live<KubeObject & { readonly spec: object }>('Deployment', 'web');
  if (live === undefined) throw new Error('there is no Deployment web');
  return who.replace({ ...live, spec: { ...live.spec, template: podTemplate('web', 'e') } });
};

const refused: readonly { readonly name: string; readonly attempt: () => Promise<Answer<unknown>> }[] = [
  {
    name: 'a developer with every right changes a template',
    attempt: () => system.as(powerful).patch(web(), 'strategic', template),
  },
  {
    name: 'the installer changes a template',
    attempt: () => system.as(installer.name).patch(web(), 'strategic', template),
  },
  {
    name: 'a stolen token of the operator changes a template',
    attempt: () => rewritten(operator),
  },
  {
    name: 'a stolen token of the operator creates a workload',
    attempt: () =>
      operator.create({
        ...world.deployment(fresh('evil'), 'e'),
        metadata: { name: fresh('evil'), namespace: world.production },
      }),
  },
  {
    name: 'the token of the CronJob controller deletes a workload',
    attempt: () => cronJobs.delete(web()),
  },
  {
    name: 'the guard is taken off',
    attempt: () =>
      system.as(powerful).patch({ apiVersion: 'v1', kind: 'Namespace', name: world.production }, 'merge', {
        metadata: { labels: { 'countersign.dev/guarded': null } },
      }),
  },
];

const refuser = (words: string): string => {
  if (words.includes('is forbidden: User')) return 'RBAC';
  return words.includes('webhook') ? 'B' : 'A';
};

const shown = new Map<string, Map<string, string>>();
const note = (row: string, state: string, what: string): void => {
  shown.set(row, (shown.get(row) ?? new Map<string, string>()).set(state, what));
};

const port = async (): Promise<number> => {
  const { webhooks } = accepted(
    await system
      .as(installer.name)
      .get<KubeObject & { readonly webhooks: readonly { readonly clientConfig: { readonly url: string } }[] }>({
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingWebhookConfiguration',
        name: 'countersign-gate',
      }),
  );
  return Number(new URL(webhooks[0]?.clientConfig.url ?? '').port);
};

test('a failing release goes back with the gate dead', async () => {
  await world.stage(world.deployment('api', 'a'));
  await world.propose(world.candidate('first', ['Deployment/api']));
  await sign(world, 'first', ...everybody);
  await running(world, 'api');
  await recorded(world, 'Promoted', 'first'); // the next one does not wait until it has been observed
  await world.stage(world.deployment('api', 'b'));
  await world.propose(world.candidate('second', ['Deployment/api']));
  await sign(world, 'second', ...everybody);
  await recorded(world, 'Promoted', 'second'); // its pods are the only ones from here on, and it is observed
  await system.gate.stop('SIGKILL');
  await behave(world, await podOf(world, 'api'), 'crash-loop');
  expect(await end(world, 'second')).toBe('RolledBack');
  const live = await world.live<KubeObject & { readonly spec: unknown }>('Deployment', 'api');
  expect(JSON.stringify(live?.spec)).toContain(image('a'));
  note('a failing release goes back', 'gate dead', 'goes on');
});

describe.each<[string, () => Promise<unknown>]>([
  ['gate dead', async () => {}],
  ['both dead', () => system.operator.stop('SIGKILL')],
  [
    'operator dead',
    async () => {
      lateGate = await startGate(system.controlPlane, { port: await port(), instance: 'gate-late' });
    },
  ],
])('%s', (state, begin) => {
  beforeAll(async () => {
    await begin();
    since = new Date().toISOString().slice(0, 19);
  }, startTimeoutMs);

  test.each(refused.map((each) => [each.name, each] as const))('refused: %s', async (name, { attempt }) => {
    const answer = await attempt();
    expect(answer).toMatchObject({ ok: false });
    const words = answer.ok ? '' : (answer.body.message ?? '');
    expect(words).toMatch(/Guard\w*: |admission webhook|calling webhook|is forbidden: User/);
    note(name, state, `refused by ${refuser(words)}`);
  });

  test.each(continuity.map((each) => [each.name, each] as const))('goes on: %s', async (name, { goesOn }) => {
    await expect(goesOn()).resolves.not.toBe(false);
    note(name, state, 'goes on');
  });
});

test('no template of production changed meanwhile', async () => {
  for (const name of ['web', 'state', 'agent']) {
    const kind = { web: 'Deployment', state: 'StatefulSet', agent: 'DaemonSet' }[name] ?? '';
    const live = await world.live<KubeObject & { readonly spec: unknown }>(kind, name);
    expect(JSON.stringify(live?.spec)).toContain(image('a'));
    expect(JSON.stringify(live?.spec)).not.toContain(image('e'));
  }
});

afterAll(() => {
  const states = ['operator dead', 'gate dead', 'both dead'];
  const lines = [
    ['', ...states],
    ...[...shown].map(([row, cells]) => [row, ...states.map((state) => cells.get(state) ?? '—')]),
  ];
  const width = Math.max(...lines.map(([name = '']) => name.length));
  process.stdout.write(
    `\n${lines.map(([name = '', ...cells]) => [name.padEnd(width), ...cells.map((cell) => cell.padEnd(14))].join('  ').trimEnd()).join('\n')}\n`,
  );
});
