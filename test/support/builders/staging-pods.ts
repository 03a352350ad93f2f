/** Pods of staging, and what stands between them and the objects that are staged: honest by default. */
import type { JsonObject } from '../../../operator/api/meta.ts';
import type { BundleObject } from '../../../operator/decide/bundle.ts';
import type { StagedControllers } from '../../../operator/decide/gates/snapshot.ts';
import { imagesIn } from '../../../operator/decide/manifest/images-in.ts';
import { programsOfTemplate } from '../../../operator/decide/manifest/pod-fingerprint.ts';
import type { LiveObject, PodFacts, PodImage } from '../../../operator/decide/objects.ts';
import { keyOf } from '../../../operator/decide/objects.ts';
import { aLiveObject, anObject, digestOf, minute, now } from './decide.ts';

/** What a kubelet reports of an image on Docker Hub. */
export const pulled = (repository: string, digit: string): string => `docker.io/${repository}@${digestOf(digit)}`;

const revision = 'abc';

/** A workload of one kind whose pods have these containers. */
export const aWorkload = (
  kind: string,
  name: string,
  containers: readonly JsonObject[],
  more: JsonObject = {},
): BundleObject => {
  const template = { metadata: { labels: { app: name } }, spec: { containers: [...containers], ...more } };
  return anObject(kind, name, {
    spec: kind === 'CronJob' ? { schedule: '0 3 * * *', jobTemplate: { spec: { template } } } : { template },
  });
};

/** It as it lives in staging, all of its pods of the revision that it has now. */
export const aStagedWorkload = (object: BundleObject, given: Partial<LiveObject> = {}): LiveObject =>
  aLiveObject(object, {
    namespace: 'payments-staging',
    status: {
      observedGeneration: 1,
      updateRevision: revision,
      conditions: [{ type: 'Progressing', message: `ReplicaSet "${object.ref.name}-${revision}" has progressed` }],
    },
    ...given,
  });

/** The images that a pod of the object runs, each under an id by its name; a name without one says nothing. */
export const runsAs = (
  object: Pick<LiveObject, 'manifest'>,
  ids: Readonly<Record<string, string>>,
): readonly PodImage[] =>
  imagesIn(object.manifest).map(({ place, name, reference }) => ({
    place,
    name,
    image: reference,
    id: ids[name] ?? '',
  }));

/** The name of the ReplicaSet of a Deployment, of the Job of a CronJob. */
const between = (object: LiveObject): string => `${object.ref.name}-${revision}`;
const uidBetween = (object: LiveObject): string => `uid-${between(object)}`;

/** Who controls the pods of an object. */
const controllerOf = (object: LiveObject): NonNullable<PodFacts['controller']> => {
  const { kind, name } = object.ref;
  if (kind === 'Deployment') return { kind: 'ReplicaSet', name: between(object), uid: uidBetween(object) };
  if (kind === 'CronJob') return { kind: 'Job', name: between(object), uid: uidBetween(object) };
  return { kind, name, uid: object.uid };
};

/** Under which key the pods of an object are looked up. */
export const podsKey = (object: LiveObject) =>
  object.ref.kind === 'CronJob' ? (`Job/${between(object)}` as const) : keyOf(object.ref);

/** A pod whose word counts. */
export const aWitness = (object: LiveObject, images: readonly PodImage[], given: Partial<PodFacts> = {}): PodFacts => {
  const isDone = ['Job', 'CronJob'].includes(object.ref.kind);
  const controller = controllerOf(object);
  return {
    name: `${object.ref.name}-1`,
    namespace: 'payments-staging',
    uid: `uid-${object.ref.name}-1`,
    createdAt: now - 10 * minute,
    deleting: false,
    phase: isDone ? 'Succeeded' : 'Running',
    ready: !isDone,
    readySince: isDone ? undefined : now - 9 * minute,
    labels: { 'pod-template-hash': revision, 'controller-revision-hash': revision },
    ownerKind: object.ref.kind,
    ownerName: object.ref.name,
    ownerUid: controller.uid,
    controller,
    programs: [],
    lifetime: [],
    manager: '',
    containers: [],
    images,
    nodeName: 'node-0',
    ...given,
  };
};

/** A ReplicaSet for each Deployment, a Job for each CronJob. */
export const honestControllers = (objects: readonly LiveObject[]): StagedControllers => ({
  replicaSet(name) {
    const object = objects.find((each) => each.ref.kind === 'Deployment' && between(each) === name);
    return (
      object && {
        uid: uidBetween(object),
        controller: { uid: object.uid },
        programs: programsOfTemplate(object.manifest),
      }
    );
  },
  jobsOf: (uid) =>
    objects
      .filter((each) => each.ref.kind === 'CronJob' && each.uid === uid)
      .map((object) => ({ name: between(object), uid: uidBetween(object), createdAt: now - 20 * minute })),
});
