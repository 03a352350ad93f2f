/** Jobs of staging: one that completed is held to have run, though its object is gone since; by the record, which outlasts it. */
import type { Bundle } from '../../bundle.ts';
import { rolloutHealth } from '../../health/kstatus.ts';
import { runsOncePerBundle } from '../../manifest/kinds/index.ts';
import { keyOf, type Instant, type ObjectKey } from '../../objects.ts';
import type { GateSnapshot, WorkloadHealth } from '../gate.ts';
import type { CandidateSnapshot } from '../snapshot.ts';

type Seen = Pick<GateSnapshot, 'stagedNow' | 'stagedHealth'>;

const jobsIn = (bundle: Bundle) => bundle.objects.filter(({ ref }) => runsOncePerBundle(ref));

const recordOf = (s: Pick<CandidateSnapshot, 'candidate' | 'record'>) =>
  s.record.candidates.get(s.candidate.metadata.uid)?.jobs;

/** When a Job whose object is gone was seen complete; undefined = it was not. */
export const ranAt = (s: CandidateSnapshot, key: ObjectKey): Instant | undefined => {
  const told = s.staged.has(key) ? undefined : recordOf(s)?.get(key);
  return told?.outcome === 'Complete' ? told.at : undefined;
};

/** How Jobs with the content of a bundle ended in staging, where the record does not say so yet. */
export const unrecordedJobs = (s: CandidateSnapshot, bundle: Bundle, { stagedNow }: Pick<Seen, 'stagedNow'>) =>
  jobsIn(bundle).flatMap(({ ref, digest }) => {
    const key = keyOf(ref);
    const job = s.staged.get(key);
    const told = recordOf(s)?.get(key)?.outcome;
    if (job === undefined || told === 'Complete' || stagedNow.get(key)?.digest !== digest) return [];
    const { state, message } = rolloutHealth(job, 0);
    const outcome = state === 'Healthy' ? 'Complete' : state === 'Failed' ? 'Failed' : undefined;
    return outcome === undefined || outcome === told ? [] : [{ object: key, outcome, message } as const];
  });

const ran: WorkloadHealth = { state: 'Healthy', message: 'it was complete, and is gone since' };
const failed: WorkloadHealth = { state: 'Failed', message: 'it failed, and is gone since: it has to run again' };
const neverSeen: WorkloadHealth = {
  state: 'Unknown',
  message: 'it is gone, and was not seen complete: it has to run again, with ttlSecondsAfterFinished of at least 60',
};

/** Staging as it counts: with what Jobs did that are gone. */
export const withJobsThatRan = (s: CandidateSnapshot, bundle: Bundle, seen: Seen): Seen => {
  const gone = jobsIn(bundle).filter(({ ref }) => !s.staged.has(keyOf(ref)));
  if (gone.length === 0) return seen;
  const [stagedNow, stagedHealth] = [new Map(seen.stagedNow), new Map(seen.stagedHealth)];
  for (const { ref, digest } of gone) {
    const key = keyOf(ref);
    const told = recordOf(s)?.get(key)?.outcome;
    if (told === 'Complete') stagedNow.set(key, { digest });
    stagedHealth.set(key, told === 'Complete' ? ran : told === 'Failed' ? failed : neverSeen);
  }
  return { stagedNow, stagedHealth };
};
