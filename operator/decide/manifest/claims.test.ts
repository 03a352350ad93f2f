import { expect, test } from '@jest/globals';
import { namesClaim, possibleSetsOf } from './claims.ts';

const set = (name: string, template: string, start?: number) => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name },
  spec: {
    ...(start === undefined ? {} : { ordinals: { start } }),
    volumeClaimTemplates: [{ metadata: { name: template } }],
  },
});

test('a claim may be of every set whose name ends its own', () => {
  expect(possibleSetsOf('data-my-db-0')).toEqual(['StatefulSet/my-db', 'StatefulSet/db']);
  expect(possibleSetsOf('data-db')).toEqual([]);
  expect(possibleSetsOf('data-0')).toEqual([]);
});

test.each<[sentence: string, claim: string, isOf: boolean]>([
  ['its first', 'data-db-0', true],
  ['one past its replicas, which it has had', 'data-db-7', true],
  ['one of another template', 'logs-db-0', false],
  ['one of another set', 'data-db2-0', false],
  ['one without a number', 'data-db', false],
])('a set names %s', (_, claim, isOf) => {
  for (const start of [undefined, 5]) expect(namesClaim(set('db', 'data', start), claim)).toBe(isOf);
});
