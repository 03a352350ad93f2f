/** Carries the faults of a script out, each at its time, and counts those that struck. */
import { fieldManagers } from '../../../operator/api/field-managers.ts';
import { objectAt, withMember } from '../../../operator/decide/json/json.ts';
import { keyOf, type ObjectKey } from '../../../operator/decide/objects.ts';
import type { Refused, Verb } from './cluster.ts';
import type { Controllers } from './controllers/index.ts';
import type { Operator } from './operator.ts';
import type { PartKey } from './content.ts';
import type { People } from './people.ts';
import type { Fault, FaultKind, Script } from './script.ts';
import type { Strike } from './surroundings.ts';
import type { World } from './world.ts';

type Refusal = Extract<Fault, { is: 'Refusal' }>;
type Named = Extract<Fault, { is: 'Quota' | 'Finalizer' }>;

export interface Stage {
  readonly world: World;
  readonly controllers: Controllers;
  readonly people: People;
  readonly replicas: readonly Operator[];
  /** When the second release begins. */
  readonly start: number;
}

/** Finalizers of this model's people. */
const finalizer = 'example.com/held';

export class Faults {
  readonly struck = new Map<FaultKind, number>();
  /** How long the operator could do nothing, or did not see what happened, in milliseconds: so much longer it may take. */
  troubleMs = 0;
  /** Objects of which the API server refused a write. */
  readonly refused = new Set<ObjectKey>();
  readonly #refusals = new Set<Refusal>();
  /** Those that were in somebody's way. */
  readonly #refusing = new Set<Refusal>();
  readonly #quotas = new Set<Named>();
  readonly #strikes: Strike[];
  readonly #parts: readonly PartKey[];
  #outages = 0;
  #stage: Stage | undefined;

  constructor({ faults, had, has }: Script) {
    this.#parts = [...new Set([...has, ...had])];
    this.#strikes = faults
      .filter((fault) => fault.is === 'Crash')
      .map(({ effect, how, downMs }) => ({ at: effect, how, downMs }));
  }

  isDown(): boolean {
    return this.#outages > 0;
  }

  quotaOn(key: ObjectKey): string | undefined {
    for (const quota of this.#quotas)
      if (this.#partOf(quota) === key)
        return 'pods is forbidden: exceeded quota: compute, requested: pods=1, used: pods=8';
    return undefined;
  }

  /** A watch that is late may show that a pod is lost before it shows that its node was rebooted. */
  get showsPodsFirst(): boolean {
    return this.struck.has('Reboot') && (this.struck.has('WatchSlow') || this.struck.has('WatchLost'));
  }

  get hasQuota(): boolean {
    return this.#quotas.size > 0;
  }

  refuses(_: Verb, key: ObjectKey, manager: string): Refused {
    const isOurs = manager === fieldManagers.operator || manager === fieldManagers.restorer;
    if (!isOurs) return undefined;
    for (const refusal of this.#refusals) {
      // Jobs have names of their own.
      const part = this.#partOf(refusal);
      const isOn = key === part || (part === 'Job/migrate' && key.startsWith('Job/'));
      const isOf =
        refusal.of === 'Everybody' || fieldManagers[refusal.of === 'Operator' ? 'operator' : 'restorer'] === manager;
      if (!isOn || !isOf) continue;
      if (!this.#refusing.has(refusal)) this.#count('Refusal');
      this.#refusing.add(refusal);
      this.refused.add(key);
      return { kind: refusal.kind, message: `admission webhook "rules.example.com" denied the request: ${key}` };
    }
    return undefined;
  }

  /** Of the next effect of any replica. */
  strike(): Strike | undefined {
    const due = this.#strikes.find((strike) => strike.at === 0);
    for (const strike of this.#strikes) strike.at -= 1;
    if (due === undefined) return undefined;
    this.#count('Crash');
    this.troubleMs += due.downMs;
    return due;
  }

  begin(stage: Stage, { faults }: Script): void {
    this.#stage = stage;
    for (const fault of faults) {
      if (fault.is === 'Crash') continue;
      stage.world.time.at(stage.start + fault.at, () => {
        if (this.#carryOut(fault, stage) && fault.is !== 'Refusal') this.#count(fault.is);
      });
    }
  }

  #count(kind: FaultKind): void {
    this.struck.set(kind, (this.struck.get(kind) ?? 0) + 1);
  }

  #partOf({ part }: { readonly part: number }): PartKey {
    return this.#parts[part % this.#parts.length] ?? 'ConfigMap/settings';
  }

  #later(forMs: number | null, run: () => void): void {
    if (forMs !== null) this.#stage?.world.time.after(forMs, run);
  }

  /** @returns whether it struck */
  #carryOut(fault: Exclude<Fault, { is: 'Crash' }>, { world, controllers, people, replicas }: Stage): boolean {
    const { cluster, nodes, time } = world;
    const leader = replicas.find(({ isLeading }) => isLeading);
    switch (fault.is) {
      case 'Handover': {
        const next = replicas.find(({ isLeading }) => !isLeading);
        if (leader === undefined || next === undefined) return false;
        leader.yieldLead(fault.heldMs);
        next.lead();
        return true;
      }
      case 'WatchSlow':
        for (const { view } of replicas) view.slow(fault.forMs / 4);
        this.troubleMs += fault.forMs;
        this.#later(fault.forMs, () => {
          for (const { view } of replicas) view.slow(60);
        });
        return true;
      case 'WatchLost':
        leader?.view.lose(time.now + fault.forMs);
        this.troubleMs += fault.forMs;
        return leader !== undefined;
      case 'ApiDown':
        this.#outages += 1;
        this.troubleMs += fault.forMs;
        this.#later(fault.forMs, () => {
          this.#outages -= 1;
        });
        return true;
      case 'Refusal':
        this.#refusals.add(fault);
        this.#later(fault.forMs, () => this.#refusals.delete(fault));
        return true;
      case 'Quota':
        this.#quotas.add(fault);
        this.#later(fault.forMs, () => {
          this.#quotas.delete(fault);
          controllers.look(this.#partOf(fault));
        });
        return cluster.objects.has(this.#partOf(fault));
      case 'Finalizer': {
        const key = this.#partOf(fault);
        if (!cluster.objects.has(key)) return false;
        cluster.finalizer(key, finalizer, 'Set', 'somebody');
        this.#later(fault.forMs, () => cluster.finalizer(key, finalizer, 'Gone', 'somebody'));
        return true;
      }
      case 'Rejection':
        return people.reject('b') || people.reject('c');
      case 'Order':
        people.order(time.now);
        for (const replica of replicas) replica.look();
        return true;
      case 'DefaultClass': {
        const claims = [...cluster.objects.values()].filter(({ ref }) => ref.kind === 'PersistentVolumeClaim');
        for (const { ref, manifest } of claims) {
          const spec = { ...objectAt(manifest, 'spec'), storageClassName: 'standard' };
          cluster.write(keyOf(ref), withMember(manifest, 'spec', spec), 'kube-controller-manager');
        }
        return claims.length > 0;
      }
      case 'PodDeleted': {
        const [name] = cluster.pods.of(this.#partOf(fault)).keys();
        if (name !== undefined) cluster.pods.delete(name);
        return name !== undefined;
      }
      case 'Reboot':
        controllers.kubelet.reboot(fault.node);
        return true;
      case 'NodeAway':
        nodes.leave(fault.node);
        controllers.kubelet.away(fault.node, true);
        this.troubleMs += fault.forMs;
        this.#later(fault.forMs, () => {
          nodes.back(fault.node, cluster.second);
          controllers.kubelet.away(fault.node, false);
        });
        return true;
    }
  }
}
