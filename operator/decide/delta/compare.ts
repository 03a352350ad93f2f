/** What a bundle shows its signers, as one pure question: what is compared, and what comes of it. Comparing megabytes takes seconds. */
import type { Comparison, Shown } from '../comparison.ts';
import { delta } from './delta.ts';
import { showCommand } from './show-command.ts';
import { deltaText } from './text.ts';
import { entriesOf } from './truncate.ts';

export const compared = ({ before, after, removed, unmanaged, irreversible, heading }: Comparison): Shown => {
  const changes = delta(before, after.objects, removed, unmanaged, irreversible);
  const text = deltaText(changes, { ...heading, command: commandFor({ before, after, heading }) });
  return text.is === 'TooLarge' ? text : { is: 'Shown', delta: entriesOf(changes), deltaText: text.text };
};

/** What its text says shows everything: it reads the bundles. */
export const commandFor = ({ before, after, heading }: Pick<Comparison, 'before' | 'after' | 'heading'>): string =>
  showCommand(before.foreign || before.name === '' ? [after] : [after, before], heading.target);
