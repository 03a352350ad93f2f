/** Everything that files/guard.yaml and files/installation.yaml say of the release namespace: each act on each resource, by everybody who might try. */
import { systemNamespace } from '../../../hack/controlplane/chart.ts';
import type { Answer } from '../../support/cluster/cluster.ts';
import type { WorldCheck } from '../world/check.ts';
import { acts, installation } from '../world/guard-file.ts';
import { allGetTheirs, attempt, everybodyIn, tableRows, type TableRow } from '../world/guard-table.ts';
import type { GuardWorld } from '../world/guard-world.ts';
import { administrator } from './installation-list.ts';
import { said } from '../../support/attack/world.ts';

/** The rows of both files. */
const rows: readonly Omit<TableRow, 'topic'>[] = [
  ...tableRows,
  ...installation.resources.flatMap((row) =>
    acts.flatMap((act) => {
      const writers = row[act];
      return writers === undefined ? [] : [{ row, act, writers, resource: row.resource, group: row.group }];
    }),
  ),
];

/** Who administers, of whom no line speaks. The namespace controller deletes a namespace that an administrator has deleted before. */
const administrators = ['admin', administrator];
const cleaner = 'namespace-controller';

/** Are refused by another policy, too, and either may speak. */
const confined: ReadonlySet<string> = new Set(['operator', 'restorer']);

/** A kubelet asks for tokens of pods alone, which the table does not. */
const isBound = ({ resource }: Pick<TableRow, 'resource'>): boolean => resource === 'serviceaccounts/token';

const isForbidden = (answer: Answer<unknown>): boolean =>
  answer.code === 403 && said(answer).includes('InstallationGuard: ');

/** Whether everybody gets what is theirs; those first of whom the text speaks. */
async function rowHolds(world: GuardWorld, tried: Omit<TableRow, 'topic'>, text: string): Promise<boolean> {
  const expected = new Set([
    ...(isBound(tried) ? [] : tried.writers.map((name) => `controller ${name}`)),
    ...administrators,
    ...(tried.act === 'delete' ? [`controller ${cleaner}`] : []),
  ]);
  const everybody = [
    ...everybodyIn(world, [cleaner]).filter(([name]) => !confined.has(name)),
    [administrator, world.as(administrator)] as const,
  ];
  const where = { own: {}, namespace: systemNamespace };
  return allGetTheirs({ expected, everybody, text, isForbidden }, (as) => attempt(as, tried.row, tried.act, where));
}

/** A check for each line, those first of which the text speaks. */
export function tableChecks(text: string): readonly WorldCheck[] {
  const words = text.toLowerCase();
  const score = ({ act, resource }: Omit<TableRow, 'topic'>): number =>
    (words.includes(resource) ? 2 : 0) + (words.includes(`${act} ${resource}`) ? 2 : 0) + (words.includes(act) ? 1 : 0);
  return rows
    .toSorted((a, b) => score(b) - score(a))
    .map((row) => ({
      name: `table: ${row.act} ${row.resource}`,
      passes: (world) => rowHolds(world, row, text),
    }));
}
