/** What a candidate waits for, in a few words. */
import type { ReleaseCandidate } from '../../operator/api/candidate.ts';
import { openPlacesIn } from '../../operator/decide/gates/people/approvals.ts';
import { isTrue, whenTrue } from './objects.ts';

/** The first few of what it waits for; '' once it is finished. */
export const waitsFor = (candidate: ReleaseCandidate): string => {
  if (isTrue(candidate, 'Finished')) return '';
  const { status } = candidate;
  if (status === undefined) return 'the operator';
  switch (status.phase) {
    case 'Promoting':
      return 'the rollout';
    case 'Observing':
      return status.observeUntil === undefined ? 'health' : `health until ${status.observeUntil}`;
    case 'RollingBack':
      return 'the rollback';
    default:
      break;
  }
  if (!isTrue(candidate, 'Staged')) {
    const stalled = whenTrue(candidate, 'Stalled');
    return stalled === undefined ? 'the operator' : `the author (${stalled.reason})`;
  }
  const open = status.gates.filter(({ outcome }) => outcome !== 'Passed');
  const parts = open.map(({ name, message, reason }) =>
    name === 'Approvals' ? (openPlacesIn(message) ?? reason) : name,
  );
  // People first: they can do something.
  const people = parts.filter((_, at) => open[at]?.name === 'Approvals');
  const others = parts.filter((_, at) => open[at]?.name !== 'Approvals');
  return [...people, ...others].join(', ') || 'the operator';
};
