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

test('work in slices stands aside until what is urgent is done', async () => {
  const order: string[] = [];
  const restored = Promise.withResolvers<void>();
  const restoring = urgently(async () => {
    await restored.promise;
    order.push('restored');
  });
  const work = inSlices(steps(3, () => order.push('step')));
  for (let i = 0; i < 20; i += 1) await turn();
  restored.resolve();
  await Promise.all([restoring, work]);
  expect(order).toEqual(['step', 'restored', 'step', 'step']);
});

test('work in slices comes to an end however long something is urgent', async () => {
  const over = Promise.withResolvers<void>();
  const endless = urgently(() => over.promise);
  await expect(inSlices(steps(2, () => {}))).resolves.toEqual([0, 1]);
  over.resolve();
  await endless;
});
