/** Attacks on what pods of staging say of their images, as data: releases pin images to it. */
import { randomUUID, createHash } from 'node:crypto';
import { programIdentities } from '../../../hack/controlplane/identities.ts';
import { admitted, policyLock, type Attack, type Attempt } from '../../support/attack/attack.ts';
import { fresh, staging } from '../../support/attack/objects.ts';
import { bind, eventually, role, store, type World } from '../../support/attack/world.ts';

/** Careless RBAC: somebody who develops may write the status of pods. */
export const reporter = 'developer-b';
const kubelet = programIdentities.kwok.name;
const locks = [policyLock('countersign-staged-pods')];

const target = (name: string) => ({ apiVersion: 'v1', kind: 'Pod', name, namespace: staging });

/** Gives the right to it, and waits until it acts. */
export async function letReport(world: World): Promise<void> {
  await role(world, 'report-pods', { apiGroups: [''], resources: ['pods/status'], verbs: ['*'] });
  for (const name of ['report-pods', 'edit']) await bind(world, { user: reporter, role: name, namespace: staging });
  await eventually(
    'bound',
    () => world.as(reporter).patch({ ...target('nobody'), subresource: 'status' }, 'merge', {}),
    ({ code }) => code === 404,
  );
}

/** A pod that nothing starts; its owner is one that no controller looks for. */
export const aPod = async (world: World, owner: Readonly<Record<string, unknown>> = {}): Promise<string> => {
  const name = fresh('pod');
  const controller = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'gone', uid: randomUUID(), controller: true };
  await store(world.as('installer'), {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: staging, ownerReferences: [{ ...controller, ...owner }] as never },
    spec: {
      nodeName: 'node-0',
      initContainers: [{ name: 'init', image: 'team/init:1' }],
      containers: [{ name: 'main', image: 'nginx:1.27' }],
    },
  });
  return name;
};

/** A digest that nobody has reported before. */
const anyDigest = (): string => `sha256:${createHash('sha256').update(randomUUID()).digest('hex')}`;

/** Says of a container of a pod that it runs something. */
export const reports = async (
  world: World,
  by: string,
  list: 'containerStatuses' | 'initContainerStatuses',
): Promise<Attempt> => {
  const name = await aPod(world);
  const status = {
    [list]: [
      {
        name: list === 'containerStatuses' ? 'main' : 'init',
        image: 'nginx:1.27',
        imageID: `docker.io/library/nginx@${anyDigest()}`,
        ready: true,
        restartCount: 0,
        state: {},
      },
    ],
  };
  return admitted(await world.as(by).patch({ ...target(name), subresource: 'status' }, 'merge', { status }));
};

const changes = async (world: World, list: 'containers' | 'initContainers', owner = {}): Promise<Attempt> => {
  const name = await aPod(world, owner);
  const path = `/spec/${list}/0/image`;
  return admitted(await world.as(reporter).patch(target(name), 'json', [{ op: 'replace', path, value: 'nginx:1.28' }]));
};

/** A controller that changes pods in place, and of which no release takes an image. */
export const elsewhere = { apiVersion: 'workloads.example/v1', kind: 'PodSet' };

export const stagedPodsAttacks: readonly Attack<World>[] = [
  ...(['containerStatuses', 'initContainerStatuses'] as const).map((list): Attack<World> => ({
    id: 'T20',
    name: `who may write pods/status of staging reports in ${list} an image that no pod ran`,
    act: (world) => reports(world, reporter, list),
    denied: `ImagesAreReported: ${reporter} may not write what the containers of pod `,
    twin: (world) => reports(world, kubelet, list),
    locks,
  })),
  ...(['containers', 'initContainers'] as const).map((list): Attack<World> => ({
    id: 'T02',
    name: `a pod of staging gets another image in place, in its ${list}`,
    act: (world) => changes(world, list),
    denied: `ImagesStay: ${reporter} may not change an image of pod `,
    twin: (world) => changes(world, list, elsewhere),
    locks,
  })),
];

/** What goes on for everybody who may do it. */
export const unaffected: Readonly<Record<string, (world: World) => Promise<Attempt>>> = {
  'a controller of load balancers sets a readiness gate': async (world) => {
    const name = await aPod(world);
    const status = { conditions: [{ type: 'target-health.example', status: 'True' }] };
    return admitted(await world.as(reporter).patch({ ...target(name), subresource: 'status' }, 'merge', { status }));
  },
  'a developer labels a pod': async (world) => {
    const name = await aPod(world);
    return admitted(await world.as(reporter).patch(target(name), 'merge', { metadata: { labels: { tier: 'a' } } }));
  },
  'a developer deletes a pod': async (world) => {
    const name = await aPod(world);
    return admitted(await world.as(reporter).delete(target(name)));
  },
};
