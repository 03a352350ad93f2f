/** Is this object of production explained? One object, one answer; what a whole namespace needs is asked object by object. */
import { isMade, isOrphan } from './controllers.ts';
import { boundBefore, isBoundAs, measured } from './lifetimes.ts';
import type { Scene, Standing, Watched } from './view.ts';
import { isPristine, scaleDigest } from '../manifest/content-digest.ts';
import { finalizerIn, ofDeletions, sameLifetime } from '../manifest/lifetime.ts';
import { asKey, type Instant, type ObjectKey } from '../objects.ts';
import { absent, type Expected, type Finding, type State } from '../record/expected-state.ts';
import { isInstalledKind } from '../manifest/installed-kinds.ts';
import { kindRow } from '../manifest/kinds/index.ts';

const explained: Standing = { is: 'Explained' };

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
  const isAllowed = may.length === 0 || !may.every(isThere) || kindRow(kind)?.transient === true;
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
