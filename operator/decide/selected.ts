/** What a selector finds beside what a release takes: names, owners and little else, for of Secrets and strangers nothing more is read. */
import type { Json, JsonObject } from '../api/meta.ts';
import { isObject, listAt, objectAt, textAt } from './json/json.ts';
import { groupIn, type ObjectRef } from './objects.ts';

export interface SelectedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** What made it, or what it goes with. */
  readonly owners: readonly ObjectRef[];
  /** A controller of the control plane makes it, and says so on it. */
  readonly made: boolean;
}

/** A kind as the API server calls it. */
export interface SearchedKind {
  readonly apiVersion: string;
  readonly kind: string;
  /** Lower case plural, as in a URL. */
  readonly plural: string;
}

/** What the copies know of a selector, apart from what is staged. */
export interface Selection {
  /** Objects with the labels that are not staged. */
  readonly others: readonly SelectedObject[];
  /** Kinds of which there is no copy of staging: the API server is asked. */
  readonly kinds: readonly SearchedKind[];
  /** Definitions of custom resources that the chart does not list: nobody may look at their objects. Sorted. */
  readonly notSearched: readonly string[];
}

export const nothingSelected: Selection = { others: [], kinds: [], notSearched: [] };

/** What an entry that names an object says of its group; either may be left out. */
interface GroupNamed {
  readonly group: string;
  readonly apiVersion?: string | undefined;
}

/** Whether an entry that names an object means one of this group and version. */
export const isOfGroup =
  (found: string) =>
  ({ group, apiVersion = found }: GroupNamed): boolean =>
    apiVersion === found && (group === '' || group === groupIn(found));

/** By these, controllers of the control plane mark what they make without an owner. */
const makers: readonly (readonly [of: 'labels' | 'annotations', name: string])[] = [
  ['labels', 'endpoints.kubernetes.io/managed-by'],
  ['annotations', 'kubernetes.io/service-account.name'],
];

/** Of an object, what a selector tells of it. */
export const selectedObject = (
  { apiVersion, kind }: Pick<SearchedKind, 'apiVersion' | 'kind'>,
  metadata: JsonObject,
): SelectedObject => ({
  apiVersion,
  kind,
  name: textAt(metadata, 'name') ?? '',
  owners: ownersOf(metadata),
  made: makers.some(([of, name]) => objectAt(metadata, of)[name] !== undefined),
});

const ownersOf = (metadata: JsonObject): SelectedObject['owners'] =>
  listAt(metadata, 'ownerReferences')
    .filter((owner: Json): owner is JsonObject => isObject(owner))
    .map((owner) => ({
      apiVersion: textAt(owner, 'apiVersion') ?? '',
      kind: textAt(owner, 'kind') ?? '',
      name: textAt(owner, 'name') ?? '',
    }));
