import { Failure } from './failures.ts';
import { listMetadata, objectOf, type Selection } from './read.ts';
import {
  collectionPath,
  isManifest,
  isRecord,
  objectPath,
  type KubeObject,
  type Manifest,
  type ObjectMeta,
  type ObjectRef,
  type ResourceRow,
} from './resource.ts';
import type { ApiResponse, ContentType, Transport } from './transport.ts';

export interface CallOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface CreateOptions extends CallOptions {
  /** Instead of the client's own. */
  readonly fieldManager?: string;
  /** What becomes of fields that the API server does not know; `Warn` when absent: they are dropped, and a header says so. `Strict`: `Invalid`. */
  readonly fieldValidation?: 'Strict';
}

export interface WriteOptions extends CreateOptions {
  /** `Strict`: a field that the API server does not know is refused, and not dropped. */
  readonly fieldValidation?: 'Strict';
  /** Judged and defaulted as if, but nothing is kept. */
  readonly dryRun?: boolean;
  /** Told the warnings of the answer, as the header has them: `299 - "…", 299 - "…"`. Not called when there are none. */
  readonly warned?: (warnings: string) => void;
}

export interface DeleteOptions extends CallOptions {
  readonly dryRun?: boolean;
  /** Deletes only this incarnation; another one under the name is a `Conflict`. */
  readonly uid?: string;
  /** Deletes only this state. */
  readonly resourceVersion?: string;
  /** What becomes of dependents; `Background` when absent. */
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
}

export type PatchType = 'Merge' | 'Json' | 'Strategic' | 'Apply';

export interface PatchOptions extends WriteOptions {
  readonly type: PatchType;
  readonly subresource?: string;
  /** With `Apply`: take fields from other managers instead of failing with `Conflict`. */
  readonly force?: boolean;
}

/** A caller, as admission saw it. */
export interface CallerIdentity {
  readonly username: string;
  readonly uid?: string | undefined;
  readonly groups: readonly string[];
}

/** One right to ask about. */
export interface ResourceAttributes {
  readonly namespace?: string;
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly name?: string;
}

export interface ServerVersion {
  readonly major: number;
  readonly minor: number;
  /** `v1.36.3` */
  readonly gitVersion: string;
}

/** The API server's verbs on any resource. Every call throws `Failure`; every object comes from the server's answer. */
export interface Client {
  getResource(resource: ResourceRow, ref: ObjectRef, options?: CallOptions): Promise<KubeObject>;
  /** `Failure` `AlreadyExists` when the name is taken. */
  createResource(resource: ResourceRow, manifest: Manifest, options?: WriteOptions): Promise<KubeObject>;
  /** PUT. With `metadata.resourceVersion`, a `Conflict` unless it is the current one; with `metadata.uid`, unless it is that incarnation. */
  replaceResource(resource: ResourceRow, manifest: Manifest, options?: WriteOptions): Promise<KubeObject>;
  /** PUT of the status subresource; everything but status is ignored by the server. */
  replaceStatus(resource: ResourceRow, manifest: Manifest, options?: WriteOptions): Promise<KubeObject>;
  patchResource(resource: ResourceRow, ref: ObjectRef, patch: unknown, options: PatchOptions): Promise<KubeObject>;
  /** `NotFound` when it is gone already. Finalizers may keep it after success. */
  deleteResource(resource: ResourceRow, ref: ObjectRef, options?: DeleteOptions): Promise<void>;
  /** Asks for a pod to be replaced, within its disruption budget: `Throttled` while that forbids it. `uid`: only this incarnation. */
  evictPod(ref: ObjectRef, uid: string): Promise<void>;
  /** What a create would make: defaulted, admitted, never kept, so without a resource version. */
  dryRunCreate(resource: ResourceRow, manifest: Manifest, options?: CreateOptions): Promise<Manifest>;
  /** Whether the authorizer lets this caller do it now. */
  subjectAccessReview(identity: CallerIdentity, attributes: ResourceAttributes): Promise<boolean>;
  /** The metadata of all that a selection finds, as of now. */
  listMetadata(resource: ResourceRow, selection: Selection): Promise<readonly ObjectMeta[]>;
  serverVersion(): Promise<ServerVersion>;
}

export interface ClientOptions {
  readonly transport: Transport;
  /** Name under which the server books our fields. */
  readonly fieldManager: string;
  /** Told every object that a write of ours left in the cluster (no dry runs), such as `reflectors.observed`. */
  readonly written?: (resource: ResourceRow, object: KubeObject) => void;
}

const contentTypes: Readonly<Record<PatchType, ContentType>> = {
  Merge: 'application/merge-patch+json',
  Json: 'application/json-patch+json',
  Strategic: 'application/strategic-merge-patch+json',
  Apply: 'application/apply-patch+yaml',
};

const pods: ResourceRow = { apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true };

/** A client over the one way to the API server. */
// oxlint-disable-next-line max-lines-per-function -- one closure: each verb of the API is a method of a few lines
export function createClient({ transport, fieldManager, written }: ClientOptions): Client {
  const told = (resource: ResourceRow, body: unknown, options: WriteOptions): KubeObject => {
    // What was only tried has no resource version.
    if (options.dryRun) return objectOf(withVersion(body));
    const object = objectOf(body);
    written?.(resource, object);
    return object;
  };
  const writeQuery = (options: WriteOptions) => ({
    fieldManager: options.fieldManager ?? fieldManager,
    dryRun: options.dryRun ? 'All' : undefined,
    fieldValidation: options.fieldValidation,
  });

  const create = async (resource: ResourceRow, manifest: Manifest, options: WriteOptions): Promise<unknown> => {
    const path = collectionPath(resource, manifest.metadata.namespace);
    const query = writeQuery(options);
    const answer = await transport.request({ method: 'POST', path, query, body: manifest, ...callOf(options) });
    tellWarnings(answer, options);
    return answer.body;
  };

  return {
    async getResource(resource, ref, options = {}) {
      const { body } = await transport.request({ method: 'GET', path: objectPath(resource, ref), ...callOf(options) });
      return objectOf(body);
    },
    async createResource(resource, manifest, options = {}) {
      return told(resource, await create(resource, manifest, options), options);
    },
    async replaceResource(resource, manifest, options = {}) {
      const answer = await transport.request({
        method: 'PUT',
        path: objectPath(resource, refOfManifest(manifest)),
        query: writeQuery(options),
        body: manifest,
        ...callOf(options),
      });
      tellWarnings(answer, options);
      return told(resource, answer.body, options);
    },
    async replaceStatus(resource, manifest, options = {}) {
      const { body } = await transport.request({
        method: 'PUT',
        path: objectPath(resource, refOfManifest(manifest), 'status'),
        query: writeQuery(options),
        body: manifest,
        ...callOf(options),
      });
      return told(resource, body, options);
    },
    async patchResource(resource, ref, patch, options) {
      const { body } = await transport.request({
        method: 'PATCH',
        path: objectPath(resource, ref, options.subresource),
        query: { ...writeQuery(options), force: options.force },
        body: patch,
        contentType: contentTypes[options.type],
        ...callOf(options),
      });
      return told(resource, body, options);
    },
    async deleteResource(resource, ref, options = {}) {
      const { uid, resourceVersion, propagationPolicy = 'Background', dryRun } = options;
      await transport.request({
        method: 'DELETE',
        path: objectPath(resource, ref),
        body: {
          apiVersion: 'meta.k8s.io/v1',
          kind: 'DeleteOptions',
          propagationPolicy,
          preconditions: { uid, resourceVersion },
          ...(dryRun && { dryRun: ['All'] }),
        },
        ...callOf(options),
      });
    },
    async evictPod({ namespace, name }, uid) {
      await transport.request({
        method: 'POST',
        path: objectPath(pods, { namespace, name }, 'eviction'),
        body: {
          apiVersion: 'policy/v1',
          kind: 'Eviction',
          metadata: { namespace, name },
          deleteOptions: { preconditions: { uid } },
        },
      });
    },
    async dryRunCreate(resource, manifest, options = {}) {
      return manifestOf(await create(resource, manifest, { ...options, dryRun: true }));
    },
    async subjectAccessReview(identity, attributes) {
      const { body } = await transport.request({
        method: 'POST',
        path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
        body: {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SubjectAccessReview',
          spec: {
            user: identity.username,
            uid: identity.uid,
            groups: identity.groups,
            resourceAttributes: attributes,
          },
        },
      });
      return allowedBy(body);
    },
    listMetadata: (resource, selection) => listMetadata(transport, resource, selection),
    async serverVersion() {
      const { body } = await transport.request({ method: 'GET', path: '/version' });
      if (!isRecord(body)) throw new Failure('Bug', 'the answer holds no version');
      // Providers add a plus sign: "36+".
      const numberOf = (field: string) => Number.parseInt(String(body[field]), 10);
      return { major: numberOf('major'), minor: numberOf('minor'), gitVersion: String(body['gitVersion']) };
    },
  };
}

function tellWarnings({ headers }: ApiResponse, { warned }: WriteOptions): void {
  const warnings = headers['warning'];
  if (warnings !== undefined) warned?.(warnings);
}

function withVersion(body: unknown): unknown {
  return isRecord(body) && isRecord(body['metadata'])
    ? { ...body, metadata: { resourceVersion: '', uid: '', ...body['metadata'] } }
    : body;
}

function callOf({ timeoutMs, signal }: CallOptions): CallOptions {
  return { ...(timeoutMs !== undefined && { timeoutMs }), ...(signal && { signal }) };
}

function refOfManifest({ metadata }: Manifest): ObjectRef {
  if (metadata.name === undefined) throw new Failure('Bug', 'a replace without metadata.name');
  return { namespace: metadata.namespace, name: metadata.name };
}

function manifestOf(body: unknown): Manifest {
  if (isManifest(body)) return body;
  throw new Failure('Bug', 'the answer is no object');
}

/** An evaluation error is no consent. */
function allowedBy(body: unknown): boolean {
  const status = isRecord(body) ? body['status'] : undefined;
  if (!isRecord(status) || typeof status['allowed'] !== 'boolean')
    throw new Failure('Bug', 'the answer is no access review');
  return status['allowed'] && status['denied'] !== true;
}
