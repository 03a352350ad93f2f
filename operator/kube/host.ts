// The one place that knows @dot-i/k8s-operator. Its life cycle (start → init, stop), its event vocabulary and its finalizer protocol are used;
// everything of it that talks to the API server is replaced, because it exits the process after 30 quiet seconds and reports writes that it
// never sent (test/api-server/dot-i.test.ts pins both). It is CommonJS that a static import breaks under Jest.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { KubernetesObject, V1CustomResourceDefinitionVersion } from '@kubernetes/client-node';
import type DotI from '@dot-i/k8s-operator';
import type { Logger } from '../log.ts';
import { discoverResource } from './discovery.ts';
import { Failure, toFailure } from './failures.ts';
import { objectOf } from './read.ts';
import type { Held, Reflectors } from './reflectors.ts';
import { collectionPath, isRecord, objectPath, type KubeObject, type ResourceRow } from './resource.ts';
import type { ApiRequest, Transport } from './transport.ts';

const require = createRequire(import.meta.url);
const { default: Operator, ResourceEventType } = require('@dot-i/k8s-operator') as typeof DotI; // oxlint-disable-line typescript/no-unsafe-type-assertion -- require has no types

export { ResourceEventType };
export type ResourceEvent = DotI.ResourceEvent;
export type ResourceMeta = DotI.ResourceMeta;

export interface HostOptions {
  readonly transport: Transport;
  readonly reflectors: Reflectors;
  readonly logger: Logger;
  /** Sets the operator up; called by `start`. What it throws, `start` throws. */
  readonly init: (host: Host) => Promise<void>;
  /** Undoes `init`, before the streams are closed. */
  readonly shutdown?: (host: Host) => Promise<void>;
}

/** What one resource's events came from, and how to find it again. */
interface Watched {
  readonly resource: ResourceRow;
  /** Claims on reflectors: one a namespace that was asked for. */
  readonly held: Held<KubeObject>[];
}

/** The operator as @dot-i/k8s-operator sees it, over our transport and reflectors. */
export class Host extends Operator {
  readonly #options: HostOptions;
  readonly #watched = new Map<string, Watched>();
  /** Incarnations of the objects whose events were handed out, which dot-i's `ResourceMeta` does not name. */
  readonly #uids = new WeakMap<ResourceMeta, string>();
  #stopping: Promise<void> | undefined;
  #events: Promise<void> = Promise.resolve();

  constructor(options: HostOptions) {
    super(loggerOf(options.logger));
    this.#options = options;
  }

  protected override async init(): Promise<void> {
    await this.#options.init(this);
  }

  /** Stops; see `stopped` for when it is done. Unlike the original it ends no process. */
  override stop(): void {
    this.#stopping ??= this.#shutDown();
    this.#stopping.catch((err: unknown) => this.#options.logger.error({ err }, 'shutdown failed'));
  }

  /** Resolves when everything that `stop` began has ended. */
  async stopped(): Promise<void> {
    await this.#stopping;
  }

  /** The address of a collection. */
  override getCustomResourceApiUri(group: string, version: string, plural: string, namespace?: string): string {
    const apiVersion = apiVersionOf(group, version);
    const path = collectionPath({ apiVersion, kind: '', plural, namespaced: true }, namespace);
    return this.#options.transport.server + path;
  }

  /**
   * Calls `onEvent` for everything there is of a resource and for each change after that, one event at a time over all resources. Resolves
   * when all there is has been told to the queue. A rejection is logged.
   */
  override async watchResource(
    group: string,
    version: string,
    plural: string,
    onEvent: (event: ResourceEvent) => Promise<void>,
    namespace?: string,
  ): Promise<void> {
    const { transport, reflectors, logger } = this.#options;
    const apiVersion = apiVersionOf(group, version);
    const id = `${plural}.${apiVersion}`;
    const resource = this.#watched.get(id)?.resource ?? (await discoverResource(transport, apiVersion, plural));
    const family = reflectors.family<KubeObject>({ resource, project: (raw) => raw });
    family.onChange((_key, change) => {
      const object = change.new ?? change.old;
      if (!object) return;
      const event = this.#eventOf(id, typeOf(change), object);
      this.#events = this.#events
        .then(() => onEvent(event))
        .catch((err: unknown) => logger.error({ resource: id, err }, 'event handler failed'));
    });
    const held = family.hold(namespace);
    const watched = this.#watched.get(id);
    if (watched) watched.held.push(held);
    else this.#watched.set(id, { resource, held: [held] });
    await held.reflector.synced;
  }

  /** Adds the finalizer to a new object, or runs `deleteAction` and removes it: the original protocol over our own writes. */
  override handleResourceFinalizer(
    event: ResourceEvent,
    finalizer: string,
    deleteAction: (event: ResourceEvent) => Promise<void>,
  ): Promise<boolean> {
    return super.handleResourceFinalizer(event, finalizer, deleteAction);
  }

  /** @throws {Failure} `Conflict` unless the object is in exactly the state that `meta` came from */
  override async setResourceFinalizers(meta: ResourceMeta, finalizers: string[]): Promise<void> {
    const precondition = { resourceVersion: meta.resourceVersion, uid: this.#uids.get(meta) };
    await this.#write(meta, { method: 'PATCH', body: { metadata: { ...precondition, finalizers } } });
  }

  /** @throws {Failure} `Conflict` unless the object is in exactly the state that `meta` came from */
  override async setResourceStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta> {
    return await this.#write(meta, { method: 'PUT', body: this.#statusOf(meta, status) }, 'status');
  }

  /** The status as a JSON merge patch. @throws {Failure} `Conflict` unless the object is in exactly the state that `meta` came from */
  override async patchResourceStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta> {
    return await this.#write(meta, { method: 'PATCH', body: this.#statusOf(meta, status) }, 'status');
  }

  /** Creates a CustomResourceDefinition from a YAML file, or leaves the one that is there. @throws {Failure} */
  override async registerCustomResourceDefinition(
    crdFile: string,
  ): Promise<{ group: string; versions: V1CustomResourceDefinitionVersion[]; plural: string }> {
    // Not client-node's loadYaml: it renames the fields that have dashes, and drops those it does not know.
    const { parse } = await import('yaml');
    const definition: unknown = parse(readFileSync(crdFile, 'utf8'));
    const { group, versions, plural } = definitionOf(definition);
    try {
      await this.#options.transport.request({
        method: 'POST',
        path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
        body: definition,
      });
    } catch (error) {
      if (toFailure(error).kind !== 'AlreadyExists') throw error;
    }
    return { group, versions, plural };
  }

  async #shutDown(): Promise<void> {
    await this.#options.shutdown?.(this);
    const held = [...this.#watched.values()].flatMap((watched) => watched.held);
    await Promise.all(held.map((each) => each.release()));
    await this.#events;
  }

  #eventOf(id: string, type: DotI.ResourceEventType, object: KubeObject): ResourceEvent {
    const { name, namespace, uid, resourceVersion } = object.metadata;
    const { apiVersion, kind } = object;
    const meta: ResourceMeta = {
      id,
      name,
      resourceVersion,
      apiVersion,
      kind,
      ...(namespace !== undefined && { namespace }),
    };
    this.#uids.set(meta, uid);
    return { meta, type, object: copyOf(object) };
  }

  #statusOf(meta: ResourceMeta, status: unknown): unknown {
    const { apiVersion, kind, name, namespace, resourceVersion } = meta;
    const uid = this.#uids.get(meta);
    return { apiVersion, kind, metadata: { name, namespace, resourceVersion, uid }, status };
  }

  async #write(
    meta: ResourceMeta,
    request: Pick<ApiRequest, 'method' | 'body'>,
    subresource?: 'status',
  ): Promise<ResourceMeta> {
    const { transport, reflectors } = this.#options;
    const resource = this.#watched.get(meta.id)?.resource;
    if (!resource) throw new Failure('Bug', `no resource ${meta.id} is watched`);
    const { body } = await transport.request({
      ...request,
      path: objectPath(resource, { name: meta.name, namespace: meta.namespace }, subresource),
      contentType: request.method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
    });
    const written = objectOf(body);
    reflectors.observed(resource, written);
    const now: ResourceMeta = { ...meta, resourceVersion: written.metadata.resourceVersion };
    this.#uids.set(now, written.metadata.uid);
    return now;
  }
}

function apiVersionOf(group: string, version: string): string {
  return group ? `${group}/${version}` : version;
}

function typeOf(change: { readonly old?: KubeObject; readonly new?: KubeObject }): DotI.ResourceEventType {
  if (change.new === undefined) return ResourceEventType.Deleted;
  return change.old === undefined ? ResourceEventType.Added : ResourceEventType.Modified;
}

function definitionOf(definition: unknown): {
  group: string;
  versions: V1CustomResourceDefinitionVersion[];
  plural: string;
} {
  const spec =
    isRecord(definition) && definition['kind'] === 'CustomResourceDefinition' ? definition['spec'] : undefined;
  const names = isRecord(spec) ? spec['names'] : undefined;
  if (!isRecord(spec) || !isRecord(names) || !Array.isArray(spec['versions'])) {
    throw new Failure('Invalid', 'the file holds no CustomResourceDefinition');
  }
  const versions = spec['versions'] as V1CustomResourceDefinitionVersion[]; // oxlint-disable-line typescript/no-unsafe-type-assertion -- the API server judges it
  return { group: String(spec['group']), versions, plural: String(names['plural']) };
}

/** A copy in dot-i's words: its finalizer protocol writes into the object that it is given, and ours is shared by everybody. */
function copyOf(object: KubeObject): KubernetesObject {
  const copy: unknown = structuredClone(object);
  return copy as KubernetesObject; // oxlint-disable-line typescript/no-unsafe-type-assertion -- parsed JSON, as dot-i hands it out itself
}

/** dot-i logs sentences without fields. */
function loggerOf(logger: Logger): DotI.OperatorLogger {
  const from = { source: '@dot-i/k8s-operator' };
  return {
    debug: (message) => logger.debug(from, message),
    info: (message) => logger.info(from, message),
    warn: (message) => logger.warn(from, message),
    error: (message) => logger.error(from, message),
  };
}
