/** Entries of a policy that name a kind of several groups without saying which: they count for nothing, which nobody would notice. */
import type { ReleasePolicy } from '../../api/policy.ts';
import { groupsOf, rowNamed, type NamedKind } from '../manifest/kinds/index.ts';
import { listed } from '../messages.ts';

type Entry = NamedKind & { readonly name: string };

/** One line for each list that has such entries. */
export const unclearKinds = ({ spec }: ReleasePolicy): readonly string[] => {
  const lists: Readonly<Record<string, readonly Entry[]>> = {
    unmanagedFields: spec.unmanagedFields,
    injected: spec.injected,
    overlay: spec.overlay,
  };
  return Object.entries(lists).flatMap(([list, entries]) => {
    const unclear = entries.filter((entry) => rowNamed(entry) === undefined && groupsOf(entry.kind).length > 1);
    const [first] = unclear;
    if (first === undefined) return [];
    const names = unclear.map(({ kind, name }) => `${kind} ${name}`);
    return [`spec.${list} names ${listed(names)} without a group: ${groupsOf(first.kind).join(' or ')}`];
  });
};
