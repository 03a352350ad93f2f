/** What a candidate names in staging: what is staged, and what else its selector finds. */
import type { ReleaseCandidate } from '../api/candidate.ts';
import { maxPackageObjects } from '../decide/candidate/staging-problem.ts';
import { objectAt } from '../decide/json/json.ts';
import { namesClaim, possibleSetsOf } from '../decide/manifest/claims.ts';
import { keyNamed, kindRow, kindRows, promotableKinds } from '../decide/manifest/kinds/index.ts';
import { keyOf, kindIdOf, type LiveObject, type ObjectKey, type ObjectRef } from '../decide/objects.ts';
import {
  isOfGroup,
  selectedObject,
  type SearchedKind,
  type SelectedObject,
  type Selection,
} from '../decide/selected.ts';
import type { Read } from './facts.ts';
import { objectsIn } from './lookup.ts';
import type { KeptObject } from './parse.ts';
import { unlistedKinds } from './unlisted-kinds.ts';

/** What looking at a selector reads. */
export type SelectionFacts = Read<'objects' | 'pods' | 'guarded' | 'definitions'>;

type Labels = Readonly<Record<string, string>>;

const matches = (labels: Labels, wanted: Labels): boolean =>
  Object.entries(wanted).every(([key, value]) => labels[key] === value);

/**
 * The staging objects that the candidate names, or that its selector picks. Of more than a package takes only so many that it is known: staging
 * may hold a hundred thousand, and each candidate is looked at whenever one of them changes.
 */
export const stagedObjects = (
  facts: Read<'objects'>,
  { spec, metadata }: ReleaseCandidate,
): Map<ObjectKey, LiveObject> => {
  const { namespace } = metadata;
  const { components, selector } = spec;
  const found = new Map<ObjectKey, LiveObject>();
  if (components !== undefined) {
    for (const key of components.map(keyNamed)) {
      const object = objectsIn(facts, namespace).get(key);
      if (object?.deleting === false) found.set(key, object);
    }
    return found;
  }
  const isLeftOut = leavesOut(spec);
  for (const object of withLabels(facts, namespace, selector?.matchLabels ?? {})) {
    if (object.isOwned || isLeftOut(object.ref) || isInEveryNamespace(object.ref)) continue;
    if (claimOwner(facts, object) !== undefined) continue;
    found.set(keyOf(object.ref), object);
    if (found.size > maxPackageObjects) return found;
  }
  return found;
};

function* withLabels(facts: Read<'objects'>, namespace: string, labels: Labels): Generator<KeptObject, void, void> {
  for (const row of promotableKinds) {
    for (const object of facts.objects.get(kindIdOf(row))?.in(namespace)?.list() ?? []) {
      if (!object.deleting && matches(object.labels, labels)) yield object;
    }
  }
}

const leavesOut = ({ leaveOut }: ReleaseCandidate['spec']): ((ref: ObjectRef) => boolean) => {
  const named = Map.groupBy(leaveOut, ({ kind, name }) => `${kind}/${name}`);
  return ({ apiVersion, kind, name }) => (named.get(`${kind}/${name}`) ?? []).some(isOfGroup(apiVersion));
};

/** A controller makes it in every namespace, in production too. */
const isInEveryNamespace = (ref: ObjectRef): boolean => kindRow(ref)?.inEveryNamespace?.includes(ref.name) === true;

/** The StatefulSet that made a claim from its template: it carries the labels of the set and, as long as data is retained, no owner. */
const claimOwner = (facts: Read<'objects'>, { ref, namespace }: KeptObject): ObjectRef | undefined => {
  if (ref.kind !== 'PersistentVolumeClaim') return undefined;
  const sets = possibleSetsOf(ref.name).flatMap((key) => objectsIn(facts, namespace).get(key) ?? []);
  return sets.find(({ manifest }) => namesClaim(manifest, ref.name))?.ref;
};

/** What the selector of a candidate finds beside what is staged; nothing where it has none. */
export const selectionOf = (facts: SelectionFacts, { spec, metadata }: ReleaseCandidate): Selection => {
  const labels = spec.selector?.matchLabels;
  if (labels === undefined) return { others: [], kinds: [], notSearched: [] };
  const { namespace } = metadata;
  const isLeftOut = leavesOut(spec);
  const objects = [...withLabels(facts, namespace, labels)].flatMap((object): SelectedObject[] => {
    const found = selectedObject(object.ref, objectAt(object.isOwned ? object.manifest : {}, 'metadata'));
    const owner = claimOwner(facts, object);
    const other = { ...found, name: object.ref.name, owners: owner === undefined ? found.owners : [owner] };
    if (isInEveryNamespace(object.ref)) return [{ ...other, made: true }];
    return object.isOwned || owner !== undefined || isLeftOut(object.ref) ? [other] : [];
  });
  // A pod that no controller made runs in staging and would not in production.
  const pods = (facts.pods.in(namespace)?.list() ?? [])
    .filter((pod) => pod.controller === undefined && !pod.deleting && matches(pod.labels, labels))
    .map(({ name }): SelectedObject => ({ apiVersion: 'v1', kind: 'Pod', name, owners: [], made: false }));
  return {
    others: [...objects, ...pods],
    kinds: searchedKinds(facts),
    notSearched: unlistedKinds(facts) ?? [],
  };
};

/** Of which no copy of staging is kept: kinds that are only followed in production, Secrets, and what the chart lists without a profile. */
const searchedKinds = ({ guarded }: Read<'guarded'>): readonly SearchedKind[] => [
  ...kindRows
    .filter((row) => !row.promotable && row.followed !== 'Never' && row.kind !== 'Pod')
    .map(({ apiVersion, kind, plural }) => ({ apiVersion, kind, plural })),
  ...guarded.families().map(({ resource: { apiVersion, kind, plural } }) => ({ apiVersion, kind, plural })),
];
