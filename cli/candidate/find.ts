/** Where candidates are. People name the staging namespace or the production namespace, whichever they think of. */
import { policyName } from '../../operator/api/kinds.ts';
import type { ReleaseCandidate } from '../../operator/api/candidate.ts';
import type { ReleasePolicy } from '../../operator/api/policy.ts';
import type { JudgedPolicy } from '../../operator/decide/inherited.ts';
import { isForbidden, type Cluster } from '../cluster/cluster.ts';
import { ifReadable } from '../cluster/readable.ts';
import { Problem } from '../exit.ts';
import type { Session } from '../session.ts';
import { candidateOf, policyOf, templateOf } from './objects.ts';

/** A namespace as it was named, and what it turned out to be. */
export interface Place {
  readonly named: string;
  /** Where candidates are. */
  readonly staging: string;
  /** Set where the namespace that was named is a production namespace. */
  readonly policy: ReleasePolicy | undefined;
}

/** As it counts, with what it inherits. Who may not read templates sees the policy as it is stored; the programs judge by both. */
const asItCounts = async (cluster: Cluster, own: ReleasePolicy): Promise<JudgedPolicy> => {
  const { inherits } = own.spec;
  if (inherits === undefined) return own;
  try {
    const found = await cluster.findOur('ClusterReleasePolicy', { name: inherits });
    const { effectivePolicy } = await import('../../operator/decide/policy/effective.ts');
    return effectivePolicy(own, found && templateOf(found));
  } catch (error) {
    if (!isForbidden(error)) throw error;
    return { ...own, inherited: { template: inherits, version: '', own: own.spec, problems: [] } };
  }
};

/** The policy of a namespace; undefined = it has none, or this person may not read it. */
export const findPolicy = async (cluster: Cluster, namespace: string): Promise<JudgedPolicy | undefined> => {
  const found = await ifReadable(cluster.findOur('ReleasePolicy', { namespace, name: policyName }));
  return found === undefined ? undefined : asItCounts(cluster, policyOf(found));
};

/** The policy of a production namespace. @throws Problem where there is none */
export const policyIn = async (cluster: Cluster, namespace: string): Promise<JudgedPolicy> =>
  asItCounts(cluster, await storedPolicyIn(cluster, namespace));

/** The same as it is stored, without what it inherits. @throws Problem where there is none */
export const storedPolicyIn = async (cluster: Cluster, namespace: string): Promise<ReleasePolicy> => {
  const found = await cluster.findOur('ReleasePolicy', { namespace, name: policyName });
  if (found !== undefined) return policyOf(found);
  throw new Problem(
    `Namespace ${namespace} has no ReleasePolicy, so nothing is released to it`,
    `A platform admin creates one: kubectl create -f <policy>.yaml -n ${namespace}`,
  );
};

export const placeOf = async (cluster: Cluster, namespace: string): Promise<Place> => {
  const policy = await findPolicy(cluster, namespace);
  return { named: namespace, staging: policy?.spec.sourceNamespace ?? namespace, policy };
};

/** The production namespace that is meant: the one that was named, or the one that candidates of the named staging namespace go to. @throws Problem */
export const productionOf = async (session: Session): Promise<string> => {
  const cluster = await session.cluster();
  const namespace = await session.namespace();
  if ((await findPolicy(cluster, namespace)) !== undefined) return namespace;
  const all = (await ifReadable(cluster.listOur('ReleaseCandidate', { namespace }))) ?? [];
  const targets = [...new Set(all.map((each) => candidateOf(each).spec.targetNamespace))];
  const [target] = targets;
  if (target !== undefined && targets.length === 1) return target;
  throw new Problem(
    `Namespace ${namespace} is no production namespace that you may read${targets.length > 1 ? `; its candidates go to ${targets.join(', ')}` : ''}`,
    'Name the production namespace: -n <name>',
  );
};

const inNamespace = async (
  cluster: Cluster,
  namespace: string,
  name: string,
): Promise<ReleaseCandidate | undefined> => {
  const found = await cluster.findOur('ReleaseCandidate', { namespace, name });
  return found === undefined ? undefined : candidateOf(found);
};

/** The candidate of that name. @throws Problem when there is none */
export const findCandidate = async (session: Session, name: string): Promise<ReleaseCandidate> =>
  findCandidateIn(await session.cluster(), await session.namespace(), name);

/** The candidate of that name, in the staging namespace or on its way to the production namespace. @throws Problem when there is none */
export const findCandidateIn = async (cluster: Cluster, namespace: string, name: string): Promise<ReleaseCandidate> => {
  let refused: unknown;
  const found = await inNamespace(cluster, namespace, name).catch((error: unknown) => {
    refused = error;
    return undefined;
  });
  if (found !== undefined) return found;
  const { policy, staging } = await placeOf(cluster, namespace);
  if (policy !== undefined && staging !== namespace) {
    const staged = await inNamespace(cluster, staging, name);
    if (staged !== undefined) return staged;
  } else if (refused !== undefined) throw refused;
  throw new Problem(
    `There is no ReleaseCandidate ${name} in ${staging}`,
    `See which there are: kubectl countersign get -n ${staging}`,
  );
};

/** The candidates of a namespace; of a production namespace, those that go there. Newest first. */
export const candidatesIn = async (cluster: Cluster, namespace: string): Promise<readonly ReleaseCandidate[]> => {
  let all: readonly ReleaseCandidate[] = [];
  let refused: unknown;
  try {
    all = (await cluster.listOur('ReleaseCandidate', { namespace })).map(candidateOf);
  } catch (error) {
    refused = error;
  }
  if (all.length === 0) {
    const { policy, staging } = await placeOf(cluster, namespace);
    if (policy === undefined && refused !== undefined) throw refused;
    if (policy !== undefined) all = await candidatesFor(cluster, staging, namespace);
  }
  return newestFirst(all);
};

/** Candidates of a staging namespace that go to a production namespace. */
export const candidatesFor = async (
  cluster: Cluster,
  staging: string,
  production: string,
): Promise<readonly ReleaseCandidate[]> =>
  (
    await cluster.listOur('ReleaseCandidate', {
      namespace: staging,
      fieldSelector: `spec.targetNamespace=${production}`,
    })
  ).map(candidateOf);

export const newestFirst = (all: readonly ReleaseCandidate[]): readonly ReleaseCandidate[] =>
  all.toSorted((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? 1 : -1));
