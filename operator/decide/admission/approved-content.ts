/** Is a write exactly what people have signed for? The judgement of everybody who carries releases out, whoever they are. */
import type { Json, JsonObject } from '../../api/meta.ts';
import type { Bundle, BundleObject } from '../bundle.ts';
import { canonicalJson, digestOf } from '../json/canonical.ts';
import { listAt, textAt } from '../json/json.ts';
import { replicasPath } from '../manifest/autoscaling.ts';
import { decidedFinalizers, finalizersPath } from '../manifest/lifetime.ts';
import { keyOf, type ObjectKey, type KindName, type ObjectRef } from '../objects.ts';
import { getPath, parsePath } from '../json/field-path.ts';
import { withFilledIn, withLeft } from '../manifest/live-values.ts';
import { differingPaths, normalForm } from '../manifest/normal-form.ts';
import { parkedManifest, unmanagedBeside } from '../manifest/parking.ts';
import { releasesData } from '../release/removals.ts';
import { liveRef } from '../release/steps.ts';
import { mayBeMutated, unmanagedOf } from '../manifest/unmanaged-fields.ts';
import type { AdmissionRequest } from './request.ts';

/** The object of a bundle that a write is about, by the name it has in production. */
export const objectIn = (
  bundle: Bundle | undefined,
  ref: KindName & { readonly name: string },
): BundleObject | undefined => bundle && byLiveKey(bundle).get(keyOf(ref));

/** A bundle never changes, and a release of five hundred objects asks for each of them. */
const indexed = new WeakMap<Bundle, ReadonlyMap<ObjectKey, BundleObject>>();

const byLiveKey = (bundle: Bundle): ReadonlyMap<ObjectKey, BundleObject> => {
  const known = indexed.get(bundle);
  if (known !== undefined) return known;
  // Of two under one name the first one counts, as it does for whoever writes them.
  const index = new Map(bundle.objects.toReversed().map((object) => [keyOf(liveRef(object, bundle)), object]));
  indexed.set(bundle, index);
  return index;
};

/** Contents that were looked at, and whether each is what its digest says. */
const digested = new WeakMap<BundleObject, boolean>();

/** Whether a content is the one that its digest, and so that of the bundle, was signed for with. */
export const isAsDigested = (object: BundleObject): boolean => {
  const known = digested.get(object) ?? digestOf(object.content) === object.digest;
  digested.set(object, known);
  return known;
};

const same = (a: Json | undefined, b: Json | undefined): boolean =>
  canonicalJson([a ?? null]) === canonicalJson([b ?? null]);

const owners = (object: JsonObject | undefined): readonly Json[] => listAt(object, 'metadata', 'ownerReferences');

const finalizers = (object: JsonObject | undefined): readonly string[] =>
  listAt(object, 'metadata', 'finalizers').map(String);

/** Who writes: our own program writes the finalizers of the release, all of them; a tool those that it knows of. */
export interface Leave {
  /** Paths that the writer may set as it likes. */
  readonly free?: readonly string[];
  /** The writer need not bring every finalizer of the release. */
  readonly partly?: boolean;
  /** Finalizers that may not be taken off (`stayingOn`); undefined = none may, but those that a create never had. */
  readonly stays: readonly string[] | undefined;
  /** It goes back: fields that nobody can change back may stay as they are where that loses nothing. */
  readonly goesBack?: boolean;
  /** Paths that the release before left to others, and this one decides: they may stay as they are for now. */
  readonly asBefore?: readonly string[];
  /** The release before dropped the object, and parked it for that: what parking took away is given back. */
  readonly isDropped?: boolean;
}

/** An autoscaler that goes with a release decides the replicas until then: they may stay as they are. `from`: what production holds before it. */
export const scaledBefore = (from: Bundle | undefined, ref: ObjectRef): Pick<Leave, 'asBefore'> =>
  unmanagedOf(from?.unmanaged ?? [], ref).includes(replicasPath) ? { asBefore: [replicasPath] } : {};

/** What our own program leaves of an object as it was before a release. */
export const leftBefore = (from: Bundle | undefined, ref: ObjectRef): Pick<Leave, 'asBefore' | 'isDropped'> => ({
  ...scaledBefore(from, ref),
  isDropped: from?.removed.some((each) => keyOf(each) === keyOf(ref)) === true,
});

/** Of finalizers only those of the release come, and none goes that is to stay. What controllers set is theirs, but for a new object. */
const finalizersDepart = (
  { object, oldObject }: Pick<AdmissionRequest, 'object' | 'oldObject'>,
  expected: BundleObject,
  { stays, partly = false }: Leave,
): boolean => {
  const { kind } = expected.ref;
  const wanted = decidedFinalizers(expected.content, kind);
  const [was, is] = [
    finalizers(oldObject),
    oldObject === undefined ? decidedFinalizers(object, kind) : finalizers(object),
  ];
  const decided = decidedFinalizers(oldObject, kind);
  const isToStay = (name: string): boolean => wanted.includes(name) || stays?.includes(name) !== false;
  return (
    is.some((name) => !was.includes(name) && !wanted.includes(name)) ||
    was.some((name) => !is.includes(name) && (!decided.includes(name) || isToStay(name))) ||
    (!partly && !wanted.every((name) => is.includes(name)))
  );
};

const isUnchanged = (path: string, now: JsonObject, before: JsonObject): boolean => {
  const steps = parsePath(path);
  return steps === undefined || same(getPath(now, steps), getPath(before, steps));
};

/**
 * Where a write departs from the content of a bundle: paths in the terms of the object, none when it is that content. Fields that the
 * release leaves alone must stay as they are; on a create, where there is nothing to leave alone, they are as the bundle says.
 */
export const departures = (
  { object, oldObject }: Pick<AdmissionRequest, 'object' | 'oldObject'>,
  expected: BundleObject,
  { bundle, leave }: { readonly bundle: Bundle; readonly leave: Leave },
): readonly string[] => {
  if (object === undefined) return ['(no object)'];
  if (!isAsDigested(expected)) return ['(everything: the content is not what its digest says)'];
  const { goesBack = false, isDropped = false } = leave;
  const othersFields = unmanagedOf(bundle.unmanaged, expected.ref);
  // What changes writes on their way may write these along with ours.
  const free = [...(leave.free ?? []), ...othersFields.filter(mayBeMutated)];
  const unmanaged = oldObject === undefined ? [] : unmanagedBeside(othersFields, oldObject, isDropped);
  // On a create the API server itself fills in what the release leaves open, before anybody is asked.
  const wanted =
    goesBack && oldObject !== undefined
      ? withLeft(expected.content, oldObject).content
      : withFilledIn(expected.content, oldObject ?? object);
  const asBefore = (leave.asBefore ?? []).filter(
    (path) => oldObject !== undefined && isUnchanged(path, object, oldObject),
  );
  const content = differingPaths(normalForm(object, expected.ref), wanted, [...unmanaged, ...free, ...asBefore]);
  const left = unmanaged.filter((path) => !free.includes(path) && !isUnchanged(path, object, oldObject ?? {}));
  const isOwned = !same(owners(object), owners(oldObject));
  const isHeld = !unmanaged.includes(finalizersPath) && finalizersDepart({ object, oldObject }, expected, leave);
  return [...content, ...left, ...(isOwned ? ['metadata.ownerReferences'] : []), ...(isHeld ? [finalizersPath] : [])];
};

/**
 * Where a write departs from what parking makes of the live object, under the bundle that drops it; undefined = objects of its kind are not parked,
 * or there is none.
 */
export const departuresFromParked = (
  request: Pick<AdmissionRequest, 'object' | 'oldObject'>,
  by: Bundle | undefined,
): readonly string[] | undefined => {
  const { oldObject } = request;
  const name = textAt(oldObject, 'metadata', 'name') ?? '';
  const ref = { apiVersion: textAt(oldObject, 'apiVersion') ?? '', kind: textAt(oldObject, 'kind') ?? '', name };
  const parked = oldObject && parkedManifest(oldObject, releasesData(by, ref) ? 'Released' : 'Kept');
  if (by === undefined || parked === undefined) return undefined;
  const content = normalForm(parked, ref);
  return departures(
    request,
    { ref, content, digest: digestOf(content) },
    { bundle: { ...by, unmanaged: [] }, leave: { stays: undefined } },
  );
};

/** How many paths a message lists. */
const mostPaths = 5;

export const listedPaths = (paths: readonly string[]): string =>
  paths.length <= mostPaths
    ? paths.join(', ')
    : `${paths.slice(0, mostPaths).join(', ')} and ${paths.length - mostPaths} more`;
