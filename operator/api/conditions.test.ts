import { describe, expect, test } from '@jest/globals';
import { conditionMeanings } from './conditions.ts';
import { finishedReasons } from './phases.ts';
import { reasons } from './reasons.ts';
import type { ReasonEntry } from './reasons/entry.ts';

const entries: [string, ReasonEntry][] = Object.entries(reasons);
const conditionTypes = Object.values(conditionMeanings).flatMap((meanings) => Object.keys(meanings));

test.each(entries)('%s is a word that the API takes, explained in sentences', (reason, { meaning, remedy }) => {
  expect(reason).toMatch(/^[A-Z][A-Za-z0-9]{1,62}$/);
  expect(meaning).toMatch(/^[A-Z].*\.$/);
  expect(remedy).toMatch(/^([A-Z].*\.)?$/);
});

test.each(conditionTypes)('condition %s has reasons', (type) => {
  expect(entries.some(([, { at }]) => at.some((place) => place === type))).toBe(true);
});

test.each([...finishedReasons])('%s is a reason of Finished', (reason) => {
  expect(reasons[reason].at).toContain('Finished');
});

describe('a remedy never sends people to a place that does not exist', () => {
  test.each(entries)('%s', (_, { remedy }) => {
    for (const [, condition] of remedy.matchAll(/the condition ([A-Z]\w+)/g))
      expect(conditionTypes).toContain(condition);
  });
});
