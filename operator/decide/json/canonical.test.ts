import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { Json } from '../../api/meta.ts';
import { canonicalJson, canonicalPieces, canonicalSteps, digest8, digestOf, digestSteps, sizeOf } from './canonical.ts';
import { anyJson } from './json-arbitrary.ts';
import { bundleDigest, type SignedContent } from '../bundle-digest.ts';

const shuffled = (value: Json): Json =>
  Array.isArray(value)
    ? value.map(shuffled)
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .map(([key, inner]): [string, Json] => [key, shuffled(inner)])
            .toReversed(),
        )
      : value;

describe('canonical JSON', () => {
  it.each<[string, Json, string]>([
    [
      'sorts by UTF-16 code units (RFC 8785, 3.2.3)',
      { '\u20ac': 1, '\r': 2, '1': 3, '\ud83d\ude00': 4, '\ufb33': 5 },
      '{"\\r":2,"1":3,"€":1,"😀":4,"\ufb33":5}',
    ],
    ['writes numbers as ECMAScript does', [1e21 / 1e21, 0.000001, -0, 4.5], '[1,0.000001,0,4.5]'],
    ['keeps a member named __proto__', { ['__proto__']: { a: 1 } }, '{"__proto__":{"a":1}}'],
  ])('%s', (_, value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });

  it.each<[string, Json]>([
    ['NaN', { a: Number.NaN }],
    ['infinity', [Number.POSITIVE_INFINITY]],
    ['a lone surrogate in a value', 'x\ud800'],
    ['a lone surrogate in a key', { '\udc00': 1 }],
    ['an integer that a double cannot tell from the next', { a: 2 ** 53 }],
  ])('refuses %s', (_, value) => {
    expect(() => canonicalJson(value)).toThrow(/no exact JSON form|surrogate/i);
  });

  it('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        expect(digestOf(shuffled(value))).toBe(digestOf(value));
      }),
    );
  });

  it('is JSON of the same value', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        const back: unknown = JSON.parse(canonicalJson(value));
        expect(back).toEqual(value);
      }),
    );
  });
});

describe('canonical JSON in steps', () => {
  /** A value among so many others that it is taken apart. */
  const crowded = (value: Json): Json => ({
    value,
    list: Array.from({ length: 300 }, (_, i) => (i === 150 ? value : { name: `${i}` })),
    map: {
      '\u20ac': 1,
      '\r': 2,
      ['__proto__']: value,
      ...Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`${i}`, i])),
    },
  });

  it('is the same text and the same digest', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        const all = crowded(value);
        expect([...canonicalPieces(all)].join('')).toBe(canonicalJson(all));
        expect([...canonicalSteps(all)].join('')).toBe(canonicalJson(all));
        const [inSteps, atOnce] = [structuredClone(all), structuredClone(all)];
        for (const _ of digestSteps(inSteps));
        expect([digestOf(inSteps), sizeOf(inSteps)]).toEqual([digestOf(atOnce), sizeOf(atOnce)]);
      }),
    );
  });

  it('takes many steps for what is large', () => {
    const map = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, 'x'.repeat(28)]));
    expect([...digestSteps(map)].length).toBeGreaterThan(10);
  });

  it.each<[string, Json]>([
    ['NaN', Number.NaN],
    ['a lone surrogate in a value', 'x\ud800'],
    ['a lone surrogate in a key', { '\udc00': 1 }],
    ['an integer that a double cannot tell from the next', 2 ** 53],
    ['what is nested too deep', Array.from({ length: 500 }).reduce<Json>((inner) => [inner], 1)],
  ])('refuses %s', (_, value) => {
    expect(() => [...digestSteps(crowded(value))]).toThrow(/no exact JSON form|surrogate|levels deep/i);
  });
});

const content: SignedContent = {
  targetNamespace: 'payments-prod',
  policyUID: '1',
  package: 'payments',
  objects: [
    { apiVersion: 'v1', kind: 'ConfigMap', name: 'a', digest: 'sha256:1' },
    { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a', digest: 'sha256:2' },
  ],
  removed: [
    { apiVersion: 'v1', kind: 'Service', name: 'x' },
    { apiVersion: 'v1', kind: 'Service', name: 'y' },
  ],
  unmanaged: [
    { kind: 'Deployment', name: 'a', fields: ['spec.paused', 'spec.replicas'] },
    { kind: 'Deployment', name: 'b', fields: ['spec.replicas'] },
  ],
  irreversible: [],
  leftOut: [],
  overlay: '',
  onFailure: 'Rollback',
  base: 'none',
};

describe('the digest of a bundle', () => {
  it('does not depend on the order of anything', () => {
    const other: SignedContent = {
      ...content,
      objects: content.objects.toReversed(),
      removed: content.removed.toReversed(),
      unmanaged: content.unmanaged.toReversed().map((one) => ({ ...one, fields: one.fields.toReversed() })),
    };
    expect(bundleDigest(other)).toBe(bundleDigest(content));
  });

  it.each<[string, Partial<SignedContent>]>([
    ['the target', { targetNamespace: 'other' }],
    [
      'what no rollback takes back',
      { irreversible: [{ kind: 'StatefulSet', name: 'db', fields: [], reason: 'moved' }] },
    ],
    ['the policy', { policyUID: '2' }],
    ['the package', { package: 'other' }],
    ['an object', { objects: content.objects.slice(1) }],
    ['a removal', { removed: [] }],
    ['an unmanaged field', { unmanaged: [] }],
    [
      'the group of an object with unmanaged fields',
      { unmanaged: content.unmanaged.map((entry) => ({ ...entry, group: 'example.com' })) },
    ],
    ['what failure does', { onFailure: 'Page' }],
    ['the base', { base: 'sha256:0' }],
  ])('depends on %s', (_, change) => {
    expect(bundleDigest({ ...content, ...change })).not.toBe(bundleDigest(content));
  });

  it('is the same where a group is not said and where there is none, so that bundles from before are what they were', () => {
    const unmanaged = content.unmanaged.map((entry) => ({ ...entry, group: '' }));
    const declared = { kind: 'StatefulSet', name: 'db', fields: [], reason: 'moved' };
    expect(bundleDigest({ ...content, unmanaged, irreversible: [{ ...declared, group: '' }] })).toBe(
      bundleDigest({ ...content, irreversible: [declared] }),
    );
  });

  it('looks at nothing else', () => {
    const more = { ...content, objects: content.objects.map((object) => ({ ...object, content: {} })) };
    expect(bundleDigest(more)).toBe(bundleDigest(content));
  });

  it('begins with the digits that names carry', () => {
    const digest = bundleDigest(content);
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(digest.startsWith(`sha256:${digest8(digest)}`)).toBe(true);
    expect(digest8(digest)).toHaveLength(8);
  });
});
