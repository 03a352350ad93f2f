/** What a bundle shows its signers, as one pure question: what is compared, and what comes of it. Comparing megabytes takes seconds. */
import type { DeltaEntry } from '../../api/bundle.ts';
import type { Bundle, UnmanagedFields } from '../bundle.ts';
import { entriesOf } from './truncate.ts';
import { delta, type Before } from './delta.ts';
import { deltaText, type DeltaHeading } from './text.ts';
import type { ObjectRef } from '../objects.ts';
import { showCommand } from './show-command.ts';

export interface Comparison {
  /** What production runs, and the name of the bundle that it is; '' = nothing was released. */
  readonly before: Before & { readonly name: string };
  readonly after: Pick<Bundle, 'name' | 'objects'>;
  readonly removed: readonly ObjectRef[];
  readonly unmanaged: readonly UnmanagedFields[];
  /** All but the command that shows everything. */
  readonly heading: Omit<DeltaHeading, 'command'>;
}

/** What a bundle tells its signers, or that what must be shown is more than a bundle holds. */
export type Shown =
  | { readonly is: 'Shown'; readonly delta: readonly DeltaEntry[]; readonly deltaText: string }
  | { readonly is: 'TooLarge'; readonly bytes: number };

/** Of a bundle that nobody signs for. */
export const nothingShown: Shown = { is: 'Shown', delta: [], deltaText: '' };

export const compared = ({ before, after, removed, unmanaged, heading }: Comparison): Shown => {
  const changes = delta(before, after.objects, removed, unmanaged);
  const readable = before.foreign || before.name === '' ? [after] : [after, before];
  const text = deltaText(changes, { ...heading, command: showCommand(readable, heading.target) });
  return text.is === 'TooLarge' ? text : { is: 'Shown', delta: entriesOf(changes), deltaText: text.text };
};
