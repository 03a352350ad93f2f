/** Waiting for the cluster by watching it: no polling, and a failure that shows what was seen last. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { ApiClient } from './client.ts';
import type { KubeObject, Target, WatchEvent } from './objects.ts';

const initialEventsEnd = 'k8s.io/initial-events-end';
/** Between a watch that broke (API server restarting, kind not served yet) and the next one. */
const reconnectMs = 50;

/** For what never comes. */
const defaultTimeoutMs = 60_000;

/** What to watch. */
export interface Selection extends Target {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** Waits until one object of the selection satisfies the predicate, and returns it. Throws after `timeoutMs`. */
export async function waitFor<T extends KubeObject = KubeObject>(
  client: ApiClient,
  selection: Selection,
  predicate: (object: T) => boolean,
  timeoutMs = defaultTimeoutMs,
): Promise<T> {
  let found: T | undefined;
  await waitForAll<T>(client, selection, (objects) => (found = objects.find(predicate)) !== undefined, timeoutMs);
  if (found === undefined) throw new Error('a wait ended without its object');
  return found;
}

/** Waits until nothing of the selection exists. Throws after `timeoutMs`. */
export async function waitForGone(
  client: ApiClient,
  selection: Selection,
  timeoutMs = defaultTimeoutMs,
): Promise<void> {
  await waitForAll(client, selection, (objects) => objects.length === 0, timeoutMs);
}

/** Waits until all objects of the selection together satisfy the predicate, and returns them. Throws after `timeoutMs`. */
export async function waitForAll<T extends KubeObject = KubeObject>(
  client: ApiClient,
  selection: Selection,
  predicate: (objects: readonly T[]) => boolean,
  timeoutMs = defaultTimeoutMs,
): Promise<readonly T[]> {
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(), timeoutMs);
  const seen: Seen<T> = { objects: undefined, problem: undefined };
  try {
    for await (const objects of snapshots(client, selection, { seen, signal: ending.signal })) {
      if (predicate(objects)) return objects;
    }
  } finally {
    clearTimeout(timer);
    ending.abort();
  }
  throw new Error(`timed out after ${timeoutMs} ms waiting for ${describe(selection)}\n${lastSeen(seen)}`);
}

/** For the message of a wait that fails. */
interface Seen<T> {
  /** Undefined until a first complete state has been received. */
  objects: readonly T[] | undefined;
  problem: Error | undefined;
}

/** The selection's state: once when it is complete, and again after each change. Watches anew when a watch breaks. */
async function* snapshots<T extends KubeObject>(
  client: ApiClient,
  selection: Selection,
  { seen, signal }: { seen: Seen<T>; signal: AbortSignal },
): AsyncGenerator<readonly T[], void, void> {
  const { name, labelSelector, ...target } = selection;
  const byName = name === undefined ? [] : [`metadata.name=${name}`];
  const fieldSelector = [...byName, selection.fieldSelector ?? []].flat().join(',');
  while (!signal.aborted) {
    const current = new Map<string, T>();
    let complete = false;
    try {
      const events = client.watch<T>(target, {
        sendInitialEvents: true,
        resourceVersionMatch: 'NotOlderThan',
        allowWatchBookmarks: true,
        signal,
        ...(labelSelector === undefined ? {} : { labelSelector }),
        ...(fieldSelector === '' ? {} : { fieldSelector }),
      });
      for await (const event of events) {
        if (event.type === 'ERROR') throw new Error(JSON.stringify(event.object));
        apply(current, event);
        complete ||= event.object.metadata.annotations?.[initialEventsEnd] === 'true';
        if (!complete) continue;
        seen.objects = [...current.values()];
        yield seen.objects;
      }
    } catch (error) {
      if (!signal.aborted) seen.problem = error instanceof Error ? error : new Error('watch failed', { cause: error });
    }
    await sleep(reconnectMs, undefined, { signal }).catch(() => {});
  }
}

function apply<T extends KubeObject>(current: Map<string, T>, { type, object }: WatchEvent<T>): void {
  const key = `${object.metadata.namespace ?? ''}/${object.metadata.name ?? ''}`;
  if (type === 'DELETED') current.delete(key);
  else if (type !== 'BOOKMARK') current.set(key, object);
}

function describe({ apiVersion, kind, namespace, name, labelSelector, fieldSelector }: Selection): string {
  const place = [namespace ?? '', name ?? '*'].filter((part) => part !== '').join('/');
  return [`${kind} (${apiVersion})`, place, labelSelector ?? '', fieldSelector ?? '']
    .filter((part) => part !== '')
    .join(' ');
}

function lastSeen(seen: Seen<KubeObject>): string {
  const problem = seen.problem === undefined ? [] : [`last problem: ${seen.problem.message}`];
  if (seen.objects === undefined) return ['nothing was seen', ...problem].join('\n');
  if (seen.objects.length === 0) return ['last seen: no object', ...problem].join('\n');
  const shown = seen.objects.map((object) => ({
    ...object,
    metadata: { ...object.metadata, managedFields: undefined },
  }));
  return [`last seen: ${JSON.stringify(shown, undefined, 2)}`, ...problem].join('\n');
}
