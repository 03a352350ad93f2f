import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { anAccess, digestOf, now } from '../../../test/support/builders/decide.ts';
import { nextEntry } from './chain.ts';
import type { EntryData } from '../ledger-entry.ts';
import { nothingExplained } from './expected-state.ts';
import * as drafts from '../emergency/entries.ts';
import { foldEmergencies, noEmergencies, type Emergencies, type EmergencyRecord } from './emergency.ts';

const access = anAccess();
const known: Pick<EmergencyRecord, 'uid' | 'name'> = access.metadata;
const about = (data: EntryData) => ({ ...drafts.opened('payments-prod', known as EmergencyRecord), data });

const entries = {
  Granted: drafts.granted(access, { name: 'countersign-emergency', digest: digestOf('1') }),
  Refused: drafts.refusedAccess(access, 'AccessAlreadyOver', 'x'),
  Opened: about({ type: 'EmergencyOpened' }),
  Ended: about({ type: 'EmergencyEnded', cause: 'Changed', message: 'x' }),
  Accounted: about({ type: 'EmergencyAccounted', actions: 0, drift: [], sessions: [], dueAt: '' }),
  Closed: about({ type: 'EmergencyClosed', bundles: [] }),
};
type Name = keyof typeof entries;

const fold = (names: readonly Name[]): Emergencies =>
  names.reduce((before, name, seq) => {
    const self = { username: 'operator', uid: '', groups: [] };
    const draft = entries[name];
    const entry = nextEntry({ seq: seq - 1, hash: digestOf('0') }, draft, { id: `e-${seq}`, now, self });
    const folding = { entry, hash: digestOf('0'), data: draft.data, explained: nothingExplained, followsUp: null };
    return foldEmergencies(before, folding);
  }, noEmergencies);

const stageAfter = (...names: readonly Name[]) => fold(names).all.get(access.metadata.uid)?.stage;

test.each<[readonly Name[], string | undefined]>([
  [['Granted', 'Opened', 'Ended', 'Accounted', 'Closed'], 'Closed'],
  [['Granted', 'Ended'], 'Ended'],
  [['Opened'], undefined],
  [['Refused', 'Granted'], 'Refused'],
  [['Granted', 'Opened', 'Ended', 'Opened'], 'Ended'],
  [['Granted', 'Opened', 'Ended', 'Granted', 'Opened'], 'Ended'],
  [['Granted', 'Opened', 'Closed'], 'Opened'],
])('%j lead to %s', (names, stage) => {
  expect(stageAfter(...names)).toBe(stage);
});

test('whatever is appended, nobody is let in again by what is over or was refused', () => {
  const some = fc.array(fc.constantFrom(...(Object.keys(entries) as Name[])), { maxLength: 12 });
  fc.assert(
    fc.property(some, some, (before, after) => {
      const stage = stageAfter(...before);
      const isOver = stage !== undefined && stage !== 'Granted' && stage !== 'Opened';
      const isLive = ['Granted', 'Opened'].includes(stageAfter(...before, ...after) ?? '');
      expect(isOver && isLive).toBe(false);
    }),
  );
});
