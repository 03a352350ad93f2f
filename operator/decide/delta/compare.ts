/** What a bundle shows its signers, as one pure question: what is compared, and what comes of it. Comparing megabytes takes seconds. */
import type { Comparison, Shown } from '../comparison.ts';
import { delta } from './delta.ts';
import { showCommand } from './show-command.ts';
import { deltaText } from './text.ts';
import { releaseNotes } from './release-notes.ts';
import { entriesOf } from './truncate.ts';

export const compared = ({ before, after, removed, unmanaged, irreversible, heading, given }: Comparison): Shown => {
  const changes = delta(before, after.objects, removed, unmanaged, irreversible);
  const text = deltaText(changes, { ...heading, command: commandFor({ before, after, heading }) });
  if (text.is === 'TooLarge') return text;
  const notes = releaseNotes(changes, heading, given);
  return { is: 'Shown', delta: entriesOf(changes), deltaText: text.text, notes };
};

/** What its text says shows everything: it reads the bundles. */
export const commandFor = ({ before, after, heading }: Pick<Comparison, 'before' | 'after' | 'heading'>): string =>
  showCommand(before.foreign || before.name === '' ? [after] : [after, before], heading.target);
