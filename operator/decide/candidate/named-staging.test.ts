import { expect, test } from '@jest/globals';
import { aGateSnapshot, anObject } from '../../../test/support/builders/decide.ts';
import { stagingReferencesOf } from './named-staging.ts';

const host = 'db.payments-staging.svc';
const map = (data: Record<string, string>) => anObject('ConfigMap', 'settings', { data });
const found = (...objects: Parameters<typeof stagingReferencesOf>[1]) => stagingReferencesOf(aGateSnapshot(), objects);

test('a place comes with the operation that names production, its path in the spelling of JSON pointers', () => {
  expect(found(map({ 'a/b~c': `http://${host}` }))).toEqual([
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      name: 'settings',
      path: "data['a/b~c']",
      found: host,
      fix: '{op: replace, path: "/data/a~1b~0c", value: "http://db.payments-prod.svc"}',
    },
  ]);
});

test.each([
  ['the password of a URL', { URL: `postgres://shop:correct-horse@${host}/shop` }],
  ['a credential in a line', { ini: `host=${host}\npassword=correct-horse\n` }],
  ['a value that is called a credential', { 'db-password': `correct-horse,${host}` }],
  ['a text too long to be pasted', { a: `${host} ${'correct-horse '.repeat(100)}` }],
])('%s is in no remedy', (_, data) => {
  const all = found(map(data));
  expect(all.map(({ fix }) => fix)).toEqual(['']);
  expect(JSON.stringify(all)).not.toContain('correct-horse');
});

test('more places than a bundle has room for are counted', () => {
  const all = found(map(Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`k${i}`, host]))));
  expect(all).toHaveLength(200);
  expect(all.at(-1)?.found).toBe(`${host}, and 50 more places`);
});

test('a host that the release serves, too, is none of staging alone', () => {
  const ingress = anObject('Ingress', 'shop', { spec: { rules: [{ host: 'shop.example' }] } });
  const hosts = () => ({
    services: new Set<string>(),
    productionServices: new Set<string>(),
    stagingHosts: ['shop.example', 'test.example'],
    productionHosts: [],
  });
  const s = aGateSnapshot({ hosts });
  const both = map({ A: 'https://shop.example', B: 'https://test.example' });
  expect(stagingReferencesOf(s, [both, ingress]).map(({ path }) => path)).toEqual(['data.B']);
});
