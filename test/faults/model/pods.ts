/** Pods of the model: what their controllers want of them, and what their kubelets report. */
import {
  type ContainerFacts,
  keyOf,
  type LiveObject,
  type ObjectKey,
  type PodFacts,
} from '../../../operator/decide/objects.ts';

export interface Pod {
  readonly facts: PodFacts;
  readonly owner: ObjectKey;
  /** Of the template that it was made from. */
  readonly revision: string;
  /** '' = it waits for one. */
  readonly node: string;
  /** Names of the claims that it uses. */
  readonly claims: readonly string[];
}

/** What a controller says of a pod that it makes. */
export interface PodTemplate {
  readonly name: string;
  readonly revision: string;
  readonly revisionLabel: 'pod-template-hash' | 'controller-revision-hash' | 'none';
  readonly claims: readonly string[];
  /** Of a DaemonSet: where it must run. */
  readonly node?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** The API server, as far as pods need it. */
export interface PodHome {
  readonly second: number;
  readonly watchers: readonly { pod(name: string, pod: Pod, isGone: boolean): void }[];
}

const none: ReadonlyMap<string, Pod> = new Map();

export class Pods {
  readonly #cluster: PodHome;
  readonly #byOwner = new Map<ObjectKey, Map<string, Pod>>();
  readonly #owners = new Map<string, ObjectKey>();
  #made = 0;

  constructor(cluster: PodHome) {
    this.#cluster = cluster;
  }

  get(name: string): Pod | undefined {
    const owner = this.#owners.get(name);
    return owner === undefined ? undefined : this.#byOwner.get(owner)?.get(name);
  }

  /** Of a workload or Job, by name. */
  of(owner: ObjectKey): ReadonlyMap<string, Pod> {
    return this.#byOwner.get(owner) ?? none;
  }

  *all(): Generator<Pod> {
    for (const pods of this.#byOwner.values()) yield* pods.values();
  }

  create(owner: LiveObject, { name, revision, revisionLabel, claims, node = '', labels = {} }: PodTemplate): void {
    const key = keyOf(owner.ref);
    this.#made += 1;
    const pod: Pod = {
      owner: key,
      revision,
      node,
      claims,
      facts: {
        name,
        namespace: 'payments-prod',
        uid: `pod-${this.#made}`,
        createdAt: this.#cluster.second,
        deleting: false,
        phase: 'Pending',
        ready: false,
        readySince: undefined,
        labels: revisionLabel === 'none' ? labels : { ...labels, [revisionLabel]: revision },
        ownerKind: owner.ref.kind,
        ownerName: owner.ref.name,
        ownerUid: owner.uid,
        controller: { kind: owner.ref.kind, name: owner.ref.name, uid: owner.uid },
        programs: [],
        lifetime: [],
        manager: '',
        containers: [],
        ...(node !== '' && { nodeName: node }),
      },
    };
    this.#put(pod);
  }

  /** What a kubelet, the scheduler or the node controller says; nothing of a pod that is another one by now. */
  report(uid: string, name: string, facts: Partial<PodFacts>, node?: string): void {
    const pod = this.get(name);
    if (pod === undefined || pod.facts.uid !== uid) return;
    const lost = facts.ready === false && pod.facts.ready ? { unreadySince: this.#cluster.second } : {};
    const placed = node === undefined ? {} : { nodeName: node };
    this.#put({ ...pod, node: node ?? pod.node, facts: { ...pod.facts, ...facts, ...lost, ...placed } });
  }

  delete(name: string): void {
    const pod = this.get(name);
    if (pod !== undefined && !pod.facts.deleting) this.#put({ ...pod, facts: { ...pod.facts, deleting: true } });
  }

  /** Its kubelet has stopped it. */
  gone(uid: string, name: string): void {
    const pod = this.get(name);
    if (pod === undefined || pod.facts.uid !== uid) return;
    this.#byOwner.get(pod.owner)?.delete(name);
    this.#owners.delete(name);
    for (const watcher of this.#cluster.watchers) watcher.pod(name, pod, true);
  }

  #put(pod: Pod): void {
    const { name } = pod.facts;
    const own = this.#byOwner.get(pod.owner) ?? new Map<string, Pod>();
    this.#byOwner.set(pod.owner, own.set(name, pod));
    this.#owners.set(name, pod.owner);
    for (const watcher of this.#cluster.watchers) watcher.pod(name, pod, false);
  }
}

/** The one container of a pod, as its kubelet reports it. */
export const container = (given: Partial<ContainerFacts>): readonly ContainerFacts[] => [
  {
    name: 'app',
    ready: false,
    started: false,
    restarts: 0,
    waiting: '',
    message: '',
    lastEndedAt: undefined,
    ...given,
  },
];
