import { gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { contentText } from '../decide/manifest/bundle-parts.ts';
import { ContentAway, Contents, type Home } from './contents.ts';

const home = (uid: string): Home => ({ uid, namespace: 'prod', head: `bundle-${uid}` });
const stored = (value: unknown) => ({ content: JSON.stringify(value) });
const zipped = (text: string, size = Buffer.byteLength(text)) => ({
  content: gzipSync(text).toString('base64'),
  encoding: 'gzip' as const,
  size,
});

test('what was kept is read as it was, plain, compressed and packed', async () => {
  const contents = new Contents(1_000_000);
  const large = { text: 'line\n"quoted" '.repeat(20_000) };
  contents.keep('a', [stored({ name: 'small' }), zipped(JSON.stringify(large))]);
  contents.keep('b', [stored({ name: 'first' }), stored(large)]);
  expect(contents.read(home('a'), 0)).toEqual({ name: 'small' });
  expect(contents.read(home('a'), 1)).toEqual(large);
  expect(contents.read(home('b'), 0)).toEqual({ name: 'first' });
  expect(contents.read(home('b'), 1)).toEqual(large);
  await contents.settled();
  expect(contents.read(home('b'), 0)).toEqual({ name: 'first' });
  expect(contents.read(home('b'), 1)).toEqual(large);
  expect(contents.bytes()).toBeLessThan(100_000);
});

test('above the bound the least recently used goes, and says where it is to be read', () => {
  const contents = new Contents(500);
  const hundred = stored('x'.repeat(98));
  contents.keep('a', [hundred]);
  contents.keep('b', [hundred]);
  expect(() => contents.read(home('a'), 0)).toThrow(TypeError); // a text is no object, but it is there
  contents.keep('c', [hundred]);
  expect([contents.has('a'), contents.has('b'), contents.has('c')]).toEqual([true, false, true]);
  expect(contents.bytes()).toBeLessThanOrEqual(500);
  expect(() => contents.read(home('b'), 0)).toThrow(ContentAway);
});

test('one that is larger than the bound is kept alone', () => {
  const contents = new Contents(10);
  contents.keep('a', [stored({ name: 'small' })]);
  contents.keep('b', [stored({ name: 'larger than it may be' })]);
  expect(contents.has('a')).toBe(false);
  expect(contents.read(home('b'), 0)).toEqual({ name: 'larger than it may be' });
});

test('what unpacks to more than it says is refused before it is there', () => {
  const bomb = gzipSync('x'.repeat(10_000_000)).toString('base64');
  expect(() => contentText({ content: bomb, encoding: 'gzip', size: 100 })).toThrow('larger than');
  expect(() => contentText({ content: bomb, encoding: 'gzip', size: 10_000_000 })).toThrow('larger than');
  expect(() => contentText({ content: bomb, encoding: 'gzip' })).toThrow('larger than');
});
