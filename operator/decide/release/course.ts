/** From which bundle to which an open intent leads, who delivers it, and what of it is still missing. */
import type { BundleObject } from '../bundle.ts';
import type { Delivery } from '../ledger-entry.ts';
import { keyOf, kindIdOf, type LiveObject } from '../objects.ts';
import { stayingOn } from '../record/expected-state.ts';
import { packageRecord } from '../record/record.ts';
import type { OpenIntent } from '../record/package.ts';
import { jobState } from './jobs.ts';
import type { ReleaseSnapshot } from './snapshot.ts';
import { addedBy, prunedNow, removeSteps } from './removals.ts';
import { type Course, liveRef, writeSteps } from './steps.ts';

export const courseOf = (s: ReleaseSnapshot, open: OpenIntent): Course => ({
  to: s.bundles.get(open.to),
  from: s.bundles.get(open.from),
  over: new Set([...(open.followsUp?.reverts ?? []), ...(packageRecord(s.record, s.package).unfinished?.left ?? [])]),
  isUnread: (ref) => s.unread?.has(kindIdOf(ref)) === true,
  stays: (key) => stayingOn(s.record.explained, key),
  jobState: (key, live) => jobState(packageRecord(s.record, s.package), open, { key, live }),
  // A tool brings the finalizers that it knows of; the others are brought by their controllers.
  ...(open.delivery === 'GitOps' ? { finalizers: 'Left' } : {}),
  goesBack: open.type === 'Rollback',
});

export const deliveryNow = (s: ReleaseSnapshot): Delivery => s.policy?.spec.deliveredBy ?? 'Countersign';

export const isGitOps = (s: ReleaseSnapshot): boolean => deliveryNow(s) === 'GitOps';

/** What whoever delivers has not written or removed yet under an open intent. */
export const undelivered = (s: ReleaseSnapshot, open: OpenIntent): readonly string[] => {
  const course = courseOf(s, open);
  const removed = course.to === undefined ? [] : removeSteps(course, prunedNow(course.to), s.live);
  return [...writeSteps(course, s.live), ...removed]
    .filter(({ standing }) => standing !== 'Done')
    .map(({ ref }) => keyOf(ref));
};

/** What the package waits for until it is gone: objects that a release or rollback drops, or has to make again. */
export const leaving = (s: ReleaseSnapshot): readonly LiveObject[] => {
  const { open, production } = packageRecord(s.record, s.package);
  const bundle = s.bundles.get(production?.bundle ?? '');
  const course =
    open === undefined
      ? { to: bundle, from: s.bundles.get(production?.previous ?? ''), over: new Set(production?.over) }
      : courseOf(s, open);
  const dropped = open?.type === 'Rollback' ? addedBy(course, s.live) : (course.to?.removed ?? []);
  const written = open === undefined ? [] : (course.to?.objects ?? []).filter((object) => mayLeave(s, course, object));
  const steps = [...writeSteps(course, s.live, written), ...removeSteps(course, dropped, s.live)];
  return steps.flatMap(({ live, standing }) => (standing === 'Deleting' && live !== undefined ? [live] : []));
};

/** Whether an object of the target may be on its way out: somebody deletes it, or it has to be made again to go back. */
const mayLeave = (s: ReleaseSnapshot, { to, goesBack = false }: Course, object: BundleObject): boolean =>
  goesBack || (to !== undefined && s.live.get(keyOf(liveRef(object, to)))?.deleting === true);
