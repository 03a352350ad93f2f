import { expect, test } from '@jest/globals';
import {
  aCandidate,
  aGateSnapshot,
  aPolicy,
  aRecord,
  notes as complete,
  now,
} from '../../../../test/support/builders/decide.ts';
import { notes } from './notes.ts';

const fields = ['summary', 'installation'] as const;
const analysisDue = aRecord({ package: { analysisDue: true } });

test('complete notes pass', () => {
  expect(notes.judge(aGateSnapshot(), now)).toMatchObject({ outcome: 'Passed', reason: 'NotesComplete', remedy: '' });
});

test.each(fields)('without %s they are blocked, and named', (field) => {
  const { [field]: _, ...others } = complete;
  const verdict = notes.judge(aGateSnapshot({ candidate: aCandidate({ notes: others }) }), now);
  expect(verdict).toMatchObject({ outcome: 'Blocked', reason: 'NotesMissing' });
  expect(verdict.message).toContain(field);
  expect(verdict.remedy).toContain(`notes.${field}`);
});

test.each([
  ['blank text', { ...complete, installation: ' \n' }],
  ['nothing but line breaks', { ...complete, summary: '\n\n' }],
])('%s is no note', (_, given) => {
  expect(notes.judge(aGateSnapshot({ candidate: aCandidate({ notes: given }) }), now).reason).toBe('NotesMissing');
});

test('what is computed nobody has to type', () => {
  const candidate = aCandidate({ notes: { summary: 'faster settlements', installation: 'none' } });
  expect(notes.judge(aGateSnapshot({ candidate }), now)).toMatchObject({ outcome: 'Passed' });
});

test('a policy that does not require notes takes none', () => {
  const s = aGateSnapshot({ candidate: aCandidate({ notes: {} }), policy: aPolicy({ notes: 'Optional' }) });
  expect(notes.judge(s, now).outcome).toBe('Passed');
});

test.each(['Required', 'Optional'])('after a rollback the analysis is asked for, with notes %s', (policy) => {
  const s = aGateSnapshot({ policy: aPolicy({ notes: policy }), record: analysisDue });
  expect(notes.judge(s, now)).toMatchObject({ outcome: 'Blocked', reason: 'AnalysisMissing' });
});

test('after a rollback complete notes with an analysis pass', () => {
  const candidate = aCandidate({ notes: { ...complete, analysis: 'a lock was held too long' } });
  expect(notes.judge(aGateSnapshot({ candidate, record: analysisDue }), now).outcome).toBe('Passed');
});
