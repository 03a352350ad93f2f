/** What there is to say of a candidate, before anybody decides how it looks: the tree prints it, and the page shows it. */
import type { ReleaseCandidate } from '../../operator/api/candidate.ts';
import { notCountedBecause } from '../../operator/decide/gates/people/approvals.ts';
import { linesOf } from '../../operator/decide/people/approval-lines.ts';
import { consents } from '../../operator/decide/people/approvals.ts';
import { quorum } from '../../operator/decide/people/quorum.ts';
import { visible } from '../../operator/decide/safe-text.ts';
import { conditionOf, isTrue, whenTrue } from './objects.ts';
import { withThisCommand } from './remedy.ts';
import { signaturesOf, type Story } from './story.ts';

/** Good news, bad news, somebody has to do something, or nothing of these. */
export type Tone = 'good' | 'bad' | 'open' | 'plain';

export interface GateFact {
  readonly name: string;
  readonly outcome: string;
  readonly reason: string;
  readonly message: string;
  /** What to do, typed with this command where it has one; '' when there is nothing. */
  readonly remedy: string;
}

export const gateFacts = ({ status }: ReleaseCandidate): readonly GateFact[] =>
  (status?.gates ?? []).map(({ name, outcome, reason, message, remedy }) => ({
    name,
    outcome,
    reason,
    message,
    remedy: withThisCommand(remedy),
  }));

export interface SignatureFact {
  readonly approval: string;
  readonly username: string;
  readonly role: string;
  readonly decision: 'Approve' | 'Reject';
  readonly standing: string;
  readonly tone: Tone;
  /** Why it does not count; '' when it does, or is not asked yet. */
  readonly because: string;
  readonly since: string | undefined;
  readonly comment: string;
}

/** A place that nobody has filled. */
export interface OpenPlace {
  readonly role: string;
  readonly count: number;
  readonly groups: readonly string[];
}

interface Signed {
  readonly signatures: readonly SignatureFact[];
  readonly open: readonly OpenPlace[];
}

/** Who signed, and who is still to; undefined = this person may not read what it is judged by. */
export const signedFacts = (story: Story, now: number): Signed | undefined => {
  const { candidate, policy, bundle, approvals } = story;
  if (policy === undefined || bundle === undefined) return undefined;
  const all = signaturesOf({ candidate, policy, bundle, approvals }, now);
  const isOver = isTrue(candidate, 'Finished');
  const { lines } = quorum(linesOf({ candidate, policy }), consents(all, 'Counts'));
  return {
    signatures: all.map(({ approval, username, role, decision, standing }): SignatureFact => {
      const object = approvals.find(({ metadata }) => metadata.name === approval);
      return {
        approval,
        username: visible(username),
        role,
        decision,
        standing,
        tone: decision === 'Reject' ? 'bad' : standing === 'Counts' ? 'good' : 'open',
        because: standing === 'Counts' || standing === 'Unanswered' ? '' : notCountedBecause[standing],
        since: object?.metadata.creationTimestamp,
        comment: visible(object?.spec.comment ?? ''),
      };
    }),
    open: isOver
      ? []
      : lines
          .filter(({ have, need }) => have < need)
          .map(({ role, have, need, missingGroups }) => ({
            role,
            count: need - have,
            groups: missingGroups.map(visible),
          })),
  };
};

export interface NewsFact {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly tone: Tone;
}

/** What it says of itself where people have to act, or where it has ended; not what a gate says as well. */
export const newsOf = (candidate: ReleaseCandidate): readonly NewsFact[] =>
  ['Finished', 'Stalled', 'ActionRequired'].flatMap((type) => {
    const condition = whenTrue(candidate, type);
    if (condition === undefined) return [];
    const { reason, message } = condition;
    if (candidate.status?.gates.some((gate) => gate.message === message) === true) return [];
    return [{ type, reason, message, tone: reason === 'Promoted' ? 'good' : type === 'Finished' ? 'bad' : 'open' }];
  });

export const healthOf = (candidate: ReleaseCandidate): Omit<NewsFact, 'type'> => {
  const healthy = conditionOf(candidate, 'Healthy');
  return {
    reason: healthy?.reason ?? 'Unknown',
    message: healthy?.message ?? '',
    tone: healthy?.status === 'True' ? 'good' : healthy?.status === 'False' ? 'bad' : 'plain',
  };
};

/** Since when it waits: the later of having been staged and having lost what it had. */
export const waitingSince = (candidate: ReleaseCandidate): string | undefined =>
  ['Staged', 'Promotable']
    .flatMap((type) => conditionOf(candidate, type)?.lastTransitionTime ?? [])
    .sort()
    .at(-1);
