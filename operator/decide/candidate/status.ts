/** What a candidate's status says: all conditions, set in one place from what was observed. */
import type { ReleaseCandidateStatus } from '../../api/candidate.ts';
import { isReason } from '../../api/reasons.ts';
import type { Bundle } from '../bundle.ts';
import { before, condition, moving, notStaged, type Said, settled, unfinished } from './conditions.ts';
import type { StagingProblem } from './staging-problem.ts';
import { released, signed } from './release-status.ts';
import { setConditions, type Wanted } from '../conditions.ts';
import type { GateSnapshot } from '../gates/gate.ts';
import type { CandidateSnapshot } from '../gates/snapshot.ts';
import type { NamedVerdict } from '../gates/verdict.ts';
import type { Instant } from '../objects.ts';
import { approvalManifests } from '../people/approval-manifest.ts';
import { approvalSummary } from '../people/approvals.ts';
import type { CandidateRecord, FinishedReason } from '../record/candidate.ts';

/** Where a candidate stands, as far as its status is concerned. */
export type Standing =
  | { readonly is: 'NotStaged'; readonly obstacle: StagingProblem | undefined }
  | { readonly is: 'Judged'; readonly gates: GateSnapshot; readonly verdicts: readonly NamedVerdict[] }
  | { readonly is: 'Released' }
  | { readonly is: 'Finished'; readonly how: NonNullable<CandidateRecord['finished']> };

export const candidateStatus = (s: CandidateSnapshot, standing: Standing, now: Instant): ReleaseCandidateStatus => {
  const { fields, conditions: said } = conditionsOf(s, standing, now);
  const conditions = [...said, ...replaces(s, standing)];
  const { generation } = s.candidate.metadata;
  return {
    ...fields,
    observedGeneration: generation,
    conditions: setConditions(s.candidate.status?.conditions ?? [], conditions, { now, generation }),
  };
};

const conditionsOf = (s: CandidateSnapshot, standing: Standing, now: Instant): Said => {
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

const promotableReason = {
  Blocked: 'GatesBlocked',
  Unknown: 'GatesUnknown',
  Waiting: 'GatesWaiting',
  Passed: 'GatesPassed',
} as const;
const worstFirst = ['Blocked', 'Unknown', 'Waiting'] as const;

/** Authors whom the status names. */
const mostShown = 100;

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
      objects: objectsText(s.bundle),
      approvals: `${have}/${need}`,
      gates: verdicts.map(({ name, outcome, reason, message, remedy }) => ({ name, outcome, reason, message, remedy })),
      approvalManifests: { ...approvalManifests(s) },
      ...(s.sourceAuthors.known.length === 0
        ? {}
        : { sourceAuthors: s.sourceAuthors.known.slice(0, mostShown).map((each) => ({ ...each })) }),
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

/** How much is frozen, and what the candidate leaves out of what its selector finds. */
const objectsText = ({ objects, leftOut }: Bundle): string =>
  [
    `${objects.length} ${objects.length === 1 ? 'object' : 'objects'}`,
    ...(leftOut.length === 0 ? [] : [`${leftOut.length} left out`]),
  ].join(', ');

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
