/** What closes findings: a release that covers the object, or a signature under what was found. */
import type { Approval } from '../../api/approval.ts';
import { installation } from '../../api/kinds.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import { type Answers, askAgainAt, questionKey, type RightQuestion } from '../api-queries.ts';
import { isAsFound, standing } from './explain.ts';
import type { Entries, WatchSnapshot } from './snapshot.ts';
import type { LedgerDraft } from '../ledger-entry.ts';
import { asKey, type Instant } from '../objects.ts';
import { isConsent, rightToSign } from '../people/approval-right.ts';
import { peopleAmong } from '../people/identity.ts';
import * as drafts from './entries.ts';
import type { Finding } from '../record/expected-state.ts';

/** A release that wrote or removed the object after it was found, and left nothing of what was found. */
export const covered = (s: WatchSnapshot): LedgerDraft[] => {
  const { findings, objects } = s.record.explained;
  return [...findings.values()].flatMap((finding) => {
    const release = objects.get(finding.object)?.release;
    return release === undefined || release.seq < finding.seq || isAsFoundStill(s, finding)
      ? []
      : [drafts.findingClosed(s.namespace, finding, { by: 'Release', bundle: release.bundle })];
  });
};

const isAsFoundStill = (s: WatchSnapshot, { object }: Finding): boolean =>
  standing(s.scene, asKey(object)).is === 'Known';

interface Signed extends Entries {
  readonly questions: readonly RightQuestion[];
}

export const signed = (s: WatchSnapshot, policy: ReleasePolicy, answers: Answers, now: Instant): Signed => {
  const roles = new Set(policy.spec.approvals.map(({ role }) => role));
  const candidates = [...s.record.explained.findings.values()].flatMap((finding) =>
    [...forFinding(s, finding, roles), ...forInstallation(s, finding)]
      .filter(
        (approval) => isConsent(approval, policy, now) && !isActor(policy, finding, approval.spec.approver.username),
      )
      .map((approval) => ({ finding, approval, question: rightToSign(approval.metadata.namespace, approval) })),
  );
  const questions = candidates
    .map(({ question }) => question)
    .filter((question) => !answers.has(questionKey(question)));
  if (questions.length > 0) return { questions, entries: [], wakeAt: undefined };
  const valid = candidates.filter(({ question }) => answers.get(questionKey(question))?.kind === 'Yes');
  const first = new Map(valid.toReversed().map((each) => [each.finding.id, each]));
  return {
    questions: [],
    entries: [...first.values()].map(({ finding, approval }) =>
      drafts.findingClosed(s.namespace, finding, {
        by: 'Signature',
        approval,
        accepted: isAsFound(s.scene, finding),
      }),
    ),
    wakeAt: valid.length === candidates.length ? undefined : askAgainAt(answers, now),
  };
};

const forFinding = (s: WatchSnapshot, finding: Finding, roles: ReadonlySet<string>): readonly Approval[] =>
  s
    .approvals(finding.id)
    .filter(
      ({ metadata, spec }) =>
        spec.subject.kind === 'Finding' &&
        spec.subject.name === finding.name &&
        spec.subject.uid === finding.id &&
        spec.digest === finding.digest &&
        metadata.namespace === s.namespace &&
        roles.has(spec.role),
    );

/**
 * One signature in the namespace of Countersign, for all production namespaces: under what this finding found, a later one, or what there is now. A signature
 * for an earlier state says nothing of a later one.
 */
const forInstallation = (s: WatchSnapshot, finding: Finding): readonly Approval[] => {
  if (finding.change !== 'Integrity') return [];
  const approvals = s
    .approvals(installation.uid)
    .filter(
      ({ metadata, spec }) =>
        spec.subject.kind === installation.kind &&
        spec.subject.name === installation.name &&
        spec.role === installation.role &&
        metadata.namespace === s.home,
    );
  if (approvals.length === 0) return [];
  const later = [...s.record.explained.findings.values()].filter(
    ({ change, seq }) => change === 'Integrity' && seq >= finding.seq,
  );
  const digests = new Set([s.installation(), ...later.map(({ digest }) => digest)]);
  return approvals.filter(({ spec }) => digests.has(spec.digest));
};

/** Nobody signs for what they did themselves, as far as that is known. */
const isActor = (policy: ReleasePolicy, { username }: Finding, signer: string): boolean => {
  if (username === '') return false;
  const personOf = peopleAmong(policy.spec.people, [username, signer]);
  return personOf(username) === personOf(signer);
};
