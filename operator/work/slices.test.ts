import { expect, test } from '@jest/globals';
import { inSlices, turn, urgently } from './slices.ts';

/** So many steps, of which it is noted when each is taken. */
function* steps(count: number, taken: () => void): Generator<number, void, void> {
  for (let i = 0; i < count; i += 1) {
    taken();
    yield i;
  }
}

test('every step is taken, in order', async () => {
  await expect(inSlices(steps(5, () => {}))).resolves.toEqual([0, 1, 2, 3, 4]);
});

test('of many that wait for the loop one goes on at a time, and between two of them the loop turns', async () => {
  let turns = 0;
  let isOver = false;
  const count = (): void => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  count();
  const seen: number[] = [];
  await Promise.all(
    Array.from({ length: 5 }, async () => {
      await turn();
      seen.push(turns);
    }),
  );
  isOver = true;
  expect(new Set(seen).size).toBe(5);
});

test('what is urgent goes on before everybody who waits', async () => {
  const order: string[] = [];
  const routine = ['a', 'b'].map(async (name) => {
    await turn();
    order.push(name);
  });
  const first = (async () => {
    await turn('First');
    order.push('urgent');
  })();
  await Promise.all([...routine, first]);
  expect(order).toEqual(['urgent', 'a', 'b']);
});

test('routine stands aside until what is urgent is done', async () => {
  const order: string[] = [];
  const restored = Promise.withResolvers<void>();
  const restoring = urgently(async () => {
    await restored.promise;
    order.push('restored');
  });
  const work = inSlices(steps(3, () => order.push('step')));
  for (let i = 0; i < 20; i += 1) await turn('First');
  restored.resolve();
  await Promise.all([restoring, work]);
  expect(order).toEqual(['step', 'restored', 'step', 'step']);
});

test('routine comes to an end however long something is urgent', async () => {
  const over = Promise.withResolvers<void>();
  const endless = urgently(() => over.promise);
  await expect(inSlices(steps(2, () => {}))).resolves.toEqual([0, 1]);
  over.resolve();
  await endless;
});
