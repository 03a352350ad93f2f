/** Finalizers and owners: which are looked at, and whether they are explained. */
import { isMaker, ownerOf } from './controllers.ts';
import type { Scene, Watched } from './view.ts';
import { finalizerIn, finalizersPath, ownerIn, sameLifetime } from '../manifest/lifetime.ts';
import { lifetimesOf, type State } from '../record/expected-state.ts';
import { isInstalledKind } from '../manifest/installed-kinds.ts';

/** Which finalizers and owners of an object are left to whoever set them: by the policy, by its template, or because its maker made it. */
const isLeft = (scene: Scene, live: Watched, without: readonly string[]): ((text: string) => boolean) => {
  const owner = ownerOf(scene, live);
  const isUnmanaged = [...without, ...scene.unmanaged(live.key)].includes(finalizersPath);
  const workload = owner?.kind === 'ReplicaSet' ? (ownerOf(scene, owner) ?? owner) : owner;
  const areThePods =
    live.kind === 'Pod' && workload !== undefined && scene.unmanaged(workload.key).includes(templateFinalizers);
  return (text) => {
    const name = finalizerIn(text);
    if (name !== undefined) return isUnmanaged || areThePods || owner?.gives.includes(name) === true;
    const named = ownerIn(text);
    return named !== undefined && isMaker(scene, live, named);
  };
};

/** In `unmanagedFields` of a workload: finalizers of its pods are left to others. */
const templateFinalizers = 'spec.template.metadata.finalizers';

/** Whether its finalizers and owners are explained. Those of our own installation are the chart's, and Kubernetes'. */
export const isBoundAs = (scene: Scene, live: Watched, without: readonly string[]): boolean => {
  if (!scene.explained.measuresLifetimes || isInstalledKind(live.kind)) return true;
  const only = measured(scene, live, without);
  const now = only(live.lifetime);
  return lifetimesOf(scene.explained.objects.get(live.key)).some((each) => sameLifetime(only(each), now));
};

/** What is looked at of finalizers and owners. */
export const measured = (
  scene: Scene,
  live: Watched,
  without: readonly string[],
): ((lifetime: readonly string[]) => readonly string[]) => {
  let left: ((text: string) => boolean) | undefined;
  return (lifetime) => {
    if (lifetime.length === 0) return lifetime;
    const isIt = (left ??= isLeft(scene, live, without));
    return lifetime.filter((text) => !isIt(text));
  };
};

/** Those that it was expected to have, as far as they are looked at. */
export const boundBefore = (scene: Scene, live: Watched, without: readonly string[]): readonly string[] =>
  measured(scene, live, without)(lifetimesOf(scene.explained.objects.get(live.key)).at(-1) ?? []);

/** Finalizers and owners that are not what the record says, and may be entered as they are. */
export const unbound = (scene: Scene, live: Watched): readonly string[] | undefined => {
  if (isInstalledKind(live.kind)) return undefined;
  const lifetime = measured(scene, live, [])(live.lifetime);
  return sameLifetime(lifetime, boundBefore(scene, live, [])) ? undefined : lifetime;
};

/** As a state had them that an object is in again. */
export const isBoundBy = (scene: Scene, live: Watched, { lifetime }: State): boolean =>
  lifetime === undefined || sameLifetime(measured(scene, live, [])(lifetime), measured(scene, live, [])(live.lifetime));
