/**
 * Whose word counts for what staging runs: pods that a staged object controls by uid, of the revision that it has now, ready or (of a Job)
 * done. A pod that only carries its labels, or names it as an owner that it is not, says nothing.
 */
import type { CandidateSnapshot } from '../gates/snapshot.ts';
import { isStanding, revisionOf, seesLatest, wantedRevision } from '../health/revisions.ts';
import { runsOncePerBundle } from '../manifest/kinds/index.ts';
import { programsOfTemplate, sameProgram } from '../manifest/pod-fingerprint.ts';
import { keyOf, type LiveObject, type PodFacts } from '../objects.ts';

type Staging = Pick<CandidateSnapshot, 'stagedPods' | 'stagedControllers'>;

/** Pods of an object whose `imageID`s count. */
export const witnesses = (s: Staging, object: LiveObject): readonly PodFacts[] => {
  if (object.deleting) return [];
  if (object.ref.kind === 'CronJob') return ofLastRun(s, object);
  const pods = s.stagedPods.get(keyOf(object.ref)) ?? [];
  if (runsOncePerBundle(object.ref)) return done(pods, object.uid);
  if (!seesLatest(object)) return [];
  const wanted = wantedRevision(object, pods);
  return pods.filter(
    (pod) =>
      pod.ready &&
      isStanding(pod) &&
      (wanted === undefined || revisionOf(pod) === wanted) &&
      isControlledBy(s, pod, object),
  );
};

/** By the object itself, or by a ReplicaSet of its own that has its template. */
const isControlledBy = ({ stagedControllers }: Staging, { controller }: PodFacts, object: LiveObject): boolean => {
  if (controller === undefined) return false;
  if (controller.uid === object.uid) return true;
  const set = controller.kind === 'ReplicaSet' ? stagedControllers.replicaSet(controller.name) : undefined;
  return (
    set !== undefined &&
    set.uid === controller.uid &&
    set.controller?.uid === object.uid &&
    sameProgram(set.programs, programsOfTemplate(object.manifest))
  );
};

const done = (pods: readonly PodFacts[], uid: string): readonly PodFacts[] =>
  pods.filter(({ phase, controller }) => phase === 'Succeeded' && controller?.uid === uid);

/** The newest of its Jobs that has pods which are done. */
const ofLastRun = ({ stagedPods, stagedControllers }: Staging, { uid }: LiveObject): readonly PodFacts[] =>
  stagedControllers
    .jobsOf(uid)
    .toSorted((a, b) => b.createdAt - a.createdAt || (a.name < b.name ? 1 : -1))
    .map((job) => done(stagedPods.get(`Job/${job.name}`) ?? [], job.uid))
    .find((pods) => pods.length > 0) ?? [];
