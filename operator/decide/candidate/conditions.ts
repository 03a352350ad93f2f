/** Conditions of a candidate that several stages share. */
import type { ReleaseCandidateStatus } from '../../api/candidate.ts';
import { gateNames } from '../gates/gates.ts';
import type { Phase } from '../../api/phases.ts';
import type { Reason } from '../../api/reasons.ts';
import type { StagingProblem } from './staging-problem.ts';
import type { Wanted } from '../conditions.ts';
import type { CandidateSnapshot } from '../gates/snapshot.ts';

type Status = Omit<ReleaseCandidateStatus, 'conditions' | 'observedGeneration' | 'phase'> & { readonly phase: Phase };

export interface Said {
  readonly fields: Status;
  readonly conditions: readonly Wanted[];
}

export const condition = (type: string, status: Wanted['status'], reason: Reason, message: string): Wanted => ({
  type,
  status,
  reason,
  message,
});

export const settled = condition('Reconciling', 'False', 'Settled', 'no work is under way');
export const moving = condition('Stalled', 'False', 'NotStalled', 'nothing needs to be changed for it to go on');
export const unfinished = condition('Finished', 'False', 'InProgress', 'it is still under way');

/** What was reported before stays readable once it is no longer judged; of a promotion, what it began with. */
export const before = ({ candidate, record }: CandidateSnapshot): Omit<Status, 'phase' | 'reason'> => {
  const { status } = candidate;
  const intent = record.candidates.get(candidate.metadata.uid)?.intent;
  const digest = intent?.digest ?? status?.digest;
  const bundle = intent?.bundle ?? status?.bundle;
  return {
    objects: status?.objects ?? '',
    approvals: intent?.quorum ?? status?.approvals ?? '',
    gates: intent === undefined ? (status?.gates ?? []) : passedThen(intent.restsOn),
    approvalManifests: {},
    ...(digest === undefined ? {} : { digest }),
    ...(bundle === undefined ? {} : { bundle }),
    ...(status?.sourceAuthors === undefined ? {} : { sourceAuthors: status.sourceAuthors }),
  };
};

const passedThen = (restsOn: Readonly<Record<string, string>>): Status['gates'] =>
  gateNames.map((name) => ({
    name,
    outcome: 'Passed',
    reason: 'GatesPassed',
    message: `passed when the promotion began${restsOn[name] === undefined ? '' : `, by ${restsOn[name]}`}`,
    remedy: '',
  }));

/** Of a candidate that was never staged no gate has been asked, but for the one that stands in the way of that. */
const gatesOf = (obstacle: StagingProblem | undefined): Status['gates'] => {
  if (obstacle?.gate === undefined) return [];
  const { name, outcome, reason, message, remedy } = obstacle.gate;
  return [{ name, outcome, reason, message, remedy }];
};

export const notStaged = (s: CandidateSnapshot, obstacle: StagingProblem | undefined): Said => {
  const reason = obstacle?.reason ?? 'Rendering';
  const message = obstacle?.message ?? 'the content is being read from staging and rendered';
  const isStuck = obstacle !== undefined && obstacle.waits !== true;
  const absent = (type: string) => condition(type, 'False', 'NotStaged', 'the content is not staged yet');
  return {
    fields: {
      ...before(s),
      ...(s.bundles.length === 0 ? { gates: gatesOf(obstacle) } : {}),
      phase: isStuck ? 'Stalled' : 'Staging',
      reason,
    },
    conditions: [
      condition('Staged', 'False', reason, message),
      absent('Approved'),
      absent('Promotable'),
      absent('Promoted'),
      condition('Healthy', 'Unknown', 'NotStaged', 'the content is not staged yet'),
      unfinished,
      isStuck ? settled : condition('Reconciling', 'True', reason, message),
      isStuck ? condition('Stalled', 'True', reason, message) : moving,
    ],
  };
};
