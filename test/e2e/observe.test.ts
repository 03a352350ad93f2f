/** Observation: which failures take a release back, until when, and what is nobody's failure. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect } from '@jest/globals';
import { programIdentities } from '../../hack/controlplane/identities.ts';
import { accepted, waitForAll, waitForGone, type KubeObject } from '../support/cluster/cluster.ts';
import { condition, image, type World } from '../support/cluster/system.ts';
import { verifyChain } from '../../operator/decide/record/chain.ts';
import { end, everybody, inProduction, patienceMs, release, scenarios, sign } from '../support/scenario/kit.ts';
import {
  behave,
  behaving,
  dataOf,
  differences,
  entriesOf,
  messageOf,
  podOf,
  recorded,
} from '../support/scenario/production.ts';

const { scenario } = scenarios('observe');

interface Data extends KubeObject {
  readonly data: Readonly<Record<string, string>>;
}

interface Pod extends KubeObject {
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

const components = ['ConfigMap/settings', 'Deployment/api'];

/** Production runs the first release; the second one is staged. */
const twoReleases = async (world: World): Promise<void> => {
  await world.stage(world.configMap('settings', { level: 'info' }), world.deployment('api', 'a', { replicas: 2 }));
  expect(await release(world, world.candidate('first', components))).toBe('Promoted');
  await world.stage(world.configMap('settings', { level: 'debug' }), world.deployment('api', 'b', { replicas: 2 }));
};

/** What the second release began from is there again, whole. */
const isBack = async (world: World): Promise<void> => {
  const [started] = await entriesOf(world, 'PromotionStarted', 'second');
  expect(await differences(world, String(dataOf(started)['from']))).toEqual([]);
  expect((await inProduction<Data>(world, 'ConfigMap', 'settings', () => true)).data).toEqual({ level: 'info' });
  expect(verifyChain(await world.ledger()).broken).toBeUndefined();
};

const failures = [
  { behaviour: 'crash-loop', says: 'Deployment/api: container main is in CrashLoopBackOff (exit code 1)' },
  { behaviour: 'image-pull', says: 'container main is in ImagePullBackOff' },
  { behaviour: 'config-error', says: 'cannot start (CreateContainerConfigError): a referenced key does not exist' },
  { behaviour: 'never-ready', says: 'not complete within progressTimeout: Deployment/api' },
] as const;

for (const { behaviour, says } of failures) {
  scenario(
    `a release whose pods show ${behaviour} goes back, configuration included, and says why`,
    async (world) => {
      await twoReleases(world);
      const overlay = [behaving('Deployment', 'api', behaviour)];

      expect(await release(world, world.candidate('second', components, { overlay }))).toBe('RolledBack');

      expect(messageOf(await world.finished('second'))).toContain(says);
      await isBack(world);
    },
    { health: { progressTimeout: behaviour === 'crash-loop' ? '40s' : '10s', observeFor: '0s', settle: '0s' } },
  );
}

/** Proposes, signs, and waits until production has it, complete and observed. */
const complete = async (world: World, name: string): Promise<void> => {
  await world.propose(world.candidate(name, components));
  await sign(world, name, ...everybody);
  await recorded(world, 'Promoted', name);
};

scenario(
  'a release that fails after completion, while it is observed, goes back as a whole',
  async (world) => {
    await twoReleases(world).catch(() => {});
    await complete(world, 'second');

    await behave(world, await podOf(world, 'api'), 'crash-loop');

    expect(await end(world, 'second')).toBe('RolledBack');
    expect((await entriesOf(world, 'RollbackStarted', 'second'))[0]?.reason).toContain('Deployment/api');
    await isBack(world);
  },
  { health: { progressTimeout: '40s', observeFor: '6s', settle: '0s' } },
);

scenario(
  'pods that are deleted or evicted while a release is observed take nothing back',
  async (world) => {
    await world.stage(world.configMap('settings', { level: 'info' }), world.deployment('api', 'a', { replicas: 2 }));
    await complete(world, 'first');
    const setup = world.as('installer');
    const pods = { ...world.ref('Pod'), labelSelector: 'app=api' };
    const [one, two] = await waitForAll<Pod>(setup, pods, (all) => all.length === 2, patienceMs);
    accepted(await world.as(programIdentities.kwok.name).delete(world.ref('Pod', one?.metadata.name)));
    accepted(
      await setup.createAt(
        { ...world.ref('Pod', two?.metadata.name), subresource: 'eviction' },
        {
          apiVersion: 'policy/v1',
          kind: 'Eviction',
          metadata: { name: two?.metadata.name, namespace: world.production },
        },
      ),
    );
    for (const pod of [one, two]) await waitForGone(setup, world.ref('Pod', pod?.metadata.name), patienceMs);

    expect(await end(world, 'first')).toBe('Promoted');

    expect(await entriesOf(world, 'RollbackStarted')).toEqual([]);
  },
  { health: { progressTimeout: '40s', observeFor: '4s', settle: '0s' } },
);

scenario(
  'after observation nothing goes back by itself, and pods that crash do not fail the release that mends them',
  async (world) => {
    await twoReleases(world);
    const pod = await podOf(world, 'api');
    await behave(world, pod, 'crash-loop');
    await waitForAll<Pod>(
      world.as('installer'),
      { ...world.ref('Pod'), labelSelector: 'app=api' },
      (pods) =>
        pods.some(
          ({ status }) =>
            status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'False') === true,
        ),
      patienceMs,
    );

    expect(await release(world, world.candidate('second', components))).toBe('Promoted');

    expect(await entriesOf(world, 'RollbackStarted')).toEqual([]);
    const live = await inProduction<KubeObject & { spec: { template: { spec: { containers: { image: string }[] } } } }>(
      world,
      'Deployment',
      'api',
      () => true,
    );
    expect(live.spec.template.spec.containers[0]?.image).toBe(image('b'));
  },
);

/** Answers every request with the status that a test says. */
class Checked {
  #server: Server | undefined;
  status = 503;
  async start(): Promise<string> {
    this.#server = createServer((_, answer) => answer.writeHead(this.status).end());
    await new Promise<void>((resolve) => this.#server?.listen(0, '127.0.0.1', resolve));
    const { port } = this.#server.address() as AddressInfo; // it listens on a port
    return `http://127.0.0.1:${port}/healthz`;
  }
  stop(): void {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }
}

const checked = new Checked();
afterAll(() => checked.stop());

scenario(
  'an http check holds completion up until it passes, and takes the release back when it fails afterwards',
  async (world) => {
    const url = await checked.start();
    checked.status = 200;
    await twoReleases(world);
    checked.status = 503;
    const http = { url, status: 200, interval: '1s', failures: 2 };
    accepted(
      await world.as('admin').patch(world.ref('ReleasePolicy', 'production'), 'merge', {
        spec: {
          health: { progressTimeout: '40s', observeFor: '40s', settle: '0s', checks: [{ name: 'smoke', http }] },
        },
      }),
    );
    await world.propose(world.candidate('second', components));
    await sign(world, 'second', ...everybody);
    await world.when(
      'second',
      (each) =>
        condition(each, 'Healthy')?.message.includes(`check smoke: ${url} answered 503 instead of 200`) ?? false,
      patienceMs,
    );
    expect(await entriesOf(world, 'Promoted', 'second')).toEqual([]);

    checked.status = 200;
    await recorded(world, 'Promoted', 'second');
    checked.status = 503;

    expect(await end(world, 'second')).toBe('RolledBack');
    expect(messageOf(await world.finished('second'))).toContain('check smoke: failed 2 times in a row');
    await isBack(world);
  },
);
