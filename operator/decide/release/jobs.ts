/** The Jobs of a release: how each ended, by the record, and until that says so by the object, which nothing takes away before. */
import type { Bundle, BundleObject } from '../bundle.ts';
import { workloadHealth, type Judging } from '../health/health.ts';
import { rolloutHealth } from '../health/kstatus.ts';
import type { Health } from '../health/types.ts';
import { runsOncePerBundle, waveOf } from '../manifest/kinds/index.ts';
import { type Wave, waves } from '../manifest/kinds/shared/kind.ts';
import { keyOf, type Instant, type LiveObject, type ObjectKey, type ObjectRef } from '../objects.ts';
import type { JobEnd } from '../record/jobs.ts';
import type { OpenIntent, PackageRecord } from '../record/package.ts';
import { packageRecord } from '../record/record.ts';
import type { ReleaseSnapshot } from './snapshot.ts';
import { isHeldForRecord } from './held-jobs.ts';
import { isRunning } from './removals.ts';
import { type JobState, liveRef, type Step } from './steps.ts';

export interface ReleasedJob {
  /** Under the name that it has in production. */
  readonly ref: ObjectRef;
  readonly wave: Wave;
  readonly health: Health;
  /** How it ended, where the record does not say so yet. */
  readonly unrecorded: Pick<JobEnd, 'outcome' | 'message'> | undefined;
}

/** Of a Job of an open promotion, by the record. One that failed under an earlier promotion of the same content runs again. */
export const jobState = (
  { jobs }: PackageRecord,
  open: Pick<OpenIntent, 'id' | 'at'>,
  { key, live }: { readonly key: ObjectKey; readonly live: LiveObject | undefined },
): JobState => {
  const told = jobs.get(key);
  if (told?.outcome === 'Complete') return 'Done';
  const isEarlier = live !== undefined && live.createdAt < open.at - (open.at % 1000);
  return told !== undefined && told.intent !== open.id && isEarlier ? 'RunsAgain' : 'Runs';
};

/** What its object says of the end of a Job; undefined = it has not ended. Whoever deletes one that runs has stopped it for good. */
const endOf = (job: LiveObject, since: Instant): ReleasedJob['unrecorded'] => {
  const { state, message } = rolloutHealth({ ...job, deleting: false }, since);
  if (state === 'Healthy') return { outcome: 'Complete', message };
  if (state === 'Failed') return { outcome: 'Failed', message };
  return job.deleting
    ? { outcome: 'Failed', message: 'the Job failed: it was deleted before it was complete' }
    : undefined;
};

const healthOf = ({ outcome, message }: Pick<JobEnd, 'outcome' | 'message'>): Health =>
  outcome === 'Complete'
    ? { state: 'Healthy', reason: 'JobComplete', message }
    : { state: 'Failed', reason: 'JobFailed', message };

const absent: Health = { state: 'Progressing', reason: 'NotThere', message: 'is not there' };

const runsAgain: Health = {
  state: 'Progressing',
  reason: 'JobRunning',
  message: 'the one that failed under an earlier promotion is being deleted',
};

/** The Jobs of a bundle under an open promotion. One that is complete by the record is done, whatever became of its object. */
export const jobsOf = (
  s: ReleaseSnapshot,
  bundle: Bundle,
  open: OpenIntent,
  judging: Judging,
): readonly ReleasedJob[] => {
  const record = packageRecord(s.record, s.package);
  const jobOf = (object: BundleObject): ReleasedJob => {
    const ref = liveRef(object, bundle);
    const key = keyOf(ref);
    const live = s.live.get(key);
    const told = record.jobs.get(key);
    const job = { ref, wave: waveOf(ref, object.content) };
    if (told !== undefined && (told.outcome === 'Complete' || told.intent === open.id)) {
      return { ...job, health: healthOf(told), unrecorded: undefined };
    }
    if (jobState(record, open, { key, live }) === 'RunsAgain')
      return { ...job, health: runsAgain, unrecorded: undefined };
    const end = live && endOf(live, open.at);
    if (end !== undefined) return { ...job, health: healthOf(end), unrecorded: end };
    const health = live === undefined ? absent : workloadHealth(live, s.pods.get(key) ?? [], judging);
    return { ...job, health, unrecorded: undefined };
  };
  return bundle.objects.filter(({ ref }) => runsOncePerBundle(ref)).map(jobOf);
};

/** The first of them that has ended and of which the record does not say so. */
export const unrecordedEnd = (jobs: readonly ReleasedJob[]) =>
  jobs.flatMap(({ ref, unrecorded }) => (unrecorded === undefined ? [] : [{ object: keyOf(ref), ...unrecorded }]))[0];

/** The waves that may be written now. Jobs that run after the workloads wait until these are written, with all that leads to them, and ready. */
export const reachOf = (steps: readonly Step[], before: Health, workloads: () => Health): readonly Wave[] => {
  if (before.state !== 'Healthy') return waves.slice(0, waves.indexOf('Jobs') + 1);
  const first = steps.filter(({ wave }) => wave !== 'JobsAfter');
  const isReady =
    first.length === steps.length ||
    (first.every(({ standing }) => standing === 'Done') && workloads().state === 'Healthy');
  return isReady ? waves : waves.filter((wave) => wave !== 'JobsAfter');
};

/** Of a bundle that is left or failed, its Jobs that wait for a record which nobody will write any more: each is to be let go of. */
export const heldJobs = (
  s: ReleaseSnapshot,
  bundle: Bundle | undefined,
  which: 'All' | 'NotRunning',
): readonly Step[] =>
  (bundle?.objects ?? []).flatMap((object): Step[] => {
    if (bundle === undefined || !runsOncePerBundle(object.ref)) return [];
    const ref = liveRef(object, bundle);
    const live = s.live.get(keyOf(ref));
    if (live === undefined || !isHeldForRecord(live)) return [];
    if (which === 'NotRunning' && !live.deleting && isRunning(live)) return [];
    const { content } = object;
    return [
      {
        ref,
        wave: 'Jobs',
        live,
        standing: 'Pending',
        object,
        content,
        isReplaced: false,
        finalizers: [],
        unmanaged: [],
        parks: undefined,
      },
    ];
  });
