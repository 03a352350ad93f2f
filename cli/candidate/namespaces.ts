/** Namespaces that a person can know of, without listing the cluster when they may not. */
import { guardedLabel } from '../../operator/api/kinds.ts';
import { isForbidden, type Cluster } from '../cluster/cluster.ts';
import { ifReadable } from '../cluster/readable.ts';
import { namespaceRow } from '../cluster/rows.ts';
import type { Session } from '../session.ts';
import { candidateOf } from './objects.ts';
import { findPolicy } from './find.ts';

/** Production namespaces, and whether these are all that there are. */
export interface Known {
  readonly production: readonly string[];
  readonly complete: boolean;
}

/** What somebody named with `-n`, several with commas between them, or else every context's namespace. */
const namedBy = async (session: Session): Promise<readonly string[]> => {
  const given = session.text('namespace');
  if (given !== undefined) return given.split(',').filter((name) => name !== '');
  const { namespaces: others, namespace } = (await session.cluster()).access;
  return [...new Set([...(namespace === undefined ? [] : [namespace]), ...others])];
};

/** The production namespaces behind a namespace: itself, or those that its candidates go to. */
export const productionBehind = async (cluster: Cluster, namespace: string): Promise<readonly string[]> => {
  if ((await findPolicy(cluster, namespace)) !== undefined) return [namespace];
  const candidates = (await ifReadable(cluster.listOur('ReleaseCandidate', { namespace }))) ?? [];
  return candidates.map((each) => candidateOf(each).spec.targetNamespace);
};

/** Every guarded namespace of the cluster where the person may list namespaces; otherwise those that `-n` and the kubeconfig name. */
export const productionNamespaces = async (session: Session): Promise<Known> => {
  const cluster = await session.cluster();
  if (session.text('namespace') === undefined) {
    try {
      const all = await cluster.list(namespaceRow, { labelSelector: guardedLabel });
      return { production: all.map(({ metadata }) => metadata.name), complete: true };
    } catch (error) {
      if (!isForbidden(error)) throw error;
    }
  }
  const found = await Promise.all((await namedBy(session)).map((name) => productionBehind(cluster, name)));
  return { production: [...new Set(found.flat())].sort(), complete: false };
};
