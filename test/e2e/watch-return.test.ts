/** What happened while everything was down is found on return; and our own installation is watched like production. One system, in order. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startOperator, type OperatorProcess } from '../../hack/controlplane/operator.ts';
import { accepted, startTimeoutMs, waitFor, type KubeObject, type Manifest } from '../support/cluster/cluster.ts';
import { gate, isTrue, ours, startSystem, type Reported, type System, type World } from '../support/cluster/system.ts';
import {
  audit,
  closed,
  explained,
  findings,
  found,
  foundUntilNow,
  installation,
  policy,
  signFor,
} from '../support/scenario/findings.ts';
import { end, everybody, gateSays, patienceMs, release, sign } from '../support/scenario/kit.ts';
import { dataOf, entriesOf, meddle, plant } from '../support/scenario/production.ts';

let system: System;
let again: OperatorProcess | undefined;
let world: World;

beforeAll(async () => {
  system = await startSystem();
  world = await system.world('returned', {}, audit);
  await explained(world);
  await world.stage(world.configMap('settings', { text: 'a' }), world.deployment('api', 'a', { replicas: 2 }));
}, startTimeoutMs * 2);

afterAll(async () => {
  await again?.stop();
  await system?.stop();
});

const components = ['ConfigMap/settings', 'Deployment/api'];
const admission = 'admissionregistration.k8s.io/v1';
const binding = { apiVersion: admission, kind: 'ValidatingAdmissionPolicyBinding', name: 'countersign-releasebundles' };

test('what changed, came and went while the operator was down is found when it is back, and nothing else', async () => {
  expect(await release(world, world.candidate('first', components))).toBe('Promoted');
  await plant(world, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'known' }, stringData: { a: 'b' } });
  await signFor(world, 'Secret/known', 'approver-a', 'approver');
  await explained(world);
  await system.operator.stop();

  const setup = world.as('installer');
  await meddle(world, 'Secret', 'known', { stringData: { a: 'c' } });
  accepted(await setup.delete(world.ref('ConfigMap', 'settings')));
  await plant(world, { apiVersion: 'v1', kind: 'Service', metadata: { name: 'side' }, spec: { ports: [{ port: 1 }] } });
  // A pod that a controller replaced meanwhile is none of it.
  accepted(await setup.delete(world.ref('Pod'), { labelSelector: 'app=api' }));
  again = await startOperator(system.controlPlane, { instance: 'operator-1' });

  await Promise.all(['Secret/known', 'ConfigMap/settings', 'Service/side'].map((object) => found(world, object)));
  expect((await foundUntilNow(world)).toSorted()).toEqual([
    'Changed Secret/known',
    'Created Secret/known',
    'Created Service/side',
    'Deleted ConfigMap/settings',
  ]);
}, 120_000);

test('a second process finds nothing that is known, and goes on measuring by the same key', async () => {
  const before = await findings(world);
  await again?.stop();
  again = await startOperator(system.controlPlane, { instance: 'operator-2' });
  expect(await foundUntilNow(world)).toEqual(before.filter((each) => !each.includes('marker')));
}, 120_000);

test('an upgrade of the chart that changes nothing is no finding', async () => {
  await system.upgrade();
  expect((await foundUntilNow(world)).filter((each) => each.includes(installation))).toEqual([]);
}, 120_000);

test('a binding that is deleted holds promotions at once, by name; a rollback goes on; a signature lets promotions go on', async () => {
  const fresh = await system.world('integrity');
  await explained(fresh);
  for (const [name, text] of [
    ['first', 'a'],
    ['second', 'b'],
  ] as const) {
    await fresh.stage(fresh.configMap('settings', { text }));
    expect(await release(fresh, fresh.candidate(name, ['ConfigMap/settings']))).toBe('Promoted');
  }
  const setup = fresh.as('installer');
  const lock = accepted(await setup.get<Manifest & KubeObject>(binding));
  accepted(await setup.delete(binding));

  await fresh.stage(fresh.configMap('settings', { text: 'c' }));
  await fresh.propose(fresh.candidate('third', ['ConfigMap/settings']));
  await sign(fresh, 'third', ...everybody);
  const verdict = await gateSays(fresh, 'third', 'InstallationIntegrity', 'InstallationChanged', ({ remedy }) =>
    remedy.includes('kubectl create -f -'),
  );
  expect(verdict).toMatchObject({ outcome: 'Blocked' });
  expect(verdict.message).toContain('ValidatingAdmissionPolicyBinding/countersign-releasebundles');
  const entry = await found(fresh, installation);
  expect(dataOf(entry)).toMatchObject({
    change: 'Integrity',
    parts: [{ object: 'ValidatingAdmissionPolicyBinding/countersign-releasebundles', after: '' }],
  });

  accepted(
    await fresh.as('sre-a').create({
      apiVersion: ours,
      kind: 'Rollback',
      metadata: { name: 'back', namespace: fresh.production },
      spec: { package: 'payments', reason: 'it cannot wait' },
    }),
  );
  await waitFor<Reported>(
    fresh.as('sre-a'),
    fresh.ref('Rollback', 'back'),
    (seen) => isTrue(seen, 'Finished'),
    patienceMs,
  );
  expect((await entriesOf(fresh, 'PromotionStarted')).map(({ subject }) => subject.name)).toEqual(['first', 'second']);

  // Back as it was: nobody knows what was let through meanwhile, so it still takes a signature.
  accepted(await setup.create({ ...lock, metadata: { name: binding.name, labels: lock.metadata.labels ?? {} } }));
  const held = await fresh.when(
    'third',
    (each) => gate(each, 'InstallationIntegrity')?.reason === 'InstallationChanged',
  );
  expect(gate(held, 'InstallationIntegrity')?.outcome).toBe('Blocked');
  await signFor(fresh, installation, 'approver-a', 'approver');
  expect(await closed(fresh, installation)).toMatchObject({ by: 'Signature', accepted: false });
  await gateSays(fresh, 'third', 'InstallationIntegrity', 'InstallationUnchanged');
  // The rollback made another base, so people sign again.
  await sign(fresh, 'third', ...everybody);
  expect(await end(fresh, 'third')).toBe('Promoted');
}, 180_000);

test('a policy that is edited is found in every namespace, and signed for it is the measure', async () => {
  const fresh = await system.world('edited');
  await explained(fresh);
  const target = { apiVersion: admission, kind: 'ValidatingAdmissionPolicy', name: 'countersign-ledgerentries' };
  accepted(await fresh.as('installer').patch(target, 'merge', { spec: { failurePolicy: 'Ignore' } }));
  await Promise.all([found(fresh, installation), found(world, installation)]);
  await signFor(fresh, installation, 'approver-b', 'approver');
  expect(await closed(fresh, installation)).toMatchObject({ by: 'Signature', accepted: true });
  await explained(fresh);
  await policy(world, ({ status }) => status?.findings?.some(({ object }) => object === installation) === true);
}, 120_000);
