/** Which lane a candidate takes: the normal one, or the expedited one with more signatures and less waiting. */
import type { ReleasePolicy } from '../../api/policy.ts';
import type { ApprovalLine } from '../../api/policy-fields.ts';
import type { ReleaseCandidate } from '../../api/candidate.ts';

type Expedited = NonNullable<ReleasePolicy['spec']['expedited']>;

interface Judged {
  readonly candidate: ReleaseCandidate;
  readonly policy: ReleasePolicy;
}

/** The expedited lane, if the candidate asks for it, names its incident, and the policy has one. */
export const expeditedLane = ({ candidate, policy }: Judged): Expedited | undefined =>
  candidate.spec.urgency === 'Expedited' && candidate.spec.incident.trim() !== '' ? policy.spec.expedited : undefined;

/** How long staging must have run the content, as the policy writes durations. */
export const soakOf = (judged: Judged): string => expeditedLane(judged)?.soak ?? judged.policy.spec.soak;

/** The lines that must be met, one a role: expedited lines come on top, so a lane never asks for fewer people. */
export const linesOf = (judged: Judged): readonly ApprovalLine[] => {
  const lines = new Map<string, ApprovalLine>();
  for (const { role, count, oneFromEach } of [
    ...judged.policy.spec.approvals,
    ...(expeditedLane(judged)?.approvals ?? []),
  ]) {
    const before = lines.get(role) ?? { count: 0, oneFromEach: [] };
    lines.set(role, {
      role,
      count: before.count + Math.max(count, oneFromEach.length),
      oneFromEach: [...before.oneFromEach, ...oneFromEach],
    });
  }
  return [...lines.values()];
};
