import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { manualClock, settle, type ManualClock } from '../../test/support/builders/clock.ts';
import { inTurns } from './coalesced-refresh.ts';

const everyMs = 50;

interface Reading {
  readonly from: number;
  until: number;
}

const world = (clock: ManualClock, readMs: number, state: () => unknown = () => 0) => {
  const readings: Reading[] = [];
  let fails = false;
  const ask = inTurns({ clock, everyMs, stateOf: state }, async () => {
    const reading = { from: clock.monotonic(), until: Infinity };
    readings.push(reading);
    await new Promise<void>((resolve) => void clock.after(readMs, resolve));
    reading.until = clock.monotonic();
    if (fails) throw new Error('the API server is away');
  });
  return { readings, ask, failing: (to: boolean) => (fails = to) };
};

test('the first reading begins at once, and so does one after a rest', async () => {
  const clock = manualClock();
  const { readings, ask } = world(clock, 3);
  void ask('n');
  await clock.advance(3);
  await clock.advance(everyMs);
  void ask('n');
  await clock.advance(3);
  expect(readings.map(({ from }) => from)).toEqual([0, 3 + everyMs]);
});

test('while nothing moves, who asks soon after a reading waits and shares the next', async () => {
  const clock = manualClock();
  const { readings, ask } = world(clock, 3);
  void ask('n');
  await clock.advance(10);
  const ends: number[] = [];
  for (let i = 0; i < 5; i += 1) {
    void ask('n').then(() => ends.push(clock.monotonic()));
    await clock.advance(5);
  }
  await clock.advance(100);
  expect(readings).toHaveLength(2);
  expect(ends).toEqual([56, 56, 56, 56, 56]);
});

test('once something moved, a reading begins at once', async () => {
  const clock = manualClock();
  let state = 0;
  const { readings, ask } = world(clock, 3, () => state);
  void ask('n');
  await clock.advance(10);
  state += 1;
  void ask('n');
  await clock.advance(1);
  expect(readings.map(({ from }) => from)).toEqual([0, 10]);
});

test('keys do not wait for one another, and a reading that fails fails those who share it alone', async () => {
  const clock = manualClock();
  const { readings, ask, failing } = world(clock, 3);
  failing(true);
  const failed = Promise.allSettled([ask('n'), ask('m')]);
  await clock.advance(3);
  expect((await failed).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  failing(false);
  const again = ask('n');
  await clock.advance(100);
  await again;
  expect(readings).toHaveLength(3);
});

test('whoever asks gets a reading that began after they asked, and readings keep their distance', async () => {
  const steps = fc.array(fc.record({ wait: fc.nat(80), moves: fc.boolean(), fails: fc.boolean() }), {
    minLength: 1,
    maxLength: 30,
  });
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 30 }), async (all, readMs) => {
      const clock = manualClock();
      let state = 0;
      const { readings, ask, failing } = world(clock, readMs, () => state);
      const unread: number[] = [];
      const moved: number[] = [];
      for (const { wait, moves, fails } of all) {
        await clock.advance(wait);
        failing(fails);
        if (moves) moved.push(clock.monotonic());
        state += Number(moves);
        const asked = clock.monotonic();
        const answered = (): void => {
          const fresh = readings.some(({ from, until }) => from >= asked && until <= clock.monotonic());
          if (!fresh) unread.push(asked);
        };
        void ask('n').then(answered, answered);
        await settle();
      }
      await clock.advance(1_000);
      expect(unread).toEqual([]);
      for (const [i, { from }] of readings.entries()) {
        const before = readings[i - 1];
        if (before === undefined || moved.some((at) => at >= before.until && at <= from)) continue;
        // What moved while it was being read is not what it read.
        expect(from - before.until).toBeGreaterThanOrEqual(
          moved.some((at) => at >= before.from && at <= from) ? 0 : everyMs,
        );
      }
    }),
    { numRuns: 50 },
  );
});
