/** Which pods of a workload run what it says now, and which still run what it said before. */
import { numberAt, textAt } from '../json/json.ts';
import { kindRow, podHashLabels } from '../manifest/kinds/index.ts';
import type { LiveObject, PodFacts } from '../objects.ts';

/** Deployments and the others label their pods with the revision of the template. */
export const revisionOf = ({ labels }: PodFacts): string =>
  revisionLabels.map((label) => labels[label]).find((revision) => revision !== undefined) ?? '';

const revisionLabels: readonly string[] = [...podHashLabels.map(([label]) => label), 'controller-revision-hash'];

/** Whether its controller has seen the latest change. A kind that counts no generations has nothing to see. */
export const seesLatest = ({ generation, status }: LiveObject): boolean =>
  seenGeneration(status, generation) >= generation;

/** Argo Rollouts writes it as text. */
const seenGeneration = (status: LiveObject['status'], otherwise: number): number =>
  numberAt(status, 'observedGeneration') ?? Number(textAt(status, 'observedGeneration') ?? otherwise);

/** The revision that the pods of a workload are to be of; undefined = nothing says it. */
export const wantedRevision = (object: LiveObject, pods: readonly PodFacts[]): string | undefined => {
  const rule = kindRow(object.ref)?.currentRevision;
  return rule === undefined ? textAt(object.status, 'updateRevision') : rule(object, pods);
};

/** It has containers that run or may come to run. */
export const isLive = ({ phase }: PodFacts): boolean => phase !== 'Succeeded' && phase !== 'Failed';

/** Pods that count as replicas. */
export const isStanding = (pod: PodFacts): boolean => !pod.deleting && isLive(pod);

/** Live pods of a workload, those being deleted too, that are of another revision than they are to be. Empty while nobody can tell. */
export const ofEarlierRevision = (object: LiveObject, pods: readonly PodFacts[]): readonly PodFacts[] => {
  const wanted = seesLatest(object) ? wantedRevision(object, pods) : undefined;
  if (wanted === undefined) return [];
  const keeps = kindRow(object.ref)?.keepsEarlier;
  return pods.filter(
    (pod) =>
      isLive(pod) &&
      revisionOf(pod) !== '' &&
      revisionOf(pod) !== wanted &&
      keeps?.(object.manifest, pod.name) !== true,
  );
};

/**
 * Pods that keep their controller from replacing them: a StatefulSet in order does not go on before each pod is ready, so one of an earlier
 * revision that cannot become ready stays for ever (kubernetes/kubernetes#67250). Whoever takes the earlier revision back deletes them.
 */
export const podsToDelete = (object: LiveObject, pods: readonly PodFacts[]): readonly PodFacts[] => {
  const isInOrder =
    object.ref.kind === 'StatefulSet' &&
    textAt(object.manifest, 'spec', 'podManagementPolicy') !== 'Parallel' &&
    kindRow(object.ref)?.replacedByHand?.(object.manifest) !== true;
  return isInOrder && !object.deleting
    ? ofEarlierRevision(object, pods).filter(({ ready, deleting }) => !ready && !deleting)
    : [];
};
