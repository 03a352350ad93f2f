/** The gates on the real control plane: what each says, to whom, and that it lets go by itself when what was missing is there. */
import { expect } from '@jest/globals';
import { accepted, refused, type KubeObject, type Manifest } from '../support/cluster/cluster.ts';
import { bindRole, unbindRole } from '../support/cluster/rights.ts';
import { condition, gate, image, ours, type Reported, type World } from '../support/cluster/system.ts';
import { gateNames } from '../../operator/decide/gates/gates.ts';
import {
  amendPolicy,
  approverA,
  approverB,
  closed,
  conditionSays,
  end,
  everybody,
  frozen,
  gateSays,
  inProduction,
  minuteMs,
  patched,
  patienceMs,
  release,
  scenarios,
  sign,
  staged,
  tester,
  windowSince,
} from '../support/scenario/kit.ts';

const { scenario, system } = scenarios('gates');

const ready = async (world: World, name: string, spec: Readonly<Record<string, unknown>> = {}): Promise<void> => {
  await world.stage(world.configMap('settings', { level: 'info' }));
  await world.propose(world.candidate(name, ['ConfigMap/settings'], spec));
};

const bind = (world: World, name: string, role: string, who: string): Promise<void> =>
  bindRole(world.as('installer'), { name, namespace: world.production, role, subject: { kind: 'User', name: who } });

/** An Approval that rejects what the candidate is now. */
const rejection = (world: World, candidate: Reported, comment: string): Manifest => ({
  apiVersion: ours,
  kind: 'Approval',
  metadata: { generateName: 'no-', namespace: world.production },
  spec: {
    subject: { kind: 'ReleaseCandidate', name: candidate.metadata.name, uid: candidate.metadata.uid },
    digest: candidate.status?.digest,
    role: 'approver',
    decision: 'Reject',
    comment,
  },
});

const gatesShown = async (world: World): Promise<void> => {
  const containers = [{ name: 'main', image: 'registry.example/app:v1' }];
  const tagged = patched(world.deployment('api', 'a'), { spec: { template: { spec: { containers } } } });
  await world.stage(tagged);
  await world.propose(
    world.candidate('poor', ['Deployment/api'], { notes: { summary: 'a change', changes: ['one'] } }),
  );

  const candidate = await staged(world, 'poor');
  expect(candidate.status?.gates?.map(({ name }) => name)).toEqual([...gateNames]);
  const anew = `The developer creates a new candidate with spec.replaces: poor `;
  expect(gate(candidate, 'Notes')).toEqual({
    name: 'Notes',
    outcome: 'Blocked',
    reason: 'NotesMissing',
    message: 'The release notes lack installation',
    remedy: `${anew}and notes.installation filled in ("none" where there is nothing to say): kubectl create -f <candidate>.yaml -n ${world.staging}`,
  });
  expect(gate(candidate, 'Images')).toMatchObject({
    outcome: 'Blocked',
    reason: 'TagWithoutDigest',
    message: 'Not named by digest: container main of Deployment api ("registry.example/app:v1")',
  });
  expect(gate(candidate, 'Images')?.remedy).toContain(`kubectl get pods -n ${world.staging} -o jsonpath={..imageID}`);
  await sign(world, 'poor', ...everybody);
  const signed = await world.when('poor', (each) => each.status?.approvals === '3/3', patienceMs);
  expect(condition(signed, 'Promotable')).toMatchObject({
    status: 'False',
    reason: 'GatesBlocked',
    message: 'not passed: Notes, Images, Preflight',
  });
  expect(await world.live('Deployment', 'api')).toBeUndefined();
};

scenario('every gate is shown, and every one that does not pass says what is missing', gatesShown, {
  images: 'DigestRequired',
});

scenario(
  'a closed window holds a release up until it opens',
  async (world) => {
    await ready(world, 'early');
    await sign(world, 'early', ...everybody);
    const verdict = await gateSays(world, 'early', 'Window', 'WindowClosed');
    expect(verdict.outcome).toBe('Waiting');
    expect(verdict.message).toContain(`No window is open: "${closed.windows[0]?.schedule}" UTC for 1h`);
    expect(verdict.remedy).toContain('Wait for the next window, it continues automatically');

    await amendPolicy(world, { windows: [windowSince(5 * minuteMs)] });
    expect(await end(world, 'early')).toBe('Promoted');
  },
  closed,
);

scenario(
  'a freeze holds a release up until it is over',
  async (world) => {
    await ready(world, 'cold');
    await sign(world, 'cold', ...everybody);
    expect(await gateSays(world, 'cold', 'Freeze', 'Frozen')).toMatchObject({
      outcome: 'Waiting',
      message: 'A freeze is on: year-end closing',
    });
    const [freeze] = frozen.freezes;
    await amendPolicy(world, { freezes: [{ ...freeze, to: new Date(Date.now() + 3_000).toISOString() }] });
    expect(await end(world, 'cold')).toBe('Promoted');
  },
  frozen,
);

scenario(
  'a change ticket that the policy requires is missed, and one of its form promoted',
  async (world) => {
    await ready(world, 'unnamed');
    expect(await gateSays(world, 'unnamed', 'ChangeTicket', 'ChangeTicketMissing')).toEqual({
      name: 'ChangeTicket',
      outcome: 'Blocked',
      reason: 'ChangeTicketMissing',
      message: 'The policy requires a change that matches ^CHG[0-9]{7}$, and spec.change is empty',
      remedy: `The developer creates a new candidate with spec.replaces: unnamed and spec.change: the name of its change in the system of record: kubectl create -f <candidate>.yaml -n ${world.staging}`,
    });
    await ready(world, 'mistyped', { change: 'CHG-12345', replaces: 'unnamed' });
    expect(await gateSays(world, 'mistyped', 'ChangeTicket', 'ChangeTicketMalformed')).toMatchObject({
      outcome: 'Blocked',
      message: 'The policy takes only a change that matches ^CHG[0-9]{7}$, and spec.change is "CHG-12345"',
    });
    await ready(world, 'ticketed', { change: 'CHG0012345', replaces: 'mistyped' });
    await sign(world, 'ticketed', ...everybody);
    expect(await end(world, 'ticketed')).toBe('Promoted');
    expect(await end(world, 'mistyped')).toBe('Superseded');
  },
  { changeTicket: { mode: 'Required', pattern: '^CHG[0-9]{7}$' } },
);

scenario(
  'the expedited lane passes window and freeze, and asks for one more person',
  async (world) => {
    await ready(world, 'patient');
    const patient = await staged(world, 'patient');
    for (const name of ['Window', 'Freeze']) {
      expect(gate(patient, name)?.outcome).toBe('Waiting');
      expect(gate(patient, name)?.remedy).toContain('if it cannot wait: The developer creates a new candidate');
    }
    const nameless = world.candidate('nameless', ['ConfigMap/settings'], { urgency: 'Expedited' });
    expect(refused(await world.as('developer-a').create(nameless)).message).toContain(
      'urgency Expedited needs spec.incident: name the incident that this release fixes',
    );

    await ready(world, 'hotfix', { urgency: 'Expedited', incident: 'INC-1', replaces: 'patient' });
    await sign(world, 'hotfix', ...everybody);
    const verdict = await gateSays(world, 'hotfix', 'Approvals', 'ApprovalsMissing', ({ message }) =>
      message.startsWith('3 of 4'),
    );
    expect(verdict.message).toBe('3 of 4 approvals recorded; waiting for 1 sre');
    expect(gate(await world.when('hotfix', () => true), 'Window')).toMatchObject({
      outcome: 'Passed',
      reason: 'PassedByExpedited',
    });
    expect(gate(await world.when('hotfix', () => true), 'Freeze')).toMatchObject({ reason: 'PassedByExpedited' });
    await sign(world, 'hotfix', ['sre-a', 'sre']);
    expect(await end(world, 'hotfix')).toBe('Promoted');
    expect(await end(world, 'patient')).toBe('Superseded');
  },
  {
    ...closed,
    ...frozen,
    soak: '1h',
    expedited: { soak: '0s', passes: ['Window', 'Freeze'], approvals: [{ role: 'sre', count: 1 }] },
  },
);

scenario('a lane that the policy does not offer is not taken', async (world) => {
  await ready(world, 'hasty', { urgency: 'Expedited', incident: 'INC-1' });
  const candidate = await staged(world, 'hasty');
  expect(gate(candidate, 'Window')).toMatchObject({
    outcome: 'Blocked',
    reason: 'ExpeditedNotOffered',
    message: 'The candidate is of urgency Expedited, and the policy has no expedited lane',
  });
});

scenario('signatures count by line, and by the groups that must be among them', async (world) => {
  await system().controlPlane.identity({ name: 'approver-c', groups: ['payments-owners'] });
  await bind(world, 'approver-c', 'countersign-approver', 'approver-c');
  await ready(world, 'lines');
  await sign(world, 'lines', approverA, ['approver-c', 'approver']);
  const verdict = await gateSays(world, 'lines', 'Approvals', 'ApprovalsMissing', ({ message }) =>
    message.includes('(from change-board)'),
  );
  // Two owners have signed; only one place is theirs.
  expect(verdict).toMatchObject({
    outcome: 'Waiting',
    message: '1 of 3 approvals recorded; waiting for 1 tester and 1 approver (from change-board)',
  });
  expect(verdict.remedy).toContain(
    `kubectl get cand lines -n ${world.staging} -o jsonpath={.status.approvalManifests.tester} | kubectl create -f -`,
  );
  await sign(world, 'lines', tester, approverB);
  expect(await end(world, 'lines')).toBe('Promoted');
});

scenario('a rejection is final, and its comment is the reason', async (world) => {
  await ready(world, 'refused');
  const candidate = await sign(world, 'refused', tester);
  expect(refused(await world.as('approver-a').create(rejection(world, candidate, ''))).message).toContain(
    'decision Reject needs spec.comment: say what is wrong, so that the author can fix it',
  );
  accepted(await world.as('approver-a').create(rejection(world, candidate, 'the level is wrong')));
  const finished = await conditionSays(world, 'refused', 'Finished', 'Rejected');
  expect(finished).toMatchObject({ status: 'True', message: 'rejected by approver-a: the level is wrong' });

  await world.sign(candidate, ...approverA);
  await world.sign(candidate, ...approverB);
  await ready(world, 'mended', { replaces: 'refused' });
  await sign(world, 'mended', ...everybody);
  expect(await end(world, 'mended')).toBe('Promoted');
  expect(await end(world, 'refused')).toBe('Rejected');
  const entry = (await world.ledger()).find(({ type }) => type === 'Rejected');
  expect(entry).toMatchObject({
    actor: { username: 'approver-a' },
    decision: 'Reject',
    digest: candidate.status?.digest,
  });
});

scenario(
  'the soak is waited for, and over by itself',
  async (world) => {
    await world.stage(world.configMap('settings', { level: 'info' }), world.deployment('api', 'a'));
    await world.propose(world.candidate('soaking', ['ConfigMap/settings', 'Deployment/api']));
    await sign(world, 'soaking', ...everybody);
    expect(await gateSays(world, 'soaking', 'Soak', 'Soaking')).toMatchObject({
      outcome: 'Waiting',
      message: `${world.staging} must run this content, healthy, for 12s`,
    });
    expect(await end(world, 'soaking')).toBe('Promoted');
    const entries = await world.ledger();
    expect(entries.map(({ type }) => type)).toContain('PromotionStarted');
  },
  { soak: '12s' },
);

scenario('staging that is not healthy holds a release up, and says which workload', async (world) => {
  await world.stage(world.deployment('api', 'a'));
  accepted(
    await world.as('developer-a').patch(world.ref('Deployment', 'api', world.staging), 'merge', {
      spec: { template: { metadata: { annotations: { 'countersign.test/behaviour': 'crash-loop' } } } },
    }),
  );
  await world.propose(world.candidate('sick', ['Deployment/api']));
  const verdict = await gateSays(
    world,
    'sick',
    'StagingHealthy',
    'StagingUnhealthy',
    ({ outcome }) => outcome === 'Blocked',
  );
  expect(verdict.message).toContain(`Not healthy in ${world.staging}: Deployment api (`);
  expect(verdict.remedy).toContain(`kubectl describe deployment/api -n ${world.staging}`);
});

const behaving = (behaviour: string) => [
  {
    kind: 'Deployment',
    name: 'api',
    patch: { spec: { template: { metadata: { annotations: { 'countersign.test/behaviour': behaviour } } } } },
  },
];

scenario('what was rolled back is held, and its successor says why it failed', async (world) => {
  await world.stage(world.deployment('api', 'a'));
  expect(await release(world, world.candidate('good', ['Deployment/api']))).toBe('Promoted');
  await world.stage(world.deployment('api', 'b'));
  const overlay = behaving('crash-loop');
  expect(await release(world, world.candidate('bad', ['Deployment/api'], { overlay }))).toBe('RolledBack');

  await world.propose(
    patched(world.candidate('same', ['Deployment/api'], { overlay }), { spec: { notes: { analysis: null } } }),
  );
  expect(await gateSays(world, 'same', 'Notes', 'AnalysisMissing')).toMatchObject({
    outcome: 'Blocked',
    message: 'The last release of payments was rolled back and notes.analysis does not say why',
  });
  expect(await gateSays(world, 'same', 'RollbackHold', 'HeldAfterRollback')).toMatchObject({
    outcome: 'Blocked',
    message: 'This content was in production and was rolled back, so only a new candidate goes forward',
  });
  expect(await release(world, world.candidate('mended', ['Deployment/api'], { replaces: 'same' }))).toBe('Promoted');
  const live = await world.live<KubeObject & { spec: { template: { spec: { containers: { image: string }[] } } } }>(
    'Deployment',
    'api',
  );
  expect(live?.spec.template.spec.containers[0]?.image).toBe(image('b'));
});

scenario(
  'one promotion of a package at a time; the next waits its turn',
  async (world) => {
    await world.stage(world.deployment('api', 'a'));
    await world.propose(world.candidate('next', ['Deployment/api']));
    await world.propose(world.candidate('slow', ['Deployment/api'], { overlay: behaving('never-ready') }));
    await staged(world, 'next');
    await sign(world, 'slow', ...everybody);
    await conditionSays(world, 'slow', 'Reconciling', 'Promoting');
    await sign(world, 'next', ...everybody);
    expect(await gateSays(world, 'next', 'InFlight', 'PromotionInFlight')).toMatchObject({
      outcome: 'Waiting',
      message: 'The promotion of slow is in flight',
      remedy: `Wait, it continues automatically when that has ended: kubectl get cand slow -n ${world.staging}`,
    });
    expect(gate(await world.when('next', () => true), 'Preflight')?.reason).not.toBe('OwnershipConflict');
    expect(await end(world, 'slow')).toBe('RolledBack');
    expect(await end(world, 'next')).toBe('Promoted');
  },
  { health: { progressTimeout: '10s', observeFor: '0s', settle: '0s' } },
);

scenario('a signature lapses with the right to give it, and counts again with it', async (world) => {
  await ready(world, 'lapsed');
  await sign(world, 'lapsed', approverA, approverB);
  await world.when('lapsed', (each) => each.status?.approvals === '2/3', patienceMs);
  const binding = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    namespace: world.production,
    name: 'approvers',
  };
  const before = accepted(await world.as('installer').get(binding));
  await unbindRole(world.as('installer'), {
    name: binding.name,
    namespace: world.production,
    role: 'countersign-approver',
    subject: { kind: 'User', name: 'approver-a' },
  });

  await sign(world, 'lapsed', tester);
  await world.when('lapsed', (each) => each.status?.approvals === '1/3', patienceMs);
  const verdict = await gateSays(world, 'lapsed', 'Approvals', 'ApproverLacksRight');
  expect(verdict.outcome).toBe('Waiting');
  expect(verdict.message).toContain('1 of 3 approvals recorded; waiting for 2 approver');
  expect(verdict.message).toContain('approver-a as approver (does not hold the role)');
  expect(await world.live('ConfigMap', 'settings')).toBeUndefined();

  const { resourceVersion: _, uid: __, ...metadata } = before.metadata;
  accepted(await world.as('installer').create({ ...before, metadata }));
  expect(await end(world, 'lapsed')).toBe('Promoted');
  await inProduction(world, 'ConfigMap', 'settings', () => true);
});
