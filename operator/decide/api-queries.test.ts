import { expect, test } from '@jest/globals';
import { now, second } from '../../test/support/builders/decide.ts';
import { askAgainAt, type Answer } from './api-queries.ts';

test.each<[sentence: string, answers: readonly Answer[], at: number | undefined]>([
  ['nothing was asked', [], undefined],
  ['everything was answered with yes', [{ kind: 'Yes' }, { kind: 'Object', manifest: {} }], undefined],
  ['a right, a quota or a webhook says no', [{ kind: 'Yes' }, { kind: 'No', message: 'forbidden' }], now + 30 * second],
])('when %s it is asked again in time', (_, answers, at) => {
  expect(askAgainAt(new Map(answers.map((answer, i) => [String(i), answer])), now)).toBe(at);
});
