import { randomBytes } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from '@jest/globals';
import { PackedValues } from './packed.ts';

const large = { text: 'line\n"quoted" ж '.repeat(5_000) };

test('what was kept is read as it was, small or large, be it packed yet or not', async () => {
  const values = new PackedValues<object>(1_000_000);
  values.keep('a', '1', { name: 'small' });
  values.keep('b', '1', large);
  expect(values.get('a', '1')).toEqual({ name: 'small' });
  expect(values.get('b', '1')).toEqual(large);
  await values.settled();
  expect(values.get('b', '1')).toEqual(large);
  expect(values.bytes()).toBeLessThan(5_000);
});

test('what nobody holds any more is unpacked once more, and is the same value', async () => {
  const values = new PackedValues<object>(1_000_000);
  values.keep('a', '1', structuredClone(large));
  const held: object[] = [];
  // A collection happens between two turns of the loop, never within one.
  for (let i = 0; i < 50; i += 1) {
    held.push(structuredClone(large));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(values.get('a', '1')).toEqual(large);
  expect(values.get('a', '1')).toBe(values.get('a', '1'));
});

test('another version than the one that was kept last is not there', () => {
  const values = new PackedValues<object>(1_000_000);
  values.keep('a', '1', { level: 'info' });
  values.keep('a', '2', { level: 'debug' });
  expect(values.get('a', '1')).toBeUndefined();
  expect(values.get('a', '2')).toEqual({ level: 'debug' });
});

test('above the bound the least recently used goes, and one that is larger than the bound is kept alone', () => {
  const hundred = { text: 'x'.repeat(89) };
  const values = new PackedValues<object>(450);
  values.keep('a', '1', hundred);
  values.keep('b', '1', hundred);
  expect(values.get('a', '1')).toEqual(hundred);
  values.keep('c', '1', hundred);
  expect(['a', 'b', 'c'].map((key) => values.get(key, '1') !== undefined)).toEqual([true, false, true]);
  expect(values.bytes()).toBeLessThanOrEqual(450);
  values.keep('d', '1', { text: 'x'.repeat(1_000) });
  expect(['a', 'c', 'd'].map((key) => values.get(key, '1') !== undefined)).toEqual([false, false, true]);
  values.drop('d');
  expect(values.bytes()).toBe(0);
});

test('what goes while it is packed is not counted any more', async () => {
  const values = new PackedValues<object>(1_000_000);
  values.keep('a', '1', large);
  values.keep('b', '1', structuredClone(large));
  values.drop('a');
  values.keep('b', '2', { level: 'info' });
  await values.settled();
  expect(values.get('a', '1')).toBeUndefined();
  expect(values.get('b', '2')).toEqual({ level: 'info' });
  values.drop('b');
  expect(values.bytes()).toBe(0);
});

test('what was dropped while there was always something to compress is not held any more', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const values = new PackedValues<object>(8_000_000);
  collect();
  const before = process.memoryUsage().heapUsed;
  // In one turn: the first is being compressed while all the others come, and nearly all of them go again.
  for (let i = 0; i < 600; i += 1) values.keep(`${i}`, '1', { text: randomBytes(150_000).toString('hex') });
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  const grown = process.memoryUsage().heapUsed - before;
  await values.settled();
  expect(grown).toBeLessThan(40_000_000);
});
