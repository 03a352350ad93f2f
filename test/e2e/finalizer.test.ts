/** A finalizer that nobody serves keeps what a release drops: the release ends all the same, says who can help, and who can does. */
import { expect } from '@jest/globals';
import { waitForGone } from '../support/cluster/cluster.ts';
import { isTrue, condition, type World } from '../support/cluster/system.ts';
import { conditionSays, end, everybody, patienceMs, release, scenarios, sign } from '../support/scenario/kit.ts';
import { explained } from '../support/scenario/findings.ts';
import { componentsOf, entriesOf, manifestOf, plant, service } from '../support/scenario/production.ts';

const { scenario, succeeds, fails } = scenarios('finalizer');

const finalizer = 'elb.example.com/resources';
const spec = { defaultBackend: { service: { name: 'web', port: { number: 80 } } } };

/** What production had before anybody guarded it: a load balancer controller put its finalizer there, and is gone. */
const before = (world: World): Promise<void> =>
  plant(world, {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'legacy', finalizers: [finalizer] },
    spec,
  });

/** The command that a message tells people to type. */
const command = (message: string): readonly string[] => {
  const [, kind = '', name = '', patch = ''] =
    /kubectl patch (\S+) (\S+) -n \S+ --type=json -p '([^']*)'/.exec(message) ?? [];
  return ['patch', kind, name, '--type=json', '-p', patch];
};

scenario(
  'a release that drops an object with a finalizer that nobody serves ends, and a holder of operate frees the object',
  async (world) => {
    const web = [world.deployment('web', 'a'), service(world, 'web')];
    const legacy = manifestOf(world, 'Ingress', 'legacy', { spec });
    await world.stage(...web, legacy);
    expect(await release(world, world.candidate('web-1', componentsOf([...web, legacy])))).toBe('Promoted');

    await world.propose(world.candidate('web-2', componentsOf(web)));
    await sign(world, 'web-2', ...everybody);
    const { message } = await conditionSays(world, 'web-2', 'Stalled', 'FinalizerHolds');
    expect(message).toContain(`Ingress/legacy is being deleted, and its finalizer ${finalizer} holds it`);
    expect(message).toContain(`a holder of operate in ${world.production} does`);

    expect(await end(world, 'web-2')).toBe('Promoted');
    const finished = await world.when(
      'web-2',
      (each) => isTrue(each, 'Finished') && condition(each, 'Finished')?.message.includes(finalizer) === true,
      patienceMs,
    );
    expect(condition(finished, 'Finished')?.message).toContain(command(message).at(-1));

    expect(await fails(world, 'developer-a', ...command(message))).toMatch(/forbidden/i);
    await succeeds(world, 'sre-a', ...command(message));
    await waitForGone(world.as('installer'), world.ref('Ingress', 'legacy'), patienceMs);
    const acts = (await entriesOf(world, 'Admitted')).filter(({ decision }) => decision === 'Operate');
    expect(
      acts.map(({ actor, subject, reason }) => `${actor.username} ${subject.kind}/${subject.name}: ${reason}`),
    ).toEqual([`sre-a Ingress/legacy: take off finalizer ${finalizer}`]);
    await explained(world);
  },
  { health: { progressTimeout: '20s', observeFor: '0s', settle: '0s' } },
  { before },
);
