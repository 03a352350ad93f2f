import { describe, expect, it } from '@jest/globals';
import type { DeltaEntry } from '../api/bundle.ts';
import { condensed } from './condense.ts';

const lines = (object: string, count: number, sort: DeltaEntry['class'], to = 'x'): DeltaEntry[] =>
  Array.from({ length: count }, (_, n) => ({ object, path: `p${n}`, from: '', to, class: sort }));

describe('a delta that does not fit into a bundle', () => {
  it('is left alone when it does', () => {
    const few = [...lines('ConfigMap/a', 4000, 'configuration'), ...lines('Deployment/a', 1000, 'image')];
    expect(condensed(few)).toEqual(few);
  });

  it('tells its largest object by class, and the others in full', () => {
    const small = lines('Deployment/b', 10, 'image');
    const one: DeltaEntry = { object: 'ConfigMap/a', path: '', from: '', to: 'v1', class: 'added' };
    const all = [one, ...lines('ConfigMap/a', 5000, 'configuration'), ...small];
    expect(condensed(all)).toEqual([
      { object: 'ConfigMap/a', path: '', from: '', to: '5000 fields; see spec.objects', class: 'configuration' },
      one,
      ...small,
    ]);
  });

  it('stays small however long its values are', () => {
    const all = Array.from({ length: 500 }, (_, n) =>
      lines(`Widget/${n}`, 10, 'configuration', 'x'.repeat(2000)),
    ).flat();
    expect(JSON.stringify(condensed(all)).length).toBeLessThan(600_000);
    expect(new Set(condensed(all).map(({ object }) => object)).size).toBe(500);
  });
});
