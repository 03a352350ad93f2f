/** When a window is open. The only file that knows croner. */
import { Cron } from 'croner';
import { milliseconds } from '../api/duration.ts';
import type { Window } from '../api/policy-fields.ts';
import type { Instant } from './objects.ts';

/** A window at an instant. `opensAt` undefined = it never opens again. */
export type WindowState =
  | { readonly is: 'Open'; readonly until: Instant }
  | { readonly is: 'Closed'; readonly opensAt: Instant | undefined }
  | { readonly is: 'Invalid'; readonly problem: string };

const fieldCount = 5;

const isTimeZone = (name: string): boolean => {
  try {
    return Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
};

/**
 * Throws on a schedule or zone that cannot be read. By croner's rule `no-wildcard`, as in Vixie cron, a schedule of fixed
 * times opens once on every day of its days: a time that daylight saving skips is moved to the end of the gap, one that
 * occurs twice is taken the first time. With `*` in minute or hour it follows the clock on the wall.
 */
const openingsOf = ({ schedule, timeZone }: Window): Cron => {
  // croner would take an ISO date or a nickname too, and read '' as the zone of this process.
  if (schedule.trim().split(/\s+/).length !== fieldCount) throw new RangeError('a schedule has five fields');
  if (!isTimeZone(timeZone)) throw new RangeError('there is no such time zone');
  return new Cron(schedule, { timezone: timeZone, mode: '5-part', fixedTimeRule: 'no-wildcard', paused: true });
};

/** First opening after an instant; undefined = there is none. */
const openingAfter = (openings: Cron, instant: Instant): Instant | undefined =>
  openings.nextRun(new Date(instant))?.getTime();

/**
 * Is the window open? It opens at every instant of its schedule, read in its time zone, and is open from that instant until,
 * not including, `duration` of elapsed time later. What cannot be read is Invalid, which is never open.
 */
export const windowAt = (window: Window, now: Instant): WindowState => {
  try {
    const duration = milliseconds(window.duration);
    const openings = openingsOf(window);
    const opened = openingAfter(openings, now - duration);
    if (opened === undefined) return { is: 'Closed', opensAt: undefined };
    return opened <= now ? { is: 'Open', until: opened + duration } : { is: 'Closed', opensAt: opened };
  } catch (error) {
    return { is: 'Invalid', problem: error instanceof Error ? error.message : String(error) };
  }
};

/**
 * When the window closes that is open at an instant, or the next one to open; of several the earliest. The instant itself where there are no windows,
 * or none that ever opens.
 */
export const nextClosing = (windows: readonly Window[], at: Instant): Instant => {
  const states = windows.map((window) => ({ window, state: windowAt(window, at) }));
  const open = states.flatMap(({ state }) => (state.is === 'Open' ? [state.until] : []));
  if (open.length > 0) return Math.min(...open);
  const next = states.flatMap(({ window, state }) =>
    state.is === 'Closed' && state.opensAt !== undefined ? [state.opensAt + milliseconds(window.duration)] : [],
  );
  return next.length === 0 ? at : Math.min(...next);
};
