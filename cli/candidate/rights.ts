/** Rights that are held by name in a production namespace, asked for before anything is sent. */
import { kinds, policyName } from '../../operator/api/kinds.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { Problem } from '../exit.ts';

/** @throws Problem when the person does not hold it; `doing` is what it is needed for, and `role` the ClusterRole that has it */
export const needRight = async (
  cluster: Cluster,
  namespace: string,
  right: { readonly verb: string; readonly doing: string; readonly role: string },
): Promise<void> => {
  const answer = await cluster.holds({
    ask: 'Right',
    who: await cluster.whoAmI(),
    namespace,
    resource: kinds.ReleasePolicy.plural,
    verb: right.verb,
    name: policyName,
  });
  if (answer.kind !== 'No') return;
  throw new Problem(
    `You may not ${right.doing}: ${answer.message}`,
    `Somebody who holds it does, or a platform admin binds ClusterRole ${right.role} in ${namespace}`,
  );
};
