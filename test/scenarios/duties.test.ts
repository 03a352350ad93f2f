/** Who may not sign for what: judged by the operator, named to whoever reads the candidate. */
import { expect } from '@jest/globals';
import { accepted, type ApiClient } from '../cluster/cluster.ts';
import { gate, type World } from '../cluster/system.ts';
import { approverA, approverB, end, everybody, gateSays, patienceMs, scenarios, sign, staged, tester } from './kit.ts';

const { scenario, system } = scenarios('duties');

const rbac = 'rbac.authorization.k8s.io';

const bind = async (
  world: World,
  { name, namespace, role, subject }: { name: string; namespace: string; role: string; subject: object },
): Promise<void> => {
  accepted(
    await world.as('installer').create({
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata: { name, namespace },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: role },
      subjects: [subject],
    }),
  );
};

const user = (name: string) => ({ apiGroup: rbac, kind: 'User', name });

/** An approver besides those of the sample, in a group of the policy. */
const anotherApprover = async (world: World, name: string, group: string): Promise<void> => {
  await system().controlPlane.identity({ name, groups: [group] });
  await bind(world, { name, namespace: world.production, role: 'countersign-approver', subject: user(name) });
};

const ready = async (world: World, name: string, as = 'developer-a'): Promise<void> => {
  await world.stage(world.configMap('settings', { level: 'info' }));
  await world.propose(world.candidate(name, ['ConfigMap/settings']), as);
};

scenario('who wrote the content may sign, and is not counted', async (world) => {
  await bind(world, {
    name: 'developer-b',
    namespace: world.production,
    role: 'countersign-approver',
    subject: user('developer-b'),
  });
  await ready(world, 'own', 'developer-b');
  await sign(world, 'own', ['developer-b', 'approver'], tester);
  const verdict = await gateSays(world, 'own', 'SegregationOfDuties', 'AuthorCannotSign');
  expect(verdict).toMatchObject({
    outcome: 'Waiting',
    message: 'Not counted, for they had a hand in the content: developer-b',
    remedy: `Somebody else who holds role approver in ${world.production} signs: kubectl get cand own -n ${world.staging} -o jsonpath={.status.approvalManifests.approver} | kubectl create -f -`,
  });
  const counted = await gateSays(world, 'own', 'Approvals', 'ApprovalsMissing', ({ message }) =>
    message.startsWith('1 of 3'),
  );
  expect(counted.message).toContain('developer-b as approver (had a hand in the content)');

  await sign(world, 'own', approverA, approverB);
  expect(await end(world, 'own')).toBe('Promoted');
  const entries = await world.ledger();
  expect(entries.find(({ type }) => type === 'Staged')?.actor).toMatchObject({ username: 'developer-b' });
});

scenario(
  'one person under two accounts signs once, as tester or as approver',
  async (world) => {
    await ready(world, 'twice');
    await sign(world, 'twice', tester, approverA, approverB);
    const verdict = await gateSays(world, 'twice', 'SegregationOfDuties', 'SamePersonTwice');
    expect(verdict).toMatchObject({
      outcome: 'Waiting',
      message: 'Counted once, for they are one person: approver-a as approver and tester-a as tester',
    });
    expect((await world.when('twice', () => true)).status?.approvals).toBe('2/3');

    await sign(world, 'twice', ['tester-b', 'tester']);
    expect(await end(world, 'twice')).toBe('Promoted');
  },
  { people: [{ name: 'sam', identities: ['tester-a', 'approver-a'] }] },
);

scenario(
  'two approvers who are one person fill one place',
  async (world) => {
    await anotherApprover(world, 'approver-d', 'change-board');
    await ready(world, 'pair');
    await sign(world, 'pair', ...everybody);
    const verdict = await gateSays(world, 'pair', 'SegregationOfDuties', 'SamePersonTwice');
    expect(verdict.message).toBe(
      'Counted once, for they are one person: approver-a as approver and approver-b as approver',
    );
    await sign(world, 'pair', ['approver-d', 'approver']);
    expect(await end(world, 'pair')).toBe('Promoted');
  },
  { people: [{ name: 'pat', identities: ['approver-a', 'approver-b'] }] },
);

/** A ServiceAccount of staging that may stage, as CI does. */
const automation = async (world: World): Promise<ApiClient> => {
  const admin = world.as('installer');
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', namespace: world.staging, name: 'ci' };
  accepted(
    await admin.create({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'ci', namespace: world.staging },
    }),
  );
  const subject = { kind: 'ServiceAccount', name: 'ci', namespace: world.staging };
  await bind(world, { name: 'ci', namespace: world.staging, role: 'countersign-developer', subject });
  const answer = await admin.createAt<{ status: { token: string } }>(
    { ...account, subresource: 'token' },
    { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
  );
  return admin.withToken(accepted(answer).status.token);
};

scenario('automation stages for people whom it names, once it is trusted', async (world) => {
  const ci = await automation(world);
  const account = `system:serviceaccount:${world.staging}:ci`;
  await world.stage(world.configMap('settings', { level: 'info' }));
  accepted(await ci.create(world.candidate('untrusted', ['ConfigMap/settings'], { onBehalfOf: ['developer-a'] })));
  const untrusted = await gateSays(world, 'untrusted', 'SegregationOfDuties', 'AuthorNotTrusted');
  expect(untrusted).toMatchObject({
    outcome: 'Blocked',
    message: `${account} wrote this content, and the policy does not trust such an account to author releases`,
  });
  expect(untrusted.remedy).toContain(
    `a platform admin adds the ServiceAccount to spec.trustedAutomation: kubectl edit relpol production -n ${world.production}`,
  );

  const policy = world.ref('ReleasePolicy', 'production');
  accepted(await world.as('admin').patch(policy, 'merge', { spec: { trustedAutomation: [account] } }));
  await gateSays(world, 'untrusted', 'SegregationOfDuties', 'DutiesSegregated');

  accepted(await ci.create(world.candidate('nobody', ['ConfigMap/settings'])));
  expect(await gateSays(world, 'nobody', 'SegregationOfDuties', 'AuthorNamesNobody')).toMatchObject({
    outcome: 'Blocked',
    message: `${account} wrote this content and spec.onBehalfOf names no person behind it`,
    remedy: `The developer creates a new candidate with spec.replaces: nobody and the people behind it in spec.onBehalfOf: kubectl create -f <candidate>.yaml -n ${world.staging}`,
  });

  await anotherApprover(world, 'approver-e', 'payments-owners');
  accepted(
    await ci.create(world.candidate('behalf', ['ConfigMap/settings'], { onBehalfOf: ['approver-a', 'developer-a'] })),
  );
  await sign(world, 'behalf', ...everybody);
  const verdict = await gateSays(world, 'behalf', 'SegregationOfDuties', 'AuthorCannotSign');
  expect(verdict.message).toBe('Not counted, for they had a hand in the content: approver-a');
  await sign(world, 'behalf', ['approver-e', 'approver']);
  expect(await end(world, 'behalf')).toBe('Promoted');
  ci.close();
});

scenario(
  'who is the author under another account is the author',
  async (world) => {
    await ready(world, 'alias');
    const candidate = await staged(world, 'alias');
    await world.sign(candidate, ...approverA);
    await gateSays(world, 'alias', 'SegregationOfDuties', 'AuthorCannotSign');
    const seen = await world.when('alias', (each) => each.status?.approvals === '0/3', patienceMs);
    expect(gate(seen, 'SegregationOfDuties')?.message).toContain('approver-a');
  },
  { people: [{ name: 'alex', identities: ['developer-a', 'approver-a'] }] },
);
