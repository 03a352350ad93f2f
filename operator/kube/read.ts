import { Failure, failureOfStatus } from './failures.ts';
import {
  collectionPath,
  isKubeObject,
  isRecord,
  type KubeObject,
  type ObjectMeta,
  type ResourceRow,
} from './resource.ts';
import type { Transport } from './transport.ts';

/** Which objects of a resource: all, of one namespace, by name, by selectors. All that are given must hold. */
export interface Selection {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface Page {
  readonly items: readonly KubeObject[];
  /** The state that the whole list shows, the same on every page. */
  readonly resourceVersion: string;
}

interface ListOptions {
  readonly pageSize?: number;
  readonly signal?: AbortSignal;
  readonly accept?: string;
}

/** Objects without anything but their metadata. */
const metadataOnly = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

/** The metadata of all that a selection finds, as of now; nothing else of the objects leaves the API server. */
export async function listMetadata(
  transport: Transport,
  resource: ResourceRow,
  selection: Selection,
): Promise<ObjectMeta[]> {
  const found: ObjectMeta[] = [];
  for await (const { items } of listPages(transport, resource, selection, { accept: metadataOnly })) {
    found.push(...items.map(({ metadata }) => metadata));
  }
  return found;
}

/** A list in pages, as of now: the API server answers it consistently with every write accepted before. */
export async function* listPages(
  transport: Transport,
  resource: ResourceRow,
  selection: Selection = {},
  { pageSize = 500, signal, accept }: ListOptions = {},
): AsyncGenerator<Page, void, undefined> {
  let next: string | undefined;
  do {
    const { body } = await transport.request({
      method: 'GET',
      path: collectionPath(resource, selection.namespace),
      query: { ...queryOf(selection), limit: pageSize, continue: next },
      ...(signal && { signal }),
      ...(accept !== undefined && { accept }),
    });
    const page = pageOf(resource, body);
    next = page.next;
    yield page;
  } while (next !== undefined);
}

export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: KubeObject }
  | {
      /** Everything up to `resourceVersion` has been told; `initialEventsEnd` closes the first set of a streaming list. */
      readonly type: 'BOOKMARK';
      readonly resourceVersion: string;
      readonly initialEventsEnd: boolean;
    };

export interface WatchOptions {
  /** Tell what came after this state; absent = first everything that there is now, then an `initialEventsEnd` bookmark (WatchList). */
  readonly after?: string | undefined;
  /** The server ends the stream after this many seconds. */
  readonly timeoutSeconds?: number | undefined;
  /** Milliseconds to the first byte of the answer. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** See `ApiRequest.skip`. A transport may not know it, so that what is skipped must do no harm when it comes. */
  readonly skip?: ((line: Buffer) => boolean) | undefined;
}

/** The changes of a resource, until the server ends the stream. @throws {Failure} also for the `ERROR` events of the stream. */
export async function* watch(
  transport: Transport,
  resource: ResourceRow,
  selection: Selection,
  options: WatchOptions,
): AsyncGenerator<WatchEvent, void, undefined> {
  const fromStart = { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' };
  const { stream } = await transport.request({
    method: 'GET',
    path: collectionPath(resource, selection.namespace),
    query: {
      ...queryOf(selection),
      watch: true,
      allowWatchBookmarks: true,
      timeoutSeconds: options.timeoutSeconds,
      ...(options.after === undefined ? fromStart : { resourceVersion: options.after }),
    },
    answer: 'Stream',
    ...(options.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }),
    ...(options.signal && { signal: options.signal }),
    ...(options.skip && { skip: options.skip }),
  });
  for await (const value of stream) yield eventOf(value);
}

function queryOf(selection: Selection): { labelSelector: string | undefined; fieldSelector: string | undefined } {
  const byName = selection.name === undefined ? undefined : `metadata.name=${selection.name}`;
  const fields = [byName, selection.fieldSelector].filter((field) => field !== undefined);
  return { labelSelector: selection.labelSelector, fieldSelector: fields.length > 0 ? fields.join(',') : undefined };
}

function pageOf(resource: ResourceRow, body: unknown): Page & { readonly next: string | undefined } {
  const metadata = isRecord(body) ? body['metadata'] : undefined;
  const items = isRecord(body) ? (body['items'] ?? []) : undefined;
  if (!isRecord(metadata) || !Array.isArray(items)) throw new Failure('Bug', 'the answer to a list is no list');
  const next = metadata['continue'];
  return {
    // Items of built-in lists come without apiVersion and kind.
    items: items.map((item: unknown) =>
      objectOf({ apiVersion: resource.apiVersion, kind: resource.kind, ...asRecord(item) }),
    ),
    resourceVersion: versionOf(metadata),
    next: typeof next === 'string' && next !== '' ? next : undefined,
  };
}

const initialEventsEnd = 'k8s.io/initial-events-end';

function eventOf(value: unknown): WatchEvent {
  const { type, object } = asRecord(value);
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type, object: objectOf(object) };
    case 'BOOKMARK': {
      const metadata = asRecord(asRecord(object)['metadata']);
      return {
        type,
        resourceVersion: versionOf(metadata),
        initialEventsEnd: asRecord(metadata['annotations'] ?? {})[initialEventsEnd] === 'true',
      };
    }
    case 'ERROR':
      throw failureOfStatus(object);
    default:
      throw new Failure('Bug', `a watch event of type ${String(type)}`);
  }
}

function versionOf({ resourceVersion }: Readonly<Record<string, unknown>>): string {
  if (typeof resourceVersion === 'string') return resourceVersion;
  throw new Failure('Bug', 'the answer holds no resourceVersion');
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  if (isRecord(value)) return value;
  throw new Failure('Bug', 'the answer holds something else than objects');
}

/** An answer as an object with name, uid and resource version. @throws {Failure} `Bug` when it is none. */
export function objectOf(value: unknown): KubeObject {
  if (isKubeObject(value)) return value;
  throw new Failure('Bug', 'the answer is no object with name, uid and resourceVersion');
}
