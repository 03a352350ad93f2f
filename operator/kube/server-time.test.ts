import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { manualClock } from '../../test/support/builders/clock.ts';
import { ServerClock } from './server-time.ts';
import { createTransport, noStream } from './transport.ts';

const start = Date.UTC(2026, 10, 22, 10, 12, 30);
const header = (server: number): string => new Date(Math.floor(server / 1_000) * 1_000).toUTCString();

/** A process and its API server: both pass the same time; what the wall clock of the process says is its own affair. */
const world = () => {
  const local = manualClock(start);
  const clock = new ServerClock(local);
  let ahead = 0;
  const server = () => start + ahead + local.monotonic();
  return {
    clock,
    local,
    server,
    /** The server's clock is set. */
    step: (ms: number) => (ahead += ms),
    /** A call that took `there` ms to the moment that the header tells, and `back` ms from it. */
    call: async (there: number, back: number) => {
      const sentAt = local.monotonic();
      await local.advance(there);
      const date = header(server());
      await local.advance(back);
      clock.answered({ date, sentAt, receivedAt: local.monotonic() });
    },
  };
};

test('before any answer nothing is known', () => {
  const { clock } = world();
  expect([clock.bounds(), clock.skewMs()]).toEqual([undefined, undefined]);
});

test.each([undefined, '', 'yesterday'])('an answer dated %s tells nothing', (date) => {
  const { clock } = world();
  clock.answered({ date, sentAt: 0, receivedAt: 1 });
  expect(clock.bounds()).toBeUndefined();
});

test('the time is known to a second and a round trip, and goes on with the monotonic clock', async () => {
  const { clock, local, call } = world();
  await call(300, 200);
  expect(clock.bounds()).toEqual({ earliest: start, latest: start + 1_500 });
  await local.advance(60_000);
  expect(clock.bounds()).toEqual({ earliest: start + 60_000, latest: start + 61_500 });
});

describe('for any calls, waits and jumps of the wall clock', () => {
  const history = fc.array(
    fc.oneof(
      fc.record({ call: fc.tuple(fc.nat(5_000), fc.nat(5_000)) }),
      fc.record({ wait: fc.nat(3_600_000) }),
      fc.record({ jump: fc.integer({ min: -600_000, max: 600_000 }) }),
    ),
    { maxLength: 20 },
  );

  test('the server is never later than the latest, never before the earliest, and the skew is no more than the true one', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        const { clock, local, server, call } = world();
        for (const step of steps) {
          if ('call' in step) await call(...step.call);
          else if ('wait' in step) await local.advance(step.wait);
          else local.setWall(server() + step.jump);
          const bounds = clock.bounds();
          if (bounds === undefined) continue;
          expect(bounds.earliest).toBeLessThanOrEqual(server());
          expect(bounds.latest).toBeGreaterThan(server());
          expect(clock.skewMs()).toBeLessThanOrEqual(Math.abs(local.now() - server()));
        }
      }),
      { numRuns: 200 },
    );
  });

  test('the latest is early by a second and one quick round trip at most, however slow other calls are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(500), fc.nat(500), fc.array(fc.nat(4_000), { maxLength: 2 }), async (a, b, slow) => {
        const { clock, server, call } = world();
        await call(a, b);
        for (const ms of slow) await call(ms, 0);
        expect((clock.bounds()?.latest ?? 0) - server()).toBeLessThanOrEqual(2_000);
      }),
      { numRuns: 200 },
    );
  });
});

test.each([3_600_000, -3_600_000, 1_500])('a server whose clock is set by %i ms is believed at once', async (ms) => {
  const { clock, call, step, server } = world();
  await call(1, 1);
  step(ms);
  await call(1, 1);
  expect(clock.bounds()?.latest).toBeGreaterThan(server());
  expect(clock.bounds()?.earliest).toBeLessThanOrEqual(server());
});

test('a slow answer that contradicts a quick one is believed', async () => {
  const { clock, call, step, server } = world();
  await call(1, 1);
  step(60_000);
  await call(2_000, 2_000);
  expect(clock.bounds()?.latest).toBeGreaterThan(server());
});

test.each([
  [0, 0],
  [4_000, 0],
  [6_000, 4_998],
  [-6_000, 4_998],
])('a wall clock that is off by %i ms is off by at least %i ms as far as can be told', async (off, atLeast) => {
  const { clock, local, server, call } = world();
  await call(1, 1);
  local.setWall(server() + off);
  const skew = clock.skewMs() ?? NaN;
  expect(skew).toBeGreaterThanOrEqual(atLeast);
  expect(skew).toBeLessThanOrEqual(Math.abs(off));
});

test('every answer measures, refusals and streams included; a lost one does not', async () => {
  const local = manualClock(start);
  const answers: (number | 'lost')[] = ['lost', 409, 200];
  const transport = createTransport({
    clock: local,
    connection: {
      server: 'http://x',
      close: () => Promise.resolve(),
      exchange: async () => {
        const status = answers.shift() ?? 'lost';
        await local.advance(10);
        if (status === 'lost') throw new Error('connection reset');
        return { status, headers: { date: header(local.now()) }, body: {}, stream: noStream };
      },
    },
  });
  const known: boolean[] = [];
  while (answers.length > 0) {
    await transport.request({ method: 'GET', path: '/', answer: 'Stream' }).catch(() => {});
    known.push(transport.serverTime.bounds() !== undefined);
  }
  expect(known).toEqual([false, true, true]);
});
