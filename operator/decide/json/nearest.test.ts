import { expect, test } from '@jest/globals';
import { nearest } from './nearest.ts';

const fields = ['replicas', 'selector', 'strategy', 'template', 'nodeSelector', 'terminationGracePeriodSeconds'];

test.each([
  ['replica', 'replicas'],
  ['nodeSelectors', 'nodeSelector'],
  ['terminationGracePeriod', 'terminationGracePeriodSeconds'],
  ['selectors', 'selector'],
  ['entirelyDifferent', undefined],
  ['x'.repeat(10_000), undefined],
])('somebody who writes %s means %s', (name, meant) => {
  expect(nearest(name, fields)).toBe(meant);
});
