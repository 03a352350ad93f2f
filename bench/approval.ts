/** From the last signature to the first write in production, with the gate in the way, and what a promotion asks of the API server. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { System, World } from '../test/support/cluster/system.ts';
import { breakdown, requests, type Class, type Request } from './requests.ts';
import { percentile, type Figure } from './table.ts';

const candidates = 50;
const everyMs = 500;

export const approval = async (system: System): Promise<readonly Figure[]> => {
  const world = await system.world('approval', { approvals: [{ role: 'tester', count: 1 }] });
  const names = Array.from({ length: candidates }, (_, i) => `app-${i}`);
  await Promise.all(names.map((name) => world.stage(world.deployment(name, 'a'))));
  const staged = await Promise.all(
    names.map(async (name) => {
      await world.propose(world.candidate(name, [`Deployment/${name}`], { package: name }));
      return world.staged(name);
    }),
  );
  await sleep(1_000);

  const finished: Promise<unknown>[] = [];
  for (const candidate of staged) {
    await world.sign(candidate, 'tester-a', 'tester');
    finished.push(world.finished(candidate.metadata.name ?? ''));
    await sleep(everyMs);
  }
  await Promise.all(finished);
  return figures(world, await requests(system));
};

const figures = (world: World, all: readonly Request[]): readonly Figure[] => {
  const signed = all.filter(
    ({ verb, resource, namespace }) => verb === 'create' && resource === 'approvals' && namespace === world.production,
  );
  const began = Math.min(...signed.map(({ receivedAt }) => receivedAt));
  const own = all.filter(({ by, receivedAt }) => by !== undefined && receivedAt >= began);
  const delays = signed.map((approval, i) => {
    const write = own.find(
      (each) =>
        each.class === 'write' && each.code < 300 && each.resource === 'deployments' && each.name === `app-${i}`,
    );
    return write === undefined ? NaN : write.receivedAt - approval.doneAt;
  });
  process.stderr.write(`from the signature to the write, ms at p50\n${wayOf(signed, all)}\n`);
  const each = (...classes: readonly Class[]): number =>
    own.filter((request) => classes.includes(request.class)).length / candidates;
  process.stderr.write(
    `a promotion asks for\n${breakdown(
      own.filter((request) => request.class !== 'lease'),
      candidates,
    )}\n`,
  );
  return [
    { name: 'approval → production write, p50', value: percentile(delays, 50), unit: 'ms', target: 45 },
    { name: 'approval → production write, p99', value: percentile(delays, 99), unit: 'ms', target: 80 },
    { name: 'writes a promotion', value: each('write'), unit: '', target: 6 },
    { name: 'GET and LIST a promotion', value: each('get', 'list'), unit: '', target: 0 },
    { name: 'dry-runs a promotion', value: each('dry-run'), unit: '' },
    { name: 'SubjectAccessReviews a promotion', value: each('review'), unit: '' },
  ];
};

/** What our programs asked for from each signature to the production write after it, in order: when it began and ended, at p50. */
const wayOf = (signed: readonly Request[], all: readonly Request[]): string => {
  const steps = new Map<string, { readonly began: number; readonly ended: number }[]>();
  for (const { doneAt } of signed) {
    const after = all
      .filter(
        ({ user, verb, receivedAt, doneAt: until }) =>
          ours.test(user) && verb !== 'watch' && until >= doneAt && receivedAt < doneAt + everyMs,
      )
      .filter((each) => each.class !== 'lease')
      .toSorted((a, b) => a.receivedAt - b.receivedAt);
    const write = after.find((each) => each.class === 'write' && each.resource === 'deployments');
    const seen = new Map<string, number>();
    for (const each of after.filter(({ receivedAt }) => write !== undefined && receivedAt <= write.doneAt)) {
      const what = `${each.user.split('-').at(-1) ?? ''} ${each.class === 'dry-run' ? 'dry-run ' : ''}${each.verb} ${each.resource} ${each.code}`;
      const nth = (seen.get(what) ?? 0) + 1;
      seen.set(what, nth);
      const label = `${what} #${nth}`;
      steps.set(label, [...(steps.get(label) ?? []), { began: each.receivedAt - doneAt, ended: each.doneAt - doneAt }]);
    }
  }
  return [...steps]
    .map(([what, times]) => ({
      what,
      times: times.length,
      began: percentile(
        times.map(({ began }) => began),
        50,
      ),
      ended: percentile(
        times.map(({ ended }) => ended),
        50,
      ),
    }))
    .toSorted((a, b) => a.began - b.began)
    .map(
      ({ what, times, began, ended }) =>
        `  ${began.toFixed(1).padStart(7)} ${ended.toFixed(1).padStart(7)}  ${what} (${times})`,
    )
    .join('\n');
};

const ours = /:countersign-(gate|operator|restorer)$/;
