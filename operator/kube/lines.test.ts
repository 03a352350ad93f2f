import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { jsonLines } from './lines.ts';

async function* chunksOf(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let from = 0;
  for (const size of sizes) {
    yield bytes.subarray(from, from + size);
    from += size;
  }
  yield bytes.subarray(from);
}

async function all(bytes: Buffer, sizes: readonly number[]): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const value of jsonLines(chunksOf(bytes, sizes))) values.push(value);
  return values;
}

test('however the bytes are cut, inside characters too, the values come whole and in order', async () => {
  const value = fc.record({ a: fc.string({ unit: 'binary' }), b: fc.integer() });
  await fc.assert(
    fc.asyncProperty(fc.array(value), fc.array(fc.nat(7)), async (values, sizes) => {
      const bytes = Buffer.from(values.map((each) => `${JSON.stringify(each)}\n`).join(''));
      expect(await all(bytes, sizes)).toEqual(values);
    }),
  );
});

test.each([
  { given: 'a stream cut inside a line', text: '{"a":1}\n{"a":' },
  { given: 'a line that is not JSON', text: 'upstream connect error\n' },
])('$given is an outage', async ({ text }) => {
  await expect(all(Buffer.from(text), [])).rejects.toMatchObject({ name: 'Failure', kind: 'Unavailable' });
});

test('lines that are skipped are not parsed, and leave the others as they are', async () => {
  const bytes = Buffer.from('{"a":1}\nskip, and no JSON\n{"a":2}\n');
  const values: unknown[] = [];
  const skip = (line: Buffer): boolean => line.toString('utf8').startsWith('skip');
  for await (const value of jsonLines(chunksOf(bytes, [9, 5]), skip)) values.push(value);
  expect(values).toEqual([{ a: 1 }, { a: 2 }]);
});
