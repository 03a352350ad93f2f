/** How a candidate ends, and what is reported while its release is in flight or observed. */
import { inFlightFinalizer } from '../../api/kinds.ts';
import { type Answer, type Answers, keyAt, questionKey } from '../api-queries.ts';
import { append, expiryOf, validFor, withStatus } from './report.ts';
import { successorOf } from '../gates/production/replaces.ts';
import type { CandidateSnapshot } from '../gates/snapshot.ts';
import { heldUp, heldUpText } from '../manifest/pending-deletion.ts';
import type { Instant } from '../objects.ts';
import { rightToSign } from '../people/approval-right.ts';
import { isSystemName } from '../people/identity.ts';
import { earliest, type Effect, nothing, type Plan } from '../plan.ts';
import * as drafts from './entries.ts';
import { packageRecord } from '../record/record.ts';
import type { CandidateRecord } from '../record/candidate.ts';
import { leaving } from '../release/course.ts';

/** Promoted, and observed to the end, or followed by a later release. */
export const isSettled = (s: CandidateSnapshot, known: CandidateRecord | undefined, now: Instant): boolean => {
  if (known?.promoted === undefined) return false;
  const { open, production } = packageRecord(s.record, s.candidate.spec.package);
  if (open?.candidate.uid === known.uid) return false;
  return now >= known.promoted.observeUntil || production?.candidateUid !== known.uid || open !== undefined;
};

export const settle = (s: CandidateSnapshot, known: CandidateRecord | undefined, now: Instant): Plan => {
  const { production, open } = packageRecord(s.record, s.candidate.spec.package);
  const isLast = open === undefined && production?.candidateUid === known?.uid;
  const { objects, wakeAt } = heldUp(isLast && s.release !== undefined ? leaving(s.release) : [], now);
  const message = `production has the content, complete${objects.length === 0 ? '' : `. ${heldUpText(objects)}`}`;
  return withStatus(s, { is: 'Finished', how: known?.finished ?? { reason: 'Promoted', message, at: now } }, now, {
    effects: finalizerEffects(s, false),
    wakeAt,
  });
};

/** In flight or observed: `release.ts` does the work, this reports it and listens for a rejection. */
export const follow = (s: CandidateSnapshot, answers: Answers, now: Instant): Plan => {
  const refusal = rejectionOf(s, answers, true);
  if (refusal !== undefined) return refusal;
  const { open } = packageRecord(s.record, s.candidate.spec.package);
  const promoted = s.record.candidates.get(s.candidate.metadata.uid)?.promoted;
  // While something is open, its end is an event; the observation that it cut short is over.
  const ends = open === undefined ? promoted?.observeUntil : undefined;
  const wakeAt = earliest(ends, s.release && heldUp(leaving(s.release), now).wakeAt);
  return withStatus(s, { is: 'Released' }, now, { effects: finalizerEffects(s, open !== undefined), wakeAt });
};

/** The finalizer that keeps a candidate from being deleted half way; written only when it has to change. */
const finalizerEffects = ({ candidate }: CandidateSnapshot, wanted: boolean): Effect[] => {
  const { namespace, name, uid, resourceVersion, finalizers = [] } = candidate.metadata;
  if (finalizers.includes(inFlightFinalizer) === wanted) return [];
  const others = finalizers.filter((each) => each !== inFlightFinalizer);
  const next = wanted ? [...others, inFlightFinalizer] : others;
  return [{ do: 'SetFinalizers', namespace, name, uid, resourceVersion, finalizers: next }];
};

export const endOf = (
  s: CandidateSnapshot,
  known: CandidateRecord | undefined,
  answers: Answers,
  now: Instant,
): Plan | undefined => {
  const { candidate } = s;
  const refuse = (outcome: 'Expired' | 'Superseded', message: string): Plan => ({
    ...nothing,
    effects: [append(s, drafts.refusedCandidate(candidate, outcome, message))],
  });
  const { successor, questions } = successorOf(s, answers);
  if (successor !== undefined && s.record.broken === undefined) {
    return refuse('Superseded', `replaced by ${successor.name}, which was promoted`);
  }
  if (questions.length > 0) return { ...nothing, questions };
  if (now >= expiryOf(s)) {
    const message = `not promoted within ${validFor(s)}`;
    // Where nothing can be entered, whoever waits is told all the same.
    return canEnter(s)
      ? refuse('Expired', message)
      : withStatus(s, { is: 'Finished', how: { reason: 'Expired', message, at: now } }, now);
  }
  return known === undefined ? undefined : rejectionOf(s, answers, false);
};

/** Whether the record of the production namespace takes entries: it exists, governed and whole. */
const canEnter = ({ target, policy, record }: CandidateSnapshot): boolean =>
  target !== undefined && !target.terminating && policy !== undefined && record.broken === undefined;

/** A refusal by somebody who may sign in that role is final; it counts from the moment the right is confirmed. */
const rejectionOf = (s: CandidateSnapshot, answers: Answers, inFlight: boolean): Plan | undefined => {
  if (s.record.broken !== undefined) return undefined;
  const recorded = s.record.candidates.get(s.candidate.metadata.uid)?.recordedApprovals;
  const refusals = s.approvals.filter(
    ({ metadata, spec }) =>
      spec.decision === 'Reject' &&
      spec.subject.kind === s.candidate.kind &&
      spec.subject.name === s.candidate.metadata.name &&
      !isSystemName(spec.approver.username) &&
      recorded?.has(metadata.uid) !== true,
  );
  if (refusals.length === 0) return undefined;
  const questions = refusals.map((approval) => rightToSign(s.candidate.spec.targetNamespace, approval));
  const open = questions.filter((question) => !answers.has(questionKey(question)));
  if (open.length > 0) return { ...nothing, questions: open };
  const valid = refusals.find((_, i) => isYes(answers.get(keyAt(questions, i))));
  return valid && { ...nothing, effects: [append(s, drafts.rejected(s.candidate, valid, inFlight))] };
};

const isYes = (answer: Answer | undefined): boolean => answer?.kind === 'Yes';
