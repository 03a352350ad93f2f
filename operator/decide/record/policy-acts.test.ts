import { expect, test } from '@jest/globals';
import type { LedgerEntrySpec } from '../../api/ledger.ts';
import type { EntryData } from '../ledger-entry.ts';
import { administerAlone, foldPolicyActs, noPolicyActs, type PolicyActs } from './policy-acts.ts';

interface Act {
  readonly before: string;
  readonly after: string;
  readonly change?: string;
  readonly alone?: string;
  readonly resource?: string;
}

const fold = (...acts: readonly Act[]): PolicyActs =>
  acts.reduce((state, { before, after, change, alone, resource = 'releasepolicies.countersign.dev' }) => {
    const entry = {
      decision: alone === undefined ? 'Change' : administerAlone,
      actor: { username: alone ?? 'operator' },
    };
    const data = {
      type: 'Admitted',
      resource,
      subresource: '',
      before,
      after,
      ...(change === undefined ? {} : { change: { name: change, uid: change, by: [] } }),
    };
    return foldPolicyActs(state, entry as unknown as LedgerEntrySpec, data as unknown as EntryData); // no more of it is read
  }, noPolicyActs);

test('a change that was admitted is an attempt, until a later act finds what it was to leave', () => {
  expect(fold({ before: 'a', after: 'b', change: '1' }).applied).toEqual(new Set());
  expect(fold({ before: 'a', after: 'b', change: '1' }, { before: 'b', after: 'c' }).applied).toEqual(new Set(['1']));
  expect(fold({ before: 'a', after: 'b', change: '1' }, { before: 'b', after: 'c', change: '2' })).toMatchObject({
    applied: new Set(['1']),
    last: { uid: '2', after: 'c' },
  });
});

test('a change that never happened is not applied', () => {
  const acts = [
    { before: 'a', after: 'b', change: '1' },
    { before: 'a', after: 'c', change: '2' },
    { before: 'c', after: 'd' },
  ];
  expect(fold(...acts).applied).toEqual(new Set(['2']));
});

test('who changed the policy alone is known until a change is applied for which others signed', () => {
  const alone = { before: 'a', after: 'b', alone: 'admin' };
  expect(fold(alone).alone).toEqual(['admin']);
  expect(fold(alone, { before: 'b', after: 'c', change: '1' }).alone).toEqual([]);
});

test('acts on other objects say nothing of the policy', () => {
  expect(fold({ before: 'a', after: 'b', change: '1', resource: 'configmaps' })).toEqual(noPolicyActs);
});
