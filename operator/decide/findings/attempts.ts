/** What came of acts that the gate admitted. */
import { attemptsOn } from './explain.ts';
import type { Entries, WatchSnapshot } from './snapshot.ts';
import type { LedgerDraft } from '../ledger-entry.ts';
import type { Instant } from '../objects.ts';
import { earliest } from '../plan.ts';
import * as drafts from './entries.ts';
import type { Attempt } from '../record/expected-state.ts';

/** An admitted act that is not seen by then did not happen. */
const attemptMs = 30_000;

export const resolveAttempts = (s: WatchSnapshot, now: Instant): Entries => {
  /** What is there now is entered last: from it on changes are measured. */
  const [earlier, current]: [LedgerDraft[], LedgerDraft[]] = [[], []];
  let wakeAt: Instant | undefined;
  const attempts = [...s.record.explained.attempts.values()];
  const lastFrom = new Map(attempts.map((attempt, place) => [shownIn(attempt, attempt.before), place]));
  for (const [place, attempt] of attempts.entries()) {
    // The next act found what this one was to leave.
    const wasSeen = attempt.after !== '' && (lastFrom.get(shownIn(attempt, attempt.after)) ?? -1) > place;
    const live = attempt.object.endsWith('/')
      ? s.suspects
          .flatMap(({ key }) => s.scene.get(key) ?? [])
          .find((each) => attemptsOn(s.scene, each).some(({ id, isDone }) => isDone && id === attempt.id))
      : s.scene.get(attempt.object);
    const isDone = isDeletion(attempt)
      ? live === undefined || live.deleting || (attempt.uid !== '' && live.uid !== attempt.uid)
      : live !== undefined && attemptsOn(s.scene, live).some(({ id, isDone }) => isDone && id === attempt.id);
    const key = live?.key ?? attempt.object;
    const due = attempt.at + attemptMs;
    const seen = { object: key, uid: live?.uid ?? attempt.uid };
    if (isDone) current.push(drafts.observed(s.namespace, attempt, seen));
    else if (wasSeen) earlier.push(drafts.observed(s.namespace, attempt, seen));
    else if (now >= due) earlier.push(drafts.observed(s.namespace, attempt, undefined));
    else wakeAt = earliest(wakeAt, due);
  }
  return { entries: [...earlier, ...current], wakeAt };
};

/** What has begun to be deleted is not there any more, however long a finalizer keeps it. */
const isDeletion = ({ operation, after }: Attempt): boolean => operation === 'DELETE' || after === '';

const shownIn = ({ object, isScale }: Attempt, digest: string): string => `${object} ${isScale} ${digest}`;
