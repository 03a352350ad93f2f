import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { Json } from '../../api/meta.ts';
import { differences } from './diff.ts';
import { canonicalJson } from './canonical.ts';
import { anyJson } from './json-arbitrary.ts';
import { formatPath } from './field-path.ts';

type Row = readonly [path: string, from: Json | undefined, to: Json | undefined];

const rowsOf = (from: Json, to: Json): Row[] =>
  differences(from, to).map((one) => [formatPath(one.path), one.from, one.to]);

const sorted = (rows: readonly Row[]): string[] =>
  rows.map((row) => JSON.stringify(row.map((cell) => cell ?? 'absent'))).toSorted();

describe('differences', () => {
  it.each<[string, Json, Json, readonly Row[]]>([
    ['of a field', { a: { b: 1 } }, { a: { b: 2 } }, [['a.b', 1, 2]]],
    [
      'of a field that comes or goes',
      { a: 1 },
      { b: 1 },
      [
        ['a', 1, undefined],
        ['b', undefined, 1],
      ],
    ],
    ['of an empty map that comes', {}, { a: {} }, [['a', undefined, {}]]],
    [
      'of an item, by its name',
      {
        env: [
          { name: 'A', value: '1' },
          { name: 'B', value: '2' },
        ],
      },
      {
        env: [
          { name: 'B', value: '3' },
          { name: 'C', value: '4' },
        ],
      },
      [
        ['env[name=A].value', '1', undefined],
        ['env[name=B].value', '2', '3'],
        ['env[name=C].value', undefined, '4'],
      ],
    ],
    [
      'of an item that is only a name',
      { imagePullSecrets: [] },
      { imagePullSecrets: [{ name: 'x' }] },
      [['imagePullSecrets[name=x]', undefined, { name: 'x' }]],
    ],
    [
      'of a list or a map that is left empty, which says something else than one that goes',
      { env: [{ name: 'A' }], from: [{ a: 1 }], selector: { app: 'web' } },
      { env: [], from: [], selector: {} },
      [
        ['env[name=A]', { name: 'A' }, undefined],
        ['env', undefined, []],
        ['from[0].a', 1, undefined],
        ['from', undefined, []],
        ['selector.app', 'web', undefined],
        ['selector', undefined, {}],
      ],
    ],
    [
      'of the order of items',
      { env: [{ name: 'A' }, { name: 'B' }] },
      { env: [{ name: 'B' }, { name: 'A' }] },
      [['env', ['[name=A]', '[name=B]'], ['[name=B]', '[name=A]']]],
    ],
    [
      'of ports by number and protocol',
      {
        ports: [
          { port: 53, protocol: 'TCP', name: 'a' },
          { port: 53, protocol: 'UDP', name: 'b' },
        ],
      },
      {
        ports: [
          { port: 53, protocol: 'TCP', name: 'a' },
          { port: 53, protocol: 'UDP', name: 'c' },
        ],
      },
      [['ports[port=53,protocol=UDP].name', 'b', 'c']],
    ],
    [
      'of mounts by where',
      {
        volumeMounts: [
          { name: 'v', mountPath: '/a' },
          { name: 'v', mountPath: '/b' },
        ],
      },
      {
        volumeMounts: [
          { name: 'v', mountPath: '/a' },
          { name: 'w', mountPath: '/b' },
        ],
      },
      [['volumeMounts[mountPath=/b].name', 'v', 'w']],
    ],
    [
      'of claim templates by the name in their metadata',
      { volumeClaimTemplates: [{ metadata: { name: 'd' }, spec: 1 }] },
      { volumeClaimTemplates: [{ metadata: { name: 'd' }, spec: 2 }] },
      [['volumeClaimTemplates[metadata.name=d].spec', 1, 2]],
    ],
    [
      'of items that share a name, by place',
      {
        env: [
          { name: 'A', value: '1' },
          { name: 'A', value: '2' },
        ],
      },
      {
        env: [
          { name: 'A', value: '1' },
          { name: 'A', value: '3' },
        ],
      },
      [['env[1].value', '2', '3']],
    ],
    [
      'of an item without a name in the middle, by place',
      { from: [{ a: 1 }, { a: 2 }, { a: 4 }] },
      { from: [{ a: 1 }, { a: 3 }, { a: 2 }, { a: 4 }] },
      [['from[1].a', undefined, 3]],
    ],
    ['of a list of scalars, as one value', { args: ['a', 'b'] }, { args: ['a'] }, [['args', ['a', 'b'], ['a']]]],
    [
      'of a shape',
      { a: { b: 1 } },
      { a: [2] },
      [
        ['a.b', 1, undefined],
        ['a', undefined, [2]],
      ],
    ],
    ['of a number and the same number as text', { port: 80 }, { port: '80' }, [['port', 80, '80']]],
    ['of a member named __proto__', { ['__proto__']: 1 }, {}, [['__proto__', 1, undefined]]],
  ])('%s', (_, from, to, rows) => {
    expect(rowsOf(from, to)).toEqual(rows);
  });

  it('are none exactly when the values are equal', () => {
    fc.assert(
      fc.property(anyJson, anyJson, (a, b) => {
        expect(differences(a, a)).toEqual([]);
        expect(differences(a, b).length === 0).toBe(canonicalJson(a) === canonicalJson(b));
      }),
      { numRuns: 1000 },
    );
  });

  it('are the same both ways, with the sides swapped, but for what is left empty', () => {
    const isEmpty = (cell: Json | undefined): boolean => ['{}', '[]'].includes(JSON.stringify(cell) ?? '');
    const full = (rows: readonly Row[]): Row[] => rows.filter((row) => !row.some(isEmpty));
    fc.assert(
      fc.property(anyJson, anyJson, (a, b) => {
        const swapped = full(rowsOf(b, a)).map(([path, from, to]): Row => [path, to, from]);
        expect(sorted(swapped)).toEqual(sorted(full(rowsOf(a, b))));
      }),
    );
  });
});
