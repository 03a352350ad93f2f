/** Going back: by order of an SRE, by rejection, or not at all where the candidate says to page; and what it restores. */
import { expect, test } from '@jest/globals';
import { accepted, refused, waitFor, type KubeObject, type Manifest } from '../support/cluster/cluster.ts';
import { condition, image, isTrue, ours, type Reported, type World } from '../support/cluster/system.ts';
import { verifyChain } from '../../operator/decide/record/chain.ts';
import {
  end,
  everybody,
  gateSays,
  inProduction,
  patienceMs,
  release,
  scenarios,
  sign,
  unguarded,
} from '../support/scenario/kit.ts';
import {
  behave,
  behaving,
  dataOf,
  differences,
  entriesOf,
  job,
  meddle,
  podOf,
  recorded,
  service,
  writesTo,
} from '../support/scenario/production.ts';

const { scenario, system } = scenarios('rollback');

interface Data extends KubeObject {
  readonly data: Readonly<Record<string, string>>;
}

const order = (world: World, name: string, spec: Readonly<Record<string, unknown>> = {}): Manifest => ({
  apiVersion: ours,
  kind: 'Rollback',
  metadata: { name, namespace: world.production },
  spec: { package: 'payments', reason: 'customers cannot pay', ...spec },
});

/** Creates the order and waits for its end. */
const ordered = async (world: World, manifest: Manifest): Promise<Reported> => {
  accepted(await world.as('sre-a').create(manifest));
  return outcomeOf(world, manifest.metadata.name ?? '');
};

const outcomeOf = (world: World, name: string): Promise<Reported> =>
  waitFor<Reported>(world.as('sre-a'), world.ref('Rollback', name), (each) => isTrue(each, 'Finished'), patienceMs);

const bundleOf = async (world: World, candidate: string): Promise<string> =>
  String(dataOf((await entriesOf(world, 'PromotionStarted', candidate))[0])['to']);

/** A release of a ConfigMap with this letter and a Deployment with this image, and of what else is named. */
const letter = async (
  world: World,
  name: string,
  text: string,
  ...more: readonly Manifest[]
): Promise<string | undefined> => {
  await world.stage(world.configMap('settings', { text }), world.deployment('api', text), ...more);
  const others = more.map(({ kind, metadata }) => `${kind}/${metadata.name ?? ''}`);
  return release(world, world.candidate(name, ['ConfigMap/settings', 'Deployment/api', ...others]));
};

scenario(
  'an order takes the package to the bundle before: removed objects back, added ones gone, foreign content overwritten and recorded; the content is held',
  async (world) => {
    expect(await letter(world, 'first', 'a', world.configMap('old', { only: 'first' }))).toBe('Promoted');
    expect(await letter(world, 'second', 'b', world.configMap('new', { only: 'second' }))).toBe('Promoted');
    expect(await world.live('ConfigMap', 'old')).toBeUndefined();
    await meddle(world, 'ConfigMap', 'settings', { data: { text: 'tampered', more: 'by hand' } });

    const done = await ordered(world, order(world, 'back'));

    const [first, second] = [await bundleOf(world, 'first'), await bundleOf(world, 'second')];
    expect(condition(done, 'Finished')?.reason).toBe('RolledBack');
    expect([done.status?.from, done.status?.to]).toEqual([second, first]);
    expect(await differences(world, first)).toEqual([]);
    expect((await world.live<Data>('ConfigMap', 'old'))?.data).toEqual({ only: 'first' });
    expect(await world.live('ConfigMap', 'new')).toBeUndefined();
    const [started] = await entriesOf(world, 'RollbackStarted');
    expect(started?.actor.username).toBe('sre-a');
    expect(started?.reason).toContain('ordered by sre-a: customers cannot pay');
    expect(dataOf(started)['overwrites']).toEqual(['ConfigMap/settings']);
    const back = (await writesTo(system(), world)).filter(({ by }) => by === 'restorer');
    expect(back.map(({ verb, object }) => `${verb} ${object}`).toSorted()).toEqual([
      'create configmaps/old',
      'delete configmaps/new',
      'update configmaps/settings',
      'update deployments/api',
    ]);

    // The same content again is held, whoever proposes it; other content needs the analysis.
    await world.propose(world.candidate('again', ['ConfigMap/settings', 'Deployment/api', 'ConfigMap/new']));
    expect((await gateSays(world, 'again', 'RollbackHold', 'HeldAfterRollback')).outcome).toBe('Blocked');
    const mended = world.candidate('mended', ['ConfigMap/settings', 'Deployment/api']) as Manifest & {
      readonly spec: { readonly notes: Readonly<Record<string, unknown>> };
    };
    const { analysis: _, ...notes } = mended.spec.notes;
    await world.propose({ ...mended, spec: { ...mended.spec, notes } });
    expect((await gateSays(world, 'mended', 'Notes', 'AnalysisMissing')).message).toContain('analysis');
    await world.propose(world.candidate('explained', ['ConfigMap/settings', 'Deployment/api']));
    await sign(world, 'explained', ...everybody);
    expect(await end(world, 'explained')).toBe('Promoted');
    expect(verifyChain(await world.ledger()).broken).toBeUndefined();
  },
  {},
  unguarded,
);

scenario(
  'content whose hold a holder of an approval role lifts, because it was not the cause, goes forward again',
  async (world) => {
    expect(await letter(world, 'first', 'a')).toBe('Promoted');
    expect(await letter(world, 'second', 'b')).toBe('Promoted');
    await ordered(world, order(world, 'back'));
    await world.propose(world.candidate('again', ['ConfigMap/settings', 'Deployment/api']));
    const { remedy } = await gateSays(world, 'again', 'RollbackHold', 'HeldAfterRollback');
    const typed = /echo '(?<manifest>.*)' \| kubectl create -f -/.exec(remedy)?.groups?.['manifest'] ?? '';
    const manifest = JSON.parse(typed) as Manifest & { readonly spec: Readonly<Record<string, unknown>> };

    const silent = { ...manifest, spec: { ...manifest.spec, comment: '' } };
    expect(refused(await world.as('tester-a').create(silent)).message).toContain('needs spec.comment');
    accepted(await world.as('tester-a').create({ ...manifest, spec: { ...manifest.spec, comment: 'a node died' } }));

    await gateSays(world, 'again', 'RollbackHold', 'NotHeld');
    const [lifted] = await entriesOf(world, 'HoldLifted');
    expect(lifted?.actor.username).toBe('tester-a');
    expect(lifted?.reason).toContain('a node died');
    await sign(world, 'again', ...everybody);
    expect(await end(world, 'again')).toBe('Promoted');
    expect(verifyChain(await world.ledger()).broken).toBeUndefined();
  },
);

scenario('an order may name the bundle; one that is unknown or there already is refused', async (world) => {
  for (const [name, text] of [
    ['first', 'a'],
    ['second', 'b'],
    ['third', 'c'],
  ] as const) {
    expect(await letter(world, name, text)).toBe('Promoted');
  }
  const first = await bundleOf(world, 'first');

  const done = await ordered(world, order(world, 'far', { to: first }));
  expect(condition(done, 'Finished')?.reason).toBe('RolledBack');
  expect(await differences(world, first)).toEqual([]);

  const again = await ordered(world, order(world, 'again', { to: first }));
  expect(condition(again, 'Finished')?.reason).toBe('AlreadyAtTarget');
  const lost = await ordered(world, order(world, 'lost', { to: 'no-such-bundle' }));
  expect(condition(lost, 'Finished')?.reason).toBe('BundleUnknown');
  expect(await entriesOf(world, 'RollbackStarted')).toHaveLength(1);
  expect((await entriesOf(world, 'Refused')).map(({ decision }) => decision)).toEqual([
    'AlreadyAtTarget',
    'BundleUnknown',
  ]);
});

/** The promotion of `second` has begun and waits for its Job. */
const halfWay = async (world: World): Promise<KubeObject> => {
  expect(await letter(world, 'first', 'a')).toBe('Promoted');
  await world.stage(
    world.configMap('settings', { text: 'b' }),
    world.deployment('api', 'b'),
    job(world, 'migrate', 'b'),
  );
  await world.propose(
    world.candidate('second', ['ConfigMap/settings', 'Deployment/api', 'Job/migrate'], {
      overlay: [behaving('Job', 'migrate', 'never-ready')],
    }),
  );
  await sign(world, 'second', ...everybody);
  await recorded(world, 'PromotionStarted', 'second');
  await inProduction<Data>(world, 'ConfigMap', 'settings', ({ data }) => data['text'] === 'b');
  return podOf(world, 'migrate');
};

scenario('an order stops a promotion that is under way', async (world) => {
  await halfWay(world);

  const done = await ordered(world, order(world, 'stop'));

  expect(condition(done, 'Finished')?.reason).toBe('RolledBack');
  expect(await end(world, 'second')).toBe('RolledBack');
  expect(await differences(world, await bundleOf(world, 'first'))).toEqual([]);
  expect(await entriesOf(world, 'RolledBack')).toHaveLength(1);
});

scenario('a rejection while the promotion is under way takes it back', async (world) => {
  await halfWay(world);
  const candidate = await world.when('second', ({ status }) => status?.digest !== undefined);
  accepted(
    await world.as('approver-a').create({
      apiVersion: ours,
      kind: 'Approval',
      metadata: { name: 'no', namespace: world.production },
      spec: {
        subject: { kind: 'ReleaseCandidate', name: 'second', uid: candidate.metadata.uid },
        digest: candidate.status?.digest,
        role: 'approver',
        decision: 'Reject',
        comment: 'the migration locks the table',
      },
    }),
  );

  expect(await end(world, 'second')).toBe('Rejected');

  expect(await differences(world, await bundleOf(world, 'first'))).toEqual([]);
  const types = (await world.ledger()).filter(({ subject }) => subject.name === 'second').map(({ type }) => type);
  expect(types.slice(-3)).toEqual(['Rejected', 'RollbackStarted', 'RolledBack']);
});

interface EventSeen extends KubeObject {
  readonly type: string;
  readonly reason: string;
  readonly regarding: { readonly name: string };
}

scenario('where the candidate says to page, production stays as it is, and people are told', async (world) => {
  expect(await letter(world, 'first', 'a', service(world, 'legacy'))).toBe('Promoted');
  await world.stage(world.configMap('settings', { text: 'b' }), world.deployment('api', 'b'));
  await world.propose(
    world.candidate('second', ['ConfigMap/settings', 'Deployment/api'], {
      onFailure: 'Page',
      pageReason: 'the schema cannot go back',
      overlay: [behaving('Deployment', 'api', 'crash-loop')],
    }),
  );
  await sign(world, 'second', ...everybody);

  const done = await world.finished('second', patienceMs);

  expect(condition(done, 'Finished')?.reason).toBe('Failed');
  expect(condition(done, 'Finished')?.message).toContain('CrashLoopBackOff');
  expect(await differences(world, await bundleOf(world, 'second'))).toEqual([]);
  await waitFor<EventSeen>(
    world.as('installer'),
    { apiVersion: 'events.k8s.io/v1', kind: 'Event', namespace: world.staging },
    ({ type, reason, regarding }) => type === 'Warning' && reason === 'Failed' && regarding.name === 'second',
    patienceMs,
  );
  expect(await entriesOf(world, 'RollbackStarted')).toEqual([]);

  // Nothing of the release before is taken away on the strength of one that failed; the next one that holds does it.
  expect(await letter(world, 'third', 'c')).toBe('Promoted');
  const [third] = await entriesOf(world, 'Promoted', 'third');
  const removed = (await writesTo(system(), world)).filter(
    ({ verb, object }) => verb === 'delete' && object === 'services/legacy',
  );
  expect(removed.every(({ from }) => from > (third?.time ?? ''))).toBe(true);
});

scenario(
  'where the candidate says to page, a release that fails while it is observed stays, and has failed',
  async (world) => {
    await world.stage(world.configMap('settings', { text: 'a' }), world.deployment('api', 'a'));
    const page = { onFailure: 'Page', pageReason: 'the schema cannot go back' };
    await world.propose(world.candidate('first', ['ConfigMap/settings', 'Deployment/api'], page));
    await sign(world, 'first', ...everybody);
    await world.when('first', (seen) => isTrue(seen, 'Promoted'), patienceMs);

    await behave(world, await podOf(world, 'api'), 'crash-loop');
    const done = await world.finished('first', patienceMs);

    expect(condition(done, 'Finished')).toMatchObject({ status: 'True', reason: 'Failed' });
    expect(condition(done, 'Healthy')).toMatchObject({ status: 'False', reason: 'WorkloadUnhealthy' });
    expect(await differences(world, await bundleOf(world, 'first'))).toEqual([]);
    expect(await entriesOf(world, 'RollbackStarted')).toEqual([]);
  },
  { health: { progressTimeout: '40s', observeFor: '60s', settle: '0s' } },
);

scenario('the image of before is what runs after a rollback, and pods follow', async (world) => {
  expect(await letter(world, 'first', 'a')).toBe('Promoted');
  expect(await letter(world, 'second', 'b')).toBe('Promoted');
  await ordered(world, order(world, 'back'));
  await waitFor<KubeObject & { readonly spec: { readonly containers: readonly { readonly image: string }[] } }>(
    world.as('installer'),
    { ...world.ref('Pod'), labelSelector: 'app=api' },
    ({ spec }) => spec.containers[0]?.image === image('a'),
    patienceMs,
  );
});

// By itself, when the others are over: a lock that is away for some seconds is a finding in every production, and holds its promotions.
test('an order by somebody without the right is refused by the API server, and where it lets one pass, by the operator', async () => {
  const world = await system().world('rollback-rights');
  expect(await letter(world, 'first', 'a')).toBe('Promoted');
  expect(await letter(world, 'second', 'b')).toBe('Promoted');
  expect(refused(await world.as('developer-a').create(order(world, 'mine'))).code).toBe(403);
  expect(refused(await world.as('installer').create(order(world, 'root'))).message).toContain('RollbackOnlyByWildcard');

  // With lock A off, a wildcard gets as far as the operator.
  const setup = world.as('installer');
  const binding = { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicyBinding' };
  const name = 'countersign-rollbacks';
  const lock = accepted(await setup.get<Manifest & KubeObject>({ ...binding, name }));
  accepted(await setup.delete({ ...binding, name }));
  const deadline = Date.now() + patienceMs;
  for (let off = false; !off; off = (await setup.create(order(world, 'root'), { dryRun: 'All' })).ok) {
    if (Date.now() > deadline) throw new Error('the policy still acts without its binding');
  }
  const labels = lock.metadata.labels ?? {};
  accepted(await setup.create(order(world, 'root')));
  // Put back at once: a lock that stays off is a finding, and holds every promotion.
  accepted(await setup.create({ ...lock, metadata: { name, labels } }));
  const done = await outcomeOf(world, 'root');

  expect(condition(done, 'Finished')?.reason).toBe('RequesterLacksRight');
  expect(await entriesOf(world, 'RollbackStarted')).toEqual([]);
  expect(await differences(world, await bundleOf(world, 'second'))).toEqual([]);
}, 150_000);
