/** Argo Rollouts: a Rollout is a workload. Its definition is the project's; its controller is one of ours that makes ReplicaSets and reports as the real one does. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect } from '@jest/globals';
import { accepted, targetOf, type ApiClient, type KubeObject, type Manifest } from '../support/cluster/cluster.ts';
import { define, definitionsIn, published } from '../../hack/controlplane/definitions.ts';
import { image, isTrue, type Reported, type World } from '../support/cluster/system.ts';
import { eventually, robot } from '../support/attack/world.ts';
import { foundUnderGuard, podMaker } from '../support/scenario/findings.ts';
import { end, everybody, patienceMs, release, scenarios, sign } from '../support/scenario/kit.ts';

const account = { name: 'argo-rollouts', namespace: 'argo-rollouts' };
const username = `system:serviceaccount:${account.namespace}:${account.name}`;

const { scenario, system } = scenarios('rollouts', {
  chart: { controlPlane: { customControllers: [username], rolloutControllers: [username] } },
});

let controller: ApiClient;
const controllers: { readonly stop: () => Promise<void> }[] = [];

beforeAll(async () => {
  const installer = system().as('installer');
  await define(installer, await definitionsIn(published.argoRollouts, 'rollout-crd.yaml'));
  accepted(await installer.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: account.namespace } }));
  accepted(
    await installer.create({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: account.name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'ServiceAccount', ...account }],
    }),
  );
  controller = await robot(system(), account.name, account.namespace);
  await system().controlPlane.identity({ name: podMaker });
}, 300_000);

afterAll(async () => {
  await Promise.all(controllers.map((each) => each.stop()));
  controller?.close();
});

type Template = Readonly<{
  metadata: { labels?: object; annotations?: Readonly<Record<string, string>> };
  spec: object;
}>;

interface Rollout extends KubeObject {
  readonly spec: { readonly replicas: number; readonly template: Template; readonly paused?: boolean };
  readonly status?: Readonly<Record<string, unknown>>;
}

interface ReplicaSet extends KubeObject {
  readonly spec: { readonly replicas: number };
  readonly status?: {
    readonly readyReplicas?: number;
    readonly availableReplicas?: number;
    readonly replicas?: number;
  };
}

const ref = (namespace: string) => ({ apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', namespace, name: 'web' });
const hashLabel = 'rollouts-pod-template-hash';
const verdictAnnotation = 'countersign.test/verdict';

const replicaSet = (rollout: Rollout, namespace: string, hash: string): Manifest => {
  const labels = { ...rollout.spec.template.metadata.labels, [hashLabel]: hash };
  const owner = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name: 'web', uid: rollout.metadata.uid ?? '' };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `web-${hash}`,
      namespace,
      labels,
      ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }],
    },
    spec: {
      replicas: rollout.spec.replicas,
      selector: { matchLabels: labels },
      template: { ...rollout.spec.template, metadata: { ...rollout.spec.template.metadata, labels } },
    },
  };
};

/** What the pods say, but for what the template asks for: to be degraded, paused or aborted. */
const reportOf = (rollout: Rollout, hash: string, { status = {}, spec }: ReplicaSet) => {
  const [ready, available] = [status.readyReplicas ?? 0, status.availableReplicas ?? 0];
  const verdict = rollout.spec.template.metadata.annotations?.[verdictAnnotation];
  const isComplete = available >= spec.replicas;
  const said = {
    degraded: { phase: 'Degraded', message: 'ProgressDeadlineExceeded: it never came up' },
    aborted: { phase: 'Degraded', abort: true, message: 'RolloutAborted: the analysis has failed' },
    paused: { phase: 'Paused', message: 'CanaryPauseStep' },
  }[verdict ?? ''] ?? { phase: isComplete ? 'Healthy' : 'Progressing', message: '' };
  return {
    observedGeneration: String(rollout.metadata.generation),
    currentPodHash: hash,
    replicas: status.replicas ?? 0,
    updatedReplicas: status.replicas ?? 0,
    readyReplicas: ready,
    availableReplicas: available,
    abort: false,
    ...said,
  };
};

const reconcile = async (namespace: string): Promise<void> => {
  const found = await controller.get<Rollout>(ref(namespace));
  if (!found.ok) return;
  const rollout = found.body;
  const hash = createHash('sha256').update(JSON.stringify(rollout.spec.template)).digest('hex').slice(0, 8);
  const wanted = replicaSet(rollout, namespace, hash);
  const current = await controller.get<ReplicaSet>(targetOf(wanted));
  if (!current.ok) {
    accepted(await controller.create(wanted));
    return;
  }
  const all = accepted(await controller.list<ReplicaSet>({ apiVersion: 'apps/v1', kind: 'ReplicaSet', namespace }));
  for (const { metadata, spec } of all.items) {
    const replicas = metadata.name === wanted.metadata.name ? rollout.spec.replicas : 0;
    if (spec.replicas !== replicas) {
      const target = { apiVersion: 'apps/v1', kind: 'ReplicaSet', namespace, name: metadata.name ?? '' };
      accepted(await controller.patch(target, 'merge', { spec: { replicas } }));
    }
  }
  const status = reportOf(rollout, hash, current.body);
  const isSame = Object.entries(status).every(([field, value]) => rollout.status?.[field] === value);
  if (!isSame) accepted(await controller.patch({ ...ref(namespace), subresource: 'status' }, 'merge', { status }));
};

/** One controller for both namespaces of a world. */
const rollingOut = (world: World): void => {
  const ending = new AbortController();
  const over = (async () => {
    while (!ending.signal.aborted) {
      for (const namespace of [world.staging, world.production]) await reconcile(namespace).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  controllers.push({
    stop: async () => {
      ending.abort();
      await over;
    },
  });
};

const stage = async (world: World, letter: string): Promise<void> => {
  const template = {
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'main', image: image(letter) }] },
  };
  const spec = { replicas: 2, selector: { matchLabels: { app: 'web' } }, strategy: { canary: {} }, template };
  const { apiVersion, kind, namespace, name } = ref(world.staging);
  const object = { apiVersion, kind, metadata: { name, namespace }, spec };
  await eventually(
    'the Rollout is staged',
    async () => {
      const created = await world.as('admin').create(object);
      return created.code === 409 ? world.as('admin').patch(ref(namespace), 'merge', { spec: { template } }) : created;
    },
    ({ ok }) => ok,
  );
};

const verdict = (said: string) => ({
  overlay: [
    {
      kind: 'Rollout',
      name: 'web',
      patch: { spec: { template: { metadata: { annotations: { [verdictAnnotation]: said } } } } },
    },
  ],
});

const imageIn = async (world: World): Promise<unknown> => {
  const { spec } = accepted(await world.as('installer').get<Rollout>(ref(world.production)));
  return JSON.stringify(spec.template.spec);
};

const messages = (candidate: Reported): string => JSON.stringify(candidate.status);

scenario(
  'a Rollout is promoted with its pods, and one that its controller calls degraded or aborted goes back',
  async (world) => {
    rollingOut(world);
    await stage(world, 'a');
    expect(await release(world, world.candidate('first', ['Rollout/web']))).toBe('Promoted');
    expect(await imageIn(world)).toContain(image('a'));
    expect(await foundUnderGuard(world)).toEqual([]);

    await stage(world, 'b');
    expect(await release(world, world.candidate('degraded', ['Rollout/web'], verdict('degraded')))).toBe('RolledBack');
    expect(messages(await world.when('degraded', () => true))).toContain('ProgressDeadlineExceeded');
    expect(await imageIn(world)).toContain(image('a'));

    expect(await release(world, world.candidate('aborted', ['Rollout/web'], verdict('aborted')))).toBe('RolledBack');
    expect(messages(await world.when('aborted', () => true))).toContain('RolloutAborted');
    expect(await imageIn(world)).toContain(image('a'));
  },
);

scenario(
  'a Rollout that is paused is not complete, and says how it goes on; its pods fail the release',
  async (world) => {
    rollingOut(world);
    await stage(world, 'a');
    expect(await release(world, world.candidate('first', ['Rollout/web']))).toBe('Promoted');

    await stage(world, 'b');
    await world.propose(world.candidate('paused', ['Rollout/web'], verdict('paused')));
    await sign(world, 'paused', ...everybody);
    await world.when(
      'paused',
      (seen) => messages(seen).includes('give the pause a duration') || isTrue(seen, 'Finished'),
      patienceMs,
    );
    expect(await end(world, 'paused')).toBe('RolledBack');

    const crashing = {
      overlay: [
        {
          kind: 'Rollout',
          name: 'web',
          patch: { spec: { template: { metadata: { annotations: { 'countersign.test/behaviour': 'crash-loop' } } } } },
        },
      ],
    };
    expect(await release(world, world.candidate('crashing', ['Rollout/web'], crashing))).toBe('RolledBack');
    expect(await imageIn(world)).toContain(image('a'));
  },
);
