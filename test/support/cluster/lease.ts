/** Who leads, as the Lease of the operator says. */
import { systemNamespace } from '../../../hack/controlplane/chart.ts';
import { accepted, type KubeObject } from './cluster.ts';
import type { System } from './system.ts';

interface Lease extends KubeObject {
  readonly spec: { readonly holderIdentity?: string; readonly leaseTransitions?: number };
}

/** Its holder, and how often it went from one to another: two readings are equal while nobody lost it. */
export const leadershipOf = async (system: System): Promise<{ readonly holder: string; readonly changes: number }> => {
  const { spec } = accepted(
    await system.as('installer').get<Lease>({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      namespace: systemNamespace,
      name: 'countersign-operator',
    }),
  );
  return { holder: spec.holderIdentity ?? '', changes: spec.leaseTransitions ?? 0 };
};
