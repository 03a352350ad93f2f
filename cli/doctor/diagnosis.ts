/** What a look finds, and how it looks as far as the person may. */
import type { Selection } from '../../operator/kube/read.ts';
import type { KubeObject, ResourceRow } from '../../operator/kube/resource.ts';
import { isForbidden, type Cluster } from '../cluster/cluster.ts';

/** An error makes the command exit with 1: production is not guarded as it should be, or nothing can be released. */
export type Severity = 'ok' | 'info' | 'warning' | 'error';

export interface Diagnosis {
  readonly severity: Severity;
  readonly what: string;
  /** What to type or do; '' where nothing is to be done. */
  readonly next: string;
}

export const ok = (what: string): Diagnosis => ({ severity: 'ok', what, next: '' });
export const found = (severity: Severity, what: string, next: string): Diagnosis => ({ severity, what, next });

type Judge = (all: readonly KubeObject[]) => readonly Diagnosis[] | Promise<readonly Diagnosis[]>;

/** Lists what may be listed. What may not is said, and is no fault. */
export const looking = async (
  cluster: Cluster,
  resource: ResourceRow,
  judge: Judge,
  selection: Selection = {},
): Promise<readonly Diagnosis[]> => {
  let all: readonly KubeObject[];
  try {
    all = await cluster.list(resource, selection);
  } catch (error) {
    if (!isForbidden(error)) throw error;
    const place = selection.namespace === undefined ? '' : ` -n ${selection.namespace}`;
    const where = selection.namespace === undefined ? '' : ` in ${selection.namespace}`;
    return [
      found(
        'info',
        `not looked at: you may not list ${resource.plural}${where}`,
        `kubectl auth can-i list ${resource.plural}${place}`,
      ),
    ];
  }
  return judge(all);
};
