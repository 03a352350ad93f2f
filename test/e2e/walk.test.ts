/** The thin slice through the whole: staged, signed, promoted, and a failing successor taken back. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTimeoutMs } from '../support/cluster/cluster.ts';
import { condition, image, startSystem, type System, type World } from '../support/cluster/system.ts';
import { verifyChain } from '../../operator/decide/record/chain.ts';

let system: System;
let world: World;

beforeAll(async () => {
  system = await startSystem();
  world = await system.world('walk');
}, startTimeoutMs);

afterAll(() => system?.stop());

interface Deployed {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string };
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly { readonly image: string }[] } };
  };
}

test('a package that everybody signed reaches production', async () => {
  await world.stage(world.configMap('api-config', { level: 'info' }), world.deployment('api', 'a', { replicas: 2 }));

  const done = await world.release(world.candidate('first', ['ConfigMap/api-config', 'Deployment/api']));

  expect(condition(done, 'Finished')?.reason).toBe('Promoted');
  const live = await world.live<Deployed>('Deployment', 'api');
  expect(live?.spec.template.spec.containers[0]?.image).toBe(image('a'));
});

test('a successor whose pods crash goes back by itself, configuration included', async () => {
  await world.stage(world.configMap('api-config', { level: 'debug' }), world.deployment('api', 'b', { replicas: 2 }));
  const overlay = [
    {
      kind: 'Deployment',
      name: 'api',
      patch: { spec: { template: { metadata: { annotations: { 'countersign.test/behaviour': 'crash-loop' } } } } },
    },
  ];

  const done = await world.release(world.candidate('second', ['ConfigMap/api-config', 'Deployment/api'], { overlay }));

  expect(condition(done, 'Finished')?.reason).toBe('RolledBack');
  const live = await world.live<Deployed>('Deployment', 'api');
  expect(live?.spec.template.spec.containers[0]?.image).toBe(image('a'));
  const config = await world.live<Deployed & { data: unknown }>('ConfigMap', 'api-config');
  expect(config?.data).toEqual({ level: 'info' });
});

test('the record tells all of it, in one chain', async () => {
  const entries = await world.ledger();

  expect(verifyChain(entries).broken).toBeUndefined();
  // Tested is entered only when somebody looks between the tester's signature and the last one.
  const told = entries.filter(({ subject, type }) => subject.name === 'second' && type !== 'Tested');
  expect(told.map(({ type }) => type)).toEqual([
    'Staged',
    'Signed',
    'Signed',
    'Signed',
    'PromotionStarted',
    'RollbackStarted',
    'RolledBack',
  ]);
});
