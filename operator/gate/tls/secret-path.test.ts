import { describe, expect, test } from '@jest/globals';
import { manualClock } from '../../../test/support/builders/clock.ts';
import { pathOf, Paths, readPath } from './secret-path.ts';

const seed = 's'.repeat(43);
const path = pathOf(seed, 1_700_000_000_000, 'writes');

describe('a path', () => {
  test('says what it was made for', () => {
    expect(readPath(seed, path)).toEqual({ index: 1_700_000_000_000, entry: 'writes' });
  });

  test('is one that a Service may have', () => {
    for (const part of path.split('/').slice(1)) expect(part).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
  });

  test('has 256 bits that nobody can know', () => {
    const code = path.split('/')[2]?.split('-').slice(1).join('-') ?? '';
    expect(Buffer.from(code, 'hex')).toHaveLength(32);
  });

  test.each([
    ['of another seed', pathOf('another', 1_700_000_000_000, 'writes')],
    ['with another index', path.replace('1700000000000', '1700000000001')],
    ['with another spelling of its index', path.replace('1700000000000', '01700000000000')],
    ['with an index in other words', path.replace('1700000000000', '1.7e12')],
    ['without its code', '/admit/1700000000000-/writes'],
    ['with a part of its code', path.replace(/.\/writes/, '/writes')],
    ['without an index', path.replace('1700000000000-', '')],
    ['with an entry that there is not', path.replace('writes', '__proto__')],
    ['with more behind it', `${path}/`],
    ['elsewhere', path.replace('admit', 'metrics')],
    ['that is empty', ''],
  ])('%s is none', (_, other) => {
    expect(readPath(seed, other)).toBeUndefined();
  });
});

describe('what is answered', () => {
  const at = (index: number): string => pathOf(seed, index, 'writes');

  test('is nothing before a path is published', () => {
    expect(new Paths(manualClock(), 100).entryAt(at(5))).toBeUndefined();
  });

  test('is the published path, and for a while the one before it', async () => {
    const clock = manualClock();
    const paths = new Paths(clock, 100);
    paths.published(seed, 5);
    paths.published(seed, 7);
    await clock.advance(99);
    expect([5, 6, 7].map((index) => paths.entryAt(at(index)))).toEqual(['writes', undefined, 'writes']);
    await clock.advance(1);
    expect([5, 7].map((index) => paths.entryAt(at(index)))).toEqual([undefined, 'writes']);
  });

  test('is a newer path, too: another replica published it, and this one has not heard', async () => {
    const clock = manualClock();
    const paths = new Paths(clock, 100);
    paths.published(seed, 5);
    expect(paths.entryAt(at(9))).toBe('writes');
    expect(paths.entryAt(at(5))).toBe('writes');
    await clock.advance(100);
    expect(paths.entryAt(at(5))).toBeUndefined();
    // Heard of late.
    paths.published(seed, 7);
    expect(paths.entryAt(at(9))).toBe('writes');
  });

  test('is nothing of an earlier seed', () => {
    const paths = new Paths(manualClock(), 100);
    paths.published(seed, 9);
    paths.published('another seed', 5);
    expect(paths.entryAt(at(9))).toBeUndefined();
    expect(paths.entryAt(pathOf('another seed', 5, 'orders'))).toBe('orders');
  });
});
