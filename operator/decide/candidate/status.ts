/** What a candidate's status says: all conditions, set in one place from what was observed. */
import { gateNames, isReason, type Phase, type Reason } from '../../api/conditions.ts';
import type { ReleaseCandidateStatus } from '../../api/candidate.ts';
import { brokenText } from '../record/broken-record.ts';
import { rfc3339, setConditions, type Wanted } from '../conditions.ts';
import { goBackWith } from '../manifest/gitops-tools.ts';
import type { GateSnapshot } from '../gates/gate.ts';
import { approvalManifests } from '../people/approval-manifest.ts';
import type { Instant } from '../objects.ts';
import { heldUp, heldUpText } from '../manifest/pending-deletion.ts';
import { observedRelease, progressOf } from '../release/health.ts';
import { packageRecord, type CandidateRecord, type FinishedReason, type OpenIntent } from '../record/record.ts';
import { leaving, undelivered } from '../release/plan.ts';
import { approvalSummary } from '../people/approvals.ts';
import type { CandidateSnapshot } from '../gates/snapshot.ts';
import type { StagingProblem } from './content.ts';
import type { NamedVerdict } from '../gates/verdict.ts';
import { listed } from '../messages.ts';
import type { Health } from '../health/types.ts';
import type { ReleaseSnapshot } from '../release/snapshot.ts';

/** Where a candidate stands, as far as its status is concerned. */
export type Standing =
  | { readonly is: 'NotStaged'; readonly obstacle: StagingProblem | undefined }
  | { readonly is: 'Judged'; readonly gates: GateSnapshot; readonly verdicts: readonly NamedVerdict[] }
  | { readonly is: 'Released' }
  | { readonly is: 'Finished'; readonly how: NonNullable<CandidateRecord['finished']> };

type Status = Omit<ReleaseCandidateStatus, 'conditions' | 'observedGeneration' | 'phase'> & { readonly phase: Phase };

interface Said {
  readonly fields: Status;
  readonly conditions: readonly Wanted[];
}

export const candidateStatus = (s: CandidateSnapshot, standing: Standing, now: Instant): ReleaseCandidateStatus => {
  const { fields, conditions: said } = say(s, standing, now);
  const conditions = [...said, ...replaces(s, standing)];
  const { generation } = s.candidate.metadata;
  return {
    ...fields,
    observedGeneration: generation,
    conditions: setConditions(s.candidate.status?.conditions ?? [], conditions, { now, generation }),
  };
};

const say = (s: CandidateSnapshot, standing: Standing, now: Instant): Said => {
  switch (standing.is) {
    case 'NotStaged':
      return notStaged(s, standing.obstacle);
    case 'Judged':
      return judged(standing.gates, standing.verdicts, now);
    case 'Released':
      return released(s, now);
    case 'Finished':
      return finished(s, standing.how);
  }
};

const condition = (type: string, status: Wanted['status'], reason: Reason, message: string): Wanted => ({
  type,
  status,
  reason,
  message,
});

const settled = condition('Reconciling', 'False', 'Settled', 'no work is under way');
const moving = condition('Stalled', 'False', 'NotStalled', 'nothing needs to be changed for it to go on');
/** It waits for the record to be mended, or until an object is gone, and a finalizer keeps that. */
const stalled = (release: ReleaseSnapshot, now: Instant): Wanted => {
  const { broken } = release.record;
  if (broken !== undefined) {
    return condition('Stalled', 'True', 'LedgerBroken', brokenText(release.namespace, broken, release.record));
  }
  const { objects } = heldUp(leaving(release), now);
  return objects.length === 0 ? moving : condition('Stalled', 'True', 'FinalizerHolds', heldUpText(objects));
};
/** On a record that does not verify nobody works on it. */
const reconciling = ({ record }: ReleaseSnapshot, reason: Reason, message: string): Wanted =>
  record.broken === undefined ? condition('Reconciling', 'True', reason, message) : settled;
const unfinished = condition('Finished', 'False', 'InProgress', 'it is still under way');

/** What was reported before stays readable once it is no longer judged; of a promotion, what it began with. */
const before = ({ candidate, record }: CandidateSnapshot): Omit<Status, 'phase' | 'reason'> => {
  const { status } = candidate;
  const intent = record.candidates.get(candidate.metadata.uid)?.intent;
  const digest = intent?.digest ?? status?.digest;
  const bundle = intent?.bundle ?? status?.bundle;
  return {
    approvals: intent?.quorum ?? status?.approvals ?? '',
    gates: intent === undefined ? (status?.gates ?? []) : passedThen,
    approvalManifests: {},
    ...(digest === undefined ? {} : { digest }),
    ...(bundle === undefined ? {} : { bundle }),
  };
};

const passedThen: Status['gates'] = gateNames.map((name) => ({
  name,
  outcome: 'Passed',
  reason: 'GatesPassed',
  message: 'passed when the promotion began',
  remedy: '',
}));

/** What came of `spec.replaces`: settled while it is open, and shown as it was from then on. */
const replaces = ({ candidate, replacing }: CandidateSnapshot, { is }: Standing): readonly Wanted[] => {
  switch (replacing?.is) {
    case 'Ends':
      return [condition('Replaces', 'True', 'WillReplace', `${replacing.name} ends when this one is promoted`)];
    case 'Nothing':
      return [
        condition(
          'Replaces',
          'False',
          'ReplacesNothing',
          `there is no earlier open candidate ${replacing.name} of package ${candidate.spec.package}, so this one ends nothing`,
        ),
      ];
    case 'Refused':
      return [condition('Replaces', 'False', 'ReplacesRefused', replacing.message)];
    case undefined: {
      const was = (candidate.status?.conditions ?? []).find(({ type }) => type === 'Replaces');
      return was === undefined || !isReason(was.reason) || is === 'NotStaged' || is === 'Judged'
        ? []
        : [condition('Replaces', was.status, was.reason, was.message)];
    }
  }
};

const notStaged = (s: CandidateSnapshot, obstacle: StagingProblem | undefined): Said => {
  const reason = obstacle?.reason ?? 'Rendering';
  const message = obstacle?.message ?? 'the content is being read from staging and rendered';
  const absent = (type: string) => condition(type, 'False', 'NotStaged', 'the content is not staged yet');
  return {
    fields: { ...before(s), phase: obstacle === undefined ? 'Staging' : 'Stalled', reason },
    conditions: [
      condition('Staged', 'False', reason, message),
      absent('Approved'),
      absent('Promotable'),
      absent('Promoted'),
      condition('Healthy', 'Unknown', 'NotStaged', 'the content is not staged yet'),
      unfinished,
      obstacle === undefined ? condition('Reconciling', 'True', 'Rendering', message) : settled,
      obstacle === undefined ? moving : condition('Stalled', 'True', reason, message),
    ],
  };
};

const promotableReason = {
  Blocked: 'GatesBlocked',
  Unknown: 'GatesUnknown',
  Waiting: 'GatesWaiting',
  Passed: 'GatesPassed',
} as const;
const worstFirst = ['Blocked', 'Unknown', 'Waiting'] as const;

const judged = (s: GateSnapshot, verdicts: readonly NamedVerdict[], now: Instant): Said => {
  const { have, need } = approvalSummary(s, now);
  const worst = worstFirst.find((outcome) => verdicts.some((verdict) => verdict.outcome === outcome)) ?? 'Passed';
  const open = verdicts.filter(({ outcome }) => outcome !== 'Passed');
  const ofWorst = open.filter(({ outcome }) => outcome === worst);
  // On a broken record nothing else helps. The preflight comes by itself when the rest has passed: what people can do something about is
  // shown before it.
  const first =
    open.find(({ reason }) => reason === 'LedgerBroken') ??
    ofWorst.find(({ reason }) => reason !== 'PreflightPending') ??
    ofWorst[0];
  const approvals = verdicts.find(({ name }) => name === 'Approvals');
  const summary =
    open.length === 0 ? 'every gate has passed' : `not passed: ${open.map(({ name }) => name).join(', ')}`;
  return {
    fields: {
      phase: 'AwaitingGates',
      reason: first?.reason ?? 'GatesPassed',
      digest: s.bundle.digest,
      bundle: s.bundle.name,
      approvals: `${have}/${need}`,
      gates: verdicts.map(({ name, outcome, reason, message, remedy }) => ({ name, outcome, reason, message, remedy })),
      approvalManifests: { ...approvalManifests(s) },
    },
    conditions: [
      condition('Staged', 'True', 'Staged', `frozen in ReleaseBundle ${s.bundle.name} of ${s.bundle.namespace}`),
      condition(
        'Approved',
        approvals?.outcome === 'Passed' ? 'True' : 'False',
        approvals?.reason ?? 'ApprovalsMissing',
        approvals?.message ?? `${have} of ${need} signatures`,
      ),
      condition('Promotable', worst === 'Passed' ? 'True' : 'False', promotableReason[worst], summary),
      condition('Promoted', 'False', promotableReason[worst], summary),
      condition('Healthy', 'Unknown', 'NotPromoted', 'production does not run the content'),
      unfinished,
      settled,
      worst === 'Blocked' && first !== undefined ? condition('Stalled', 'True', first.reason, first.message) : moving,
    ],
  };
};

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
const signed = (s: CandidateSnapshot): readonly Wanted[] => [
  condition('Staged', 'True', 'Staged', `frozen in ReleaseBundle ${before(s).bundle ?? ''}`.trim()),
  condition('Approved', 'True', 'ApprovalsComplete', 'every approval line was met when the promotion began'),
  condition('Promotable', 'True', 'GatesPassed', 'every gate had passed when the promotion began'),
];

const released = (s: CandidateSnapshot, now: Instant): Said => {
  const { open, production } = packageRecord(s.record, s.candidate.spec.package);
  const { release } = s;
  if (release === undefined) return notStaged(s, undefined);
  if (open?.type === 'Rollback') {
    const message = `production goes back to ${open.to === '' ? 'what it was before' : open.to}: ${open.cause}`;
    return {
      fields: { ...before(s), phase: 'RollingBack', reason: 'RollingBack' },
      conditions: [
        ...signed(s),
        condition('Promoted', 'False', 'RollingBack', message),
        condition('Healthy', 'False', 'WorkloadUnhealthy', open.cause),
        ...(open.delivery === 'GitOps'
          ? [condition('ActionRequired', 'True', 'ToolMustGoBack', `${message}. ${goBackWith}`)]
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
    const health = bundle && progressOf(release, bundle, open.at);
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

const successful: ReadonlySet<FinishedReason> = new Set(['Promoted']);

/** A release may be over before anybody reported that it had begun: what its end means for its health is known all the same. */
const healthAtTheEnd = (
  { candidate }: CandidateSnapshot,
  { reason, message }: NonNullable<CandidateRecord['finished']>,
): Wanted | undefined => {
  if (reason === 'Failed') return condition('Healthy', 'False', 'WorkloadUnhealthy', message);
  const was = candidate.status?.conditions.find(({ type }) => type === 'Healthy')?.reason;
  const isOpen = was === undefined || was === 'NotPromoted' || was === 'Progressing' || was === 'HealthUnknown';
  return isOpen && reason === 'Promoted'
    ? condition('Healthy', 'True', 'Healthy', 'every object and check is healthy')
    : undefined;
};

const finished = (s: CandidateSnapshot, how: NonNullable<CandidateRecord['finished']>): Said => {
  const { reason, message } = how;
  const inProduction = successful.has(reason);
  const old = s.candidate.status?.conditions ?? [];
  const asBefore = (type: string, fallback: Wanted): Wanted => {
    const was = old.find((each) => each.type === type);
    return was === undefined || !isReason(was.reason)
      ? fallback
      : { type, status: was.status, reason: was.reason, message: was.message };
  };
  const began = s.record.candidates.get(s.candidate.metadata.uid)?.intent !== undefined;
  return {
    fields: {
      ...before(s),
      phase: reason,
      reason,
      ...(s.candidate.status?.observeUntil === undefined ? {} : { observeUntil: s.candidate.status.observeUntil }),
    },
    conditions: [
      ...(began
        ? signed(s)
        : [
            asBefore('Staged', condition('Staged', 'False', 'NotStaged', 'the content was never staged')),
            asBefore('Approved', condition('Approved', 'False', 'ApprovalsMissing', 'not every approval line was met')),
            condition('Promotable', 'False', reason, message),
          ]),
      condition('Promoted', inProduction ? 'True' : 'False', reason, message),
      healthAtTheEnd(s, how) ??
        asBefore('Healthy', condition('Healthy', 'Unknown', 'NotPromoted', 'production does not run the content')),
      condition('Finished', 'True', reason, message),
      settled,
      moving,
    ],
  };
};
