import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { formatWriters, parseReplicas, parseWriters } from './writers.ts';

const writer = fc.record({
  username: fc.option(fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), { nil: undefined }),
  position: fc.bigInt({ min: 0n, max: 1n << 70n }).map(String),
});

test('what is written is read again, whatever people are called', () => {
  fc.assert(
    fc.property(fc.array(writer, { minLength: 1, maxLength: 6 }), (writers) => {
      expect(parseWriters(formatWriters(writers))).toEqual(writers);
    }),
  );
});

test('a name never becomes a line of its own, nor the mark of the unrecorded', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('%', '\n', '0', 'A', ' ', '25'), { minLength: 1 }), (parts) => {
      const username = parts.join('');
      expect(parseWriters(formatWriters([{ username, position: '0' }]))).toEqual([{ username, position: '0' }]);
    }),
  );
});

test('replicas are read beside the writers, and nobody is called so', () => {
  const writers = [{ username: '%replicas', position: '7' }];
  expect(formatWriters(writers, 3)).toBe('3 %replicas\n7 %25replicas');
  expect(parseWriters(formatWriters(writers, 3))).toEqual(writers);
  expect(parseReplicas(formatWriters(writers, 3))).toBe(3);
  expect(parseReplicas(formatWriters(writers))).toBeUndefined();
});

test.each([
  ['replicas alone', '3 %replicas'],
  ['replicas after somebody', '0 developer-a\n3 %replicas'],
  ['replicas twice', '3 %replicas\n4 %replicas\n0 developer-a'],
  ['nothing', ''],
  ['a name without position', 'developer-a'],
  ['a position without name', '12'],
  ['a position and a space', '12 '],
  ['a position that is no number', 'x developer-a'],
  ['a negative position', '-1 developer-a'],
  ['a position that begins with 0', '012 developer-a'],
  ['an empty line', '0 developer-a\n\n1 developer-b'],
  ['a line break at the end', '0 developer-a\n'],
  ['JSON', '{"developer-a":"0"}'],
])('%s is no record', (_, text) => {
  expect(parseWriters(text)).toBeUndefined();
});
