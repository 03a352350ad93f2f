/** Objects of ours as the API server tells them: its schemas have checked them and filled in the defaults, so they are what they say they are. */
import type { Approval } from '../../operator/api/approval.ts';
import type { releaseBundle } from '../../operator/api/bundle.ts';
import type { ReleaseCandidate } from '../../operator/api/candidate.ts';
import type { Condition } from '../../operator/api/meta.ts';
import type { EmergencyAccess } from '../../operator/api/emergency.ts';
import type { PolicyException } from '../../operator/api/exception.ts';
import type { LedgerEntry } from '../../operator/api/ledger.ts';
import type { PolicyChange } from '../../operator/api/policy-change.ts';
import type { ClusterReleasePolicy } from '../../operator/api/cluster-policy.ts';
import type { ReleasePolicy } from '../../operator/api/policy.ts';
import type { Rollback } from '../../operator/api/rollback.ts';
import type { z } from 'zod';
import type { KubeObject } from '../../operator/kube/resource.ts';

export type ReleaseBundle = z.infer<typeof releaseBundle>;

interface OfKind {
  readonly ReleaseCandidate: ReleaseCandidate;
  readonly ReleaseBundle: ReleaseBundle;
  readonly ReleasePolicy: ReleasePolicy;
  readonly ClusterReleasePolicy: ClusterReleasePolicy;
  readonly Approval: Approval;
  readonly EmergencyAccess: EmergencyAccess;
  readonly PolicyException: PolicyException;
  readonly PolicyChange: PolicyChange;
  readonly LedgerEntry: LedgerEntry;
  readonly Rollback: Rollback;
}

/** Not read by the schemas again: they take longer to load than a whole `get` may. */
const as =
  <K extends keyof OfKind>(kind: K) =>
  (object: Pick<KubeObject, 'kind'>): OfKind[K] => {
    if (object.kind !== kind) throw new TypeError(`a ${object.kind} where a ${kind} was asked for`);
    return object as unknown as OfKind[K]; // oxlint-disable-line typescript/no-unsafe-type-assertion -- the API server checked it against the schema
  };

export const candidateOf = as('ReleaseCandidate');
export const bundleOf = as('ReleaseBundle');
export const policyOf = as('ReleasePolicy');
export const templateOf = as('ClusterReleasePolicy');
export const approvalOf = as('Approval');
export const exceptionOf = as('PolicyException');
export const policyChangeOf = as('PolicyChange');
export const emergencyOf = as('EmergencyAccess');
export const entryOf = as('LedgerEntry');
export const rollbackOf = as('Rollback');

export const conditionOf = (
  object: { readonly status?: { readonly conditions: readonly Condition[] } | undefined },
  type: string,
): Condition | undefined => object.status?.conditions.find((each) => each.type === type);

/** A condition that is True; undefined = it is not, or there is none. */
export const whenTrue = (object: Parameters<typeof conditionOf>[0], type: string): Condition | undefined => {
  const condition = conditionOf(object, type);
  return condition?.status === 'True' ? condition : undefined;
};

export const isTrue = (object: Parameters<typeof conditionOf>[0], type: string): boolean =>
  whenTrue(object, type) !== undefined;
