/**
 * The controller of Argo Rollouts itself, under its own account with the rights that its project gives it. It takes as long to build as a control
 * plane, so `make rollouts` runs this.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { allDefinitions, define, published } from '../../hack/controlplane/definitions.ts';
import {
  ensureRolloutsController,
  rolloutsControllerRole,
  startRolloutsController,
  type RolloutsController,
} from '../../hack/controlplane/rollouts-controller.ts';
import { isManifest } from '../../operator/kube/resource.ts';
import { eventually, robot } from '../support/attack/world.ts';
import { accepted, targetOf, waitFor, waitForAll, type KubeObject, type Manifest } from '../support/cluster/cluster.ts';
import { image, type Reported, type World } from '../support/cluster/system.ts';
import { foundUnderGuard, podMaker } from '../support/scenario/findings.ts';
import { end, everybody, patienceMs, release, scenarios, sign, type Scenarios } from '../support/scenario/kit.ts';

const account = { name: 'argo-rollouts', namespace: 'argo-rollouts' };
const username = `system:serviceaccount:${account.namespace}:${account.name}`;

const isWanted = process.env['COUNTERSIGN_ROLLOUTS'] === 'controller';
const kit = isWanted
  ? scenarios('rolled', { chart: { controlPlane: { customControllers: [username], rolloutControllers: [username] } } })
  : undefined;
// oxlint-disable-next-line jest/valid-title -- the caller's sentence
const scenario: Scenarios['scenario'] = kit?.scenario ?? ((sentence) => test.todo(`make rollouts: ${sentence}`));

let controller: RolloutsController | undefined;

const start = async ({ system }: Scenarios): Promise<void> => {
  const program = await ensureRolloutsController((line) => process.stderr.write(`${line}\n`));
  const installer = system().as('installer');
  await define(installer, await allDefinitions(published.argoRollouts));
  const role: unknown = parse(await rolloutsControllerRole());
  if (!isManifest(role)) throw new Error('the role of the controller is no manifest');
  const objects: readonly Manifest[] = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: account.namespace } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: account },
    role,
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: account.name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role.metadata.name ?? '' },
      subjects: [{ kind: 'ServiceAccount', ...account }],
    },
  ];
  for (const object of objects) accepted(await installer.create(object));
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 7200 } };
  const issued = await installer.createAt<KubeObject & { readonly status: { readonly token: string } }>(
    { apiVersion: 'v1', kind: 'ServiceAccount', ...account, subresource: 'token' },
    request,
  );
  const { controlPlane } = system();
  controller = await startRolloutsController(controlPlane, { program, token: accepted(issued).status.token });
  await controlPlane.identity({ name: podMaker });
};

// Once for the machine: the build takes its time.
if (kit !== undefined) beforeAll(() => start(kit), 3_600_000);
afterAll(() => controller?.stop());

interface Rollout extends KubeObject {
  readonly spec: { readonly replicas: number; readonly template: object };
  readonly status?: {
    readonly phase?: string;
    readonly abort?: boolean;
    readonly stableRS?: string;
    readonly currentPodHash?: string;
    readonly observedGeneration?: string;
  };
}

interface Pod extends KubeObject {
  readonly spec: { readonly containers: readonly { readonly image: string }[] };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

interface Service extends KubeObject {
  readonly spec: { readonly selector: Readonly<Record<string, string>> };
}

const apiVersion = 'argoproj.io/v1alpha1';
const hashLabel = 'rollouts-pod-template-hash';

const rollout = (world: World, letter: string, more: Readonly<Record<string, unknown>>): Manifest => ({
  apiVersion,
  kind: 'Rollout',
  metadata: { name: 'web', namespace: world.staging },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'main', image: image(letter) }] },
    },
    ...more,
  },
});

const service = (world: World, name: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: world.staging },
  spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
});

/** Staging holds it, and its controller has rolled it out there. */
const stage = async (world: World, ...objects: readonly Manifest[]): Promise<void> => {
  const admin = world.as('admin');
  for (const object of objects) {
    await eventually(
      `${object.kind} ${object.metadata.name ?? ''} is staged`,
      async () => {
        const created = await admin.create(object);
        return created.code === 409 ? admin.patch(targetOf(object), 'merge', object) : created;
      },
      ({ ok }) => ok,
    );
  }
};

const at = (namespace: string) => ({ apiVersion, kind: 'Rollout', namespace, name: 'web' });

const live = async (world: World): Promise<Rollout> =>
  accepted(await world.as('installer').get<Rollout>(at(world.production)));

/** Every pod of production runs this, is ready, and there are so many. */
const running = (world: World, letter: string, count = 2): Promise<readonly Pod[]> =>
  waitForAll<Pod>(
    world.as('installer'),
    { apiVersion: 'v1', kind: 'Pod', namespace: world.production, labelSelector: 'app=web' },
    (pods) =>
      pods.length === count &&
      pods.every(
        ({ spec, status, metadata }) =>
          metadata.deletionTimestamp === undefined &&
          spec.containers.every((container) => container.image === image(letter)) &&
          status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true,
      ),
    patienceMs,
  );

const says = (candidate: Reported): string => JSON.stringify(candidate.status);

const overlay = (spec: Readonly<Record<string, unknown>>) => ({
  overlay: [{ kind: 'Rollout', name: 'web', patch: { spec } }],
});
const behaving = (behaviour: string) => ({
  template: { metadata: { annotations: { 'countersign.test/behaviour': behaviour } } },
});

const steps = (...of: readonly object[]) => ({ strategy: { canary: { steps: of } } });
const quickly = steps({ setWeight: 50 }, { pause: { duration: '1s' } });

scenario('a canary is promoted step by step with its pods, and one whose pods crash is taken back', async (world) => {
  await stage(world, rollout(world, 'a', quickly));
  expect(await release(world, world.candidate('first', ['Rollout/web']))).toBe('Promoted');
  await running(world, 'a');

  await stage(world, rollout(world, 'b', quickly));
  expect(await release(world, world.candidate('second', ['Rollout/web']))).toBe('Promoted');
  expect((await live(world)).status).toMatchObject({ phase: 'Healthy' });
  await running(world, 'b');

  await stage(world, rollout(world, 'c', quickly));
  const crashing = world.candidate('crashing', ['Rollout/web'], overlay(behaving('crash-loop')));
  expect(await release(world, crashing)).toBe('RolledBack');
  await running(world, 'b');
  const isHealthy = (seen: Rollout): boolean => seen.status?.phase === 'Healthy';
  const { status } = await waitFor<Rollout>(world.as('installer'), at(world.production), isHealthy, patienceMs);
  expect(status?.currentPodHash).toBe(status?.stableRS);
  expect(await foundUnderGuard(world)).toEqual([]);
});

const forEver = overlay(steps({ setWeight: 50 }, { pause: {} }));

/** Its controller says that first, that last, and for a moment neither. */
const givenUp = /ProgressDeadlineExceeded|RolloutAborted|its rollout was aborted/;

scenario('a canary is taken back that its controller gives up, or that is aborted as it is paused', async (world) => {
  const givingUp = { ...quickly, progressDeadlineSeconds: 5, progressDeadlineAbort: true };
  await stage(world, rollout(world, 'a', givingUp));
  expect(await release(world, world.candidate('first', ['Rollout/web']))).toBe('Promoted');

  await stage(world, rollout(world, 'b', givingUp));
  const late = world.candidate('late', ['Rollout/web'], overlay(behaving('never-ready')));
  expect(await release(world, late)).toBe('RolledBack');
  expect(says(await world.when('late', () => true))).toMatch(givenUp);
  await running(world, 'a');

  await world.propose(world.candidate('aborted', ['Rollout/web'], forEver));
  await sign(world, 'aborted', ...everybody);
  const isPaused = (seen: Rollout): boolean => seen.status?.phase === 'Paused';
  await waitFor<Rollout>(world.as('installer'), at(world.production), isPaused, patienceMs);
  // What `kubectl argo rollouts abort` writes; of all accounts the guard lets its controller write a status.
  const itself = await robot(world, account.name, account.namespace);
  accepted(
    await itself.patch({ ...at(world.production), subresource: 'status' }, 'merge', { status: { abort: true } }),
  );
  itself.close();
  expect(await end(world, 'aborted')).toBe('RolledBack');
  expect(says(await world.when('aborted', () => true))).toMatch(givenUp);
  await running(world, 'a');
  expect(await foundUnderGuard(world)).toEqual([]);
});

scenario(
  'a canary that is paused for longer than progressTimeout is taken back, and says so',
  async (world) => {
    await stage(world, rollout(world, 'a', quickly));
    expect(await release(world, world.candidate('first', ['Rollout/web']))).toBe('Promoted');

    await stage(world, rollout(world, 'b', quickly));
    const paused = world.candidate('paused', ['Rollout/web'], forEver);
    expect(await release(world, paused)).toBe('RolledBack');
    expect(says(await world.when('paused', () => true))).toContain('CanaryPauseStep');
    await running(world, 'a');
    expect(await foundUnderGuard(world)).toEqual([]);
  },
  { health: { progressTimeout: '20s', rollbackTimeout: '60s', observeFor: '0s', settle: '0s' } },
);

scenario(
  'a blue-green Rollout is promoted with its Services, and one whose pods crash is taken back',
  async (world) => {
    const names = ['Rollout/web', 'Service/active', 'Service/preview'];
    const services = [service(world, 'active'), service(world, 'preview')];
    const blueGreen = {
      strategy: { blueGreen: { activeService: 'active', previewService: 'preview', scaleDownDelaySeconds: 1 } },
    };
    const selected = async (): Promise<string | undefined> => {
      const ref = { apiVersion: 'v1', kind: 'Service', namespace: world.production, name: 'active' };
      return accepted(await world.as('installer').get<Service>(ref)).spec.selector[hashLabel];
    };
    await stage(world, ...services, rollout(world, 'a', blueGreen));
    expect(await release(world, world.candidate('first', names))).toBe('Promoted');
    await running(world, 'a');
    expect(await selected()).toBe((await live(world)).status?.stableRS);

    await stage(world, rollout(world, 'b', blueGreen));
    expect(await release(world, world.candidate('second', names))).toBe('Promoted');
    await running(world, 'b');
    const stable = (await live(world)).status?.stableRS;
    expect(await selected()).toBe(stable);

    await stage(world, rollout(world, 'c', blueGreen));
    expect(await release(world, world.candidate('crashing', names, overlay(behaving('crash-loop'))))).toBe(
      'RolledBack',
    );
    await running(world, 'b');
    expect(await selected()).toBe(stable);
    expect(await foundUnderGuard(world)).toEqual([]);
  },
);

scenario(
  'what its controller writes in its own words is no change: quantities of an overlay, and a container without resources',
  async (world) => {
    await stage(world, rollout(world, 'a', quickly));
    const resources = { limits: { cpu: '1000m', memory: '1.5Gi' }, requests: { cpu: 1, memory: '1024Mi' } };
    const containers = [
      { name: 'main', resources },
      { name: 'beside', image: image('d') },
    ];
    const sized = overlay({ template: { spec: { containers } } });
    expect(await release(world, world.candidate('first', ['Rollout/web'], sized))).toBe('Promoted');
    expect((await live(world)).status).toMatchObject({ phase: 'Healthy' });
    expect(await foundUnderGuard(world)).toEqual([]);
  },
  { overlayMay: ['Image'] },
);
