/**
 * What production really holds, whatever anybody has seen of it, and what it held until a moment ago: an outcome is true when it was so at
 * some moment since the news that it rests on.
 */
import { numberAt } from '../../../operator/decide/json/json.ts';
import { keyOf, type LiveObject, type ObjectKey } from '../../../operator/decide/objects.ts';
import { contentText, type Cluster, type Watcher } from './cluster.ts';
import { nodeNames, type Nodes } from './nodes.ts';
import type { Pod } from './pods.ts';
import { revisionOf } from './world.ts';

/** Of one object. */
export interface Held {
  readonly text: string;
  readonly uid: string;
  readonly isDeleting: boolean;
  /** Of a workload: every pod that it should have is there and ready. Of another: yes. */
  readonly isReady: boolean;
  /** Every pod that its strategy replaces is of its content. */
  readonly isCurrent: boolean;
}

interface Past {
  readonly held: Held | undefined;
  readonly until: number;
}

/** What the invariants ask for. */
export interface TruthView {
  /** Of each Job: the uids of those that were made, and whether one completed. */
  readonly jobs: ReadonlyMap<ObjectKey, { readonly uids: ReadonlySet<string>; readonly isComplete: boolean }>;
  get(key: ObjectKey): Held | undefined;
  /** Whether it was so of an object at some moment since then. */
  wasSince(key: ObjectKey, since: number, isSo: (held: Held | undefined) => boolean): boolean;
  /** Pods of a workload that have not ended, of those that were made before some moment. */
  running(key: ObjectKey, before: number): readonly string[];
}

export class Truth implements Watcher, TruthView {
  readonly #cluster: Cluster;
  readonly #nodes: Nodes;
  readonly #now = new Map<ObjectKey, Held>();
  readonly #past = new Map<ObjectKey, Past[]>();
  /** Of each Job: the uids of those that were made, and whether one completed. */
  readonly jobs = new Map<ObjectKey, { readonly uids: Set<string>; isComplete: boolean }>();

  constructor(cluster: Cluster, nodes: Nodes) {
    this.#cluster = cluster;
    this.#nodes = nodes;
    nodes.followers.push(() => this.#look('DaemonSet/agent'));
  }

  object(key: ObjectKey, live: LiveObject | undefined): void {
    if (key.startsWith('Job/') && live !== undefined) this.#job(key, live);
    this.#look(key);
  }

  pod(_: string, { owner }: Pod): void {
    this.#look(owner);
  }

  get(key: ObjectKey): Held | undefined {
    return this.#now.get(key);
  }

  wasSince(key: ObjectKey, since: number, isSo: (held: Held | undefined) => boolean): boolean {
    return (
      isSo(this.#now.get(key)) || (this.#past.get(key) ?? []).some(({ held, until }) => until >= since && isSo(held))
    );
  }

  running(key: ObjectKey, before: number): readonly string[] {
    return [...this.#cluster.pods.of(key).values()].flatMap(({ facts: { name, phase, createdAt } }) =>
      phase !== 'Succeeded' && phase !== 'Failed' && createdAt + 1_000 < before ? [name] : [],
    );
  }

  #job(key: ObjectKey, { uid, status }: LiveObject): void {
    const job = this.jobs.get(key) ?? { uids: new Set(), isComplete: false };
    job.uids.add(uid);
    job.isComplete ||= JSON.stringify(status).includes('"Complete"');
    this.jobs.set(key, job);
  }

  #look(key: ObjectKey): void {
    const before = this.#now.get(key);
    const held = heldOf(this.#cluster, this.#nodes, key);
    if (isSame(before, held)) return;
    const past = this.#past.get(key) ?? [];
    past.push({ held: before, until: this.#cluster.time.now });
    this.#past.set(key, past);
    if (held === undefined) this.#now.delete(key);
    else this.#now.set(key, held);
  }
}

const isSame = (a: Held | undefined, b: Held | undefined): boolean =>
  a === b ||
  (a !== undefined &&
    b !== undefined &&
    a.text === b.text &&
    a.uid === b.uid &&
    a.isDeleting === b.isDeleting &&
    a.isReady === b.isReady &&
    a.isCurrent === b.isCurrent);

const heldOf = (cluster: Cluster, nodes: Nodes, key: ObjectKey): Held | undefined => {
  const live = cluster.objects.get(key);
  if (live === undefined) return undefined;
  const text = cluster.texts.get(key) ?? contentText(live.manifest);
  return { text, uid: live.uid, isDeleting: live.deleting, ...podsOf(cluster, nodes, live) };
};

const podsOf = (cluster: Cluster, nodes: Nodes, live: LiveObject): Pick<Held, 'isReady' | 'isCurrent'> => {
  const needed = neededOf(live, nodes);
  if (needed === undefined) return { isReady: true, isCurrent: true };
  const revision = revisionOf(live.manifest);
  const partition = numberAt(live.manifest, 'spec', 'updateStrategy', 'rollingUpdate', 'partition') ?? 0;
  let ready = 0;
  let isCurrent = true;
  for (const pod of cluster.pods.of(keyOf(live.ref)).values()) {
    if (pod.facts.deleting || pod.facts.ownerUid !== live.uid) continue;
    if (pod.facts.ready) ready += 1;
    const isLeft = live.ref.kind === 'StatefulSet' && Number(pod.facts.name.split('-').at(-1)) < partition;
    // A node that is not ready replaces nothing.
    if (pod.revision !== revision && !isLeft && nodes.isReady(pod.node)) isCurrent = false;
  }
  return { isReady: ready >= needed, isCurrent };
};

const neededOf = ({ ref, manifest }: LiveObject, nodes: Nodes): number | undefined => {
  switch (ref.kind) {
    case 'Deployment':
    case 'StatefulSet':
      return numberAt(manifest, 'spec', 'replicas') ?? 1;
    case 'DaemonSet':
      return nodeNames.filter((node) => nodes.isReady(node)).length;
    default:
      return undefined;
  }
};
