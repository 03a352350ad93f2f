import { createHash } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { accepted, type ApiClient } from './client.ts';
import { startControlPlane, type ControlPlane } from './controlplane.ts';
import { waitFor, waitForAll, waitForGone } from './wait.ts';
import { deployment, job, type Deployment, type Job, type Pod } from './workloads.fixture.ts';

let controlPlane: ControlPlane;
let admin: ApiClient;
beforeAll(async () => {
  controlPlane = await startControlPlane({ nodes: 2 });
  admin = controlPlane.client('admin');
}, 60_000);
afterAll(() => controlPlane.stop());

const pods = (app: string) => ({ apiVersion: 'v1', kind: 'Pod', namespace: 'default', labelSelector: `app=${app}` });
const jobNamed = (name: string) => ({ apiVersion: 'batch/v1', kind: 'Job', namespace: 'default', name });
const deploymentNamed = (name: string) => ({ apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default', name });

describe('a healthy workload', () => {
  test('a Deployment becomes ready, with pods that look like a kubelet reported them', async () => {
    accepted(await admin.create(deployment('healthy', 3)));

    await waitFor<Deployment>(admin, deploymentNamed('healthy'), ({ status }) => status.availableReplicas === 3);
    const [pod] = await waitForAll<Pod>(admin, pods('healthy'), (seen) => seen.length === 3);

    expect(pod?.spec.nodeName).toMatch(/^node-\d$/);
    expect(pod?.status).toMatchObject({
      phase: 'Running',
      podIP: expect.stringMatching(/^10\.244\./),
      hostIP: expect.any(String),
      startTime: expect.any(String),
      containerStatuses: [
        {
          name: 'main',
          image: 'registry.example/app:1',
          ready: true,
          started: true,
          restartCount: 0,
          state: { running: { startedAt: expect.any(String) } },
        },
        { name: 'side', ready: true },
      ],
    });
    expect(conditions(pod)).toMatchObject({ PodScheduled: 'True', Initialized: 'True', ContainersReady: 'True' });
    expect(conditions(pod)).toMatchObject({ Ready: 'True' });
  });

  test('a Job completes', async () => {
    accepted(await admin.create(job('completes')));
    const { status } = await waitFor<Job>(admin, jobNamed('completes'), isTrue('Complete'));
    expect(status).toMatchObject({ succeeded: 1 });
  });

  test('a deleted Deployment takes its pods with it', async () => {
    accepted(await admin.create(deployment('deleted', 2)));
    await waitForAll<Pod>(admin, pods('deleted'), (seen) => seen.filter(isReady).length === 2);
    accepted(await admin.delete(deploymentNamed('deleted')));
    await expect(waitForGone(admin, pods('deleted'))).resolves.toBeUndefined();
  });
});

describe('a pod that says how it fails', () => {
  test.each([
    { behaviour: 'never-ready', phase: 'Running', container: { started: true, state: { running: {} } } },
    {
      behaviour: 'crash-loop',
      phase: 'Running',
      container: { restartCount: 4, state: { waiting: { reason: 'CrashLoopBackOff' } } },
    },
    { behaviour: 'image-pull', phase: 'Pending', container: { state: { waiting: { reason: 'ImagePullBackOff' } } } },
    {
      behaviour: 'config-error',
      phase: 'Pending',
      container: { state: { waiting: { reason: 'CreateContainerConfigError' } } },
    },
  ])('$behaviour', async ({ behaviour, phase, container }) => {
    accepted(await admin.create(deployment(behaviour, 1, behaviour)));
    const pod = await waitFor<Pod>(admin, pods(behaviour), ({ status }) => status.containerStatuses !== undefined);
    expect(pod.status.phase).toBe(phase);
    expect(conditions(pod)).toMatchObject({ Ready: 'False', ContainersReady: 'False', PodScheduled: 'True' });
    expect(pod.status.containerStatuses?.[0]).toMatchObject({ ready: false, ...container });
  });

  test.each(['crash-twice', 'slow-pull', 'unready-moment', 'reboot'])(
    '%s, and is well after a moment',
    async (behaviour) => {
      accepted(await admin.create(deployment(behaviour, 1, behaviour)));
      await waitFor<Pod>(admin, pods(behaviour), (pod) => conditions(pod)['Ready'] === 'False');
      const well = await waitFor<Pod>(admin, pods(behaviour), isReady);
      const restarts = { 'crash-twice': 2, reboot: 1 }[behaviour] ?? 0;
      expect(well.status.containerStatuses?.[0]?.restartCount).toBe(restarts);
    },
  );

  test('a Job fails', async () => {
    accepted(await admin.create(job('fails', 'fail')));
    await waitFor<Job>(admin, jobNamed('fails'), isTrue('Failed'));
    const pod = await waitFor<Pod>(admin, pods('fails'), () => true);
    expect(pod.status.phase).toBe('Failed');
    expect(pod.status.containerStatuses?.[0]).toMatchObject({ state: { terminated: { exitCode: 1 } } });
  });

  test('a running pod changes its behaviour with its annotation, both ways', async () => {
    accepted(await admin.create(deployment('changing', 1)));
    const { metadata } = await waitFor<Pod>(admin, pods('changing'), isReady);
    const target = { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: metadata.name ?? '' };
    const behave = async (behaviour: string | null) =>
      accepted(
        await admin.patch(target, 'merge', { metadata: { annotations: { 'countersign.test/behaviour': behaviour } } }),
      );

    await behave('crash-loop');
    const crashed = await waitFor<Pod>(admin, target, (pod) => !isReady(pod));
    expect(crashed.status.containerStatuses?.[0]?.restartCount).toBe(4);

    await behave(null);
    const healed = await waitFor<Pod>(admin, target, isReady);
    expect(healed.status.containerStatuses?.[0]?.restartCount).toBe(0);
  });
});

describe('what a kubelet says of images', () => {
  /** A Deployment of one pod with these images, its kubelet told so. */
  const running = async (name: string, images: readonly string[], pulled?: string): Promise<Pod> => {
    const annotations = pulled === undefined ? {} : { 'countersign.test/images': pulled };
    const containers = images.map((image, i) => ({ name: `c${i}`, image }));
    const template = {
      metadata: { labels: { app: name }, annotations },
      spec: { containers, initContainers: [{ name: 'init', image: images[0] }] },
    };
    const selector = { matchLabels: { app: name } };
    accepted(await admin.create({ ...deployment(name, 1), spec: { selector, template } }));
    return waitFor<Pod>(admin, pods(name), isReady);
  };
  const ids = ({ status }: Pod) =>
    [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].map(({ imageID }) => imageID);
  const digest = 'a'.repeat(64);
  const sha = (text: string) => createHash('sha256').update(text).digest('hex');

  test('the repository with its registry, and a digest that hangs on the reference alone', async () => {
    const images = [
      'nginx:1.27',
      'nginx',
      'team/app:1',
      'localhost:5000/app:1',
      `registry.example/app:1@sha256:${digest}`,
    ];
    const pod = await running('images', images);
    const said = [
      `docker.io/library/nginx@sha256:${sha('docker.io/library/nginx:1.27 ')}`,
      `docker.io/library/nginx@sha256:${sha('docker.io/library/nginx:latest ')}`,
      `docker.io/team/app@sha256:${sha('docker.io/team/app:1 ')}`,
      `localhost:5000/app@sha256:${sha('localhost:5000/app:1 ')}`,
      `registry.example/app@sha256:${digest}`,
    ];
    expect(ids(pod)).toEqual([said[0], ...said]);
  });

  test('another digest where the annotation says that the tag meant something else, also of a running pod', async () => {
    const pod = await running('moved', ['nginx:1.27'], 'monday');
    const expected = (when: string) => `docker.io/library/nginx@sha256:${sha(`docker.io/library/nginx:1.27 ${when}`)}`;
    expect(ids(pod)).toEqual([expected('monday'), expected('monday')]);
    const target = { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: pod.metadata.name ?? '' };
    for (const when of ['tuesday', null]) {
      accepted(await admin.patch(target, 'merge', { metadata: { annotations: { 'countersign.test/images': when } } }));
      await waitFor<Pod>(admin, target, (seen) => ids(seen).every((id) => id === expected(when ?? '')));
    }
  });

  test('the bare id of an image that no registry knows', async () => {
    const pod = await running('local', ['app:dev'], 'none');
    expect(ids(pod)[0]).toBe(`sha256:${sha('docker.io/library/app:dev none')}`);
  });
});

function conditions(pod: Pod | undefined): Record<string, string> {
  return Object.fromEntries((pod?.status.conditions ?? []).map(({ type, status }) => [type, status] as const));
}

function isReady(pod: Pod): boolean {
  return conditions(pod)['Ready'] === 'True';
}

function isTrue(condition: string): (job: Job) => boolean {
  return ({ status }) =>
    status.conditions?.some(({ type, status }) => type === condition && status === 'True') === true;
}
