import { describe, expect, it } from '@jest/globals';
import type { DeltaClass } from '../../api/bundle.ts';
import { entriesOf } from './truncate.ts';
import type { Change } from './delta.ts';

const changes = (object: string, count: number, sort: DeltaClass, to = 'x'): Change[] =>
  Array.from({ length: count }, (_, n) => ({
    object: `ConfigMap/${object}` as const,
    path: `p${n}`,
    from: '',
    to,
    lines: [],
    class: sort,
    hidden: 0,
    escaped: 0,
    cutLines: 0,
    cutCharacters: 0,
    isDefault: false,
  }));

describe('the entries of a delta', () => {
  it('are all there when they fit', () => {
    const few = [...changes('a', 1000, 'configuration'), ...changes('b', 1000, 'image')];
    expect(entriesOf(few)).toEqual(
      few.map(({ object, path, from, to, class: sort }) => ({ object, path, from, to, class: sort })),
    );
  });

  it('have the lines that go and come', () => {
    const [one] = changes('a', 1, 'configuration', '(2 lines)');
    if (one === undefined) throw new Error('no change');
    expect(entriesOf([{ ...one, from: '(1 line)', lines: ['- 1: a', '+ 1: b', '+ 2: c'] }])).toMatchObject([
      { from: '(1 line)\n- 1: a', to: '(2 lines)\n+ 1: b\n+ 2: c' },
    ]);
  });

  it('tell the largest object by class, and the others in full', () => {
    const small = changes('b', 10, 'image');
    const all = [...changes('a', 5000, 'configuration'), ...small];
    expect(entriesOf(all)).toMatchObject([
      { object: 'ConfigMap/a', path: '', from: '', to: '5000 fields: read spec.deltaText', class: 'configuration' },
      ...small.map(({ path }) => ({ path })),
    ]);
  });

  it('stay small however long their values are, and say what they leave out', () => {
    const all = Array.from({ length: 500 }, (_, n) => changes(`${n}`, 10, 'configuration', 'ü"'.repeat(2000))).flat();
    expect(Buffer.byteLength(JSON.stringify(entriesOf(all)))).toBeLessThan(260_000);
    expect(new Set(entriesOf(all).map(({ object }) => object)).size).toBe(500);
    const [long] = entriesOf(changes('a', 1, 'command', 'x'.repeat(100_000)));
    expect(long?.to).toMatch(/^x{65536}… \(34464 more characters: read spec\.deltaText\)$/);
  });
});
