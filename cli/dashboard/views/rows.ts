/** A candidate in one line. */
import type { ReleaseCandidate } from '../../../operator/api/candidate.ts';
import { visible } from '../../../operator/decide/safe-text.ts';
import { isTrue } from '../../candidate/objects.ts';
import { waitsFor } from '../../candidate/waits.ts';
import type { CandidateRow, Tone } from '../models.ts';

const bad = new Set(['Stalled', 'RolledBack', 'RollingBack', 'Rejected', 'Failed', 'Expired']);

const toneOf = (phase: string): Tone => {
  if (phase === 'Promoted') return 'good';
  if (bad.has(phase)) return 'bad';
  return phase === 'AwaitingGates' ? 'open' : 'plain';
};

export const rowOf = (candidate: ReleaseCandidate): CandidateRow => {
  const { metadata, spec, status } = candidate;
  const phase = status?.phase || 'Staging';
  return {
    name: metadata.name,
    namespace: metadata.namespace,
    target: spec.targetNamespace,
    package: spec.package,
    version: spec.version,
    summary: visible(spec.notes.summary),
    phase,
    tone: toneOf(phase),
    approvals: status?.approvals ?? '',
    created: metadata.creationTimestamp,
    waitsFor: waitsFor(candidate),
    isOver: isTrue(candidate, 'Finished'),
  };
};
