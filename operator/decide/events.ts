/** What people are told, once, when a condition turns. Derived from two statuses, so that nothing is told twice. */
import { apiVersion } from '../api/kinds.ts';
import type { Condition } from '../api/meta.ts';
import type { Notice, StatusWrite } from './plan.ts';

/** Conditions whose turning true is bad news. */
const alarms = new Set(['Stalled', 'Overdue']);
const badEnds = new Set(['RolledBack', 'Failed', 'Rejected', 'Expired', 'ChangedAlone']);
/** Turning these is the news; the others only follow. */
const told = new Set<string>([
  'Staged',
  'Approved',
  'Promoted',
  'Healthy',
  'Finished',
  'Stalled',
  'Ready',
  'Active',
  'Ended',
  'ReviewDue',
  'FollowUpDue',
  'Overdue',
  'NoticesDelivered',
  'Applied',
  'ChangesSigned',
]);

/** Health comes with every release: only its loss is news, and its return. */
const isFailing = (condition: Condition | undefined): boolean => condition?.reason === 'WorkloadUnhealthy';

/** Findings are told one by one, when they come and when they go. */
const findingNotices = (write: StatusWrite): Notice[] => {
  if (write.kind !== 'ReleasePolicy') return [];
  const { kind, namespace, name, uid } = write;
  const regarding = { apiVersion, kind, namespace, name, uid };
  const [before, after] = [write.before?.findings ?? [], write.status.findings ?? []];
  const beyond = (all: typeof before, others: typeof before) =>
    all.filter((finding) => !others.some((other) => other.name === finding.name));
  return [
    ...beyond(after, before).map((finding): Notice => ({
      type: 'Warning',
      reason: 'FindingOpened',
      note: `finding ${finding.name}: ${finding.message}`.slice(0, 1000),
      regarding,
    })),
    ...beyond(before, after).map((finding): Notice => ({
      type: 'Normal',
      reason: 'FindingClosed',
      note: `finding ${finding.name} about ${finding.object} is closed; its end is in the ledger`,
      regarding,
    })),
  ];
};

export const noticesOf = (write: StatusWrite): Notice[] => [...turnsOf(write), ...findingNotices(write)];

const turnsOf = (write: StatusWrite): Notice[] => {
  const before = write.before?.conditions ?? [];
  const after = write.status.conditions;
  const { kind, namespace, name, uid } = write;
  return (
    after
      .filter((condition) => {
        const { type, status, reason } = condition;
        const was = before.find((each) => each.type === type);
        if (!told.has(type)) return false;
        if (type === 'Healthy') return isFailing(was) !== isFailing(condition);
        if (type === 'ChangesSigned') return (was?.reason === 'ChangedAlone') !== (reason === 'ChangedAlone');
        if (was === undefined) return status === 'True';
        return was.status !== status || (type === 'Stalled' && status === 'True' && was.reason !== reason);
      })
      .filter(({ type, status }) => !(alarms.has(type) && status !== 'True'))
      // The end and what it brought say the same: once is enough.
      .filter(
        ({ reason, message }, i, all) =>
          all.findIndex((each) => each.reason === reason && each.message === message) === i,
      )
      .map(({ type, status, reason, message }) => ({
        type:
          alarms.has(type) || badEnds.has(reason) || (type === 'Healthy' && status === 'False') ? 'Warning' : 'Normal',
        reason,
        note: `${type}: ${message}`,
        regarding: { apiVersion, kind, namespace, name, uid },
      }))
  );
};
