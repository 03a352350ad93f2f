/** The control plane's controllers: each looks at an object some time after it, or a pod of it, has changed. */
import type { LiveObject, ObjectKey } from '../../../../operator/decide/objects.ts';
import type { Watcher } from '../cluster.ts';
import type { Pod } from '../pods.ts';
import type { World } from '../world.ts';
import { syncDaemonSet } from './daemon-set.ts';
import { syncDeployment } from './deployment.ts';
import { collect, releaseClaims } from './garbage.ts';
import { syncJob } from './job.ts';
import { Kubelet } from './kubelet.ts';
import { syncStatefulSet } from './stateful-set.ts';

const syncs: Readonly<Record<string, (world: World, live: LiveObject) => void>> = {
  Deployment: syncDeployment,
  StatefulSet: syncStatefulSet,
  DaemonSet: syncDaemonSet,
  Job: syncJob,
};

const kindOf = (key: ObjectKey): string => key.slice(0, key.indexOf('/'));

export class Controllers implements Watcher {
  readonly kubelet: Kubelet;
  readonly #world: World;
  readonly #due = new Set<ObjectKey>();
  #claimsDue = false;

  constructor(world: World) {
    this.#world = world;
    this.kubelet = new Kubelet(world);
  }

  object(key: ObjectKey): void {
    if (syncs[kindOf(key)] !== undefined) this.look(key);
    if (kindOf(key) === 'PersistentVolumeClaim') this.#lookAtClaims();
  }

  pod(_: string, pod: Pod, isGone: boolean): void {
    if (isGone) this.#lookAtClaims();
    else this.kubelet.pod(pod);
    this.look(pod.owner);
  }

  /** Also when a quota or a node changed. */
  look(key: ObjectKey): void {
    if (this.#due.has(key)) return;
    this.#due.add(key);
    const { time, chance, cluster } = this.#world;
    time.after(chance.between(5, 120), () => {
      this.#due.delete(key);
      collect(this.#world, key);
      const live = cluster.objects.get(key);
      if (live !== undefined) syncs[kindOf(key)]?.(this.#world, live);
    });
  }

  #lookAtClaims(): void {
    if (this.#claimsDue) return;
    this.#claimsDue = true;
    const { time, chance } = this.#world;
    time.after(chance.between(20, 300), () => {
      this.#claimsDue = false;
      releaseClaims(this.#world);
    });
  }
}
