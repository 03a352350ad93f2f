/** A staged candidate before its gates: what they need to know is gathered, and a promotion begins when all have passed. */
import {
  type Answers,
  askAgainAt,
  keyAt,
  type PreflightOutline,
  type PreflightQuestion,
  type Question,
  questionKey,
} from '../api-queries.ts';
import type { Bundle } from '../bundle.ts';
import type { Base } from './bundle-draft.ts';
import type { Rendering } from './content.ts';
import { movedImages } from './image-pins.ts';
import { append, expiryOf, withStatus } from './report.ts';
import { followUpOf } from '../emergency/follow-up.ts';
import { countedEvidence, evidenceQuestions } from '../evidence/demands.ts';
import { evidenceAnswers } from '../evidence/answers.ts';
import { sourceAuthorsOf, sourceQuestions } from '../evidence/source-authors.ts';
import { openOnExceptions, rightsOnExceptions } from '../exceptions/passing.ts';
import type { ForeignContent, GateSnapshot, Refusal } from '../gates/gate.ts';
import { exceptionsUsed, judge, wouldPass } from '../gates/gates.ts';
import type { NamedVerdict } from '../gates/verdict.ts';
import type { CandidateSnapshot } from '../gates/snapshot.ts';
import { soakingSince } from '../gates/staging/staged-since.ts';
import { unreadConfig } from '../gates/staging/unread-config.ts';
import { unrecordedJobs, withJobsThatRan } from '../gates/staging/staged-jobs.ts';
import { isTested, mustHold, wasTested } from '../gates/staging/staging-hold.ts';
import { workloadHealth } from '../health/health.ts';
import { withLeft } from '../manifest/live-values.ts';
import { noSurroundings } from '../health/node-cause.ts';
import { patienceOf } from '../health/patience.ts';
import { mutatedFields } from '../manifest/mutated-fields.ts';
import { differingPaths, normalForm } from '../manifest/normal-form.ts';
import { unmanagedOf } from '../manifest/unmanaged-fields.ts';
import { firstLine } from '../messages.ts';
import { type Instant, keyOf, type ObjectKey } from '../objects.ts';
import { heldRight, rightToSign } from '../people/approval-right.ts';
import { approvalSummary, authorsOf, consents, signatures } from '../people/approvals.ts';
import { contributorsOf } from '../people/authors.ts';
import { isSystemName } from '../people/identity.ts';
import { earliest, type Effect, nothing, type Plan } from '../plan.ts';
import * as drafts from './entries.ts';
import { packageRecord } from '../record/record.ts';
import { parkedBy } from '../release/entries.ts';
import { removeSteps } from '../release/removals.ts';
import { type Course, type Step, writeSteps } from '../release/steps.ts';
import { effectOf } from '../release/writes.ts';
import { isJudged } from '../manifest/kinds/index.ts';

export type Governed = CandidateSnapshot & Pick<GateSnapshot, 'policy' | 'target'>;

interface Staged {
  readonly bundle: Bundle;
  readonly base: Base;
  readonly rendering: Rendering;
  readonly answers: Answers;
}

export const judgeCandidate = (s: Governed, staged: Staged, now: Instant): Plan => {
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
  const reportQuestions = [...questionsAbout(s, staged, now), ...openOnExceptions(s, answers, now)];
  const course = courseOf(s, bundle, base);
  const writes = pendingWrites(s, course);
  const gateSnapshot = gateView(s, staged, { now, rightQuestions, writes });
  const verdicts = judge(gateSnapshot, now);

  // Ask about people first, and about writes only when nothing but those two can still be in the way.
  const openRights = [...rightQuestions.filter((question) => !answers.has(questionKey(question))), ...reportQuestions];
  const untried = writes.filter((write) => !answers.has(questionKey(write)));
  const sourceAuthors = { ...gateSnapshot.sourceAuthors, unanswered: [] };
  const people = { rights: optimistic(s), mayReport: () => true, signerOf: optimisticSigner, sourceAuthors };
  const assumed = { ...people, preflight: [] };
  const isHopeful = untried.length > 0 && wouldPass(verdicts, gateSnapshot, assumed, now);
  const openWrites = isHopeful ? untried.flatMap((write) => preflight(s, write)) : [];
  const isBroken = s.record.broken !== undefined;
  const notes = isBroken
    ? []
    : [
        ...unrecorded.map((approval) => append(s, drafts.signed(s.candidate, approval))),
        ...unrecordedJobs(s, bundle, gateSnapshot).map((job) => append(s, drafts.jobDone(s.candidate, bundle, job))),
      ];
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
  const begin = beginning(s, gateSnapshot, { base, verdicts, now });
  const before: Effect[] =
    base.baseline === undefined ? [] : [{ do: 'CreateBundle', bundle: base.baseline, compare: undefined }];
  return withStatus(s, { is: 'Judged', gates: gateSnapshot, verdicts }, now, {
    effects: [...notes, ...before, begin],
    wakeAt,
  });
};

/** The entry that begins the promotion, with the signatures that it rests on. */
const beginning = (
  s: Governed,
  gates: GateSnapshot,
  { base, verdicts, now }: { base: Base; verdicts: readonly NamedVerdict[]; now: Instant },
): Effect => {
  const { bundle } = gates;
  const { have, need } = approvalSummary(gates, now);
  const counted = new Set(consents(signatures(gates, now), 'Counts').map(({ approval }) => approval));
  return {
    do: 'Append',
    namespace: s.candidate.spec.targetNamespace,
    packageSeq: packageRecord(s.record, bundle.package).seq,
    draft: drafts.promotionStarted(s.candidate, bundle, {
      from: base.name,
      fromDigest: base.digest === 'none' ? '' : base.digest,
      // Signers are not shown what production held before any release, so nothing of that is taken off.
      fromObjects: base.foreign ? [] : base.objects,
      parks: s.policy.spec.deliveredBy === 'GitOps' ? [] : parkedBy(bundle, s.live, s.production?.unmanaged ?? []),
      quorum: `${have}/${need}`,
      approvals: s.approvals.filter(({ metadata }) => counted.has(metadata.name)),
      evidence: countedEvidence(gates, now),
      sourceAuthors: gates.sourceAuthors.known,
      exceptions: exceptionsUsed(gates, verdicts, now),
      delivery: s.policy.spec.deliveredBy,
      followsUp: followUpOf(s.candidate, bundle, s),
    }),
  };
};

/** What is known of reporters and of the delta. */
const evidenceView = (s: Governed, { bundle, base, answers }: Staged) => ({
  ...evidenceAnswers(answers),
  sourceAuthors: sourceAuthorsOf({ ...s, bundle, ...evidenceAnswers(answers) }),
  changes: { isNew: base.foreign || base.digest === 'none', parts: bundle.changed ?? [] },
  hands: handsIn(s, bundle),
});

/** Whether those may report whose evidence decides, and who signed it: each once. */
const questionsAbout = (s: Governed, staged: Staged, now: Instant): readonly Question[] => {
  if (s.policy.spec.evidence.length === 0) return [];
  const view = { ...s, bundle: staged.bundle, ...evidenceView(s, staged) };
  const open = [...evidenceQuestions(view, now), ...sourceQuestions(view, staged.answers)];
  return [...new Map(open.map((question) => [questionKey(question), question])).values()];
};

const handsIn = (s: Governed, bundle: Bundle) =>
  contributorsOf(s, s.candidate.metadata.namespace, mustHold(s) ? bundle : undefined);

/** From what production runs to the bundle, past what an emergency left and the candidate openly takes back. */
const courseOf = (s: CandidateSnapshot, bundle: Bundle, base: Base): Course => ({
  to: bundle,
  from: base.baseline ?? s.production,
  over: new Set([
    ...(followUpOf(s.candidate, bundle, s)?.reverts ?? []),
    ...(packageRecord(s.record, bundle.package).unfinished?.left ?? []),
  ]),
});

const optimisticSigner: GateSnapshot['signerOf'] = (_, { all: [first] }) => first?.name;

const optimistic = ({ approvals }: CandidateSnapshot): GateSnapshot['rights'] =>
  new Map(approvals.map(({ metadata }) => [metadata.uid, true]));

/** Soak and testers' signatures are remembered, so that staging may move on afterwards. */
const testedNote = (s: GateSnapshot, now: Instant): Effect[] =>
  s.policy.spec.stagingHold === 'UntilTested' && !wasTested(s) && isTested(s, now)
    ? [append(s, drafts.tested(s.candidate, s.bundle, authorsOf(s)))]
    : [];

interface Asked {
  readonly now: Instant;
  readonly rightQuestions: readonly Question[];
  readonly writes: readonly PreflightOutline[];
}

const gateView = (s: Governed, staged: Staged, asked: Asked): GateSnapshot => {
  const { bundle, base, rendering, answers } = staged;
  // Whatever staging's pods went through since they were made is part of the test.
  const judging = { since: 0, now: asked.now, patience: patienceOf(s.policy), around: noSurroundings };
  const stagedHealth = new Map(
    [...s.staged]
      .filter(([, { ref }]) => isJudged(ref))
      .map(([key, object]) => [key, workloadHealth(object, s.stagedPods.get(key) ?? [], judging)] as const),
  );
  const stagedNow = new Map(
    [...s.staged.keys()].map((key) => {
      const digest = rendering.digests.get(key);
      return [key, digest === undefined ? undefined : { digest }] as const;
    }),
  );
  const unread = unreadConfig(s, bundle);
  const imagesMoved = movedImages(s, bundle);
  const seen = { ...withJobsThatRan(s, bundle, { stagedNow, stagedHealth }), imagesMoved };
  return {
    ...s,
    bundle,
    rights: new Map([
      ...s.approvals.map(
        ({ metadata }, i) => [metadata.uid, heldRight(answers.get(keyAt(asked.rightQuestions, i)))] as const,
      ),
      ...rightsOnExceptions(s, answers),
    ]),
    ...seen,
    ...evidenceView(s, staged),
    unread,
    soakingSince: unread.length > 0 ? undefined : soakingSince(s, bundle, seen),
    preflight: refusals(asked.writes, answers),
    unanswered: unansweredWrite(asked.writes, answers),
    foreign: foreignContent(s, bundle, base),
  };
};

export const refusals = (questions: readonly PreflightOutline[], answers: Answers): readonly Refusal[] | undefined => {
  const found: Refusal[] = [];
  for (const question of questions) {
    const answer = answers.get(questionKey(question));
    if (answer === undefined || answer.kind === 'Unavailable') return undefined;
    if (answer.kind === 'Mutated') found.push({ object: keyOf(question.ref), message: '', mutated: answer.fields });
    if (answer.kind === 'No') found.push({ object: keyOf(question.ref), message: firstLine(answer.message) });
  }
  return found;
};

const unansweredWrite = (questions: readonly PreflightOutline[], answers: Answers): string | undefined =>
  questions
    .map((question) => answers.get(questionKey(question)))
    .flatMap((answer) => (answer?.kind === 'Unavailable' ? [answer.message] : []))[0];

/** The very request, to be tried without effect. */
const preflight = (s: Governed, { step, ...outline }: PendingWrite): PreflightQuestion[] => {
  const effect = effectOf(step, {
    as: 'operator',
    namespace: outline.namespace,
    intentFor: () => ({ namespace: outline.namespace, id: '', type: 'Promotion', package: '' }),
  });
  return effect === undefined || effect.do === 'Delete'
    ? []
    : [
        {
          ...outline,
          manifest: effect.manifest,
          departs: (stored) => mutatedFields(stored, step),
          isMutable: s.mutators(outline.ref)?.length !== 0,
        },
      ];
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
            : differingPaths(normalForm(live.manifest, ref), withLeft(before.content, live.manifest).content, [
                ...unmanagedOf(bundle.unmanaged, ref),
                ...unmanagedOf(course.from?.unmanaged ?? [], ref),
              ]);
        return [keyOf(ref), { manager: live?.writers[0]?.manager ?? 'unknown', fields }];
      }),
  );
};

export interface PendingWrite extends PreflightOutline {
  readonly step: Step;
}

/** The writes that the promotion would make now. */
export const pendingWrites = (s: Governed, course: Course): PendingWrite[] =>
  writeSteps(course, s.live).flatMap((step): PendingWrite[] => {
    const { object, live, ref, standing } = step;
    if (standing !== 'Pending' || object === undefined) return [];
    const resourceVersion = live?.resourceVersion;
    return [{ ask: 'Preflight', namespace: s.target.name, ref, resourceVersion, digest: object.digest, step }];
  });
