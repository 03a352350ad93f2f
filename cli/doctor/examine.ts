/** What a look at an installation finds: whether it is whole, whether its locks act, and who could get around it. */
import { guardedLabel } from '../../operator/api/kinds.ts';
import { productionBehind, productionNamespaces } from '../candidate/namespaces.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Session } from '../session.ts';
import { lockTrials } from './acting.ts';
import { found, type Diagnosis } from './diagnosis.ts';
import { definitionsServed, gateRegistered, locks, operatorWorks, releaseNamespace, server } from './installation.ts';
import { guardOf, productionNamespace } from './namespaces.ts';
import { whoCould } from './powers.ts';

/** The namespaces to look at: those that `-n` names or that are behind them, or all that the person can know of. */
const chosen = async (session: Session, cluster: Cluster) => {
  const given = session.text('namespace');
  if (given === undefined) return productionNamespaces(session);
  const found = await Promise.all(
    given.split(',').map(async (name) => {
      const behind = await productionBehind(cluster, name);
      return behind.length > 0 ? behind : [name];
    }),
  );
  return { production: [...new Set(found.flat())], complete: true };
};

/** Everything that this person may look at. */
export async function* examine(session: Session): AsyncGenerator<Diagnosis> {
  const cluster = await session.cluster();
  const home = await releaseNamespace(cluster);
  yield* await server(cluster);
  yield* await definitionsServed(cluster);
  yield* await locks(cluster, home);
  const gate = await gateRegistered(cluster, home);
  yield* gate;
  yield* await operatorWorks(cluster, home);
  const { production, complete } = await chosen(session, cluster);
  if (!complete) {
    yield found(
      'info',
      'not looked at: production namespaces that the kubeconfig does not name, for you may not list namespaces',
      'kubectl countersign doctor -n <production namespace>',
    );
  }
  const hasGate = gate.every(({ severity }) => severity === 'ok');
  for (const namespace of production) {
    yield* await productionNamespace(cluster, namespace, session.now());
    const guard = await guardOf(cluster, namespace);
    if (guard !== undefined)
      yield* await lockTrials(cluster, namespace, { home, enforces: guard !== 'audit', hasGate });
  }
  if (complete && production.length === 0) {
    yield found(
      'warning',
      'no namespace is guarded: nothing goes through Countersign',
      `kubectl label namespace <production namespace> ${guardedLabel}=enforce`,
    );
  }
  yield* await whoCould(cluster, home, production);
}
