/** What the operator asks of the API server when nothing happens. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { System } from '../test/support/cluster/system.ts';
import { breakdown, requests } from './requests.ts';
import type { Figure } from './table.ts';

const forMs = 60_000;

export const idle = async (system: System): Promise<readonly Figure[]> => {
  const world = await system.world('idle');
  await world.stage(world.deployment('app', 'a'));
  await world.release(world.candidate('first', ['Deployment/app']));
  await sleep(3_000);
  const from = Date.now();
  await sleep(forMs);
  const to = Date.now();

  const own = (await requests(system)).filter(
    ({ by, receivedAt }) => by !== undefined && receivedAt >= from && receivedAt < to,
  );
  process.stderr.write(`a minute at rest\n${breakdown(own, forMs / 60_000)}\n`);
  const other = own.filter((request) => request.class !== 'lease');
  return [
    { name: 'requests a minute at rest', value: own.length, unit: '', target: 60 },
    { name: '  of these no renewal of the Lease', value: other.length, unit: '', target: 0 },
  ];
};
