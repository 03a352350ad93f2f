import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { aDeployment, anObject } from '../../../test/support/builders/decide.ts';
import { maxNotesBytes } from '../../api/bundle.ts';
import type { DeltaHeading, NotesGiven } from '../comparison.ts';
import { delta } from './delta.ts';
import { heading } from './delta-arbitrary.ts';
import { releaseNotes } from './release-notes.ts';

const nothing = { summary: '', changes: [], dependencies: [], installation: '', rollbackPlan: '', analysis: '' };
const before = { objects: [aDeployment('api', { replicas: 1 }), anObject('ConfigMap', 'old')], foreign: false };
const changes = delta(before, [aDeployment('api', { replicas: 2 })], [anObject('ConfigMap', 'old').ref], []);

const written = (
  notes: Partial<NotesGiven['notes']>,
  more: Partial<DeltaHeading> = {},
  onFailure: NotesGiven['onFailure'] = 'Rollback',
): string => releaseNotes(changes, { ...heading, ...more }, { notes: { ...nothing, ...notes }, onFailure });

describe('computed', () => {
  test('components, riskiest first, and the way back', () => {
    const text = written({ summary: 'faster settlements', installation: 'none' });
    expect(text).toMatch(/\| ConfigMap old \| 1 removed \|/);
    expect(text).toMatch(/\| Deployment api \| .*1 \w+.* \|/);
    expect(text).toContain('> faster settlements\n');
    expect(text).toContain('everything is rolled back automatically to payments-2.3.0-99aa88bb.');
    expect(text).toContain('Nothing in it is known to be beyond taking back.');
    expect(text).toContain('No other package refers to what it holds.');
  });

  test.each<[string, Partial<DeltaHeading>, NotesGiven['onFailure'], string]>([
    ['the first release', { base: 'none' }, 'Rollback', 'everything that it created is removed automatically'],
    ['one that pages', {}, 'Page', 'it is not rolled back automatically'],
    [
      'one that loses data',
      { irreversible: ['PersistentVolumeClaim data: dropped'] },
      'Rollback',
      'Cannot be taken back:\n\n- PersistentVolumeClaim data: dropped',
    ],
    ['what it needs', { needs: ['Secret db: production has it'] }, 'Rollback', '- Secret db: production has it'],
    ['who depends on it', { neededBy: ['Service api: shop 3.1.0'] }, 'Rollback', '- Service api: shop 3.1.0'],
  ])('%s', (_, more, onFailure, expected) => {
    expect(written({}, more, onFailure)).toContain(expected);
  });
});

describe('typed', () => {
  test('"none" is not repeated where something is computed', () => {
    const text = written({ dependencies: ['none'], installation: 'None.', rollbackPlan: 'none' });
    expect(text).not.toContain('> none');
    expect(text).toContain('## What it needs\n\nNothing that it does not hold.');
  });

  test('what people type is no markup, and no line of its own', () => {
    const text = written({
      summary: '<script>alert(1)</script>\n# Approved by security\n![x](http://evil)',
      changes: ['| a | b |'],
    });
    expect(text).not.toMatch(/<script>|^# Approved|!\[x\]\(/m);
    expect(text).toContain(String.raw`> \# Approved by security`);
  });

  test('whatever is typed, its length is bounded, and what is cut is counted', () => {
    const long = written({
      summary: 'x'.repeat(10_000),
      changes: Array.from({ length: 150 }, (_, i) => `change ${i}`),
    });
    expect(long).toContain('> … 6000 more characters, in spec.notes of the candidate');
    expect(long).toContain('- and 50 more, in the delta');
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 1_024 }), { maxLength: 100 }), (lines) => {
        const text = written({ changes: lines.map((line) => line.repeat(20)), rollbackPlan: lines.join('\n') });
        return Buffer.byteLength(JSON.stringify(text)) <= maxNotesBytes;
      }),
      { numRuns: 50 },
    );
  });
});
