/** Kinds that the cluster defines and nobody listed: known by their definitions alone, for their objects are not read. */
import { group } from '../api/kinds.ts';
import type { KubeObject } from '../kube/resource.ts';
import type { ReflectorFamily } from '../kube/reflectors.ts';
import { definedBy, type GuardedKinds } from './custom-kinds.ts';

export { definitionRow } from './custom-kinds.ts';

/** The name of a definition (`rollouts.argoproj.io`); undefined = one of ours, or nothing that lies in a namespace. */
export const definedName = (raw: KubeObject): string | undefined =>
  definedBy(raw) === undefined || raw.metadata.name.endsWith(`.${group}`) ? undefined : raw.metadata.name;

interface Definitions {
  readonly definitions: ReflectorFamily<string>;
  readonly guarded: Pick<GuardedKinds, 'names'>;
}

/** In alphabetical order; undefined = the definitions have not been read. */
export const unlistedKinds = ({ definitions, guarded }: Definitions): readonly string[] | undefined => {
  const all = definitions.in();
  if (all === undefined || !all.isSynced()) return undefined;
  const listed = new Set(guarded.names);
  return all
    .list()
    .filter((name) => !listed.has(name))
    .toSorted();
};
