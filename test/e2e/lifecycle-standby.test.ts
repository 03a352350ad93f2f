/** Streams grow with kinds, not with namespaces. Secrets are followed by the replica that decides, and by no other; the one that takes over reads them before it decides anything by them. */
import { expect } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { startOperator } from '../../hack/controlplane/operator.ts';
import { group, kinds } from '../../operator/api/kinds.ts';
import { eventually } from '../support/attack/world.ts';
import { accepted, type KubeObject, waitFor } from '../support/cluster/cluster.ts';
import { gate, image, isTrue } from '../support/cluster/system.ts';
import {
  approverA,
  approverB,
  end,
  gateSays,
  patched,
  patienceMs,
  release,
  scenarios,
  sign,
  tester,
} from '../support/scenario/kit.ts';

const { scenario, system } = scenarios('standby');

/** Streams that anybody has open, with these labels, of kinds that are not ours: the garbage collector opens one for each of those up to 30 s after it was defined, so a difference of two counts says nothing of them. */
const streams = async (...wanted: readonly string[]): Promise<number> => {
  const { text } = await system().as('admin').raw({ method: 'GET', path: '/metrics' });
  const rows = text.matchAll(/^apiserver_longrunning_requests\{([^}]*)\} (\S+)$/gm);
  return [...rows]
    .filter(([, labels = '']) => ['verb="WATCH"', ...wanted].every((label) => labels.includes(label)))
    .filter(([, labels = '']) => !labels.includes(`group="${group}"`))
    .reduce((sum, [, , value]) => sum + Number(value), 0);
};

/** Of Secrets of one namespace each. The chart's programs open no others. */
const secretStreams = (): Promise<number> => streams('resource="secrets"', 'scope="namespace"');

const streamsAre = async (count: number): Promise<void> => {
  const deadline = Date.now() + patienceMs;
  for (let open = await secretStreams(); open !== count; open = await secretStreams()) {
    if (Date.now() > deadline) throw new Error(`${open} streams of Secrets are open, not ${count}`);
    await sleep(100);
  }
};

/** Of kinds that a replica follows and this test does not. */
const kindStreams = (): Promise<readonly number[]> =>
  Promise.all(
    ['deployments', 'statefulsets', 'services', 'ingresses', 'networkpolicies'].map((plural) =>
      streams(`resource="${plural}"`),
    ),
  );

/** As many as a replica may have, whatever the number of namespaces: one of each of our kinds among them. */
const mostStreams = 60;
const ourKinds = Object.keys(kinds).length;

interface Lease extends KubeObject {
  readonly spec: { readonly holderIdentity?: string };
}

const leads = (instance: string) =>
  waitFor<Lease>(
    system().as('installer'),
    {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      namespace: 'countersign-system',
      name: 'countersign-operator',
    },
    ({ spec }) => spec.holderIdentity?.startsWith(`${instance}_`) === true,
    patienceMs,
  );

scenario(
  'a standby follows no Secret, and one that takes over judges by none before it has read them',
  async (world) => {
    await leads('operator-0');
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db', namespace: world.production } };
    accepted(await world.as('installer').create({ ...secret, stringData: { password: 'x' } }));
    const env = [{ name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } }];
    await world.stage(
      patched(world.deployment('api', 'a'), {
        spec: { template: { spec: { containers: [{ name: 'main', image: image('a'), env }] } } },
      }),
    );
    await world.propose(world.candidate('needy', ['Deployment/api']));
    await sign(world, 'needy', tester, approverA);
    await gateSays(world, 'needy', 'SecretsPresent', 'SecretsPresent');
    // Of the one production namespace, by the leader.
    await streamsAre(1);

    const alone = await streams();
    const second = await startOperator(system().controlPlane, { instance: 'operator-1' });
    try {
      // It follows what comes, and has had the time to follow Secrets, too.
      await world.stage(world.configMap('settings', { level: 'info' }));
      expect(await release(world, world.candidate('other', ['ConfigMap/settings'], { package: 'other' }))).toBe(
        'Promoted',
      );
      expect(await secretStreams()).toBe(1);
      const opened = (await streams()) - alone;
      expect(opened).toBeGreaterThan(mostStreams / 3);
      expect(opened).toBeLessThanOrEqual(mostStreams - ourKinds);
      const ofKinds = await kindStreams();
      // Of one more production namespace the leader follows the Secrets, and that is all.
      const more = await system().world('more');
      await more.stage(more.configMap('settings', { level: 'info' }));
      expect(await release(more, more.candidate('first', ['ConfigMap/settings']))).toBe('Promoted');
      await streamsAre(2);
      // The server may count one that has just been closed for a moment more.
      await eventually('no more streams of kinds', kindStreams, (now) =>
        now.every((count, place) => count <= (ofKinds[place] ?? 0)),
      );

      const said = new Set<string | undefined>();
      const over = world.when(
        'needy',
        (each) => {
          const verdict = gate(each, 'SecretsPresent');
          if (verdict !== undefined) said.add(verdict.outcome);
          return isTrue(each, 'Finished');
        },
        patienceMs,
      );
      await system().operator.stop('SIGTERM');
      await leads('operator-1');
      await streamsAre(2);
      await sign(world, 'needy', approverB);

      expect(await end(world, 'needy')).toBe('Promoted');
      await over;
      expect([...said]).toEqual(['Passed']);
    } finally {
      await second.stop();
    }
  },
  { platformWriters: [{ identity: 'installer', kind: 'Secret', names: ['db'] }] },
);
