import { expect, test } from '@jest/globals';
import { manualClock } from '../../test/support/builders/clock.ts';
import { Failure } from '../kube/failures.ts';
import type { LedgerStore } from '../ledger/append.ts';
import { emptyRecord } from '../decide/record/record.ts';
import { catchUpAll } from './catch-up.ts';

/** A ledger with that many entries, of which this process knows some. */
const ledger = (entries: number, known: number, fails: readonly Failure[] = []) => {
  const failures = [...fails];
  let seq = known - 1;
  const store: LedgerStore = {
    create: () => Promise.reject(new Error('nothing is written')),
    record: () => ({ ...emptyRecord, head: { seq, hash: '' } }),
    catchUp(_, wanted) {
      const failure = failures.shift();
      if (failure !== undefined) return Promise.reject(failure);
      if (wanted >= entries) return Promise.reject(new Failure('NotFound', 'none'));
      seq = wanted;
      return Promise.resolve('id');
    },
  };
  return { store, known: () => seq + 1 };
};

const tools = { namespaces: () => ['payments-prod'], clock: manualClock(0), isLeader: () => true };

test('whoever begins to lead knows every entry that was written before', async () => {
  const { store, known } = ledger(7, 4);
  await catchUpAll({ ...tools, store });
  expect(known()).toBe(7);
});

test('what cannot be read is read again before anything is done', async () => {
  const clock = manualClock(0);
  const { store, known } = ledger(5, 4, [new Failure('Unavailable', 'no answer')]);
  const done = catchUpAll({ ...tools, clock, store });
  await clock.advance(0);
  expect(known()).toBe(4);
  await clock.advance(200);
  await done;
  expect(known()).toBe(5);
});

test('whoever leads no more reads nothing', async () => {
  const { store, known } = ledger(7, 4);
  await catchUpAll({ ...tools, isLeader: () => false, store });
  expect(known()).toBe(4);
});

test('a record that does not go on with the entry that is there holds nobody up', async () => {
  const { store } = ledger(7, 4);
  let asked = 0;
  const catchUp = () => {
    asked += 1;
    return Promise.resolve('id');
  };
  await catchUpAll({ ...tools, store: { ...store, catchUp } });
  expect(asked).toBe(1);
});
