/** Scheduler and kubelets: what becomes of a pod, by the fate of its content and of its node. */
import type { ContainerFacts, PodFacts } from '../../../../operator/decide/objects.ts';
import { container, type Pod } from '../pods.ts';
import { type Fate, letterOf, type World } from '../world.ts';

/** How a container ended that was gone when its kubelet looked. */
const lost = { exitCode: 255, reason: 'Unknown' };

const backOffMs = 10_000;
const longestBackOffMs = 300_000;

export class Kubelet {
  readonly #world: World;
  readonly #known = new Set<string>();
  readonly #stopping = new Set<string>();
  #turn = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** A pod was made, or is to be stopped. */
  pod(pod: Pod): void {
    const { uid, name, deleting } = pod.facts;
    const { time, chance, nodes, cluster } = this.#world;
    if (!this.#known.has(uid)) {
      this.#known.add(uid);
      time.after(chance.between(10, 150), () => this.#place(pod));
    }
    if (!deleting || this.#stopping.has(uid)) return;
    this.#stopping.add(uid);
    time.after(chance.between(100, 2_000), () =>
      nodes.when(cluster.pods.get(name)?.node ?? '', () => cluster.pods.gone(uid, name)),
    );
  }

  /** Its pods end and start again; what ran well runs well again. */
  reboot(node: string): void {
    const { cluster, time, chance, nodes } = this.#world;
    nodes.rebooted(node);
    const ended = cluster.second;
    for (const pod of cluster.pods.all()) {
      if (pod.node !== node || pod.facts.deleting || !pod.facts.ready) continue;
      const restarts = (pod.facts.containers[0]?.restarts ?? 0) + 1;
      time.after(chance.between(300, 900), () =>
        this.#say(pod, { ready: false, readySince: undefined }, { restarts, lastEndedAt: ended, lastEnd: lost }),
      );
      time.after(chance.between(2_000, 8_000), () => this.#start(pod, restarts));
    }
    time.after(1_500, () => nodes.ready(node, cluster.second));
  }

  /** The node controller calls its pods not ready, and the kubelet ready again when it is back; their containers never stopped. */
  away(node: string, isAway: boolean): void {
    for (const { facts, node: own } of this.#world.cluster.pods.all()) {
      const isServing = facts.containers.length > 0 && facts.containers.every(({ ready }) => ready);
      if (own !== node || !isServing) continue;
      const readySince = isAway ? undefined : this.#world.cluster.second;
      this.#world.cluster.pods.report(facts.uid, facts.name, { ready: !isAway, readySince });
    }
  }

  #place(pod: Pod): void {
    const { nodes, time, chance, cluster } = this.#world;
    const node = pod.node === '' ? nodes.place((this.#turn += 1)) : pod.node;
    if (node === undefined) {
      nodes.whenAny(() => this.#place(pod));
      return;
    }
    cluster.pods.report(pod.facts.uid, pod.facts.name, {}, node);
    const fate = this.#fateOf(pod);
    time.after(fate === 'Slow' ? chance.between(10_000, 25_000) : chance.between(200, 1_500), () =>
      this.#start(pod, 0),
    );
  }

  #fateOf({ owner, revision }: Pod): Fate {
    return this.#world.fateOf(owner, letterOf(revision));
  }

  /** One start of its container. */
  #start(pod: Pod, restarts: number): void {
    const fate = this.#fateOf(pod);
    if (pod.owner.startsWith('Job/')) {
      this.#runOnce(pod, fate);
      return;
    }
    const { time, chance } = this.#world;
    switch (fate) {
      case 'ConfigError':
        this.#say(pod, {}, { waiting: 'CreateContainerConfigError', message: 'configmap "other" not found' });
        return;
      case 'ImagePull':
        this.#say(pod, {}, { waiting: 'ImagePullBackOff' });
        return;
      case 'CrashLoop':
        this.#crash(pod, restarts + 1);
        return;
      case 'CrashesTwice':
        if (restarts < 2) this.#crash(pod, restarts + 1);
        else this.#serve(pod, restarts);
        return;
      case 'NeverReady':
        this.#say(pod, { phase: 'Running' }, { started: true, restarts });
        return;
      case 'BreaksLater':
        this.#serve(pod, restarts);
        time.after(chance.between(15_000, 90_000), () =>
          this.#say(pod, { ready: false, readySince: undefined }, { started: true, restarts }),
        );
        return;
      case 'Well':
      case 'Slow':
        this.#serve(pod, restarts);
    }
  }

  #runOnce(pod: Pod, fate: Fate): void {
    const { time, chance } = this.#world;
    this.#say(pod, { phase: 'Running' }, { ready: true, started: true });
    const endsWell = fate !== 'CrashLoop' && fate !== 'NeverReady' && fate !== 'ConfigError';
    if (fate === 'NeverReady') return;
    time.after(chance.between(500, 8_000), () =>
      this.#say(pod, { phase: endsWell ? 'Succeeded' : 'Failed', ready: false }, {}),
    );
  }

  #serve(pod: Pod, restarts: number): void {
    const { time, chance, cluster } = this.#world;
    time.after(chance.between(200, 3_000), () =>
      this.#say(
        pod,
        { phase: 'Running', ready: true, readySince: cluster.second },
        { ready: true, started: true, restarts },
      ),
    );
  }

  #crash(pod: Pod, restarts: number): void {
    const { time, cluster } = this.#world;
    this.#say(
      pod,
      { phase: 'Running', ready: false, readySince: undefined },
      { waiting: 'CrashLoopBackOff', restarts, lastEndedAt: cluster.second, lastEnd: { exitCode: 1, reason: 'Error' } },
    );
    const wait = Math.min(backOffMs * 2 ** (restarts - 1), longestBackOffMs);
    time.after(wait, () => this.#start(pod, restarts));
  }

  /** When the node is there; of a pod that has been stopped, or is being stopped, nothing more is said. */
  #say({ facts: { uid, name } }: Pod, facts: Partial<PodFacts>, given: Partial<ContainerFacts>): void {
    const { nodes, cluster } = this.#world;
    const now = cluster.pods.get(name);
    if (now === undefined || now.facts.uid !== uid || now.facts.deleting) return;
    nodes.when(now.node, () => {
      const before = now.facts.containers[0];
      const end = before?.lastEnd && { lastEnd: before.lastEnd };
      const kept = { restarts: before?.restarts ?? 0, lastEndedAt: before?.lastEndedAt, ...end };
      cluster.pods.report(uid, name, { ...facts, containers: container({ ...kept, ...given }) });
    });
  }
}
