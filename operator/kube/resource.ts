/** What the API server calls one kind of object: enough to build every path to it. */
export interface ResourceRow {
  /** `v1`, `apps/v1`, `countersign.dev/v1alpha1` */
  readonly apiVersion: string;
  readonly kind: string;
  /** Lower case plural, as in a URL: `deployments`. */
  readonly plural: string;
  readonly namespaced: boolean;
}

/** Names one object of a known resource. `namespace` is absent for cluster-scoped ones. */
export interface ObjectRef {
  readonly namespace?: string | undefined;
  readonly name: string;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** An object as the API server tells it: always named, with uid and resource version. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/** An object as we send it: the server fills the rest. `generateName` may stand for `name`. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name?: string;
    readonly generateName?: string;
    readonly namespace?: string;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

/** Whether a parsed answer is an object with name, uid and resource version. */
export function isKubeObject(value: unknown): value is KubeObject {
  if (!isRecord(value) || !isRecord(value['metadata'])) return false;
  const { name, uid, resourceVersion } = value['metadata'];
  return typeof name === 'string' && typeof uid === 'string' && typeof resourceVersion === 'string';
}

/** Whether a parsed answer is an object of some kind. */
export function isManifest(value: unknown): value is Manifest {
  return isRecord(value) && typeof value['kind'] === 'string' && isRecord(value['metadata']);
}

/** Whether a parsed value is a JSON object. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The cache key of an object: `namespace/name`, or `name` where there is no namespace. */
export function keyOf(ref: ObjectRef): string {
  return ref.namespace ? `${ref.namespace}/${ref.name}` : ref.name;
}

/** The names inside a cache key. */
export function refOf(key: string): ObjectRef {
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** Path of a collection: of one namespace, or of the whole cluster without one. */
export function collectionPath(resource: ResourceRow, namespace?: string): string {
  const root = resource.apiVersion.includes('/') ? `/apis/${resource.apiVersion}` : `/api/${resource.apiVersion}`;
  const scope = resource.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${scope}/${resource.plural}`;
}

/** Path of one object, or of a subresource of it such as `status`. */
export function objectPath(resource: ResourceRow, ref: ObjectRef, subresource?: string): string {
  const path = `${collectionPath(resource, ref.namespace)}/${encodeURIComponent(ref.name)}`;
  return subresource ? `${path}/${subresource}` : path;
}

/** A manifest out of plain JSON. @throws TypeError when it names no kind, or has no metadata */
export function manifestOf(value: Readonly<Record<string, unknown>>): Manifest {
  const { apiVersion, kind, metadata } = value;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || !isRecord(metadata))
    throw new TypeError('no manifest');
  return { ...value, apiVersion, kind, metadata };
}
