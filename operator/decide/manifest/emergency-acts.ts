/** What somebody with emergency access may do in production: the one list behind the ClusterRole, the guard and the gate. */
import { kindRows } from './kinds/index.ts';
import { groupOf, type EmergencyVerb } from './kinds/shared/kind.ts';

export interface EmergencyAct {
  readonly group: string;
  /** With its subresource: `pods/exec`. */
  readonly resource: string;
  readonly acts: readonly EmergencyVerb[];
}

const order = ({ group, resource }: EmergencyAct): string => `${group} ${resource}`;

/** As the rows of kinds have it: nothing that gives rights (no roles, no tokens), reports for a controller (no status), or makes a bare pod. */
export const emergencyActs: readonly EmergencyAct[] = kindRows
  .flatMap((row) => [
    { group: groupOf(row), resource: row.plural, acts: row.emergency ?? [] },
    ...Object.entries(row.subresources ?? {}).map(([name, { emergency }]) => ({
      group: groupOf(row),
      resource: `${row.plural}/${name}`,
      acts: emergency ?? [],
    })),
  ])
  .filter(({ acts }) => acts.length > 0)
  .toSorted((a, b) => (order(a) < order(b) ? -1 : 1));
