/** Is this object of production explained? One object, one answer; what a whole namespace needs is asked object by object. */
import { isInstalledKind, isPristine, scaleDigest } from '../manifest/content-digest.ts';
import {
  absent,
  lifetimesOf,
  type Expected,
  type ExplainedRecord,
  type Finding,
  type State,
} from '../record/expected-state.ts';
import {
  finalizerIn,
  finalizersPath,
  ofDeletions,
  ownerIn,
  sameLifetime,
  type OwnerText,
} from '../manifest/lifetime.ts';
import { asKey, type Instant, type ObjectKey } from '../objects.ts';
import { runs, sameProgram, strayLabels, type Program } from '../manifest/pod-fingerprint.ts';

/** The one that controls an object. */
export interface Controller {
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

/** An object of production, or of our installation, as far as explaining needs it. Never a value of a Secret. */
export interface Watched {
  readonly key: ObjectKey;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly createdAt: Instant;
  readonly deleting: boolean;
  readonly controller: Controller | undefined;
  /** `lifetimeOf` the object. */
  readonly lifetime: readonly string[];
  /** Finalizers that its template gives to its pods. */
  readonly gives: readonly string[];
  /** `contentDigest` without these paths. */
  readonly digest: (without: readonly string[]) => string;
  /** Undefined where its kind is not scaled. */
  readonly replicas: number | undefined;
  /** What its pods run, or what it runs itself if it is a pod; empty for kinds without containers. */
  readonly programs: readonly Program[];
  /** It runs nothing, or nothing any more. */
  readonly idle: boolean;
  /** Of a Service: it has a selector, so that controllers write its endpoints. */
  readonly selects: boolean;
  /** Field managers that wrote it, newest first. */
  readonly managers: readonly string[];
}

/** One namespace, as the judge sees it. */
export interface Scene {
  readonly explained: ExplainedRecord;
  readonly get: (key: ObjectKey) => Watched | undefined;
  /** Whether a Service, NetworkPolicy or disruption budget picks pods by a label of this key. */
  readonly selects: (label: string) => boolean;
  /** Whether objects of a kind are looked at. */
  readonly watches: (kind: string) => boolean;
  /** Paths of an object that are left to others now: by the policy, or to an autoscaler. */
  readonly unmanaged: (key: ObjectKey) => readonly string[];
  /** What the pods of a workload ran before: by the bundles that are kept, and as seen since the process began. */
  readonly former: (key: ObjectKey) => readonly (readonly Program[])[];
}

export type Standing =
  | { readonly is: 'Explained' }
  /** Explained, but its digest leaves out other paths than are left to others now. */
  | { readonly is: 'Rebased'; readonly to: State }
  /** An open finding says so already. */
  | { readonly is: 'Known' }
  | {
      readonly is: 'Unexplained';
      readonly change: Finding['change'];
      readonly before: State;
      readonly after: State;
      /** Its owner went before it: the garbage collector may take it along. */
      readonly orphaned: boolean;
    };

const explained: Standing = { is: 'Explained' };

/** Who makes objects of a kind: they are explained by their controller, and not entered one by one. */
const makers: Readonly<Record<string, readonly string[]>> = {
  ReplicaSet: ['Deployment'],
  ControllerRevision: ['StatefulSet', 'DaemonSet'],
  Pod: ['ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job', 'ReplicationController'],
  Job: ['CronJob'],
  EndpointSlice: ['Service', 'Endpoints'],
  ResourceClaim: ['Pod'],
  PersistentVolumeClaim: ['Pod', 'StatefulSet'],
};

/** The one version in which controllers name themselves as owners. */
const apiVersions: Readonly<Record<string, string>> = {
  CronJob: 'batch/v1',
  DaemonSet: 'apps/v1',
  Deployment: 'apps/v1',
  Endpoints: 'v1',
  Job: 'batch/v1',
  Pod: 'v1',
  ReplicaSet: 'apps/v1',
  ReplicationController: 'v1',
  Service: 'v1',
  StatefulSet: 'apps/v1',
};

/** Controllers take these away as they please: pods go, Jobs are over, revisions are trimmed. */
const passing: ReadonlySet<string> = new Set([
  'Pod',
  'Job',
  'ReplicaSet',
  'ControllerRevision',
  'EndpointSlice',
  'Endpoints',
  'ResourceClaim',
]);

export const standing = (scene: Scene, key: ObjectKey): Standing => {
  const live = scene.get(key);
  const expected = scene.explained.objects.get(key);
  if (live === undefined) return gone(scene, key, expected);
  if (live.deleting) return leaving(scene, live, expected);
  const match = states(expected).find((state) => holdsNow(scene, live, state));
  const made = isMade(scene, live);
  const isBound = isBoundAs(scene, live, match?.without ?? []);
  if (isBound && made) return explained;
  if (isBound && match !== undefined) return inPlace(scene, live, match);
  if (attemptsOn(scene, live).some(({ isDone, binds }) => isDone && (binds || isBound))) return explained;
  const pristine = isPristine(key, live.digest([]));
  if (isBound && pristine) return explained;
  const after = stateOf(scene, live);
  const isThereBy = match !== undefined || made || pristine || states(expected).some(isThere);
  return (
    known(scene, key, after) ?? {
      is: 'Unexplained',
      change: isInstalledKind(live.kind) ? 'Integrity' : isThereBy ? 'Changed' : 'Created',
      before: {
        // What is explained but for its finalizers and owners has not changed otherwise.
        ...(match ?? (made || pristine ? after : (states(expected)[0] ?? absent))),
        lifetime: boundBefore(scene, live, match?.without ?? []),
      },
      after,
      orphaned: isOrphan(scene, live),
    }
  );
};

const states = (expected: Expected | undefined): readonly State[] =>
  expected === undefined ? [] : [...expected.settled, ...expected.coming];

const isThere = ({ digest }: State): boolean => digest !== '';

const gone = (scene: Scene, key: ObjectKey, expected: Expected | undefined): Standing => {
  const kind = key.slice(0, key.indexOf('/'));
  const may = states(expected);
  const isAllowed = may.length === 0 || !may.every(isThere) || passing.has(kind);
  const taken = [...scene.explained.attempts.values()].some(
    ({ object, operation, after }) => object === key && (operation === 'DELETE' || after === ''),
  );
  if (isAllowed || taken || !scene.watches(kind)) return explained;
  return (
    known(scene, key, absent) ?? {
      is: 'Unexplained',
      change: isInstalledKind(kind) ? 'Integrity' : 'Deleted',
      before: may[0] ?? absent,
      after: absent,
      orphaned: false,
    }
  );
};

/**
 * What has begun to be deleted is gone as far as the record goes, however long a finalizer keeps it. Something that nobody knows of and that is
 * kept by a finalizer which no deletion brings is there: it goes on routing, selecting and configuring.
 */
const leaving = (scene: Scene, live: Watched, expected: Expected | undefined): Standing => {
  if (expected !== undefined) return gone(scene, live.key, expected);
  const isKept = live.lifetime.some((text) => {
    const name = finalizerIn(text);
    return name !== undefined && !ofDeletions.has(name);
  });
  if (!isKept || isInstalledKind(live.kind) || isMade(scene, live) || !scene.explained.measuresLifetimes)
    return explained;
  if (attemptsOn(scene, live).some(({ isDone }) => isDone)) return explained;
  const after = stateOf(scene, live);
  return (
    known(scene, live.key, after) ?? { is: 'Unexplained', change: 'Created', before: absent, after, orphaned: false }
  );
};

/** The state an object is in. */
export const stateOf = (scene: Scene, live: Watched): State => {
  const without = scene.unmanaged(live.key);
  return {
    digest: live.digest(without),
    scale: scaleOf(live, without),
    without,
    lifetime: measured(scene, live, [])(live.lifetime),
  };
};

/** How many a ReplicaSet of a Deployment has is left to that. */
const scaleOf = ({ kind, replicas, controller }: Watched, without: readonly string[]): string =>
  replicas === undefined || (kind === 'ReplicaSet' && controller !== undefined) || without.includes('spec.replicas')
    ? ''
    : scaleDigest(replicas);

/** Whether an object is in a state, as far as it is looked at: then, and now. */
export const holdsNow = (scene: Scene, live: Watched, { digest, scale, without }: State): boolean => {
  if (digest === '') return false;
  const now = scene.unmanaged(live.key);
  const contexts = without === undefined ? [[], now] : [without, [...new Set([...without, ...now])]];
  const isScaled = live.replicas !== undefined && scale !== '' && !now.includes('spec.replicas');
  return (
    contexts.some((context) => live.digest(context) === digest) && (!isScaled || scaleDigest(live.replicas) === scale)
  );
};

/** The paths that are left to others changed, or are now known: from here on it is measured by what is looked at now. */
const inPlace = (scene: Scene, live: Watched, match: State): Standing => {
  const to = stateOf(scene, live);
  const sameWithout = match.without === undefined || match.without.join() === to.without?.join();
  const isSame = match.digest === to.digest && match.scale === to.scale && sameWithout;
  const settled = scene.explained.objects.get(live.key)?.coming.length === 0;
  return isSame || !settled ? explained : { is: 'Rebased', to };
};

// --- made by controllers ---------------------------------------------------------------------------------------------

const isMade = (scene: Scene, live: Watched): boolean => {
  const { kind, controller } = live;
  if (kind === 'Endpoints') return scene.get(`Service/${live.name}`)?.selects === true;
  if (kind === 'PersistentVolumeClaim' && controller === undefined) return isClaimOfSet(scene, live.name);
  const owner = ownerOf(scene, live);
  if (owner === undefined) return false;
  if (!['ReplicaSet', 'Job', 'Pod'].includes(kind)) return true;
  if (live.idle) return true;
  const templates = kind === 'Pod' && !keepsRevisions.has(owner.kind) ? [] : scene.former(owner.key);
  return [owner.programs, ...templates].some((template) =>
    kind === 'Pod' ? isPodOf(scene, live.programs, template) : sameProgram(live.programs, template),
  );
};

/** What injects into pods may label them, too, as long as nothing is reached by it. */
const isPodOf = (scene: Scene, pod: readonly Program[], template: readonly Program[]): boolean =>
  runs(pod, template) && !strayLabels(pod, template).some(scene.selects);

/** Their pods belong to the workload itself, through whichever of its revisions. */
const keepsRevisions: ReadonlySet<string> = new Set(['StatefulSet', 'DaemonSet']);

const ownerOf = (scene: Scene, { kind, controller }: Watched): Watched | undefined => {
  if (controller === undefined || makers[kind]?.includes(controller.kind) !== true) return undefined;
  const owner = scene.get(`${controller.kind}/${controller.name}`);
  return owner?.uid === controller.uid ? owner : undefined;
};

/** An owner of it is not there: the garbage collector takes it along, or takes that owner off. */
const isOrphan = (scene: Scene, live: Watched): boolean =>
  (live.controller !== undefined &&
    makers[live.kind]?.includes(live.controller.kind) === true &&
    ownerOf(scene, live) === undefined) ||
  live.lifetime.some((text) => {
    const owner = ownerIn(text);
    return owner !== undefined && Object.hasOwn(apiVersions, kindIn(owner)) && scene.get(owner.key)?.uid !== owner.uid;
  });

const kindIn = ({ key }: OwnerText): string => key.slice(0, key.indexOf('/'));

/** `<template>-<set>-<number>` of a StatefulSet that is there, or was: its claims outlive it. */
const isClaimOfSet = (scene: Scene, name: string): boolean => {
  const parts = /^(.+)-\d+$/.exec(name)?.[1]?.split('-') ?? [];
  return parts.some((_, i) => {
    const set: ObjectKey = `StatefulSet/${parts.slice(i).join('-')}`;
    return i > 0 && (scene.get(set) !== undefined || scene.explained.objects.has(set));
  });
};

// --- finalizers and owners -------------------------------------------------------------------------------------------

/** Which finalizers and owners of an object are left to whoever set them: by the policy, by its template, or because its maker made it. */
const isLeft = (scene: Scene, live: Watched, without: readonly string[]): ((text: string) => boolean) => {
  const owner = ownerOf(scene, live);
  const isUnmanaged = [...without, ...scene.unmanaged(live.key)].includes(finalizersPath);
  const workload = owner?.kind === 'ReplicaSet' ? (ownerOf(scene, owner) ?? owner) : owner;
  const areThePods =
    live.kind === 'Pod' && workload !== undefined && scene.unmanaged(workload.key).includes(templateFinalizers);
  return (text) => {
    const name = finalizerIn(text);
    if (name !== undefined) return isUnmanaged || areThePods || owner?.gives.includes(name) === true;
    const named = ownerIn(text);
    return named !== undefined && isMaker(scene, live, named);
  };
};

/** In `unmanagedFields` of a workload: finalizers of its pods are left to others. */
const templateFinalizers = 'spec.template.metadata.finalizers';

/** An owner that is there, and of which objects of the kind are made. Claims of a set, and of a pod, are named after it. */
const isMaker = (scene: Scene, { kind, name }: Watched, owner: OwnerText): boolean => {
  const maker = kindIn(owner);
  if (makers[kind]?.includes(maker) !== true || apiVersions[maker] !== owner.apiVersion) return false;
  if (scene.get(owner.key)?.uid !== owner.uid) return false;
  if (kind !== 'PersistentVolumeClaim') return owner.isController;
  const its = owner.key.slice(maker.length + 1);
  return maker === 'StatefulSet'
    ? name.slice(0, name.lastIndexOf('-')).endsWith(`-${its}`) && /-\d+$/.test(name)
    : name.startsWith(`${its}-`) || name.endsWith(`-${its}`);
};

/** Whether its finalizers and owners are explained. Those of our own installation are the chart's, and Kubernetes'. */
const isBoundAs = (scene: Scene, live: Watched, without: readonly string[]): boolean => {
  if (!scene.explained.measuresLifetimes || isInstalledKind(live.kind)) return true;
  const only = measured(scene, live, without);
  const now = only(live.lifetime);
  return lifetimesOf(scene.explained.objects.get(live.key)).some((each) => sameLifetime(only(each), now));
};

/** What is looked at of finalizers and owners. */
const measured = (
  scene: Scene,
  live: Watched,
  without: readonly string[],
): ((lifetime: readonly string[]) => readonly string[]) => {
  let left: ((text: string) => boolean) | undefined;
  return (lifetime) => {
    if (lifetime.length === 0) return lifetime;
    const isIt = (left ??= isLeft(scene, live, without));
    return lifetime.filter((text) => !isIt(text));
  };
};

/** Those that it was expected to have, as far as they are looked at. */
const boundBefore = (scene: Scene, live: Watched, without: readonly string[]): readonly string[] =>
  measured(scene, live, without)(lifetimesOf(scene.explained.objects.get(live.key)).at(-1) ?? []);

/** Finalizers and owners that are not what the record says, and may be entered as they are. */
export const unbound = (scene: Scene, live: Watched): readonly string[] | undefined => {
  if (isInstalledKind(live.kind)) return undefined;
  const lifetime = measured(scene, live, [])(live.lifetime);
  return sameLifetime(lifetime, boundBefore(scene, live, [])) ? undefined : lifetime;
};

/** As a state had them that an object is in again. */
export const isBoundBy = (scene: Scene, live: Watched, { lifetime }: State): boolean =>
  lifetime === undefined || sameLifetime(measured(scene, live, [])(lifetime), measured(scene, live, [])(live.lifetime));

// --- admitted by the gate --------------------------------------------------------------------------------------------

export interface Told {
  readonly id: string;
  readonly at: Instant;
  /** It is seen in the cluster. */
  readonly isDone: boolean;
  /** It says which finalizers and owners there are. */
  readonly binds: boolean;
}

/** The acts that the gate let through on an object, and whether it shows them. */
export const attemptsOn = (scene: Scene, live: Watched): readonly Told[] =>
  [...scene.explained.attempts.values()]
    .filter(({ object }) => object === live.key || object === `${live.kind}/`)
    .map(({ id, at, operation, isScale, after, lifetime }) => ({
      id,
      at,
      binds: lifetime !== undefined,
      isDone:
        operation !== 'DELETE' &&
        (lifetime === undefined || sameLifetime(lifetime, live.lifetime)) &&
        (isScale
          ? live.replicas !== undefined && scaleDigest(live.replicas) === after
          : [[], scene.unmanaged(live.key)].some((context) => live.digest(context) === after)),
    }));

// --- findings --------------------------------------------------------------------------------------------------------

const known = (scene: Scene, key: ObjectKey, after: State): Standing | undefined =>
  [...scene.explained.findings.values()].some((finding) => isAbout(scene, finding, { key, after }))
    ? { is: 'Known' }
    : undefined;

const isAbout = (
  scene: Scene,
  finding: Finding,
  { key, after }: { readonly key: ObjectKey; readonly after: State },
): boolean =>
  finding.change === 'Integrity'
    ? finding.parts.some((part) => part.object === key && part.after === after.digest)
    : finding.object === key &&
      finding.after.digest === after.digest &&
      finding.after.scale === after.scale &&
      isFoundBound(scene, finding, after);

/** It has the finalizers and owners that it was found with; where those were explained, they still are. */
const isFoundBound = (scene: Scene, { object, after }: Finding, { lifetime = [] }: State): boolean => {
  if (after.digest === '') return true;
  if (after.lifetime !== undefined) return sameLifetime(after.lifetime, lifetime);
  const live = scene.get(asKey(object));
  return live === undefined || isBoundAs(scene, live, []);
};

/** Whether production still is as a finding found it. */
export const isAsFound = (scene: Scene, finding: Finding): boolean => {
  const keys = finding.change === 'Integrity' ? finding.parts.map(({ object }) => object) : [finding.object];
  return keys.every((key) => {
    const [kind = '', ...name] = key.split('/');
    const objectKey: ObjectKey = `${kind}/${name.join('/')}`;
    const live = scene.get(objectKey);
    const isGone = live === undefined || (live.deleting && finding.change === 'Deleted');
    return isAbout(scene, finding, { key: objectKey, after: isGone ? absent : stateOf(scene, live) });
  });
};
