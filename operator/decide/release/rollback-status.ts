/** What the status of a Rollback says: how far the order has come, from the record. */
import { isReason, type Reason } from '../../api/reasons.ts';
import type { Rollback, RollbackStatus } from '../../api/rollback.ts';
import { brokenText } from '../record/broken-record.ts';
import { setConditions, type Wanted } from '../conditions.ts';
import type { Instant, LiveObject } from '../objects.ts';
import type { StatusWrite } from '../plan.ts';
import { heldUpText } from '../manifest/pending-deletion.ts';
import { packageRecord, type NamespaceRecord } from '../record/record.ts';
import type { Order } from '../record/package.ts';
import { refusedWritesText } from './left.ts';
import type { ReleaseSnapshot } from './snapshot.ts';

/** `held`: objects of the package whose deletion a finalizer holds up. */
export const orderStatuses = (s: ReleaseSnapshot, held: readonly LiveObject[], now: Instant): StatusWrite[] =>
  s.rollbacks.map((order) => {
    const { metadata, status } = order;
    return {
      kind: 'Rollback',
      namespace: metadata.namespace,
      name: metadata.name,
      uid: metadata.uid,
      resourceVersion: metadata.resourceVersion,
      before: status,
      status: statusOf(order, {
        order: packageRecord(s.record, s.package).orders.get(metadata.uid),
        record: s.record,
        held,
        refused: refusedWritesText(s),
        now,
      }),
    };
  });

interface Known {
  readonly order: Order | undefined;
  readonly record: NamespaceRecord;
  readonly held: readonly LiveObject[];
  readonly refused: string | undefined;
  readonly now: Instant;
}

const statusOf = ({ metadata, status }: Rollback, { order, record, held, refused, now }: Known): RollbackStatus => ({
  observedGeneration: metadata.generation,
  conditions: setConditions(
    status?.conditions ?? [],
    [...wanted(order, record.broken !== undefined), stalled(metadata.namespace, { order, record, held, refused })],
    {
      now,
      generation: metadata.generation,
    },
  ),
  ...(order === undefined || order.from === '' ? {} : { from: order.from }),
  ...(order === undefined || order.to === '' ? {} : { to: order.to }),
});

const wanted = (order: Order | undefined, isBroken: boolean): Wanted[] => {
  // On a record that does not verify nobody works on it.
  const busy = isBroken ? 'False' : 'True';
  switch (order?.state) {
    case undefined:
      return conditions('False', 'InProgress', 'the order has not begun yet', busy);
    case 'Started':
      return conditions('False', 'RollingBack', 'production goes back', busy);
    case 'Done':
      return order.decision === 'Failed'
        ? conditions('True', 'Failed', order.message, 'False')
        : conditions('True', 'RolledBack', 'production is back, complete', 'False');
    case 'Refused':
      return conditions('True', isReason(order.decision) ? order.decision : 'Failed', order.message, 'False');
  }
};

/** It waits for what only somebody else can do: an auditor, or whoever takes the finalizer of an object off. */
const stalled = (namespace: string, { order, record, held, refused }: Omit<Known, 'now'>): Wanted => {
  const isOpen = order === undefined || order.state === 'Started';
  if (isOpen && record.broken !== undefined) {
    const message = brokenText(namespace, record.broken, record);
    return { type: 'Stalled', status: 'True', reason: 'LedgerBroken', message };
  }
  if (order?.state === 'Started' && refused !== undefined) {
    return { type: 'Stalled', status: 'True', reason: 'WriteRefused', message: refused };
  }
  return order?.state === 'Started' && held.length > 0
    ? { type: 'Stalled', status: 'True', reason: 'FinalizerHolds', message: heldUpText(held) }
    : {
        type: 'Stalled',
        status: 'False',
        reason: 'NotStalled',
        message: 'nothing needs to be changed for it to go on',
      };
};

const conditions = (finished: 'True' | 'False', reason: Reason, message: string, busy: 'True' | 'False'): Wanted[] => [
  { type: 'Finished', status: finished, reason, message },
  busy === 'True'
    ? { type: 'Reconciling', status: 'True', reason: 'RollingBack', message }
    : { type: 'Reconciling', status: 'False', reason: 'Settled', message: 'no work is under way' },
];
