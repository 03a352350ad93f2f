/** What of others may change a write of one object on its way to production. */
import { reaches, type Mutator } from '../decide/findings/foreign-mutators.ts';
import { kindRow } from '../decide/manifest/kinds/index.ts';
import { groupOf } from '../decide/manifest/kinds/shared/kind.ts';
import type { ObjectRef } from '../decide/objects.ts';
import type { Read } from './facts.ts';
import { foreignMutators, type Mutators } from './foreign-mutators.ts';
import { namespaceIn } from './lookup.ts';

/** By name; undefined = that is not known yet. Gathered when it is asked for. */
export const mutatorsIn = (
  facts: Mutators & Read<'namespaces'>,
  namespace: string,
): ((ref: ObjectRef) => readonly string[] | undefined) => {
  const labels = namespaceIn(facts, namespace)?.labels ?? {};
  let all: readonly Mutator[] | undefined;
  return (ref) => {
    all ??= foreignMutators(facts, labels);
    const row = kindRow(ref);
    if (all === undefined || row === undefined) return undefined;
    const guarded = [{ group: groupOf(row), plural: row.plural }];
    return all.filter((each) => reaches(each, labels, guarded)).map(({ key }) => key);
  };
};
