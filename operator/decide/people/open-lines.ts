/** Lines that are not met yet, and what they lack, as people read it. */
import { listed } from '../messages.ts';
import { visible } from '../safe-text.ts';
import type { LineSummary, Quorum } from './quorum.ts';

export const openLines = ({ lines }: Pick<Quorum, 'lines'>): readonly LineSummary[] =>
  lines.filter(({ have, need }) => have < need);

/** `1 approver (from change-board)`. */
export const openPlaces = ({ role, need, have, missingGroups }: LineSummary): string => {
  const from = missingGroups.length === 0 ? '' : ` (from ${listed(missingGroups.map(visible))})`;
  return `${need - have} ${role}${from}`;
};
