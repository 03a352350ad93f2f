/**
 * What to do about a candidate: freeze its content, say what it lacks, note who signed, and begin its promotion when every gate has
 * passed. Read `planCandidate` from the top: it is the rule.
 */
import { milliseconds } from '../../api/duration.ts';
import { inFlightFinalizer } from '../../api/kinds.ts';
import type { ReleaseCandidate } from '../../api/candidate.ts';
import { defaultCandidateValidFor } from '../../api/policy.ts';
import type { Reason } from '../../api/conditions.ts';
import { handsOn, nobody } from '../people/authors.ts';
import type { Bundle } from '../bundle.ts';
import { candidateStatus, type Standing } from './status.ts';
import { baseOf, draftBundle, type Base } from './bundle-draft.ts';
import * as drafts from '../record/drafts.ts';
import { followUpOf } from '../emergency/follow-up.ts';
import { judge } from '../gates/gates.ts';
import type { ForeignContent, GateSnapshot, Refusal } from '../gates/gate.ts';
import { workloadHealth } from '../health/health.ts';
import { heldUp, heldUpText } from '../manifest/pending-deletion.ts';
import { isTested, mustHold, wasTested } from '../gates/staging/staging-hold.ts';
import { keyOf, type Instant, type ObjectKey } from '../objects.ts';
import { isSystemName } from '../people/identity.ts';
import { earliest, nothing, type Effect, type Plan, type StatusWrite } from '../plan.ts';
import {
  askAgainAt,
  questionKey,
  type Answer,
  type Answers,
  type CurrentQuestion,
  type PreflightOutline,
  type PreflightQuestion,
  type Question,
} from '../api-queries.ts';
import { leaving } from '../release/plan.ts';
import { packageRecord, type CandidateRecord } from '../record/record.ts';
import { noPlace, stagedBytes } from '../gates/production/open-limits.ts';
import { replacingOf, successorOf } from '../gates/production/replaces.ts';
import { heldRight, rightToSign } from '../people/approval-right.ts';
import { digestOf } from '../json/canonical.ts';
import { differingPaths, normalForm } from '../manifest/normal-form.ts';
import { effectOf, isWorkload, removeSteps, writeSteps, type Course, type Step } from '../release/steps.ts';
import { unmanagedOf } from '../manifest/unmanaged-fields.ts';
import { approvalSummary, authorsOf, consents, signatures } from '../people/approvals.ts';
import { soakingSince } from '../gates/staging/staged-since.ts';
import {
  brokenProblem,
  oversize,
  renderStaged,
  stagingProblem,
  type Rendering,
  type StagingProblem,
} from './content.ts';
import type { CandidateSnapshot } from '../gates/snapshot.ts';
import { firstLine, listed, objectNamed } from '../messages.ts';

export const planCandidate = (s: CandidateSnapshot, answers: Answers, now: Instant): Plan => {
  if (!s.complete) return nothing;
  const known = s.record.candidates.get(s.candidate.metadata.uid);
  if (known?.finished !== undefined || isSettled(s, known, now)) return settle(s, known, now);
  if (s.release !== undefined) return follow(s, answers, now);

  const ended = endOf(s, known, answers, now);
  if (ended !== undefined) return ended;

  const replacing = replacingOf(s, answers);
  if (replacing !== undefined && 'ask' in replacing) return { ...nothing, questions: [replacing] };
  return planOpen({ ...s, replacing }, known, answers, now);
};

/** Neither over nor on its way: it is staged, or judged. */
const planOpen = (s: CandidateSnapshot, known: CandidateRecord | undefined, answers: Answers, now: Instant): Plan => {
  const frozen = s.bundles[0]?.objects;
  const obstacle = frozen === undefined ? stagingProblem(s) : livingProblem(s);
  if (obstacle !== undefined || s.policy === undefined || s.target === undefined) return notStaged(s, obstacle, now);

  const full = frozen === undefined ? noPlace(s, stagedBytes(s), now) : undefined;
  if (full !== undefined) return notStaged(s, full.problem, now, full.again);

  const rendering = renderStaged(s, answers);
  const content = frozen ?? [...rendering.objects.values()];
  const unfit = frozen === undefined ? (rendering.problem ?? oversize(content)) : undefined;
  if (unfit !== undefined) {
    const plan = notStaged(s, unfit, now);
    return { ...plan, wakeAt: earliest(plan.wakeAt, askAgainAt(answers, now)) };
  }
  if (rendering.questions.length > 0) return { ...nothing, questions: rendering.questions };

  // What a broken record says production runs is no base to freeze anything on.
  const broken = brokenProblem(s);
  const base = baseOf(s, s.policy, content);
  if (base === undefined) return broken === undefined ? nothing : notStaged(s, broken, now);
  const draft = draftBundle(s, s.policy, content, base);
  const bundle = s.bundles.find(({ digest }) => digest === draft.digest);
  if (bundle === undefined) {
    if (broken !== undefined) return notStaged(s, broken, now);
    const questions = frozen === undefined ? stagedNowQuestions(s) : [];
    const open = questions.filter((question) => !answers.has(questionKey(question)));
    if (open.length > 0) return { ...nothing, questions: open };
    if (!questions.every((question) => isAsSeen(s, question, answers))) {
      return notStaged(s, undefined, now, now + soonMs);
    }
    return { ...nothing, effects: [freeze(s, draft, base)] };
  }
  if (known?.stagedDigests.has(bundle.digest) !== true) {
    if (broken !== undefined) return notStaged(s, broken, now);
    return { ...nothing, effects: [append(s, drafts.staged(s.candidate, bundle))] };
  }
  return judgeCandidate({ ...s, policy: s.policy, target: s.target }, { bundle, base, rendering, answers }, now);
};

/** Why it cannot be worked on, reported in place of its content; undefined there: it is over or on its way, and what that needs is elsewhere. */
export const candidateStuck = (
  s: CandidateSnapshot,
  failure: { readonly kind: string; readonly message: string; readonly reason?: Reason },
  now: Instant,
): readonly StatusWrite[] => {
  const known = s.record.candidates.get(s.candidate.metadata.uid);
  if (!s.complete || s.release !== undefined || known?.finished !== undefined) return [];
  const message = bounded(failure.message, 4_000);
  const obstacle: StagingProblem =
    failure.kind === 'TooLarge'
      ? { reason: failure.reason ?? 'PackageTooLarge', message }
      : { reason: 'InternalError', message: `the operator cannot work on it: ${message}` };
  return notStaged(s, obstacle, now).statuses;
};

const bounded = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length).replace(/[\ud800-\udbff]$/, '')}…`;

/** A candidate that was deleted before it was finished: whoever may delete it, withdrew it. */
export const planGone = (namespace: string, candidate: CandidateRecord, inFlight: boolean): Plan =>
  candidate.finished !== undefined || candidate.promoted !== undefined || inFlight
    ? nothing
    : { ...nothing, effects: [{ do: 'Append', namespace, draft: drafts.withdrawn(candidate) }] };

const append = (s: CandidateSnapshot, draft: ReturnType<typeof drafts.staged>): Effect => ({
  do: 'Append',
  namespace: s.candidate.spec.targetNamespace,
  draft,
});

const withStatus = (s: CandidateSnapshot, standing: Standing, now: Instant, more: Partial<Plan> = {}): Plan => ({
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

// --- over, or on its way ---------------------------------------------------------------------------------------------

/** Promoted, and observed to the end, or followed by a later release. */
const isSettled = (s: CandidateSnapshot, known: CandidateRecord | undefined, now: Instant): boolean => {
  if (known?.promoted === undefined) return false;
  const { open, production } = packageRecord(s.record, s.candidate.spec.package);
  if (open?.candidate.uid === known.uid) return false;
  return now >= known.promoted.observeUntil || production?.candidateUid !== known.uid || open !== undefined;
};

const settle = (s: CandidateSnapshot, known: CandidateRecord | undefined, now: Instant): Plan => {
  const { production, open } = packageRecord(s.record, s.candidate.spec.package);
  const isLast = open === undefined && production?.candidateUid === known?.uid;
  const { objects, wakeAt } = heldUp(isLast && s.release !== undefined ? leaving(s.release) : [], now);
  const message = `production has the content, complete${objects.length === 0 ? '' : `. ${heldUpText(objects)}`}`;
  return withStatus(s, { is: 'Finished', how: known?.finished ?? { reason: 'Promoted', message, at: now } }, now, {
    effects: held(s, false),
    wakeAt,
  });
};

/** In flight or observed: `release.ts` does the work, this reports it and listens for a rejection. */
const follow = (s: CandidateSnapshot, answers: Answers, now: Instant): Plan => {
  const refusal = rejectionOf(s, answers, true);
  if (refusal !== undefined) return refusal;
  const { open } = packageRecord(s.record, s.candidate.spec.package);
  const promoted = s.record.candidates.get(s.candidate.metadata.uid)?.promoted;
  // While something is open, its end is an event; the observation that it cut short is over.
  const ends = open === undefined ? promoted?.observeUntil : undefined;
  const wakeAt = earliest(ends, s.release && heldUp(leaving(s.release), now).wakeAt);
  return withStatus(s, { is: 'Released' }, now, { effects: held(s, open !== undefined), wakeAt });
};

/** The finalizer that keeps a candidate from being deleted half way; written only when it has to change. */
const held = ({ candidate }: CandidateSnapshot, wanted: boolean): Effect[] => {
  const { namespace, name, uid, resourceVersion, finalizers = [] } = candidate.metadata;
  if (finalizers.includes(inFlightFinalizer) === wanted) return [];
  const others = finalizers.filter((each) => each !== inFlightFinalizer);
  const next = wanted ? [...others, inFlightFinalizer] : others;
  return [{ do: 'SetFinalizers', namespace, name, uid, resourceVersion, finalizers: next }];
};

// --- the ends that are not a promotion -------------------------------------------------------------------------------

const endOf = (
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

const validFor = ({ policy }: CandidateSnapshot): string => policy?.spec.candidateValidFor ?? defaultCandidateValidFor;

const expiryOf = (s: CandidateSnapshot): Instant =>
  Date.parse(s.candidate.metadata.creationTimestamp) + milliseconds(validFor(s));

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

const keyAt = (questions: readonly Question[], i: number): string => {
  const question = questions[i];
  return question === undefined ? '' : questionKey(question);
};

const isYes = (answer: Answer | undefined): boolean => answer?.kind === 'Yes';

// --- staging ---------------------------------------------------------------------------------------------------------

/** Once frozen, staging and other candidates may change; the namespace and its policy must still be there. */
const livingProblem = (s: CandidateSnapshot): StagingProblem | undefined => {
  const found = stagingProblem(s);
  return found !== undefined && stillDemanded.has(found.reason) ? found : undefined;
};

const stillDemanded: ReadonlySet<Reason> = new Set([
  'NamespaceNotGuarded',
  'NamespaceTerminating',
  'PolicyMissing',
  'SourceNotNamed',
]);

/** The watch that brings what the API server has already told is hardly a second behind. */
const soonMs = 1_000;

const stagedNowQuestions = ({ staged, candidate }: CandidateSnapshot): CurrentQuestion[] =>
  [...staged.values()].map(({ ref, bytes }) => ({
    ask: 'Current',
    namespace: candidate.metadata.namespace,
    ref,
    bytes,
  }));

/** Whether an object of staging still holds what is about to be frozen. */
const isAsSeen = ({ staged }: CandidateSnapshot, question: CurrentQuestion, answers: Answers): boolean => {
  const answer = answers.get(questionKey(question));
  const seen = staged.get(keyOf(question.ref));
  return (
    answer?.kind === 'Digest' &&
    seen !== undefined &&
    answer.digest === digestOf(normalForm(seen.manifest, question.ref))
  );
};

const notStaged = (s: CandidateSnapshot, obstacle: StagingProblem | undefined, now: Instant, again?: Instant): Plan =>
  // What people wrote, or the API server says of it, may be quoted in it: a condition takes no megabyte.
  withStatus(
    s,
    { is: 'NotStaged', obstacle: obstacle && { ...obstacle, message: bounded(obstacle.message, 4_000) } },
    now,
    {
      wakeAt: earliest(again, expiryOf(s)),
    },
  );

const freeze = (s: CandidateSnapshot, draft: Bundle, base: Base): Effect => {
  const { notes, significance, urgency, followsUp, reverts } = s.candidate.spec;
  return {
    do: 'CreateBundle',
    bundle: draft,
    compare: {
      before: { name: s.production?.name ?? '', objects: base.objects, foreign: base.foreign },
      after: { name: draft.name, objects: draft.objects },
      removed: draft.removed,
      unmanaged: draft.unmanaged,
      heading: {
        candidate: draft.candidate.name,
        version: draft.version,
        package: draft.package,
        target: draft.namespace,
        base: base.digest === 'none' ? 'none' : `${base.name} ${base.digest}`,
        digest: draft.digest,
        ...(followsUp === '' ? {} : { followsUp: followUpText(followsUp, reverts) }),
        notes: `${significance}, ${urgency}${notes.summary === '' ? '' : `: ${notes.summary}`}`,
        unmanaged: draft.unmanaged.reduce((sum, { fields }) => sum + fields.length, 0),
      },
    },
  };
};

/** Signers read which of the emergency's changes go back; what the package holds of the rest is as production has it. */
const followUpText = (emergency: string, reverts: ReleaseCandidate['spec']['reverts']): string =>
  `emergency access ${emergency}; ${reverts.length === 0 ? 'takes nothing of it back' : `takes back ${listed(reverts.map((ref) => objectNamed(keyOf(ref))))}`}`;

// --- the gates -------------------------------------------------------------------------------------------------------

type Governed = CandidateSnapshot & Pick<GateSnapshot, 'policy' | 'target'>;

interface Staged {
  readonly bundle: Bundle;
  readonly base: Base;
  readonly rendering: Rendering;
  readonly answers: Answers;
}

const judgeCandidate = (s: Governed, staged: Staged, now: Instant): Plan => {
  const { bundle, base, answers } = staged;
  const recorded = s.record.candidates.get(s.candidate.metadata.uid)?.recordedApprovals;
  const unrecorded = s.approvals.filter(
    ({ metadata, spec }) =>
      spec.decision === 'Approve' &&
      spec.subject.kind === s.candidate.kind &&
      spec.subject.name === s.candidate.metadata.name &&
      !isSystemName(spec.approver.username) &&
      recorded?.has(metadata.uid) !== true,
  );
  const rightQuestions = s.approvals.map((approval) => rightToSign(s.candidate.spec.targetNamespace, approval));
  const course = courseOf(s, bundle, base);
  const writes = pendingWrites(s, course);
  const gateSnapshot = gateView(s, staged, { rightQuestions, writes });
  const verdicts = judge(gateSnapshot, now);

  // Ask about people first, and about writes only when nothing but those two can still be in the way.
  const openRights = rightQuestions.filter((question) => !answers.has(questionKey(question)));
  const hopeful = judge({ ...gateSnapshot, rights: optimistic(s), preflight: [] }, now).every(
    ({ outcome }) => outcome === 'Passed',
  );
  const openWrites = hopeful
    ? writes.filter((write) => !answers.has(questionKey(write))).flatMap((write) => preflight(write, course))
    : [];
  const isBroken = s.record.broken !== undefined;
  const notes = isBroken ? [] : unrecorded.map((approval) => append(s, drafts.signed(s.candidate, approval)));
  if (openRights.length + openWrites.length > 0) {
    // That somebody signed is noted whatever comes of it, and the entry of a promotion does not wait for it then.
    return { ...nothing, questions: [...openRights, ...openWrites], meanwhile: notes };
  }

  const wakeAt = earliest(expiryOf(s), askAgainAt(answers, now), ...verdicts.map((verdict) => verdict.wakeAt));
  const passed = verdicts.every(({ outcome }) => outcome === 'Passed') && gateSnapshot.preflight !== undefined;
  if (!passed) {
    return withStatus(s, { is: 'Judged', gates: gateSnapshot, verdicts }, now, {
      effects: [...notes, ...(isBroken ? [] : testedNote(gateSnapshot, now))],
      wakeAt,
    });
  }
  const { have, need } = approvalSummary(gateSnapshot, now);
  const counted = new Set(consents(signatures(gateSnapshot, now), 'Counts').map(({ approval }) => approval));
  const begin: Effect = {
    do: 'Append',
    namespace: s.candidate.spec.targetNamespace,
    packageSeq: packageRecord(s.record, bundle.package).seq,
    draft: drafts.promotionStarted(s.candidate, bundle, {
      from: base.name,
      fromDigest: base.digest === 'none' ? '' : base.digest,
      // Signers are not shown what production held before any release, so nothing of that is taken off.
      fromObjects: base.foreign ? [] : base.objects,
      quorum: `${have}/${need}`,
      approvals: s.approvals.filter(({ metadata }) => counted.has(metadata.name)),
      delivery: s.policy.spec.deliveredBy,
      followsUp: followUpOf(s.candidate, bundle, s),
    }),
  };
  const before: Effect[] =
    base.baseline === undefined ? [] : [{ do: 'CreateBundle', bundle: base.baseline, compare: undefined }];
  return withStatus(s, { is: 'Judged', gates: gateSnapshot, verdicts }, now, {
    effects: [...notes, ...before, begin],
    wakeAt,
  });
};

/** From what production runs to the bundle, past what an emergency left and the candidate openly takes back. */
const courseOf = (s: CandidateSnapshot, bundle: Bundle, base: Base): Course => ({
  to: bundle,
  from: base.baseline ?? s.production,
  over: new Set(followUpOf(s.candidate, bundle, s)?.reverts),
});

const optimistic = ({ approvals }: CandidateSnapshot): GateSnapshot['rights'] =>
  new Map(approvals.map(({ metadata }) => [metadata.uid, true]));

/** Soak and testers' signatures are remembered, so that staging may move on afterwards. */
const testedNote = (s: GateSnapshot, now: Instant): Effect[] =>
  s.policy.spec.stagingHold === 'UntilTested' && !wasTested(s) && isTested(s, now)
    ? [append(s, drafts.tested(s.candidate, s.bundle, authorsOf(s)))]
    : [];

interface Asked {
  readonly rightQuestions: readonly Question[];
  readonly writes: readonly PreflightOutline[];
}

const gateView = (s: Governed, { bundle, base, rendering, answers }: Staged, asked: Asked): GateSnapshot => {
  const stagedHealth = new Map(
    [...s.staged]
      .filter(([, { ref }]) => isWorkload(ref.kind))
      .map(([key, object]) => [key, workloadHealth(object, s.stagedPods.get(key) ?? [], 0)] as const),
  );
  const stagedNow = new Map(
    [...s.staged.keys()].map((key) => {
      const digest = rendering.digests.get(key);
      return [key, digest === undefined ? undefined : { digest }] as const;
    }),
  );
  return {
    ...s,
    bundle,
    rights: new Map(
      s.approvals.map(({ metadata }, i) => [metadata.uid, heldRight(answers.get(keyAt(asked.rightQuestions, i)))]),
    ),
    stagedNow,
    stagedHealth,
    hands: mustHold(s) ? handsOn(s, bundle) : nobody,
    soakingSince: soakingSince(s, bundle, { stagedNow, stagedHealth }),
    preflight: refusals(asked.writes, answers),
    unanswered: unansweredWrite(asked.writes, answers),
    foreign: foreignContent(s, bundle, base),
  };
};

const refusals = (questions: readonly PreflightOutline[], answers: Answers): readonly Refusal[] | undefined => {
  const found: Refusal[] = [];
  for (const question of questions) {
    const answer = answers.get(questionKey(question));
    if (answer === undefined || answer.kind === 'Unavailable') return undefined;
    if (answer.kind === 'No') found.push({ object: keyOf(question.ref), message: firstLine(answer.message) });
  }
  return found;
};

const unansweredWrite = (questions: readonly PreflightOutline[], answers: Answers): string | undefined =>
  questions
    .map((question) => answers.get(questionKey(question)))
    .flatMap((answer) => (answer?.kind === 'Unavailable' ? [answer.message] : []))[0];

interface PendingWrite extends PreflightOutline {
  readonly step: Step;
}

/** The writes that the promotion would make now. */
const pendingWrites = (s: Governed, course: Course): PendingWrite[] =>
  writeSteps(course, s.live).flatMap((step): PendingWrite[] => {
    const { object, live, ref, standing } = step;
    if (standing !== 'Pending' || object === undefined) return [];
    const resourceVersion = live?.resourceVersion;
    return [{ ask: 'Preflight', namespace: s.target.name, ref, resourceVersion, digest: object.digest, step }];
  });

/** The very request, to be tried without effect. */
const preflight = ({ step, ...outline }: PendingWrite, course: Course): PreflightQuestion[] => {
  const effect = effectOf(step, {
    as: 'operator',
    namespace: outline.namespace,
    unmanaged: course.to?.unmanaged ?? [],
    intentFor: () => ({ namespace: outline.namespace, id: '', type: 'Promotion', onRefusal: undefined }),
  });
  return effect === undefined || effect.do === 'Delete' ? [] : [{ ...outline, manifest: effect.manifest }];
};

/** Production content that neither the base nor this bundle explains: somebody else writes there. */
const foreignContent = (s: Governed, bundle: Bundle, base: Base): ReadonlyMap<ObjectKey, ForeignContent> => {
  // What an open intent writes is its own; the gate InFlight holds this candidate up meanwhile.
  if (packageRecord(s.record, bundle.package).open !== undefined) return new Map();
  const course = courseOf(s, bundle, base);
  const steps = [...writeSteps(course, s.live), ...removeSteps(course, bundle.removed, s.live)];
  return new Map(
    steps
      .filter(({ standing }) => standing === 'Foreign')
      .map(({ ref, live }) => {
        const before = base.objects.find((object) => keyOf(object.ref) === keyOf(ref));
        const fields =
          live === undefined || before === undefined
            ? []
            : differingPaths(normalForm(live.manifest, ref), before.content, [
                ...unmanagedOf(bundle.unmanaged, ref),
                ...unmanagedOf(course.from?.unmanaged ?? [], ref),
              ]);
        return [keyOf(ref), { manager: live?.writers[0]?.manager ?? 'unknown', fields }];
      }),
  );
};
