/** Is the content not on hold after a rollback? */
import { packageRecord } from '../../record/record.ts';
import { signHold } from '../../record/holds.ts';
import { newCandidate } from '../remedies.ts';
import { blocked, defineGate, type Facts, passed } from '../gate.ts';

const reads = ['candidate', 'policy', 'record', 'bundle', 'bundles'] as const;

/**
 * What was rolled back does not go forward again. A candidate keeps its content when it is rendered anew on another base,
 * so the digests of all its bundles are looked for, not only the current one.
 */
const judge = (s: Facts<typeof reads>) => {
  const { held } = packageRecord(s.record, s.bundle.package);
  const staged = s.record.candidates.get(s.candidate.metadata.uid)?.stagedDigests ?? [];
  const own = [s.bundle.digest, ...s.bundles.map(({ digest }) => digest), ...staged];
  const holds = own.flatMap((digest) => {
    const hold = held.get(digest);
    return hold === undefined ? [] : [signHold(s.policy, digest, hold)];
  });
  const [sign] = holds;
  if (sign === undefined) return passed('NotHeld', 'The content is not on hold');
  return blocked('HeldAfterRollback', {
    message: 'This content was in production and was rolled back, so only a new candidate goes forward',
    remedy: `${newCandidate(s, 'that fixes it, and notes.analysis')}. Where the content was not the cause, such as a node, a quota or a registry, a holder of an approval role who is no author lifts the hold and says why: ${sign}`,
  });
};

export const rollbackHold = defineGate({
  name: 'RollbackHold',
  asks: 'Is the content not on hold after a rollback?',
  reads,
  rejudgedAtAdmission: true,
  exceptable: 'What was rolled back has a signature of its own.',
  judge,
});
