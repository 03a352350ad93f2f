/** The effect that freezes staged content in a bundle, and the questions that must be answered before it. */
import type { ReleaseCandidate } from '../../api/candidate.ts';
import { type Answers, type CurrentQuestion, questionKey } from '../api-queries.ts';
import type { Bundle, LeftOut } from '../bundle.ts';
import type { Base } from './bundle-draft.ts';
import type { CandidateSnapshot } from '../gates/snapshot.ts';
import { digestOf } from '../json/canonical.ts';
import { normalForm } from '../manifest/normal-form.ts';
import { replicaLines } from '../manifest/autoscaling.ts';
import { restartLines } from '../manifest/config-digest.ts';
import { listed, objectNamed } from '../messages.ts';
import { keyOf } from '../objects.ts';
import { imageLines } from './image-lines.ts';
import { dependenciesOf, dependencyLines, withoutSelector } from './dependencies.ts';
import { neededByLines } from './needed-by.ts';
import { heldByStaging } from './held-by-staging.ts';
import { stagingReferencesOf } from './named-staging.ts';
import { oneWayLines } from '../release/irreversible.ts';
import type { Effect } from '../plan.ts';
import { keyNamed } from '../manifest/kinds/index.ts';
import { overlayLines } from './overlays.ts';

export const stagedNowQuestions = ({ staged, candidate }: CandidateSnapshot): CurrentQuestion[] =>
  [...staged.values()].map(({ ref, bytes }) => ({
    ask: 'Current',
    namespace: candidate.metadata.namespace,
    ref,
    bytes,
  }));

/** Whether an object of staging still holds what is about to be frozen. */
export const isAsSeen = ({ staged }: CandidateSnapshot, question: CurrentQuestion, answers: Answers): boolean => {
  const answer = answers.get(questionKey(question));
  const seen = staged.get(keyOf(question.ref));
  return (
    answer?.kind === 'Digest' &&
    seen !== undefined &&
    answer.digest === digestOf(normalForm(seen.manifest, question.ref))
  );
};

export const freeze = (s: CandidateSnapshot, draft: Bundle, base: Base): Effect => {
  const { notes, significance, urgency, followsUp, reverts } = s.candidate.spec;
  const stagingReferences = stagingReferencesOf(s, draft.objects);
  const dependencies = dependenciesOf(s, draft.objects);
  return {
    do: 'CreateBundle',
    bundle: { ...draft, stagingReferences, ...dependencies },
    compare: {
      before: { name: s.production?.name ?? '', objects: base.objects, foreign: base.foreign },
      after: { name: draft.name, objects: draft.objects },
      removed: draft.removed,
      unmanaged: draft.unmanaged,
      irreversible: draft.irreversible,
      heading: {
        candidate: draft.candidate.name,
        version: draft.version,
        package: draft.package,
        target: draft.namespace,
        base: base.digest === 'none' ? 'none' : `${base.name} ${base.digest}`,
        digest: draft.digest,
        ...(followsUp === '' ? {} : { followsUp: followUpText(followsUp, reverts) }),
        irreversible: oneWayLines({
          bundle: draft,
          live: s.live,
          before: s.production,
          byTool: s.policy?.spec.deliveredBy === 'GitOps',
        }),
        leftOut: leftOutLines(draft, base),
        staging: stagingReferences.map((each) => `${objectNamed(keyOf(each))} ${each.path}: ${each.found}`),
        held: heldByStaging(s, draft.objects),
        neededBy: neededByLines(s, draft),
        needs: [...dependencyLines(s, dependencies), ...withoutSelector(draft.objects)],
        overlays: overlayLines(s, draft),
        restarts: restartLines(draft.objects, base.foreign ? [] : base.objects),
        images: imageLines(draft, s.policy),
        replicas: replicaLines({
          before: base.objects,
          after: draft.objects,
          removed: draft.removed,
          live: s.live,
        }),
        notes: `${significance}, ${urgency}${notes.summary === '' ? '' : `: ${notes.summary}`}`,
        unmanaged: draft.unmanaged.reduce((sum, { fields }) => sum + fields.length, 0),
      },
      given: { notes, onFailure: draft.onFailure },
    },
  };
};

/** For signers: what the selector found and production does not get, and what it loses by that. */
const leftOutLines = ({ leftOut, notSearched }: Bundle, base: Base): readonly string[] => {
  const isHad = ({ kind, name, apiVersion }: LeftOut): boolean =>
    base.objects.some(
      ({ ref }) => ref.kind === kind && ref.name === name && (apiVersion === '' || apiVersion === ref.apiVersion),
    );
  return [
    ...leftOut.map((entry) => {
      const what = isHad(entry) ? ' (deleted from production: the release before has it)' : '';
      return `${objectNamed(keyOf(entry))}${what}: ${entry.reason}`;
    }),
    ...(notSearched.length === 0
      ? []
      : [`not looked for: objects of ${listed(notSearched)}, which the chart does not list`]),
  ];
};

/** Signers read which of the emergency's changes go back; what the package holds of the rest is as production has it. */
const followUpText = (emergency: string, reverts: ReleaseCandidate['spec']['reverts']): string =>
  `emergency access ${emergency}; ${reverts.length === 0 ? 'takes nothing of it back' : `takes back ${listed(reverts.map((ref) => objectNamed(keyNamed(ref))))}`}`;
