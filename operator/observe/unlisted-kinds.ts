/** Kinds that the cluster defines and nobody listed: known by their definitions alone, for their objects are not read. */
import type { ReflectorFamily } from '../kube/reflectors.ts';
import type { Definition, DefinedFamilies, ObjectFamilies } from './custom-kinds.ts';

interface Definitions {
  readonly definitions: ReflectorFamily<Definition>;
  readonly guarded: Pick<DefinedFamilies<unknown>, 'kinds'>;
  readonly objects: { readonly defined: Pick<ObjectFamilies<unknown>['defined'], 'kinds'> };
}

/** Names of definitions (`rollouts.argoproj.io`) in alphabetical order; undefined = the definitions have not been read. */
export const unlistedKinds = ({ definitions, guarded, objects }: Definitions): readonly string[] | undefined => {
  const all = definitions.in();
  if (all === undefined || !all.isSynced()) return undefined;
  const listed = new Set([...guarded.kinds, ...objects.defined.kinds].map(({ definition }) => definition));
  return all
    .list()
    .map(({ name }) => name)
    .filter((name) => !listed.has(name))
    .toSorted();
};
