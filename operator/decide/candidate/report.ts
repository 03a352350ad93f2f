/** Plans that report where a candidate stands. */
import type { ReleaseCandidate } from '../../api/candidate.ts';
import { milliseconds } from '../../api/duration.ts';
import { defaultCandidateValidFor } from '../../api/policy-fields.ts';
import type { StagingProblem } from './staging-problem.ts';
import { candidateStatus, type Standing } from './status.ts';
import type { CandidateSnapshot } from '../gates/snapshot.ts';
import type { Instant } from '../objects.ts';
import { earliest, type Effect, nothing, type Plan, type StatusWrite } from '../plan.ts';
import type * as drafts from './entries.ts';

export const bounded = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length).replace(/[\ud800-\udbff]$/, '')}…`;

export const append = (s: CandidateSnapshot, draft: ReturnType<typeof drafts.staged>): Effect => ({
  do: 'Append',
  namespace: s.candidate.spec.targetNamespace,
  draft,
});

export const withStatus = (s: CandidateSnapshot, standing: Standing, now: Instant, more: Partial<Plan> = {}): Plan => ({
  ...nothing,
  ...more,
  statuses: [statusWrite(s.candidate, candidateStatus(s, standing, now))],
});

const statusWrite = (
  { metadata, status }: ReleaseCandidate,
  wanted: ReturnType<typeof candidateStatus>,
): StatusWrite => ({
  kind: 'ReleaseCandidate',
  namespace: metadata.namespace,
  name: metadata.name,
  uid: metadata.uid,
  resourceVersion: metadata.resourceVersion,
  before: status,
  status: wanted,
});

export const validFor = ({ policy }: CandidateSnapshot): string =>
  policy?.spec.candidateValidFor ?? defaultCandidateValidFor;

export const expiryOf = (s: CandidateSnapshot): Instant =>
  Date.parse(s.candidate.metadata.creationTimestamp) + milliseconds(validFor(s));

const inBounds = (obstacle: StagingProblem): StagingProblem => {
  const { gate } = obstacle;
  const short = { ...obstacle, message: bounded(obstacle.message, 4_000) };
  return gate === undefined
    ? short
    : { ...short, gate: { ...gate, message: bounded(gate.message, 2_000), remedy: bounded(gate.remedy, 2_000) } };
};

export const notStaged = (
  s: CandidateSnapshot,
  obstacle: StagingProblem | undefined,
  now: Instant,
  again?: Instant,
): Plan =>
  // What people wrote, or the API server says of it, may be quoted in it: a condition takes no megabyte.
  withStatus(s, { is: 'NotStaged', obstacle: obstacle && inBounds(obstacle) }, now, {
    wakeAt: earliest(again, expiryOf(s)),
  });
