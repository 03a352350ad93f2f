/** Looks into the copies that more than one snapshot takes. What is not there is undefined. */
import { policyName } from '../api/kinds.ts';
import type { JudgedPolicy } from '../decide/inherited.ts';
import type { Bundle } from '../decide/bundle.ts';
import { isAutoscaler, kindRow, promotableKinds } from '../decide/manifest/kinds/index.ts';
import { resourceName } from '../decide/manifest/kinds/shared/kind.ts';
import { builtIn, withPodTemplate, type KnownType } from '../decide/schema/custom-type.ts';
import {
  keyOf,
  kindIdOf,
  type LiveObject,
  type LiveObjects,
  type NamespaceFacts,
  type ObjectKey,
  type ObjectRef,
  type PodsOf,
  type ReadersOf,
} from '../decide/objects.ts';
import type { KnownEvidence } from '../decide/evidence/piece.ts';
import type { StagedControllers } from '../decide/gates/snapshot.ts';
import { at, listAt, textAt } from '../decide/json/json.ts';
import { joinParts } from './bundles.ts';
import { evidenceKey, indexKey } from './caches.ts';
import type { Read } from './facts.ts';
import type { KeptObject } from './parse.ts';

/** Kind and name of an object. */
export const splitKey = (key: ObjectKey): readonly [kind: string, name: string] => {
  const slash = key.indexOf('/');
  return [key.slice(0, slash), key.slice(slash + 1)];
};

export const objectsIn = ({ objects }: Read<'objects'>, namespace: string): LiveObjects => ({
  get(key) {
    const [kind, name] = splitKey(key);
    return objects.get(kind)?.in(namespace)?.get(indexKey(namespace, name));
  },
});

/** What is known of the fields of an object: of a custom resource, what its definition says now. */
export const typeOf = ({ definitions }: Read<'definitions'>, ref: ObjectRef): KnownType => {
  const row = kindRow(ref);
  if (row?.custom === undefined) return builtIn(ref);
  const version = ref.apiVersion.slice(ref.apiVersion.indexOf('/') + 1);
  const known = definitions.in()?.get(resourceName(row))?.types.get(version) ?? builtIn(ref);
  return row.workload === true ? withPodTemplate(known) : known;
};

/** Every autoscaler of a namespace. */
export const autoscalersIn = ({ objects }: Read<'objects'>, namespace: string): readonly LiveObject[] =>
  promotableKinds.filter(isAutoscaler).flatMap((row) => objects.get(kindIdOf(row))?.in(namespace)?.list() ?? []);

export const podsIn = ({ pods }: Read<'pods'>, namespace: string): PodsOf => ({
  get: (key) => pods.in(namespace)?.byIndex('owner', key),
});

/** The object that controls another one. */
export const controllingRef = ({
  isOwned,
  manifest,
}: Pick<KeptObject, 'isOwned' | 'manifest'>): { readonly key: ObjectKey; readonly uid: string } | undefined => {
  if (!isOwned) return undefined;
  const owner = listAt(manifest, 'metadata', 'ownerReferences').find((each) => at(each, 'controller') === true);
  return owner === undefined
    ? undefined
    : {
        key: keyOf({
          kind: textAt(owner, 'kind') ?? '',
          apiVersion: textAt(owner, 'apiVersion'),
          name: textAt(owner, 'name') ?? '',
        }),
        uid: textAt(owner, 'uid') ?? '',
      };
};

/** What stands between the objects of a staging namespace and their pods. */
export const controllersIn = (
  { objects, watched }: Read<'objects' | 'watched'>,
  namespace: string,
): StagedControllers => ({
  replicaSet: (name) => watched.get('ReplicaSet')?.in(namespace)?.get(indexKey(namespace, name)),
  jobsOf: (uid) =>
    (objects.get('Job')?.in(namespace)?.list() ?? [])
      .filter((job) => controllingRef(job)?.uid === uid)
      .map((job) => ({ name: job.ref.name, uid: job.uid, createdAt: job.createdAt })),
});

/** Pods of a namespace that refer to a ConfigMap. */
export const readersIn = ({ pods }: Read<'pods'>, namespace: string): ReadersOf => ({
  get: (configMap) => pods.in(namespace)?.byIndex('configMap', configMap),
});

export const namespaceIn = ({ namespaces }: Read<'namespaces'>, name: string): NamespaceFacts | undefined =>
  namespaces.in()?.get(name);

/** The policy of a production namespace. */
export const policyIn = ({ policies }: Read<'policies'>, namespace: string): JudgedPolicy | undefined =>
  policies.in()?.get(indexKey(namespace, policyName));

/** Whole bundles only: one of which a part is missing is not there yet. */
export const bundlesBy = ({ bundles }: Read<'bundles'>, index: 'candidate' | 'package', key: string): Bundle[] => {
  const all = bundles.in();
  return (all?.byIndex(index, key) ?? [])
    .flatMap((head) => joinParts(head, (name) => all?.get(indexKey(head.bundle.namespace, name))) ?? [])
    .toSorted((a, b) => a.createdAt - b.createdAt || a.name.localeCompare(b.name));
};

interface Aged {
  readonly metadata: { readonly creationTimestamp: string; readonly name: string };
}

/** Oldest first; the API server's clock tells seconds, so names decide between equals. */
export const byAge = (a: Aged, b: Aged): number =>
  inOrder(a.metadata.creationTimestamp, b.metadata.creationTimestamp) || inOrder(a.metadata.name, b.metadata.name);

/** By code unit: of ten thousand approvals a comparison in some language's order takes a tenth of a second. */
const inOrder = (a: string, b: string): number => Number(a > b) - Number(a < b);

/** Evidence of a staging namespace. */
export const evidenceIn = ({ evidence }: Read<'evidence'>, namespace: string): KnownEvidence => ({
  of: (type, subject) => evidence.in()?.byIndex('subject', evidenceKey(namespace, type, subject)) ?? [],
});
