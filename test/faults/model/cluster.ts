/**
 * What the API server of the model holds, and how it answers writes: preconditions, versions, immutable fields, finalizers, deletion.
 * Objects are values: each write makes a new one, so that a watcher may see it later as it was.
 */
import type { JsonObject } from '../../../operator/api/meta.ts';
import { canonicalJson } from '../../../operator/decide/json/canonical.ts';
import { at, listAt, objectAt, textAt } from '../../../operator/decide/json/json.ts';
import { amount } from '../../../operator/decide/manifest/kinds/shared/quantity.ts';
import { keyOf, type LiveObject, type ObjectKey, type ObjectRef } from '../../../operator/decide/objects.ts';
import type { FailureKind } from '../../../operator/kube/failures.ts';
import { counted } from './api-server.ts';
import { type Pod, Pods } from './pods.ts';
import type { Timeline } from './timeline.ts';

export const namespace = 'payments-prod';

/** Why the API server did not do it; undefined = it did. */
export type Refused = { readonly kind: FailureKind; readonly message: string } | undefined;

export type Verb = 'Create' | 'Replace' | 'Delete';

/** Who is told of each change, as it happens. `undefined` = it is gone. */
export interface Watcher {
  object(key: ObjectKey, live: LiveObject | undefined): void;
  pod(name: string, pod: Pod, isGone: boolean): void;
}

export interface Precondition {
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
}

/** A claim that went, with what was on it. */
export interface LostData {
  readonly key: ObjectKey;
  readonly uid: string;
  readonly createdAt: number;
  readonly at: number;
}

const protection = 'kubernetes.io/pvc-protection';

const withoutMetadata = (manifest: JsonObject): JsonObject => {
  const { metadata: _, ...rest } = manifest;
  return rest;
};

/** What of an object is content, as the model compares it: by itself, and not as the operator does. */
export const contentText = (manifest: JsonObject): string => {
  const { spec, ...rest } = withoutMetadata(manifest);
  // The control plane fills these in.
  const { volumeName: _v, storageClassName: _s, ...decided } = objectAt({ spec: spec ?? {} }, 'spec');
  return canonicalJson({ ...rest, ...(spec === undefined ? {} : { spec: decided }) });
};

export class Cluster {
  readonly objects = new Map<ObjectKey, LiveObject>();
  readonly pods: Pods;
  readonly watchers: Watcher[] = [];
  readonly lost: LostData[] = [];
  /** Of the content of each object as it was last written. */
  readonly texts = new Map<ObjectKey, string>();
  /** What faults make the API server refuse; undefined = nothing. */
  refuses: (verb: Verb, key: ObjectKey, manager: string) => Refused = () => undefined;
  readonly time: Timeline;
  #versions = 100;

  constructor(time: Timeline) {
    this.time = time;
    this.pods = new Pods(this);
  }

  version(): string {
    return String((this.#versions += 1));
  }

  /** The second in which it is: times of the API server have no parts of one. */
  get second(): number {
    return Math.floor(this.time.now / 1000) * 1000;
  }

  create(ref: ObjectRef, sent: JsonObject, manager: string): Refused {
    const key = keyOf(ref);
    const refused = this.refuses('Create', key, manager);
    if (refused !== undefined) return refused;
    if (this.objects.has(key)) return { kind: 'AlreadyExists', message: `${key} already exists` };
    const finalizers = [
      ...listAt(sent, 'metadata', 'finalizers'),
      ...(ref.kind === 'PersistentVolumeClaim' ? [protection] : []),
    ];
    this.#put(key, {
      ref,
      namespace,
      uid: `uid-${this.version()}`,
      resourceVersion: this.version(),
      generation: 1,
      createdAt: this.second,
      deleting: false,
      bytes: 1_000,
      manifest: counted(
        { ...sent, metadata: { ...objectAt(sent, 'metadata'), ...(finalizers.length > 0 && { finalizers }) } },
        undefined,
      ),
      status: ref.kind === 'PersistentVolumeClaim' ? { phase: 'Bound' } : {},
      writers: [{ manager, operation: 'Update', at: this.second }],
    });
    return undefined;
  }

  replace(ref: ObjectRef, sent: JsonObject, manager: string): Refused {
    const key = keyOf(ref);
    const refused = this.refuses('Replace', key, manager);
    if (refused !== undefined) return refused;
    const live = this.objects.get(key);
    if (live === undefined) return { kind: 'NotFound', message: `${key} not found` };
    const { uid, resourceVersion, ...metadata } = objectAt(sent, 'metadata');
    const conflict = believes(live, { uid: text(uid), resourceVersion: text(resourceVersion) });
    if (conflict !== undefined) return conflict;
    const next = { ...sent, metadata };
    const invalid = immutable(key, next, live.manifest);
    if (invalid !== undefined) return { kind: 'Invalid', message: invalid };
    if (live.deleting && gains(next, live.manifest))
      return { kind: 'Invalid', message: `${key}: metadata.finalizers: Forbidden: no new finalizers can be added` };
    this.write(key, next, manager);
    return undefined;
  }

  /** A write that nothing is in the way of: of a controller, a person, or one that was judged. */
  write(key: ObjectKey, next: JsonObject, manager: string): void {
    const live = this.objects.get(key);
    if (live === undefined) return;
    const { deletionTimestamp } = objectAt(live.manifest, 'metadata');
    const metadata = { ...objectAt(next, 'metadata'), ...(deletionTimestamp !== undefined && { deletionTimestamp }) };
    const manifest = counted({ ...next, metadata }, live.manifest);
    const isSame = canonicalJson(withoutMetadata(manifest)) === canonicalJson(withoutMetadata(live.manifest));
    if (isSame && canonicalJson(objectAt(manifest, 'metadata')) === canonicalJson(objectAt(live.manifest, 'metadata')))
      return;
    const others = live.writers.filter((writer) => writer.manager !== manager);
    this.#put(key, {
      ...live,
      manifest,
      resourceVersion: this.version(),
      generation: live.generation + (isSame ? 0 : 1),
      writers: [{ manager, operation: 'Update', at: this.second }, ...others],
    });
    this.#finish(key);
  }

  status(key: ObjectKey, status: JsonObject): void {
    const live = this.objects.get(key);
    if (live === undefined || JSON.stringify(live.status) === JSON.stringify(status)) return;
    this.#put(key, { ...live, status, resourceVersion: this.version() });
  }

  delete(ref: { readonly kind: string; readonly name: string }, manager: string, believed: Precondition): Refused {
    const key = keyOf(ref);
    const refused = this.refuses('Delete', key, manager);
    if (refused !== undefined) return refused;
    const live = this.objects.get(key);
    if (live === undefined) return { kind: 'NotFound', message: `${key} not found` };
    const conflict = believes(live, believed);
    if (conflict !== undefined) return conflict;
    if (live.deleting) return undefined;
    const deletionTimestamp = new Date(this.second).toISOString();
    const metadata = { ...objectAt(live.manifest, 'metadata'), deletionTimestamp };
    const manifest = { ...live.manifest, metadata };
    // Without finalizers it goes at once, and nobody ever sees it being deleted.
    if (finalizersIn(manifest).length === 0) this.#remove(key, live);
    else this.#put(key, { ...live, deleting: true, manifest, resourceVersion: this.version() });
    return undefined;
  }

  /** Takes a finalizer off, or puts it on, whoever asks. */
  finalizer(key: ObjectKey, name: string, is: 'Set' | 'Gone', manager: string): void {
    const live = this.objects.get(key);
    if (live === undefined || (is === 'Set' && live.deleting)) return;
    const others = finalizersIn(live.manifest).filter((other) => other !== name);
    const { finalizers: _, ...metadata } = objectAt(live.manifest, 'metadata');
    const wanted = is === 'Set' ? [...others, name] : others;
    this.write(
      key,
      { ...live.manifest, metadata: { ...metadata, ...(wanted.length > 0 && { finalizers: wanted }) } },
      manager,
    );
  }

  #finish(key: ObjectKey): void {
    const live = this.objects.get(key);
    if (live?.deleting === true && finalizersIn(live.manifest).length === 0) this.#remove(key, live);
  }

  #put(key: ObjectKey, live: LiveObject): void {
    const before = this.objects.get(key);
    this.objects.set(key, live);
    if (before?.manifest !== live.manifest) this.texts.set(key, contentText(live.manifest));
    for (const watcher of this.watchers) watcher.object(key, live);
  }

  #remove(key: ObjectKey, live: LiveObject): void {
    this.objects.delete(key);
    this.texts.delete(key);
    if (live.ref.kind === 'PersistentVolumeClaim')
      this.lost.push({ key, uid: live.uid, createdAt: live.createdAt, at: this.time.now });
    for (const watcher of this.watchers) watcher.object(key, undefined);
  }
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const finalizersIn = (manifest: JsonObject): readonly string[] =>
  listAt(manifest, 'metadata', 'finalizers').flatMap((name) => (typeof name === 'string' ? [name] : []));

const gains = (next: JsonObject, live: JsonObject): boolean => {
  const had = finalizersIn(live);
  return finalizersIn(next).some((name) => !had.includes(name));
};

const believes = (live: LiveObject, { uid, resourceVersion }: Precondition): Refused =>
  (uid !== undefined && uid !== live.uid) || (resourceVersion !== undefined && resourceVersion !== live.resourceVersion)
    ? { kind: 'Conflict', message: `${keyOf(live.ref)} has been modified` }
    : undefined;

const size = (claim: JsonObject): number =>
  amount(textAt(claim, 'spec', 'resources', 'requests', 'storage') ?? '') ?? 0;

/** What nobody may change (pkg/apis/core/validation, pkg/apis/apps/validation); undefined = it may be written. */
const immutable = (key: ObjectKey, next: JsonObject, live: JsonObject): string | undefined => {
  const differs = (...path: readonly string[]): boolean =>
    JSON.stringify(at(next, ...path) ?? null) !== JSON.stringify(at(live, ...path) ?? null);
  const kind = key.slice(0, key.indexOf('/'));
  if (kind === 'PersistentVolumeClaim') {
    if (size(next) < size(live))
      return `${key}: spec.resources.requests.storage: Forbidden: can not be less than status`;
    return differs('spec', 'storageClassName')
      ? `${key}: spec: Forbidden: spec is immutable after creation`
      : undefined;
  }
  if (kind === 'ConfigMap' && at(live, 'immutable') === true && (differs('data') || differs('immutable')))
    return `${key}: data: Forbidden: field is immutable when \`immutable\` is set`;
  if (kind === 'StatefulSet' && (differs('spec', 'volumeClaimTemplates') || differs('spec', 'podManagementPolicy')))
    return `${key}: spec: Forbidden: updates to statefulset spec for fields other than ... are forbidden`;
  if (kind === 'Job' && differs('spec', 'template')) return `${key}: spec.template: field is immutable`;
  return undefined;
};
