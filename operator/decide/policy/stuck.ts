/** What an object says that cannot be worked on: people wait for it, and the log is not theirs. For candidates see `candidateStuck`. */
import type { Condition } from '../../api/meta.ts';
import type { PolicyChange } from '../../api/policy-change.ts';
import type { EmergencySnapshot } from '../emergency/snapshot.ts';
import type { Instant } from '../objects.ts';
import type { StatusWrite } from '../plan.ts';
import { type StuckFailure, withStalled } from '../stalled.ts';
import type { PolicySnapshot } from './plan.ts';
import { packageRecord } from '../record/record.ts';
import type { ReleaseSnapshot } from '../release/snapshot.ts';

/** The object as it reported itself last, but stalled. What it reported else may have been overtaken, and is told again once it can be. */
const stalled = (
  before: { readonly conditions: readonly Condition[] } | undefined,
  failure: StuckFailure,
  { now, generation }: { readonly now: Instant; readonly generation: number },
) => ({
  observedGeneration: generation,
  conditions: withStalled(before?.conditions ?? [], failure, { before: before?.conditions ?? [], now, generation }),
});

type Metadata = Pick<StatusWrite, 'namespace' | 'name' | 'uid' | 'resourceVersion'>;

const reporting = ({ namespace, name, uid, resourceVersion }: Metadata): Metadata => ({
  namespace,
  name,
  uid,
  resourceVersion,
});

export const policyStuck = (
  { policy }: Pick<PolicySnapshot, 'policy'>,
  failure: StuckFailure,
  now: Instant,
): readonly StatusWrite[] => {
  const { metadata, status } = policy;
  const { generation } = metadata;
  return [
    {
      kind: 'ReleasePolicy',
      ...reporting(metadata),
      before: status,
      status: { packages: [], ...status, ...stalled(status, failure, { now, generation }) },
    },
  ];
};

export const changeStuck = (
  { metadata, status }: PolicyChange,
  failure: StuckFailure,
  now: Instant,
): readonly StatusWrite[] => {
  const { generation } = metadata;
  const empty = { state: '', approvals: '', difference: [], approvalManifests: {} };
  return [
    {
      kind: 'PolicyChange',
      ...reporting(metadata),
      before: status,
      status: { ...empty, ...status, ...stalled(status, failure, { now, generation }) },
    },
  ];
};

/** What a plan says of its objects, but stalled: it knows nothing of what is asked of the API server in vain. */
export const alsoStuck = (statuses: readonly StatusWrite[], failure: StuckFailure, now: Instant): StatusWrite[] =>
  statuses.map((write) => {
    const { conditions, observedGeneration: generation = 0 } = write.status;
    const before = write.before?.conditions ?? [];
    const status = { ...write.status, conditions: withStalled(conditions, failure, { before, now, generation }) };
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same kind, with other conditions
    return { ...write, status } as StatusWrite;
  });

const isOver: ReadonlySet<string | undefined> = new Set(['Done', 'Refused']);

/** The orders that wait for the package. A promotion that is stuck is told by its candidate's conditions. */
export const releaseStuck = (
  s: Pick<ReleaseSnapshot, 'rollbacks' | 'record' | 'package'>,
  failure: StuckFailure,
  now: Instant,
): readonly StatusWrite[] =>
  s.rollbacks
    .filter(({ metadata }) => !isOver.has(packageRecord(s.record, s.package).orders.get(metadata.uid)?.state))
    .map(({ metadata, status }) => ({
      kind: 'Rollback',
      ...reporting(metadata),
      before: status,
      status: { ...status, ...stalled(status, failure, { now, generation: metadata.generation }) },
    }));

export const emergencyStuck = (
  { access }: Pick<EmergencySnapshot, 'access'>,
  failure: StuckFailure,
  now: Instant,
): readonly StatusWrite[] => {
  if (access === undefined) return [];
  const { metadata, status } = access;
  const empty = { state: 'Pending', guarantee: '', actions: 0, drift: [], sessions: [], approvalManifests: {} };
  return [
    {
      kind: 'EmergencyAccess',
      ...reporting(metadata),
      before: status,
      status: { ...empty, ...status, ...stalled(status, failure, { now, generation: metadata.generation }) },
    },
  ];
};
