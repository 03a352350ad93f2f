/** Who may not sign for what: judged by the operator, named to whoever reads the candidate. */
import { expect } from '@jest/globals';
import { writersAnnotation } from '../../operator/api/kinds.ts';
import { eventually } from '../support/attack/world.ts';
import { accepted, waitFor, type ApiClient, type KubeObject } from '../support/cluster/cluster.ts';
import { bindRole, type Subject } from '../support/cluster/rights.ts';
import { gate, type World } from '../support/cluster/system.ts';
import {
  amendPolicy,
  approverA,
  approverB,
  bundleOf,
  conditionSays,
  end,
  everybody,
  gateSays,
  patienceMs,
  scenarios,
  sign,
  staged,
  tester,
} from '../support/scenario/kit.ts';
import { dataOf, entriesOf } from '../support/scenario/production.ts';

const { scenario, system } = scenarios('duties');

const bind = (world: World, binding: Parameters<typeof bindRole>[1]): Promise<void> =>
  bindRole(world.as('installer'), binding);

const user = (name: string): Subject => ({ kind: 'User', name });

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
  const verdict = await gateSays(
    world,
    'own',
    'SegregationOfDuties',
    'AuthorCannotSign',
    ({ remedy }) => !remedy.includes('role tester'),
  );
  expect(verdict).toMatchObject({
    outcome: 'Waiting',
    message: 'Not counted, because they changed the content: developer-b',
    remedy: `Somebody else who holds role approver in ${world.production} signs: kubectl get cand own -n ${world.staging} -o jsonpath={.status.approvalManifests.approver} | kubectl create -f -`,
  });
  const counted = await gateSays(world, 'own', 'Approvals', 'ApprovalsMissing', ({ message }) =>
    message.startsWith('1 of 3'),
  );
  expect(counted.message).toContain('developer-b as approver (changed the content)');

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
    await world.when('twice', ({ status }) => status?.approvals === '2/3', patienceMs);

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
  const subject: Subject = { kind: 'ServiceAccount', name: 'ci', namespace: world.staging };
  await bind(world, { name: 'ci', namespace: world.staging, role: 'countersign-developer', subject });
  const answer = await admin.createAt<{ status: { token: string } }>(
    { ...account, subresource: 'token' },
    { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
  );
  return admin.withToken(accepted(answer).status.token);
};

/** Somebody of the sample may edit staging. */
const editsStaging = (world: World, name: string): Promise<void> =>
  bind(world, { name: `${name}-edits`, namespace: world.staging, role: 'edit', subject: user(name) });

const scaled = (world: World, replicas: number) => world.deployment('api', 'a', { replicas });

/** Changes the staged Deployment, once RBAC has come to know that they may. */
const scale = async (world: World, who: string, replicas: number): Promise<void> => {
  const target = world.ref('Deployment', 'api', world.staging);
  await eventually(
    'bound',
    () => world.as(who).patch(target, 'merge', { spec: { replicas } }),
    ({ ok }) => ok,
  );
};

scenario('an approver who edited the staged Deployment does not sign for it, and signs for the next', async (world) => {
  await anotherApprover(world, 'approver-f', 'payments-owners');
  await editsStaging(world, 'approver-a');
  await world.stage(scaled(world, 1));
  await scale(world, 'approver-a', 2);
  await world.stage(scaled(world, 1));
  await world.propose(world.candidate('first', ['Deployment/api']));
  const candidate = await sign(world, 'first', ...everybody);
  expect(await gateSays(world, 'first', 'SegregationOfDuties', 'AuthorCannotSign')).toMatchObject({
    outcome: 'Waiting',
    message: 'Not counted, because they changed the content: approver-a',
    remedy: expect.stringContaining(`Somebody else who holds role approver in ${world.production} signs: `),
  });
  const authors = ['approver-a', 'developer-a'];
  const bundle = await bundleOf(world, candidate);
  const live = await world.live('Deployment', 'api', world.staging);
  expect(bundle.spec).toMatchObject({ authors, objects: [{ source: { uid: live?.metadata.uid } }] });
  expect(bundle.spec.objects[0]?.content).not.toContain('countersign.dev/writers');
  expect(dataOf((await entriesOf(world, 'Staged', 'first'))[0])).toMatchObject({ authors });

  await sign(world, 'first', ['approver-f', 'approver']);
  expect(await end(world, 'first')).toBe('Promoted');
  expect((await world.live('Deployment', 'api'))?.metadata.annotations ?? {}).not.toHaveProperty([writersAnnotation]);

  // What approver-a did is in production now, signed for by others.
  await world.stage(scaled(world, 3));
  await world.propose(world.candidate('second', ['Deployment/api']));
  const second = await sign(world, 'second', ...everybody);
  expect((await bundleOf(world, second)).spec.authors).toEqual(['developer-a']);
  expect(await end(world, 'second')).toBe('Promoted');
});

scenario('who edits staging once it is staged loses their signature, also if they change it back', async (world) => {
  await editsStaging(world, 'approver-a');
  await world.stage(scaled(world, 1));
  await world.propose(world.candidate('held', ['Deployment/api']));
  await sign(world, 'held', approverA, approverB);
  await world.when('held', ({ status }) => status?.approvals === '2/3', patienceMs);
  await scale(world, 'approver-a', 2);
  await gateSays(world, 'held', 'StagingUnchanged', 'StagingChanged');
  await scale(world, 'approver-a', 1);
  await gateSays(world, 'held', 'StagingUnchanged', 'StagingUnchanged');
  await gateSays(world, 'held', 'SegregationOfDuties', 'AuthorCannotSign');
  expect((await world.when('held', () => true)).status?.approvals).toBe('1/3');
});

/** Somebody sets how many the staged Deployment has, by an autoscaler that no release holds. */
const autoscale = async (world: World, who: string, replicas: number): Promise<void> => {
  const { apiVersion, kind } = world.ref('HorizontalPodAutoscaler', 'api', world.staging);
  const scaler = {
    apiVersion,
    kind,
    metadata: { name: 'api', namespace: world.staging },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' },
      minReplicas: replicas,
      maxReplicas: replicas + 1,
    },
  };
  await eventually(
    'bound',
    () => world.as(who).create(scaler),
    ({ ok }) => ok,
  );
  await waitFor<KubeObject & { spec: { replicas: number } }>(
    world.as('installer'),
    world.ref('Deployment', 'api', world.staging),
    (live) => live.spec.replicas === replicas,
    patienceMs,
  );
};

scenario('who wrote an autoscaler is an author of what it scales, and does not sign for it', async (world) => {
  await anotherApprover(world, 'approver-g', 'payments-owners');
  await editsStaging(world, 'approver-a');
  await world.stage(scaled(world, 1));
  await autoscale(world, 'approver-a', 3);
  await world.propose(world.candidate('grown', ['Deployment/api']));
  const candidate = await sign(world, 'grown', ...everybody);
  expect((await bundleOf(world, candidate)).spec.authors).toEqual(['approver-a', 'developer-a']);
  expect(await gateSays(world, 'grown', 'SegregationOfDuties', 'AuthorCannotSign')).toMatchObject({
    outcome: 'Waiting',
    message: 'Not counted, because they changed the content: approver-a',
  });
  await sign(world, 'grown', ['approver-g', 'approver']);
  expect(await end(world, 'grown')).toBe('Promoted');
  expect(await world.live('Deployment', 'api')).toMatchObject({ spec: { replicas: 3 } });
});

scenario('replicas that no autoscaler explains are staged once somebody answers for them', async (world) => {
  await editsStaging(world, 'approver-a');
  await world.stage(scaled(world, 1));
  await autoscale(world, 'approver-a', 3);
  const scaler = world.ref('HorizontalPodAutoscaler', 'api', world.staging);
  accepted(await world.as('approver-a').delete(scaler));
  await world.propose(world.candidate('orphan', ['Deployment/api']));
  const command = `kubectl annotate deployment/api -n ${world.staging} --overwrite countersign.dev/writers='3 %replicas'`;
  const unknown = await conditionSays(world, 'orphan', 'Staged', 'AuthorUnrecorded');
  expect(unknown.message).toBe(
    `It is not recorded who set the replicas of Deployment api in ${world.staging}, which no autoscaler explains. Somebody who answers for the replicas says so: ${command}`,
  );

  const { controlPlane } = system();
  const [, typed = '', quoted = ''] = /^kubectl (.*)='(.*)'$/.exec(command) ?? [];
  const [annotation = '', ...args] = typed.split(' ').toReversed();
  const answer = [...args.toReversed(), `${annotation}=${quoted}`];
  expect(await controlPlane.kubectl('developer-b', answer)).toMatchObject({ code: 0 });
  await conditionSays(world, 'orphan', 'Staged', 'Staged');
  const { spec } = await bundleOf(world, await world.when('orphan', () => true));
  expect(spec.authors).toEqual(['developer-a', 'developer-b']);
});

scenario('an autoscaler that comes once it is staged makes who wrote it an author', async (world) => {
  await editsStaging(world, 'approver-a');
  await world.stage(scaled(world, 2));
  await world.propose(world.candidate('later', ['Deployment/api']));
  await sign(world, 'later', approverA, approverB);
  await world.when('later', ({ status }) => status?.approvals === '2/3', patienceMs);
  await autoscale(world, 'approver-a', 2);
  await gateSays(world, 'later', 'SegregationOfDuties', 'AuthorCannotSign');
  expect((await world.when('later', () => true)).status?.approvals).toBe('1/3');
});

scenario('what nobody is recorded to have written is not staged, until somebody answers for it', async (world) => {
  // A controller made it.
  await world.propose(world.candidate('unclear', ['ServiceAccount/default']));
  const staged = await conditionSays(world, 'unclear', 'Staged', 'AuthorUnrecorded');
  const command = `kubectl get serviceaccount/default -n ${world.staging} -o yaml | kubectl replace -f -`;
  expect(staged.message).toBe(
    `It is not recorded who wrote ServiceAccount default in ${world.staging}. Somebody who answers for it sends it again as it is: ${command}`,
  );

  const { controlPlane } = system();
  const [get = '', replace = ''] = command.split(' | ').map((part) => part.replace('kubectl ', ''));
  const { stdout } = await controlPlane.kubectl('developer-b', get.split(' '));
  expect(await controlPlane.kubectl('developer-b', replace.split(' '), { stdin: stdout })).toMatchObject({ code: 0 });
  await conditionSays(world, 'unclear', 'Staged', 'Staged');
  expect((await bundleOf(world, await world.when('unclear', () => true))).spec.authors).toEqual([
    'developer-a',
    'developer-b',
  ]);
});

scenario('staging whose label is gone blocks what is staged: nobody can tell who changes it', async (world) => {
  await ready(world, 'blind');
  await staged(world, 'blind');
  const label = async (value: string | null): Promise<void> => {
    const labels = { 'countersign.dev/staging': value };
    const namespace = { apiVersion: 'v1', kind: 'Namespace', name: world.staging };
    accepted(await world.as('installer').patch(namespace, 'merge', { metadata: { labels } }));
  };
  await label(null);
  expect(await gateSays(world, 'blind', 'SegregationOfDuties', 'AuthorUnrecorded')).toMatchObject({
    outcome: 'Blocked',
    remedy: expect.stringContaining(`kubectl label namespace ${world.staging} countersign.dev/staging=true; then `),
  });
  await label('true');
  await gateSays(world, 'blind', 'SegregationOfDuties', 'DutiesSegregated');
});

scenario('automation that writes staging is trusted by name, and stands for people who are named', async (world) => {
  const ci = await automation(world);
  const account = `system:serviceaccount:${world.staging}:ci`;
  const subject: Subject = { kind: 'ServiceAccount', name: 'ci', namespace: world.staging };
  await bind(world, { name: 'ci-edits', namespace: world.staging, role: 'edit', subject });
  const deployed = world.configMap('settings', { level: 'info' });
  await eventually(
    'bound',
    () => ci.create(deployed),
    ({ ok }) => ok,
  );
  await world.propose(world.candidate('by-person', ['ConfigMap/settings']));
  const untrusted = await gateSays(world, 'by-person', 'SegregationOfDuties', 'AuthorNotTrusted');
  expect(untrusted.message).toContain(`${account} wrote this content`);
  expect(untrusted.remedy).toContain(
    `A person creates ConfigMap settings again (kubectl get configmap/settings -n ${world.staging} -o yaml | kubectl replace --force -f -)`,
  );

  await amendPolicy(world, { trustedAutomation: [account] });
  await gateSays(world, 'by-person', 'SegregationOfDuties', 'AutomationWithoutPerson');
  await world.propose(world.candidate('named', ['ConfigMap/settings'], { onBehalfOf: ['developer-b'] }));
  await sign(world, 'named', ...everybody);
  expect(await end(world, 'named')).toBe('Promoted');
  ci.close();
});

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
  expect(await gateSays(world, 'nobody', 'SegregationOfDuties', 'AutomationWithoutPerson')).toMatchObject({
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
  expect(verdict.message).toBe('Not counted, because they changed the content: approver-a');
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
