import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { jsonObject } from '../../api/meta.ts';
import { strictObject } from './strict.ts';

test.each<[given: string, text: string, problem: string]>([
  ['no JSON', '{"a":1', 'is no JSON object'],
  ['a list', '[]', 'is no JSON object'],
  ['a field twice', '{"a":1,"b":{"c":[{"d":1,"d":2}]}}', 'gives a field twice'],
  ['a field twice, once escaped', String.raw`{"a":1,"\u0061":2}`, 'gives a field twice'],
  ['a field twice, the second after a list', '{"a":[1,{"x":","}],"a":2}', 'gives a field twice'],
  ['too many levels', `{"a":${'['.repeat(64)}${']'.repeat(64)}}`, 'is nested more than 64 levels deep'],
  ['very many levels', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`, 'is nested more than 64 levels deep'],
])('%s is refused', (_, text, problem) => {
  expect(strictObject(text)).toEqual({ problem });
});

test('names in strings, in lists and in sibling objects are no fields given twice', () => {
  const text = String.raw`{"a":"{\"a\":1,\"a\":2}","b":["a","a"],"c":{"a":1},"d":{"a":1},"__proto__":{"a":1}}`;
  expect(strictObject(text)).toEqual({ value: jsonObject(JSON.parse(text)) });
});

test('whatever JSON writes of an object is read as it was', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 8 })), (value) => {
      expect(strictObject(JSON.stringify(value))).toEqual({ value: jsonObject(JSON.parse(JSON.stringify(value))) });
    }),
  );
});
