import { afterEach, expect, test } from '@jest/globals';
import type { BundleObject } from '../decide/bundle.ts';
import { digestOf } from '../decide/json/canonical.ts';
import { createComparer, type CompareBounds, type Comparer } from './compare.ts';
import { compared } from '../decide/delta/compare.ts';
import type { Comparison } from '../decide/comparison.ts';

const configMap = (name: string, data: Readonly<Record<string, string>>): BundleObject => {
  const ref = { apiVersion: 'v1', kind: 'ConfigMap', name };
  const content = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
  return { ref, content, digest: digestOf(content) };
};

const comparison = (...after: readonly BundleObject[]): Comparison => ({
  before: { name: '', objects: [], foreign: false },
  after: { name: 'c-0', objects: after },
  removed: [],
  unmanaged: [],
  irreversible: [],
  heading: { candidate: 'c', version: '1', package: 'p', target: 't', base: 'none', digest: 'sha256:0', unmanaged: 0 },
  given: {
    notes: { summary: '', changes: [], dependencies: [], installation: '', rollbackPlan: '', analysis: '' },
    onFailure: 'Rollback',
  },
});

/** `count` keys. */
const crowded = (count: number): BundleObject =>
  configMap('big', Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, `${i}`])));

const comparers: Comparer[] = [];
afterEach(() => Promise.all(comparers.splice(0).map((each) => each.stop())));
const comparer = (bounds: Partial<CompareBounds>): Comparer => {
  const made = createComparer(bounds);
  comparers.push(made);
  return made;
};

test('the thread shows what would be shown without it', async () => {
  const given = comparison(configMap('a', { level: 'info' }), configMap('b', { level: 'debug' }));
  await expect(comparer({ inlineBytes: 0 }).compare(given)).resolves.toEqual(compared(given));
});

test('the loop turns while large contents are compared', async () => {
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 1);
  await comparer({ inlineBytes: 0 }).compare(comparison(crowded(20_000)));
  clearInterval(timer);
  expect(turns).toBeGreaterThan(1);
});

test('what cannot be compared in time is too large, and the next one is compared all the same', async () => {
  const short = comparer({ inlineBytes: 0, timeoutMs: 1 });
  await expect(short.compare(comparison(crowded(20_000)))).rejects.toMatchObject({ kind: 'TooLarge' });
  const given = comparison(configMap('a', { level: 'info' }));
  await expect(comparer({ inlineBytes: 0 }).compare(given)).resolves.toEqual(compared(given));
});

test('a heap that overflows is that of the thread', async () => {
  const small = comparer({ inlineBytes: 0, heapMb: 64 });
  await expect(small.compare(comparison(crowded(400_000)))).rejects.toMatchObject({ kind: 'TooLarge' });
  const given = comparison(configMap('a', { level: 'info' }));
  await expect(small.compare(given)).resolves.toEqual(compared(given));
});
