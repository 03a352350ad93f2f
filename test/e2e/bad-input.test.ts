/** What people get wrong: each is said clearly, nothing is lost, and what can be mended goes on by itself once it is. */
import { expect } from '@jest/globals';
import {
  accepted,
  refused,
  waitForAll,
  waitFor,
  waitForGone,
  type KubeObject,
  type Manifest,
} from '../support/cluster/cluster.ts';
import { condition, isTrue, ours, policySpec, type Reported, type World } from '../support/cluster/system.ts';
import {
  amendPolicy,
  conditionSays,
  end,
  everybody,
  gateSays,
  patched,
  patienceMs,
  release,
  scenarios,
  sign,
  staged,
  unguarded,
} from '../support/scenario/kit.ts';

const { scenario } = scenarios('bad');

const namespace = (name: string, labels: Readonly<Record<string, string>> = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});

const policyFor = (world: World, production: string): Manifest => ({
  apiVersion: ours,
  kind: 'ReleasePolicy',
  metadata: { name: 'production', namespace: production },
  spec: policySpec(world.staging),
});

scenario('a component that is missing is named, and the candidate is staged once it is there', async (world) => {
  await world.propose(world.candidate('early', ['ConfigMap/settings', 'Deployment/api']));
  const stalled = await conditionSays(world, 'early', 'Staged', 'ComponentMissing');
  expect(stalled.message).toBe(`staging namespace ${world.staging} lacks ConfigMap/settings, Deployment/api`);
  const seen = await world.when('early', () => true);
  expect(seen.status).toMatchObject({ phase: 'Stalled', reason: 'ComponentMissing' });
  expect(condition(seen, 'Stalled')).toMatchObject({ status: 'True', reason: 'ComponentMissing' });

  await world.stage(world.configMap('settings', { level: 'info' }), world.deployment('api', 'a'));
  await sign(world, 'early', ...everybody);
  expect(await end(world, 'early')).toBe('Promoted');
});

scenario('what cannot be promoted is refused by name', async (world) => {
  await world.stage(world.configMap('settings', { level: 'info' }));
  await world.propose(world.candidate('secretive', ['ConfigMap/settings', 'Secret/db']));
  const stalled = await conditionSays(world, 'secretive', 'Stalled', 'KindNotPromotable');
  expect(stalled).toMatchObject({ status: 'True', message: 'Secret (db) cannot be promoted' });

  const overlay = [{ kind: 'ConfigMap', name: 'other', patch: { data: { level: 'debug' } } }];
  await world.propose(world.candidate('stray', ['ConfigMap/settings'], { overlay }));
  expect((await conditionSays(world, 'stray', 'Staged', 'ComponentMissing')).message).toContain(
    'spec.overlay names ConfigMap/other, which the package does not contain',
  );
  const meddling = [{ kind: 'ConfigMap', name: 'settings', patch: { metadata: { name: 'other' } } }];
  await world.propose(world.candidate('renaming', ['ConfigMap/settings'], { overlay: meddling }));
  expect((await conditionSays(world, 'renaming', 'Staged', 'NormalFormRefused')).message).toContain(
    'the overlay changes metadata.name, which says which object it is',
  );
  const name = 'j'.repeat(55);
  const long = world.candidate('long', [`Job/${name}`]);
  expect(refused(await world.as('developer-a').create(long)).message).toContain(
    'a Job runs as <name>-<digest>: give it a name of at most 54 characters',
  );
});

scenario('a field that cannot change is named before anything is written', async (world) => {
  await world.stage(world.deployment('api', 'a'));
  expect(await release(world, world.candidate('first', ['Deployment/api']))).toBe('Promoted');
  const developer = world.as('developer-a');
  accepted(await developer.delete(world.ref('Deployment', 'api', world.staging)));
  await waitForGone(developer, world.ref('Deployment', 'api', world.staging));
  const labels = { app: 'api', tier: 'front' };
  const manifest = patched(world.deployment('api', 'b'), {
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels } } },
  });
  await world.stage(manifest);
  await world.propose(world.candidate('second', ['Deployment/api']));
  await sign(world, 'second', ...everybody);

  const verdict = await gateSays(world, 'second', 'Preflight', 'ImmutableFieldChanged');
  expect(verdict).toMatchObject({
    outcome: 'Blocked',
    message: 'Fields change that cannot change on a live object: spec.selector of Deployment api',
  });
  expect(verdict.remedy).toContain('another name');
  await world.when('second', (each) => each.status?.approvals === '3/3', patienceMs);
  expect(condition(await world.when('second', () => true), 'Promotable')?.message).toBe('not passed: Preflight');
  const types = (await world.ledger()).map(({ type }) => type);
  expect(types.filter((type) => type === 'PromotionStarted')).toHaveLength(1);
});

scenario('an object belongs to one package', async (world) => {
  await world.stage(world.configMap('shared', { level: 'info' }));
  expect(await release(world, world.candidate('first', ['ConfigMap/shared']))).toBe('Promoted');
  await world.propose(world.candidate('other', ['ConfigMap/shared'], { package: 'billing' }));
  const verdict = await gateSays(world, 'other', 'Preflight', 'ClaimedByOtherPackage');
  expect(verdict).toMatchObject({
    outcome: 'Blocked',
    message: `Objects of this release belong to other packages of ${world.production}: ConfigMap shared (package payments)`,
  });
  expect(verdict.remedy).toContain('Release them with the package that owns them');
});

scenario('a target without namespace, label or policy is said, and waited for', async (world) => {
  const target = `${world.production}-later`;
  const admin = world.as('installer');
  await world.stage(world.configMap('settings', { level: 'info' }));
  await world.propose(world.candidate('ahead', ['ConfigMap/settings'], { targetNamespace: target }));
  expect((await conditionSays(world, 'ahead', 'Staged', 'PolicyMissing')).message).toBe(
    `there is no namespace ${target}`,
  );

  accepted(await admin.create(namespace(target)));
  await world.when(
    'ahead',
    (each) => condition(each, 'Staged')?.message === `namespace ${target} has no ReleasePolicy named production`,
    patienceMs,
  );

  accepted(await admin.create(policyFor(world, target)));
  expect((await conditionSays(world, 'ahead', 'Staged', 'NamespaceNotGuarded')).message).toBe(
    `namespace ${target} is not labelled countersign.dev/guarded`,
  );
  accepted(
    await admin.patch({ apiVersion: 'v1', kind: 'Namespace', name: target }, 'merge', {
      metadata: { labels: { 'countersign.dev/guarded': 'enforce' } },
    }),
  );
  await conditionSays(world, 'ahead', 'Staged', 'Staged');
});

scenario('a policy that names another source takes no candidate from here', async (world) => {
  await amendPolicy(world, { sourceNamespace: 'elsewhere' });
  await world.stage(world.configMap('settings', { level: 'info' }));
  await world.propose(world.candidate('lost', ['ConfigMap/settings']));
  expect((await conditionSays(world, 'lost', 'Staged', 'SourceNotNamed')).message).toBe(
    `the policy of ${world.production} takes releases from elsewhere, not from ${world.staging}`,
  );
  await amendPolicy(world, { sourceNamespace: world.staging });
  await sign(world, 'lost', ...everybody);
  expect(await end(world, 'lost')).toBe('Promoted');
});

/** Until another second than that of what was just created: times of the API server have whole seconds. */
const aSecondPasses = () => new Promise((resolve) => setTimeout(resolve, 1_100));

scenario('a candidate replaces neither itself nor a later one, and is staged all the same', async (world) => {
  await world.stage(world.configMap('settings', { level: 'info' }));
  await world.propose(world.candidate('self', ['ConfigMap/settings'], { replaces: 'self' }));
  await world.propose(world.candidate('first', ['ConfigMap/settings'], { replaces: 'second' }));
  await staged(world, 'first');
  await aSecondPasses();
  await world.propose(world.candidate('second', ['ConfigMap/settings'], { replaces: 'first' }));
  await staged(world, 'second');

  expect(await conditionSays(world, 'self', 'Replaces', 'ReplacesNothing')).toMatchObject({
    status: 'False',
    message: 'there is no earlier open candidate self of package payments, so this one ends nothing',
  });
  await conditionSays(world, 'first', 'Replaces', 'ReplacesNothing');
  await sign(world, 'second', ...everybody);
  expect(await end(world, 'second')).toBe('Promoted');
  expect((await conditionSays(world, 'first', 'Finished', 'Superseded')).message).toBe(
    'replaced by second, which was promoted',
  );
});

scenario('a package that is too large is refused with its size', async (world) => {
  const names = Array.from({ length: 9 }, (_, index) => `bulk-${index}`);
  await world.stage(...names.map((name) => world.configMap(name, { content: 'x'.repeat(720_000) })));
  await world.propose(
    world.candidate(
      'huge',
      names.map((name) => `ConfigMap/${name}`),
    ),
  );
  const stalled = await conditionSays(world, 'huge', 'Stalled', 'PackageTooLarge');
  expect(stalled.message).toMatch(/^the package has 648\d{4} bytes; at most 6291456 are taken$/);
});

scenario('of a flood of candidates twenty are staged; the others move up as places become free', async (world) => {
  await world.stage(world.configMap('settings', { level: 'info' }));
  const names = Array.from({ length: 25 }, (_, index) => `flood-${index}`);
  await Promise.all(names.map((name) => world.propose(world.candidate(name, ['ConfigMap/settings']))));
  const { name: _, ...all } = world.ref('ReleaseCandidate');
  const settledAt = (total: number, waiting: number) =>
    waitForAll<Reported>(
      world.as('developer-a'),
      all,
      (seen) =>
        seen.length === total &&
        seen.filter((each) => isTrue(each, 'Staged')).length === 20 &&
        seen.filter((each) => condition(each, 'Staged')?.reason === 'TooManyOpen').length === waiting,
      patienceMs,
    );
  const flooded = await settledAt(25, 5);
  // Those before it may not be staged yet when it is told first; half a minute later that is known.
  const last = flooded.find((each) => !isTrue(each, 'Staged'))?.metadata.name ?? '';
  const says =
    /^20 other candidates of package payments are open, and no more may be\. Next: a holder of withdraw in .* kubectl delete cand flood-\d+ -n /;
  await world.when(last, (each) => says.test(condition(each, 'Staged')?.message ?? ''), patienceMs);

  const unwanted = flooded.find((each) => isTrue(each, 'Staged'));
  accepted(await world.as('owner-a').delete(world.ref('ReleaseCandidate', unwanted?.metadata.name)));
  await settledAt(24, 4);
});

scenario(
  'a production namespace that is being deleted takes nothing any more, until it is there again',
  async (world) => {
    const admin = world.as('installer');
    const hold = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'hold', namespace: world.production, finalizers: ['countersign.test/hold'] },
    };
    accepted(await admin.create(hold));
    await world.stage(world.configMap('settings', { level: 'info' }));
    await world.propose(world.candidate('before', ['ConfigMap/settings']));
    await staged(world, 'before');
    const target = { apiVersion: 'v1', kind: 'Namespace', name: world.production };
    // A guarded namespace keeps its record, so nobody can take it away before the guard; and that only where it looks on.
    accepted(await admin.patch(target, 'merge', { metadata: { labels: { 'countersign.dev/guarded': null } } }));
    accepted(await admin.delete(target));
    expect((await conditionSays(world, 'before', 'Staged', 'NamespaceTerminating')).message).toBe(
      `namespace ${world.production} is being deleted`,
    );
    await world.propose(world.candidate('during', ['ConfigMap/settings']));
    await conditionSays(world, 'during', 'Stalled', 'NamespaceTerminating');

    accepted(await admin.patch(world.ref('ConfigMap', 'hold'), 'merge', { metadata: { finalizers: null } }));
    await waitForGone(admin, target, patienceMs);
    await conditionSays(world, 'before', 'Staged', 'PolicyMissing');
    accepted(await admin.create(namespace(world.production, { 'countersign.dev/guarded': 'enforce' })));
    accepted(await admin.create(policyFor(world, world.production)));
    await conditionSays(world, 'before', 'Staged', 'Staged');
    await conditionSays(world, 'during', 'Staged', 'Staged');
    await waitFor<Reported>(
      admin,
      world.ref('ReleasePolicy', 'production'),
      (policy) => condition(policy, 'Ready')?.reason === 'InForce',
    );
  },
  {},
  unguarded,
);

scenario(
  'a candidate is taken back by who holds the right, and never in flight',
  async (world) => {
    await world.stage(world.deployment('api', 'a'));
    const wanted = await world.propose(world.candidate('unwanted', ['Deployment/api']));
    await staged(world, 'unwanted');
    const target = world.ref('ReleaseCandidate', 'unwanted');
    const no = refused(await world.as('developer-a').delete(target));
    expect(no).toMatchObject({ code: 403 });
    expect(no.message).toContain('User "developer-a" cannot delete resource "releasecandidates"');
    accepted(await world.as('owner-a').delete(target));
    await waitForAll<KubeObject & { spec: { type: string; subject: { uid: string } } }>(
      world.as('auditor-a'),
      world.ref('LedgerEntry'),
      (entries) => entries.some(({ spec }) => spec.type === 'Withdrawn' && spec.subject.uid === wanted.metadata.uid),
      patienceMs,
    );

    const overlay = [
      {
        kind: 'Deployment',
        name: 'api',
        patch: { spec: { template: { metadata: { annotations: { 'countersign.test/behaviour': 'never-ready' } } } } },
      },
    ];
    await world.propose(world.candidate('flying', ['Deployment/api'], { overlay }));
    await sign(world, 'flying', ...everybody);
    await world.when('flying', (each) => (each.metadata.finalizers ?? []).length > 0, patienceMs);
    const stays = refused(await world.as('owner-a').delete(world.ref('ReleaseCandidate', 'flying')));
    expect(stays.message).toContain('InFlightStays: owner-a cannot delete flying while its release is in flight');
    expect(stays.message).toContain(
      `kubectl wait --for=condition=Finished releasecandidate/flying -n ${world.staging}`,
    );
    expect(await end(world, 'flying')).toBe('RolledBack');
    accepted(await world.as('owner-a').delete(world.ref('ReleaseCandidate', 'flying')));
    await waitForGone(world.as('developer-a'), world.ref('ReleaseCandidate', 'flying'));
  },
  { health: { progressTimeout: '10s', observeFor: '0s', settle: '0s' } },
);
