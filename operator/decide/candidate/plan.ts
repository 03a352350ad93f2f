/**
 * What to do about a candidate: freeze its content, say what it lacks, note who signed, and begin its promotion when every gate has
 * passed. Read `planCandidate` from the top: it is the rule.
 */
import type { Reason } from '../../api/reasons.ts';
import { type Answers, askAgainAt, questionKey } from '../api-queries.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import type { BundleObject } from '../bundle.ts';
import { withConfiguration, withConfigurationOf } from '../manifest/config-digest.ts';
import { type Base, baseOf, type Content, draftBundle } from './bundle-draft.ts';
import { renderStaged } from './content.ts';
import {
  brokenProblem,
  oversize,
  stagingProblem,
  type StagingProblem,
  problem,
  unreadProblem,
} from './staging-problem.ts';
import { endOf, follow, isSettled, settle } from './endings.ts';
import { frozenNow, movedUnderOverlay } from './overlays.ts';
import { freeze, isAsSeen, stagedNowQuestions } from './freeze.ts';
import { judgeCandidate } from './judge.ts';
import { append, bounded, notStaged } from './report.ts';
import { selectionProblem, selectionQuestion } from './selection.ts';
import { noPlace, stagedBytes } from '../gates/production/open-limits.ts';
import { replacingOf } from '../gates/production/replaces.ts';
import type { CandidateSnapshot } from '../gates/snapshot.ts';
import type { Instant } from '../objects.ts';
import { earliest, nothing, type Plan, type StatusWrite } from '../plan.ts';
import * as drafts from './entries.ts';
import type { CandidateRecord } from '../record/candidate.ts';

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
const planOpen = (all: CandidateSnapshot, known: CandidateRecord | undefined, answers: Answers, now: Instant): Plan => {
  const s = { ...all, bundles: frozenNow(all) };
  const frozen = s.bundles[0]?.objects;
  const wasFrozen = all.bundles.length > 0;
  const moved = wasFrozen && frozen === undefined ? movedUnderOverlay(all) : undefined;
  const obstacle = wasFrozen
    ? (livingProblem(s) ?? unreadProblem(s) ?? (moved === undefined ? undefined : problem('OverlayChanged', moved)))
    : stagingProblem(s);
  if (obstacle !== undefined || s.policy === undefined || s.target === undefined) return notStaged(s, obstacle, now);

  const full = !wasFrozen ? noPlace(s, stagedBytes(s), now) : undefined;
  if (full !== undefined) return notStaged(s, full.problem, now, full.again);

  if (frozen === undefined) {
    const search = selectionQuestion(s);
    if (search !== undefined && !answers.has(questionKey(search))) return { ...nothing, questions: [search] };
    const unsaid = selectionProblem(s, answers);
    if (unsaid !== undefined) return notStaged(s, unsaid, now, now + searchAgainMs);
  }

  const settled = frozen && draftOn(s, s.policy, { overlaid: [], ...s.bundles[0], content: frozen });
  const rendering = renderStaged(s, answers, settled?.draft.unmanaged);
  const content = frozen ?? [...rendering.objects.values()];
  const unfit = frozen === undefined ? (rendering.problem ?? oversize(content)) : undefined;
  if (unfit !== undefined) {
    const plan = notStaged(s, unfit, now);
    return { ...plan, wakeAt: earliest(plan.wakeAt, askAgainAt(answers, now)) };
  }
  if (rendering.questions.length > 0) return { ...nothing, questions: rendering.questions };

  // What a broken record says production runs is no base to freeze anything on.
  const broken = brokenProblem(s);
  const drafted = frozen === undefined ? draftOn(s, s.policy, { content, overlaid: rendering.overlaid }) : settled;
  if (drafted === undefined) return broken === undefined ? nothing : notStaged(s, broken, now);
  const { base } = drafted;
  const draft = { ...drafted.draft, images: rendering.pins };
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
  return judgeCandidate({ ...all, policy: s.policy, target: s.target }, { bundle, base, rendering, answers }, now);
};

/** The bundle that content makes against what production runs; undefined = what it runs is not known. Once frozen, content stays as it is. */
const draftOn = (s: CandidateSnapshot, policy: ReleasePolicy, made: Content) => {
  const base = baseOf(s, policy, made.content);
  if (base === undefined) return undefined;
  const isFrozen = s.bundles.length > 0;
  const content = isFrozen ? made.content : configured(policy, made.content, base);
  return { base, draft: draftBundle(s, policy, { ...made, content }, base) };
};

/** With what makes pods start with the configuration of the release. Nobody reads in it what production held before any release. */
const configured = ({ spec }: ReleasePolicy, content: readonly BundleObject[], base: Base): readonly BundleObject[] => {
  if (spec.deliveredBy === 'GitOps') return content;
  const before = base.foreign ? [] : base.objects;
  return spec.restartOnConfigChange ? withConfiguration(content, before) : withConfigurationOf(content, before);
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
      : { reason: failure.reason ?? 'InternalError', message: `the operator cannot work on it: ${message}` };
  return notStaged(s, obstacle, now).statuses;
};

/** A candidate that was deleted before it was finished: whoever may delete it, withdrew it. */
export const planGone = (namespace: string, candidate: CandidateRecord, inFlight: boolean): Plan =>
  candidate.finished !== undefined || candidate.promoted !== undefined || inFlight
    ? nothing
    : { ...nothing, effects: [{ do: 'Append', namespace, draft: drafts.withdrawn(candidate) }] };

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

/** What of staging nobody watches is asked for again after this long, or when something else of staging changes. */
const searchAgainMs = 30_000;

/** The watch that brings what the API server has already told is hardly a second behind. */
const soonMs = 1_000;
