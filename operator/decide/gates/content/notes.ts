/** Asks for the release notes. */
import type { ReleaseNotes } from '../../../api/release-notes.ts';
import { packageRecord } from '../../record/record.ts';
import { newCandidate } from '../remedies.ts';
import { listed } from '../../messages.ts';
import { blocked, defineGate, passed, type Facts } from '../gate.ts';

/** Why, and how to watch it. What changes, what it needs and how it goes back is computed. */
const required = ['summary', 'installation'] as const;

const isBlank = (note: string | readonly string[]): boolean => [note].flat().every((line) => line.trim() === '');

const missingFrom = (notes: ReleaseNotes): readonly string[] => required.filter((field) => isBlank(notes[field]));

const reads = ['candidate', 'policy', 'bundle', 'record'] as const;

/** Asks for what nobody can compute if the policy requires notes, and after a rollback of the package for its analysis, whatever the policy says. */
const judge = (s: Facts<typeof reads>) => {
  const given = s.candidate.spec.notes;
  const missing = s.policy.spec.notes === 'Required' ? missingFrom(given) : [];
  if (missing.length > 0) {
    return blocked('NotesMissing', {
      message: `The release notes lack ${listed(missing)}`,
      remedy: newCandidate(s, `and notes.${missing.join(', notes.')} filled in ("none" where there is nothing to say)`),
    });
  }
  if (packageRecord(s.record, s.bundle.package).analysisDue && isBlank(given.analysis)) {
    return blocked('AnalysisMissing', {
      message: `The last release of ${s.bundle.package} was rolled back and notes.analysis does not say why`,
      remedy: newCandidate(s, 'and notes.analysis: why the other failed, and why this one does not'),
    });
  }
  return passed('NotesComplete', 'The release notes say everything that the policy demands');
};

export const notes = defineGate({
  name: 'Notes',
  asks: 'Do the release notes say what the policy demands?',
  reads,
  rejudgedAtAdmission: true,
  exceptable: true,
  judge,
});
