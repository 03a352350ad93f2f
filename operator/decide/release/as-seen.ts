/**
 * Whether production holds what the watch shows of it. A leader that has just taken over may not have seen the last writes of the one before, and what is
 * decided for good must not rest on that.
 */
import { fieldManagers } from '../../api/field-managers.ts';
import { type Answers, type CurrentQuestion, questionKey } from '../api-queries.ts';
import type { Bundle } from '../bundle.ts';
import { digestOf } from '../json/canonical.ts';
import type { Left } from '../ledger-entry.ts';
import { runsOncePerBundle } from '../manifest/kinds/index.ts';
import { normalForm } from '../manifest/normal-form.ts';
import { type Instant, keyOf, type ObjectRef } from '../objects.ts';
import type { ReleaseSnapshot } from './snapshot.ts';
import { type Course, liveRef, objectIn } from './steps.ts';

/** How far the watch may be behind what the API server has answered already, in milliseconds, before it is looked at again. */
export const lookAgainMs = 1_000;

export type AsSeen =
  | { readonly is: 'Ask'; readonly questions: readonly CurrentQuestion[] }
  /** Objects of which production holds something else than what is seen, or of which it could not be asked. */
  | { readonly is: 'Behind'; readonly objects: readonly ObjectRef[] }
  | { readonly is: 'AsSeen' };

/** Asks the API server for each of these objects, once for each plan. */
export const asSeen = (s: ReleaseSnapshot, refs: readonly ObjectRef[], answers: Answers): AsSeen => {
  const asked = refs.map((ref) => ({
    ref,
    question: { ask: 'Current', namespace: s.namespace, ref, bytes: s.live.get(keyOf(ref))?.bytes ?? 0 } as const,
  }));
  const questions = asked.map(({ question }) => question).filter((question) => !answers.has(questionKey(question)));
  if (questions.length > 0) return { is: 'Ask', questions };
  const objects = asked.filter(({ question }) => !isSeen(s, question, answers)).map(({ ref }) => ref);
  return objects.length === 0 ? { is: 'AsSeen' } : { is: 'Behind', objects };
};

const isSeen = (s: ReleaseSnapshot, question: CurrentQuestion, answers: Answers): boolean => {
  const answer = answers.get(questionKey(question));
  const seen = s.live.get(keyOf(question.ref));
  if (seen === undefined) return answer?.kind === 'No';
  return answer?.kind === 'Digest' && answer.digest === digestOf(normalForm(seen.manifest, question.ref));
};

/**
 * Of a rollback that looks complete: what the release that it takes back wrote or removed, and of which nothing that the rollback wrote itself shows
 * that it is so no more.
 */
export const changedByRelease = (s: ReleaseSnapshot, { to, from }: Course, since: Instant): readonly ObjectRef[] => {
  if (from === undefined) return [];
  const restored = (to?.objects ?? []).filter(
    ({ ref, digest }) => !runsOncePerBundle(ref) && objectIn(from, ref)?.digest !== digest,
  );
  return [...restored.map(({ ref }) => ref).filter((ref) => !isRestored(s, ref, since)), ...added(from, to)];
};

const added = (from: Bundle, to: Bundle | undefined): readonly ObjectRef[] => [
  ...from.objects
    .filter(({ ref }) => runsOncePerBundle(ref) || objectIn(to, ref) === undefined)
    .map((object) => liveRef(object, from)),
  ...from.removed.filter((ref) => objectIn(to, ref) === undefined),
];

/** Written by the restorer since then, and by nobody after it. The API server's times have whole seconds. */
const isRestored = ({ live }: ReleaseSnapshot, ref: ObjectRef, since: Instant): boolean => {
  const [last] = live.get(keyOf(ref))?.writers ?? [];
  return last?.manager === fieldManagers.restorer && (last.at ?? 0) >= since - (since % 1000);
};

/** What is not known of an object when the time is over. */
export const notSeen = (s: ReleaseSnapshot, { kind, name, ...ref }: ObjectRef): Left => ({
  object: keyOf({ kind, name, ...ref }),
  wanted: 'as it was before',
  found: 'not known',
  why: 'the API server holds something else than what its watch has shown, or did not answer',
  next: `look at it: kubectl get ${kind.toLowerCase()} ${name} -n ${s.namespace} -o yaml; then a holder of rollback orders a Rollback of package ${s.package}, or a developer stages a new candidate`,
});
