/** What the status of a candidate says while its release is in flight or observed. */
import type { Reason } from '../../api/reasons.ts';
import { before, condition, moving, notStaged, type Said, settled, unfinished } from './conditions.ts';
import { rfc3339, type Wanted } from '../conditions.ts';
import type { CandidateSnapshot } from '../gates/snapshot.ts';
import type { Health } from '../health/types.ts';
import { goBackWith } from '../manifest/gitops-tools.ts';
import { heldUp, heldUpText } from '../manifest/pending-deletion.ts';
import { listed } from '../messages.ts';
import type { Instant } from '../objects.ts';
import { brokenText } from '../record/broken-record.ts';
import { packageRecord } from '../record/record.ts';
import type { OpenIntent } from '../record/package.ts';
import { leaving, undelivered } from '../release/course.ts';
import { observedRelease, progressOf } from '../release/health.ts';
import { refusedWritesText } from '../release/left.ts';
import { backHealth } from '../release/roll-back.ts';
import { stalledBy } from '../stalled.ts';
import type { ReleaseSnapshot } from '../release/snapshot.ts';

/** It waits for the record to be mended, or until an object is gone, and a finalizer keeps that. */
const stalled = (release: ReleaseSnapshot, now: Instant): Wanted => {
  const { broken } = release.record;
  if (broken !== undefined) {
    return condition('Stalled', 'True', 'LedgerBroken', brokenText(release.namespace, broken, release.record));
  }
  const refused = refusedWritesText(release);
  if (refused !== undefined) return condition('Stalled', 'True', 'WriteRefused', refused);
  if (release.failing !== undefined) return stalledBy(release.failing);
  const { objects } = heldUp(leaving(release), now);
  return objects.length === 0 ? moving : condition('Stalled', 'True', 'FinalizerHolds', heldUpText(objects));
};
/** On a record that does not verify nobody works on it. */
const reconciling = ({ record }: ReleaseSnapshot, reason: Reason, message: string): Wanted =>
  record.broken === undefined ? condition('Reconciling', 'True', reason, message) : settled;

const healthReason = {
  Healthy: 'Healthy',
  Progressing: 'Progressing',
  Failed: 'WorkloadUnhealthy',
  Unknown: 'HealthUnknown',
} as const;

const healthy = ({ state, message }: Health): Wanted =>
  condition(
    'Healthy',
    state === 'Healthy' ? 'True' : state === 'Unknown' ? 'Unknown' : 'False',
    healthReason[state],
    message,
  );

/** True for as long as the content is in production or on its way there. */
export const signed = (s: CandidateSnapshot): readonly Wanted[] => [
  condition('Staged', 'True', 'Staged', `frozen in ReleaseBundle ${before(s).bundle ?? ''}`.trim()),
  condition('Approved', 'True', 'ApprovalsComplete', 'every approval line was met when the promotion began'),
  condition('Promotable', 'True', 'GatesPassed', 'every gate had passed when the promotion began'),
];

export const released = (s: CandidateSnapshot, now: Instant): Said => {
  const { open, production } = packageRecord(s.record, s.candidate.spec.package);
  const { release } = s;
  if (release === undefined) return notStaged(s, undefined);
  if (open?.type === 'Rollback') {
    const waits = backHealth(release, open, now)?.message;
    const message = `production goes back to ${open.to === '' ? 'what it was before' : open.to}: ${open.cause}${waits === undefined ? '' : `. It waits for ${waits}`}`;
    return {
      fields: { ...before(s), phase: 'RollingBack', reason: 'RollingBack' },
      conditions: [
        ...signed(s),
        condition('Promoted', 'False', 'RollingBack', message),
        condition('Healthy', 'False', 'WorkloadUnhealthy', open.cause),
        ...(open.delivery === 'GitOps'
          ? [condition('ActionRequired', 'True', 'GitOpsRollbackRequired', `${message}. ${goBackWith}`)]
          : []),
        unfinished,
        reconciling(release, 'RollingBack', message),
        stalled(release, now),
      ],
    };
  }
  const bundle = release.bundles.get(open?.to ?? production?.bundle ?? '');
  if (open !== undefined) {
    const message = `production is being brought to ${open.to}`;
    const health = bundle && progressOf(release, bundle, open, now);
    return {
      fields: { ...before(s), phase: 'Promoting', reason: 'Promoting' },
      conditions: [
        ...signed(s),
        condition('Promoted', 'False', 'Promoting', message),
        ...(health === undefined ? [] : [healthy(health)]),
        ...awaitingTool(release, open),
        unfinished,
        reconciling(release, 'Promoting', message),
        stalled(release, now),
      ],
    };
  }
  const health = bundle && production && observedRelease(release, bundle, production.at, now);
  return {
    fields: {
      ...before(s),
      phase: 'Observing',
      reason: 'Observing',
      ...(production === undefined ? {} : { observeUntil: rfc3339(production.observeUntil) }),
    },
    conditions: [
      ...signed(s),
      condition('Promoted', 'True', 'Promoted', 'production has the content, complete'),
      ...(health === undefined ? [] : [healthy(health)]),
      condition('Finished', 'False', 'Observing', 'failing health still takes it back'),
      reconciling(release, 'Observing', 'its health is watched'),
      stalled(release, now),
    ],
  };
};

/** What a GitOps tool has not written yet of what is opened for it. */
const awaitingTool = (release: ReleaseSnapshot, open: OpenIntent): readonly Wanted[] => {
  if (open.delivery !== 'GitOps') return [];
  const due = undelivered(release, open);
  return due.length === 0
    ? []
    : [
        condition(
          'ActionRequired',
          'True',
          'AwaitingTool',
          `a GitOps writer of the policy has yet to write ${listed(due)}; exactly the content of ${open.to} is let through`,
        ),
      ];
};
