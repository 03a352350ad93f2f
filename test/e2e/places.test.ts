/** Room for candidates: who takes it, who ends whose candidate, and what others are still able to do. */
import { expect } from '@jest/globals';
import { bindRole } from '../support/cluster/rights.ts';
import { accepted } from '../support/cluster/cluster.ts';
import { condition, isTrue, type Reported, type World } from '../support/cluster/system.ts';
import { conditionSays, end, everybody, gateSays, scenarios, sign, staged } from '../support/scenario/kit.ts';

const { scenario } = scenarios('places');

const theirs = async (world: World): Promise<Reported> => {
  await world.stage(world.configMap('settings', { level: 'info' }), world.configMap('other', { level: 'info' }));
  await world.propose(world.candidate('theirs', ['ConfigMap/settings']));
  return staged(world, 'theirs');
};

const isOpen = async (world: World, name: string): Promise<boolean> =>
  !isTrue(await world.when(name, () => true), 'Finished');

scenario('a candidate that is rejected ends no other, and one that is staged neither', async (world) => {
  await theirs(world);
  await world.propose(world.candidate('mine', ['ConfigMap/settings'], { replaces: 'theirs' }));
  const ready = await staged(world, 'mine');
  expect((await conditionSays(world, 'mine', 'Replaces', 'WillReplace')).message).toBe(
    'theirs ends when this one is promoted',
  );
  expect(await isOpen(world, 'theirs')).toBe(true);

  accepted(
    await world.as('approver-a').create({
      apiVersion: 'countersign.dev/v1alpha1',
      kind: 'Approval',
      metadata: { generateName: 'no-', namespace: world.production },
      spec: {
        subject: { kind: 'ReleaseCandidate', name: 'mine', uid: ready.metadata.uid },
        digest: ready.status?.digest,
        role: 'approver',
        decision: 'Reject',
        comment: 'no',
      },
    }),
  );
  expect(await end(world, 'mine')).toBe('Rejected');
  await sign(world, 'theirs', ...everybody);
  expect(await end(world, 'theirs')).toBe('Promoted');
});

scenario("nobody ends somebody else's candidate by spec.replaces, and is told what would", async (world) => {
  const before = await theirs(world);
  await world.propose(world.candidate('mine', ['ConfigMap/other'], { replaces: 'theirs' }), 'developer-b');

  expect((await conditionSays(world, 'mine', 'Replaces', 'ReplacesRefused')).message).toBe(
    `developer-b is no author of theirs and does not hold withdraw in ${world.production}, so theirs stays open. Next: a holder of withdraw withdraws it: kubectl delete cand theirs -n ${world.staging}`,
  );
  await sign(world, 'mine', ...everybody);
  expect(await end(world, 'mine')).toBe('Promoted');
  // The base has moved, so it is rendered anew: whatever would have ended it has been looked at by then.
  await world.when('theirs', (each) => isTrue(each, 'Staged') && each.status?.digest !== before.status?.digest);
  expect(await isOpen(world, 'theirs')).toBe(true);
  await sign(world, 'theirs', ...everybody);
  expect(await end(world, 'theirs')).toBe('Promoted');
});

scenario('a holder of withdraw ends the candidate of others by one that is promoted', async (world) => {
  await theirs(world);
  await bindRole(world.as('installer'), {
    name: 'owner-b',
    namespace: world.production,
    role: 'countersign-owner',
    subject: { kind: 'User', name: 'developer-b' },
  });
  await world.propose(world.candidate('mine', ['ConfigMap/other'], { replaces: 'theirs' }), 'developer-b');
  await conditionSays(world, 'mine', 'Replaces', 'WillReplace');
  await sign(world, 'mine', ...everybody);
  expect(await end(world, 'mine')).toBe('Promoted');
  expect(await end(world, 'theirs')).toBe('Superseded');
});

scenario('candidates that can never be staged take no places', async (world) => {
  await world.stage(world.configMap('settings', { level: 'info' }));
  for (let index = 0; index < 20; index += 1)
    await world.propose(world.candidate(`broken-${index}`, ['ConfigMap/absent']), 'developer-b');
  await conditionSays(world, 'broken-19', 'Staged', 'ComponentMissing');
  await world.propose(world.candidate('sound', ['ConfigMap/settings']));
  await sign(world, 'sound', ...everybody);
  expect(await end(world, 'sound')).toBe('Promoted');
});

scenario('who holds as many bytes as one may is told so, and others stage on', async (world) => {
  const names = Array.from({ length: 6 }, (_, index) => `bulk-${index}`);
  await world.stage(
    world.configMap('settings', { level: 'info' }),
    ...names.map((name) => world.configMap(name, { content: 'x'.repeat(800_000) })),
  );
  const components = names.map((name) => `ConfigMap/${name}`);
  const own = (name: string, keys: readonly string[]) => world.candidate(name, keys, { package: name });
  for (let index = 0; index < 5; index += 1) {
    await world.propose(own(`large-${index}`, components));
    await staged(world, `large-${index}`);
  }
  await world.propose(own('large-5', components));

  const full = await conditionSays(world, 'large-5', 'Stalled', 'TooMuchOpen');
  expect(full.message).toMatch(/^open candidates of developer-a for \S+ hold 24\d{6} bytes and this one has 48\d{5};/);
  expect(full.message).toMatch(/kubectl delete cand large-\d -n /);
  await world.propose(own('settings', ['ConfigMap/settings']), 'developer-b');
  await gateSays(world, 'settings', 'InFlight', 'NoPromotionInFlight');

  accepted(await world.as('owner-a').delete(world.ref('ReleaseCandidate', 'large-0')));
  const moved = await staged(world, 'large-5');
  expect(condition(moved, 'Staged')?.reason).toBe('Staged');
});
