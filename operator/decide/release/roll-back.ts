/** A rollback: how it begins, and what production needs until it equals the earlier bundle. */
import { runsOncePerBundle } from '../manifest/kinds/index.ts';
import { fieldManagers } from '../../api/field-managers.ts';
import type { Rollback } from '../../api/rollback.ts';
import type { Bundle } from '../bundle.ts';
import { type Instant, keyOf } from '../objects.ts';
import { type Effect, type IntentRef, nothing, type Plan } from '../plan.ts';
import * as drafts from './entries.ts';
import type { OpenIntent } from '../record/package.ts';
import { courseOf } from './course.ts';
import { act, append, together } from './effects.ts';
import type { ReleaseSnapshot } from './snapshot.ts';
import { addedBy, type Course, effectOf, removeSteps, type Step, writeSteps } from './steps.ts';

export const takeBack = (s: ReleaseSnapshot, open: OpenIntent, bundle: Bundle, cause: string): Plan =>
  act(
    startBack(
      s,
      {
        candidate: open.candidate,
        package: s.package,
        from: open.to,
        fromDigest: bundle.digest,
        to: open.from,
        toDigest: s.bundles.get(open.from)?.digest ?? '',
        delivery: open.delivery,
      },
      { cause, order: undefined },
    ),
  );

export const startBack = (
  s: ReleaseSnapshot,
  back: drafts.Return,
  { cause, order }: { readonly cause: string; readonly order: Rollback | undefined },
): Effect => {
  const course = { to: s.bundles.get(back.to), from: s.bundles.get(back.from) };
  const overwrites = [...writeSteps(course, s.live), ...addedSteps(course, s)]
    .filter(({ standing }) => standing === 'Foreign')
    .map(({ ref }) => keyOf(ref));
  const removes = addedBy(course, s.live);
  return append(
    s,
    drafts.rollbackStarted(back, { cause, overwrites, order, restores: course.to, takesBack: course.from, removes }),
  );
};

/**
 * For so long after it began, a rollback takes off finalizers that nothing explains, also where it writes nothing else. A controller that
 * nobody declared sets its own again, and no rollback waits for that.
 */
const strictMs = 10_000;

export const goBack = (s: ReleaseSnapshot, open: OpenIntent, now: Instant): Plan => {
  const isStrict = now < open.at + strictMs && open.delivery === 'Countersign';
  const course: Course = isStrict ? { ...courseOf(s, open), finalizers: 'Strict' } : courseOf(s, open);
  // Never take "the bundle is not in the cache" for "there was nothing": that would delete a whole package.
  if (course.from === undefined || (open.to !== '' && course.to === undefined)) return nothing;
  const how = {
    as: 'restorer' as const,
    namespace: s.namespace,
    unmanaged: course.to?.unmanaged ?? course.from.unmanaged,
    intentFor: (): IntentRef => ({ namespace: s.namespace, id: open.id, type: 'Rollback', onRefusal: undefined }),
  };
  const restore = writeSteps(course, s.live).filter(({ ref }) => !runsOncePerBundle(ref.kind));
  const added = open.delivery === 'GitOps' ? toolsSteps(course, s) : addedSteps(course, s);
  const effects = open.delivery === 'GitOps' ? [] : [...restore, ...added].flatMap((step) => effectOf(step, how) ?? []);
  if (effects.length > 0) {
    return { ...act(...together(effects)), wakeAt: isStrict ? open.at + strictMs : undefined };
  }
  const onTheirWay = [...restore, ...added].some(({ standing }) => standing !== 'Done');
  if (onTheirWay) return nothing;
  return act(
    append(
      s,
      drafts.rolledBack(open, {
        package: s.package,
        fromDigest: course.from.digest,
        previous: course.to?.previous ?? '',
      }),
    ),
  );
};

const addedSteps = (course: Course, s: ReleaseSnapshot): Step[] =>
  removeSteps(course, addedBy(course, s.live), s.live).filter((step) => wroteIt(step));

/** What a tool has to take away: what the newer bundle added, as that one has it. What was on its way out before may leave when the tool likes. */
const toolsSteps = (course: Course, s: ReleaseSnapshot): Step[] => {
  const known = new Set(course.from?.objects.map(({ ref }) => keyOf(ref)));
  return removeSteps(course, addedBy(course, s.live), s.live).filter(
    ({ ref, standing }) => known.has(keyOf(ref)) && standing !== 'Foreign',
  );
};

/**
 * An object under an added name that somebody else wrote is theirs: it stopped the promotion, and stays. One that sets no field,
 * such as a bare ServiceAccount, has no writers.
 */
const wroteIt = ({ live }: Step): boolean =>
  live !== undefined &&
  (live.writers.length === 0 ||
    live.writers.some(({ manager }) => manager === fieldManagers.operator || manager === fieldManagers.restorer));
