/** A bug that one object brings to light is told on that object, and everything else goes on, other objects of the same world included. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import type { ApiRequest } from '../../operator/kube/transport.ts';
import { accepted, startTimeoutMs, waitFor, type KubeObject } from '../support/cluster/cluster.ts';
import { condition, isTrue, startSystem, type Reported, type System, type World } from '../support/cluster/system.ts';
import { leaseNamespace, playOperators, Process } from './process.ts';

const name = 'internal';
/** What is promised. */
const toldWithinMs = 60_000;

let system: System;
let operator: Process;
let world: World;
/** Whether the bug is there. */
let isBuggy = true;

const written = z.object({
  spec: z.object({ package: z.string().default(''), type: z.string().default('') }),
});

const message = 'cannot read properties of undefined';

/** Whatever is stored of package `broken`, whether a bundle or the entry that begins a rollback. */
const bug = ({ method, path, body }: ApiRequest): Error | undefined => {
  const { spec } = written.safeParse(body).data ?? {};
  const concerns =
    method === 'POST' &&
    spec?.package === 'broken' &&
    (path.endsWith('/releasebundles') || spec.type === 'RollbackStarted');
  return isBuggy && concerns ? new TypeError(message) : undefined;
};

beforeAll(async () => {
  system = await startSystem();
  const credentials = await playOperators(system);
  operator = new Process({ world: name, lease: await leaseNamespace(system, `${name}-lease`), credentials, bug });
  await operator.start();
  world = await system.world(name);
}, startTimeoutMs * 2);

afterAll(async () => {
  await operator?.end();
  await system?.stop();
});

const release = async (pkg: string, level: string): Promise<void> => {
  await world.stage(world.configMap(pkg, { level }));
  await world.release(world.candidate(`${pkg}-${level}`, [`ConfigMap/${pkg}`], { package: pkg }), 60_000);
};

const goBack = async (pkg: string): Promise<void> => {
  accepted(
    await world.as('sre-a').create({
      ...world.ref('Rollback'),
      metadata: { name: `back-${pkg}`, namespace: world.production },
      spec: { package: pkg, reason: 'measured' },
    }),
  );
};

const order = (pkg: string, isSo: (seen: Reported) => boolean, withinMs = toldWithinMs): Promise<Reported> =>
  waitFor<Reported>(world.as('sre-a'), world.ref('Rollback', `back-${pkg}`), isSo, withinMs);

interface Settings extends KubeObject {
  readonly data: Readonly<Record<string, string>>;
}

const inProduction = async (pkg: string): Promise<Settings['data'] | undefined> =>
  (await world.live<Settings>('ConfigMap', pkg))?.data;

const isInternal = (seen: Reported): boolean => condition(seen, 'Stalled')?.reason === 'InternalError';

test('an internal error becomes a condition of the candidate that it happens on, and another one is promoted meanwhile', async () => {
  isBuggy = true;
  await world.stage(world.configMap('broken', { level: 'info' }));
  await world.propose(world.candidate('unlucky', ['ConfigMap/broken'], { package: 'broken' }));
  const told = await world.when('unlucky', isInternal, toldWithinMs);
  await release('sound', 'info');

  expect(condition(told, 'Stalled')).toMatchObject({ status: 'True', reason: 'InternalError' });
  expect(condition(told, 'Stalled')?.message).toContain(message);
  expect(await inProduction('sound')).toEqual({ level: 'info' });
}, 200_000);

test('an internal error becomes a condition of the rollback that it happens on, and another package goes back meanwhile', async () => {
  isBuggy = false;
  for (const level of ['info', 'debug']) for (const pkg of ['broken', 'well']) await release(pkg, level);
  isBuggy = true;
  await goBack('broken');
  const told = await order('broken', isInternal);
  await goBack('well');
  await order('well', (seen) => isTrue(seen, 'Finished'));

  expect(condition(told, 'Stalled')).toMatchObject({ status: 'True', reason: 'InternalError' });
  expect(condition(told, 'Stalled')?.message).toContain(message);
  expect(await inProduction('well')).toEqual({ level: 'info' });
  expect(await inProduction('broken')).toEqual({ level: 'debug' });
}, 300_000);
