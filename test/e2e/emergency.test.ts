/** Fire access: somebody is let in, everything they do is recorded before it happens, it ends by itself, and the day after makes it good. */
import { expect } from '@jest/globals';
import { accepted, waitFor, waitForGone, type KubeObject, type Manifest } from '../support/cluster/cluster.ts';
import { bindRole } from '../support/cluster/rights.ts';
import { condition, image, isTrue, type Reported, type World } from '../support/cluster/system.ts';
import { explained, findings } from '../support/scenario/findings.ts';
import {
  amendPolicy,
  closed,
  end,
  everybody,
  frozen,
  gateSays,
  inProduction,
  patienceMs,
  release,
  scenarios,
  sign,
} from '../support/scenario/kit.ts';
import { access, acts, endNow, leftovers, letIn, review, setImage, when } from '../support/scenario/night.ts';
import { componentsOf, entriesOf } from '../support/scenario/production.ts';

const { scenario, system, succeeds, fails } = scenarios('night');

const offered = { emergency: { followUpWithin: '24h' } };

/** A Deployment `api` and a ConfigMap `settings`, of one letter. */
const content = (world: World, letter: string): readonly Manifest[] => [
  world.deployment('api', letter),
  world.configMap('settings', { letter }),
];

const ship = async (
  world: World,
  name: string,
  letter: string,
  spec: Readonly<Record<string, unknown>> = {},
): Promise<string | undefined> => {
  const objects = content(world, letter);
  await world.stage(...objects);
  return release(world, world.candidate(name, componentsOf(objects), spec));
};

scenario(
  'the night: let in, mend, be refused the rest, end, and nothing of it is left but the record',
  async (world) => {
    expect(await ship(world, 'first', 'a')).toBe('Promoted');
    await explained(world);
    expect(await fails(world, 'developer-b', ...setImage('b'))).toMatch(/forbidden/i);

    const seen = await letIn(world);
    expect(seen.status).toMatchObject({ state: 'Active', actions: 0 });
    await succeeds(world, 'developer-b', ...setImage('b'));
    await succeeds(
      world,
      'developer-b',
      'patch',
      'configmap/settings',
      '--type=merge',
      '-p',
      '{"data":{"letter":"b"}}',
    );
    await succeeds(world, 'developer-b', 'create', 'configmap', 'made-at-night', '--from-literal=a=b');
    await succeeds(world, 'developer-b', 'scale', 'deployment/api', '--replicas=2');
    await when(world, ({ status }) => (status?.actions ?? 0) >= 4);
    // The API server asks again for an act that met another write, so one may stand there twice.
    expect([...new Set(await acts(world))]).toEqual([
      'developer-b UPDATE deployments.apps api',
      'developer-b UPDATE configmaps settings',
      'developer-b CREATE configmaps made-at-night',
      'developer-b UPDATE deployments.apps/scale api',
    ]);
    // The rest stays as it is for everybody.
    const refused = [
      ['run', 'shell', `--image=${image('c')}`],
      ['create', 'rolebinding', 'more', '--clusterrole=admin', '--user=developer-b'],
      ['create', 'token', 'default'],
      ['delete', 'relpol', 'production'],
      ['label', 'configmap/settings', 'a=b', '--subresource=status'],
    ];
    for (const act of refused) await fails(world, 'developer-b', ...act);
    expect(await fails(world, 'developer-a', ...setImage('c'))).toMatch(/forbidden/i);

    const over = await endNow(world);
    expect(await leftovers(world)).toEqual([]);
    expect(await fails(world, 'developer-b', ...setImage('c'))).toMatch(/forbidden/i);
    expect(over.status).toMatchObject({
      state: 'FollowUpDue',
      drift: [
        { object: 'ConfigMap/made-at-night', change: 'Created', settled: 'Open' },
        { object: 'ConfigMap/settings', change: 'Changed', settled: 'Open' },
        { object: 'Deployment/api', change: 'Changed', settled: 'Open' },
      ],
    });
    expect(await findings(world)).toEqual([]);
  },
  offered,
);

scenario(
  'the day after: an ordinary release is held up, the one that follows up goes through, somebody else reviews, and it closes',
  async (world) => {
    expect(await ship(world, 'first', 'a')).toBe('Promoted');
    await explained(world);
    await letIn(world);
    await succeeds(world, 'developer-b', ...setImage('b'));
    await succeeds(
      world,
      'developer-b',
      'patch',
      'configmap/settings',
      '--type=merge',
      '-p',
      '{"data":{"letter":"x"}}',
    );
    await succeeds(world, 'developer-b', 'create', 'configmap', 'made-at-night', '--from-literal=a=b');
    const over = await endNow(world);

    // It would put the image back without saying so.
    await world.stage(...content(world, 'c'));
    await world.propose(world.candidate('ordinary', ['Deployment/api', 'ConfigMap/settings']));
    const verdict = await gateSays(world, 'ordinary', 'EmergencyDrift', 'EmergencyDrift');
    expect(verdict).toMatchObject({ outcome: 'Blocked', message: expect.stringContaining('Deployment api') });

    // Keeps the image, takes the setting back and says so, and takes away what was made.
    await world.stage(world.deployment('api', 'b'), world.configMap('settings', { letter: 'a' }));
    const followUp = world.candidate('follow-up', ['Deployment/api', 'ConfigMap/settings'], {
      followsUp: 'inc-4711',
      reverts: [
        { kind: 'ConfigMap', name: 'settings' },
        { kind: 'ConfigMap', name: 'made-at-night' },
      ],
      replaces: 'ordinary',
    });
    await world.propose(followUp);
    await sign(world, 'follow-up', ...everybody);
    expect(await end(world, 'follow-up')).toBe('Promoted');
    await waitForGone(world.as('installer'), world.ref('ConfigMap', 'made-at-night'), patienceMs);
    await inProduction<KubeObject & { data: Record<string, string> }>(
      world,
      'ConfigMap',
      'settings',
      ({ data }) => data['letter'] === 'a',
    );
    const settled = await when(world, ({ status }) => status?.drift?.every((each) => each.settled !== 'Open') === true);
    expect(settled.status?.drift).toMatchObject([
      { object: 'ConfigMap/made-at-night', settled: 'Reverted' },
      { object: 'ConfigMap/settings', settled: 'Reverted' },
      { object: 'Deployment/api', settled: 'Covered' },
    ]);
    expect(isTrue(settled, 'Finished')).toBe(false);

    await review(world, over);
    const closed = await when(world, (seen) => isTrue(seen, 'Finished'));
    expect(condition(closed, 'Finished')?.reason).toBe('AccessClosed');
    expect(await findings(world)).toEqual([]);
  },
  offered,
);

scenario(
  'while production is closed, the release that follows up goes through in the expedited lane, and the same one without it waits',
  async (world) => {
    expect(await ship(world, 'first', 'a')).toBe('Promoted');
    await explained(world);
    await amendPolicy(world, { ...closed, ...frozen });
    await letIn(world);
    await succeeds(world, 'developer-b', ...setImage('b'));
    const over = await endNow(world);
    expect(over.status?.drift).toMatchObject([{ object: 'Deployment/api', settled: 'Open' }]);

    await world.stage(world.deployment('api', 'b'));
    const followUp = (name: string, spec: Readonly<Record<string, unknown>> = {}): Manifest =>
      world.candidate(name, ['Deployment/api', 'ConfigMap/settings'], { followsUp: 'inc-4711', ...spec });
    const waits = (candidate: Reported): boolean =>
      condition(candidate, 'Promotable')?.message === 'not passed: Window, Freeze';
    await world.propose(followUp('patient'));
    await sign(world, 'patient', ...everybody);
    await world.when('patient', waits, patienceMs);

    await world.propose(followUp('hotfix', { urgency: 'Expedited', incident: 'INC-4711' }));
    await sign(world, 'hotfix', ...everybody);
    const verdict = await gateSays(world, 'hotfix', 'Approvals', 'ApprovalsMissing', ({ message }) =>
      message.startsWith('3 of 4'),
    );
    expect(verdict.message).toBe('3 of 4 approvals recorded; waiting for 1 sre');
    await sign(world, 'hotfix', ['sre-b', 'sre']);
    expect(await end(world, 'hotfix')).toBe('Promoted');
    await gateSays(world, 'patient', 'Window', 'WindowClosed');
    expect(isTrue(await world.when('patient', () => true), 'Finished')).toBe(false);

    const settled = await when(world, ({ status }) => status?.drift?.every((each) => each.settled !== 'Open') === true);
    expect(settled.status?.drift).toMatchObject([{ object: 'Deployment/api', settled: 'Covered' }]);
    expect(isTrue(settled, 'Finished')).toBe(false);
    await review(world, over);
    const done = await when(world, (seen) => isTrue(seen, 'Finished'));
    expect(condition(done, 'Finished')?.reason).toBe('AccessClosed');
    expect(await findings(world)).toEqual([]);
  },
  {
    ...offered,
    expedited: { soak: '0s', passes: ['Window', 'Freeze'], approvals: [{ role: 'sre', count: 1 }] },
  },
);

scenario(
  'who had a part in it reviews nothing',
  async (world) => {
    await explained(world);
    await letIn(world);
    const over = await endNow(world);
    for (const who of ['developer-b', 'sre-a']) {
      await bindRole(world.as('installer'), {
        name: `${who}-approves`,
        namespace: world.production,
        role: 'countersign-approver',
        subject: { kind: 'User', name: who },
      });
      await review(world, over, who);
    }
    await review(world, over);
    const closed = await when(world, (seen) => isTrue(seen, 'Finished'));
    expect(condition(closed, 'ReviewDue')?.message).toContain('approver-a');
  },
  offered,
);

scenario(
  'it ends by itself, in the second in which its time is over',
  async (world) => {
    await explained(world);
    const made = await letIn(world, 'short', { duration: '1m' });
    const deadline = Date.parse(made.metadata.creationTimestamp ?? '') + 60_000;
    expect(made.status?.notAfter).toBe(new Date(deadline).toISOString().replace('.000Z', 'Z'));
    await when(world, (seen) => isTrue(seen, 'Ended'), 'short');
    const [ended] = await entriesOf(world, 'EmergencyEnded');
    const lateMs = Date.parse(ended?.time ?? '') - deadline;
    expect(lateMs).toBeGreaterThanOrEqual(-2_000);
    expect(lateMs).toBeLessThan(30_000);
    expect(await leftovers(world)).toEqual([]);
  },
  offered,
);

scenario(
  'where the policy offers none, and where somebody is let in already, nobody is let in, and whoever asks is told why',
  async (world) => {
    const answer = await world.as('sre-a').create(access(world, 'none'));
    expect(JSON.stringify(answer)).toMatch(/EmergencyNotOffered: sre-a .* spec\.emergency/);
    accepted(await world.as('admin').patch(world.ref('ReleasePolicy', 'production'), 'merge', { spec: offered }));
    await letIn(world);
    const second = await world.as('sre-b').create(access(world, 'second'));
    expect(JSON.stringify(second)).toMatch(/GranteeHasGrant: sre-b .* inc-4711/);
    await endNow(world);
    await letIn(world, 'third');
  },
);

scenario(
  'a follow-up that is late is told within a minute, and nobody is let in until it is there',
  async (world) => {
    expect(await ship(world, 'first', 'a')).toBe('Promoted');
    await explained(world);
    await letIn(world);
    await succeeds(world, 'developer-b', ...setImage('b'));
    const over = await endNow(world);
    const dueAt = Date.parse(over.status?.followUpDue ?? '');
    const [ended] = await entriesOf(world, 'EmergencyEnded');
    expect(dueAt - Math.floor(Date.parse(ended?.time ?? '') / 1_000) * 1_000).toBe(60_000);

    const late = await when(world, (seen) => isTrue(seen, 'Overdue'), undefined, 120_000);
    expect(late.status).toMatchObject({ state: 'Overdue' });
    const [overdue] = await entriesOf(world, 'EmergencyOverdue');
    expect(Date.parse(overdue?.time ?? '') - dueAt).toBeLessThan(60_000);
    await waitFor<KubeObject & { readonly reason: string; readonly regarding: { readonly name: string } }>(
      world.as('installer'),
      { apiVersion: 'events.k8s.io/v1', kind: 'Event', namespace: world.production },
      ({ reason, regarding }) => reason === 'FollowUpLate' && regarding.name === 'inc-4711',
      patienceMs,
    );
    const metrics = await (await fetch(`${system().operator.address}/metrics`)).text();
    expect(metrics).toContain(`countersign_emergencies{namespace="${world.production}",state="overdue"} 1`);
    const refused = await world.as('sre-a').create(access(world, 'again', { grantee: 'developer-a' }));
    expect(JSON.stringify(refused)).toMatch(/FollowUpOverdue: sre-a .* spec\.followsUp: inc-4711/);

    expect(await ship(world, 'follow-up', 'b', { followsUp: 'inc-4711' })).toBe('Promoted');
    await when(world, (seen) => !isTrue(seen, 'Overdue'));
    await letIn(world, 'again', { grantee: 'developer-a' });
  },
  { emergency: { followUpWithin: '1m' } },
);

scenario(
  'a burst of acts, which share entries of the record, is counted and accounted for, whole',
  async (world) => {
    await explained(world);
    await letIn(world);
    const names = Array.from({ length: 12 }, (_, i) => `made-${String(i).padStart(2, '0')}`);
    const made = await Promise.all(
      names.map((name) =>
        world.as('developer-b').create({
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name, namespace: world.production },
        }),
      ),
    );
    expect(made.every(({ ok }) => ok)).toBe(true);
    await when(world, ({ status }) => (status?.actions ?? 0) >= names.length);
    const over = await endNow(world);
    expect(over.status?.drift?.map(({ object }) => object)).toEqual(names.map((name) => `ConfigMap/${name}`));
  },
  offered,
);
