/** What the status of a Rollback says: how far the order has come, from the record. */
import { isReason, type Reason } from '../api/conditions.ts';
import type { Rollback, RollbackStatus } from '../api/rollback.ts';
import { setConditions, type Wanted } from './conditions.ts';
import type { Instant } from './objects.ts';
import type { StatusWrite } from './plan.ts';
import { packageRecord, type Order } from './record.ts';
import type { ReleaseSnapshot } from './snapshot.ts';

export const orderStatuses = (s: ReleaseSnapshot, now: Instant): StatusWrite[] =>
  s.rollbacks.map((order) => {
    const { metadata, status } = order;
    return {
      kind: 'Rollback',
      namespace: metadata.namespace,
      name: metadata.name,
      uid: metadata.uid,
      resourceVersion: metadata.resourceVersion,
      before: status,
      status: statusOf(order, packageRecord(s.record, s.package).orders.get(metadata.uid), now),
    };
  });

const statusOf = ({ metadata, status }: Rollback, order: Order | undefined, now: Instant): RollbackStatus => ({
  observedGeneration: metadata.generation,
  conditions: setConditions(status?.conditions ?? [], wanted(order), { now, generation: metadata.generation }),
  ...(order === undefined || order.from === '' ? {} : { from: order.from }),
  ...(order === undefined || order.to === '' ? {} : { to: order.to }),
});

const wanted = (order: Order | undefined): Wanted[] => {
  switch (order?.state) {
    case undefined:
      return conditions('False', 'InProgress', 'the order has not begun yet', 'True');
    case 'Started':
      return conditions('False', 'RollingBack', 'production goes back', 'True');
    case 'Done':
      return conditions('True', 'RolledBack', 'production is back, complete', 'False');
    case 'Refused':
      return conditions('True', isReason(order.decision) ? order.decision : 'Failed', order.message, 'False');
  }
};

const conditions = (finished: 'True' | 'False', reason: Reason, message: string, busy: 'True' | 'False'): Wanted[] => [
  { type: 'Finished', status: finished, reason, message },
  busy === 'True'
    ? { type: 'Reconciling', status: 'True', reason: 'RollingBack', message }
    : { type: 'Reconciling', status: 'False', reason: 'Settled', message: 'no work is under way' },
];
