/** Argo Rollouts: a Rollout is a workload. Its definition is the project's; its controller is one of ours that makes ReplicaSets and reports as the real one does. */
import { afterAll, beforeAll, expect } from '@jest/globals';
import { accepted, type ApiClient } from '../support/cluster/cluster.ts';
import { foreignController } from '../support/cluster/rights.ts';
import { rolling, type ReplicaSet, type Workload } from '../support/cluster/rolling.ts';
import { define, definitionsIn, published } from '../../hack/controlplane/definitions.ts';
import { image, isTrue, type Reported, type World } from '../support/cluster/system.ts';
import { eventually } from '../support/attack/world.ts';
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
  controller = await foreignController(system(), account);
  await system().controlPlane.identity({ name: podMaker });
}, 300_000);

afterAll(async () => {
  await Promise.all(controllers.map((each) => each.stop()));
  controller?.close();
});

const ref = (namespace: string) => ({ apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', namespace, name: 'web' });
const hashLabel = 'rollouts-pod-template-hash';
const verdictAnnotation = 'countersign.test/verdict';

/** What the pods say, but for what the template asks for: to be degraded, paused or aborted. */
const reportOf = (rollout: Workload, hash: string, { status = {}, spec }: ReplicaSet) => {
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

/** One controller for both namespaces of a world. */
const rollingOut = (world: World): void => {
  for (const namespace of [world.staging, world.production]) {
    controllers.push(rolling(controller, { target: ref(namespace), hashLabel, report: reportOf }));
  }
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
  const { spec } = accepted(await world.as('installer').get<Workload>(ref(world.production)));
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
