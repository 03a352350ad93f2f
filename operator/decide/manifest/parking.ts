/**
 * Objects whose deletion could take data along. One that a release drops is parked first: it runs nothing, and keeps its claims when it is deleted.
 * Everything here is about live objects.
 */
import type { JsonObject } from '../../api/meta.ts';
import { listAt, textAt } from '../json/json.ts';
import type { KindName, LiveObject, LiveObjects } from '../objects.ts';
import { digestOf } from '../json/canonical.ts';
import { kindRow, rowOf } from './kinds/index.ts';
import type { DataAfter } from './kinds/shared/kind.ts';
import { normalForm } from './normal-form.ts';

/** Whether objects of a kind are parked before they are deleted. */
export const isParkedFirst = (kind: KindName): boolean => kindRow(kind)?.parked !== undefined;

/** Of manifests, by what becomes of their data. The same manifest gives the same object, so that what is known of that is known. */
const parkedManifests = {
  Kept: new WeakMap<JsonObject, JsonObject>(),
  Released: new WeakMap<JsonObject, JsonObject>(),
};

/** A manifest as it is parked; undefined = its kind is not. */
export const parkedManifest = (manifest: JsonObject, data: DataAfter): JsonObject | undefined => {
  const known = parkedManifests[data].get(manifest);
  if (known !== undefined) return known;
  const parked = rowOf(manifest)?.parked?.(manifest, data);
  if (parked !== undefined) parkedManifests[data].set(manifest, parked);
  return parked;
};

/** What is to be written before a live object is deleted; undefined = nothing: it is parked, or of a kind that is not. */
export const parking = ({ manifest, ref }: LiveObject, data: DataAfter): JsonObject | undefined => {
  const parked = parkedManifest(manifest, data);
  return parked === undefined || digestOf(normalForm(parked, ref)) === digestOf(normalForm(manifest, ref))
    ? undefined
    : parked;
};

/** Whether a live object looks parked: it runs nothing, and keeps its data for now. */
export const isParkedNow = (manifest: JsonObject): boolean => {
  const parked = parkedManifest(manifest, 'Released');
  return parked !== undefined && digestOf(parked) === digestOf(manifest);
};

/** The replicas that parking took away are a release's to give back, whoever else scales the object. */
const takenByParking = 'spec.replicas';

/** Which paths of an object stay with others when it is written. `isDropped`: the release before dropped it, and parked it for that. */
export const unmanagedBeside = (
  unmanaged: readonly string[],
  live: JsonObject | undefined,
  isDropped: boolean,
): readonly string[] =>
  isDropped && live !== undefined && isParkedNow(live)
    ? unmanaged.filter((path) => path !== takenByParking)
    : unmanaged;

/** Whether deleting an object as it is would take the data in its claims along. */
export const takesDataAlong = (manifest: JsonObject): boolean => {
  const row = rowOf(manifest);
  return row?.parked !== undefined && (row.losesData?.(manifest, undefined) ?? []).length > 0;
};

/** Whether a claim that it made still belongs to it, so that the garbage collector would delete the claim after it. Its controller lets go of them. */
export const ownsClaims = ({ manifest, uid }: LiveObject, live: LiveObjects): boolean => {
  const claims = rowOf(manifest)?.claims;
  if (claims === undefined) return false;
  for (let ordinal = 0; ; ordinal += 1) {
    const there = claims(manifest, ordinal).flatMap((name) => live.get(`PersistentVolumeClaim/${name}`) ?? []);
    if (there.some((claim) => owners(claim).includes(uid))) return true;
    if (there.length === 0) return false;
  }
};

const owners = ({ manifest }: LiveObject): readonly string[] =>
  listAt(manifest, 'metadata', 'ownerReferences').flatMap((owner) => textAt(owner, 'uid') ?? []);

export interface Parked {
  readonly parks: JsonObject | undefined;
  /** Its controller has not let go of its claims yet: whoever deletes it deletes them. */
  readonly waits: boolean;
}

export const asItIs: Parked = { parks: undefined, waits: false };

/** What stands between a live object and its deletion. */
export const parkedAs = (now: LiveObject, live: LiveObjects, data: DataAfter): Parked => {
  const parks = parking(now, data);
  return { parks, waits: parks === undefined && data === 'Kept' && ownsClaims(now, live) };
};
