/** What a candidate consists of: once staged, what was frozen; before, what staging holds, rendered and brought into normal form. */
import type { ReleaseCandidate } from '../../api/candidate.ts';
import type { JsonObject } from '../../api/meta.ts';
import type { BundleObject, ImagePin, OverlaidField, UnmanagedFields } from '../bundle.ts';
import { digestOf, digestSteps } from '../json/canonical.ts';
import { overlaidFields } from '../delta/overlaid.ts';
import { overlayRefusal } from '../manifest/overlay-refusal.ts';
import { idleText, overlaysFor, policyOverlayDigest } from './overlays.ts';
import { keyOf, type LiveObject, type ObjectKey, type ObjectRef } from '../objects.ts';
import { questionKey, type Answers, type NormalFormQuestion } from '../api-queries.ts';
import { asStarted } from '../manifest/autoscaling.ts';
import { isFilledInLater } from '../manifest/live-values.ts';
import { normalForm, render, renderSteps, type Rendered } from '../manifest/normal-form.ts';
import { isImmutable, normalFormQuestion } from '../manifest/dry-run.ts';
import { mutatedText } from '../gates/mutated-content.ts';
import type { CandidateSnapshot } from '../gates/snapshot.ts';
import { instead, ungrantable } from '../gates/content/rights.ts';
import { overlayBytes } from '../gates/production/open-limits.ts';
import { firstLine } from '../messages.ts';
import { withMovedNamespaces } from '../manifest/namespace-fields.ts';
import { configOf, isRolled } from '../manifest/config-digest.ts';
import { pinsFor, pinStaged, pinsText, withPins, type Pinning } from './image-pins.ts';
import { comparisonOf, comparisonText, frozenDigest, heldDigest, type ComparedOutside } from './staged-comparison.ts';
import { problem, reserved, wrongWave, type StagingProblem } from './staging-problem.ts';
import { keyNamed } from '../manifest/kinds/index.ts';

/** The staged objects as production would have them. */
export interface Rendering {
  /** All of them while nothing is frozen; afterwards those of which the digest was not known yet. */
  readonly objects: ReadonlyMap<ObjectKey, BundleObject>;
  readonly digests: ReadonlyMap<ObjectKey, string>;
  /** What overlays change in the objects. */
  readonly overlaid: readonly OverlaidField[];
  /** What the API server has not said yet. */
  readonly questions: readonly NormalFormQuestion[];
  readonly problem: StagingProblem | undefined;
  /** Tags and the digests that stand behind them in the objects. */
  readonly pins: readonly ImagePin[];
}

/** Overlay and normal form of everything that is staged now. `unmanaged`: what the release leaves to others, once its content is frozen. */
export const renderStaged = (
  s: CandidateSnapshot,
  answers: Answers,
  unmanaged: readonly UnmanagedFields[] = [],
): Rendering => {
  const objects = new Map<ObjectKey, BundleObject>();
  const digests = new Map<ObjectKey, string>();
  const overlaid: OverlaidField[] = [];
  const questions: NormalFormQuestion[] = [];
  const { pins, problem: unpinned } = pinsOf(s);
  if (unpinned !== undefined) return { objects, digests, questions, problem: unpinned, pins, overlaid };
  for (const [key, staged] of s.staged) {
    const object = asStarted(staged, s.stagedAutoscalers);
    const as = comparisonOf(s, object, unmanaged);
    const known = heldDigest(s, object) ?? knownDigest(s, object, as);
    const one = known === undefined ? renderOne(s, object, { answers, pins }) : undefined;
    if (one === undefined) digests.set(key, known ?? '');
    else if ('ask' in one) questions.push(one);
    else if ('reason' in one) return { objects, digests, overlaid, questions: [], problem: one, pins };
    else {
      objects.set(key, one);
      overlaid.push(...overlaidOf(s, object, renderedFor(s, object)));
      const digest = frozenDigest(s, one, as) ?? one.digest;
      digests.set(key, digest);
      rememberDigest(s, object, { digest: one.digest, pins });
      if (as !== undefined) rememberDigest(s, object, { digest, pins }, as);
    }
  }
  return { objects, digests, overlaid, questions, problem: undefined, pins };
};

/** What is pinned stays so once it is frozen; the pods that said it may go. */
const pinsOf = (s: CandidateSnapshot): Pinning => {
  if (s.bundles.length > 0) return { pins: frozenPins(s), problem: undefined };
  return pinStaged(s, (object) => {
    const rendered = renderedFor(s, object);
    return rendered.kind === 'Content' ? rendered.content : undefined;
  });
};

const frozenPins = ({ bundles }: CandidateSnapshot): readonly ImagePin[] => bundles.at(-1)?.images ?? [];

/**
 * Digests of staged objects in normal form, by the live object, the version of the API server whose
 * overlay was laid over it and what was pinned in it. Once content is frozen nothing else of what is staged is asked
 * for, and to render megabytes again takes a second.
 */
const normalDigests = new WeakMap<LiveObject, Map<string, string>>();
/** Of one object: candidates with an overlay for it have one each. */
const mostDigests = 8;

const digestKey = (
  s: CandidateSnapshot,
  object: LiveObject,
  { pins = frozenPins(s), as }: { readonly pins?: readonly ImagePin[]; readonly as?: ComparedOutside | undefined } = {},
): string => {
  const { metadata, spec } = s.candidate;
  const by = overlaysFor(s, object.ref).some((overlay) => overlay.by === 'Candidate') ? metadata.uid : '';
  return `${s.serverVersion} ${spec.targetNamespace} ${by} ${policyOverlayDigest(s, [object.ref])} ${pinsText(pinsFor(pins, object))}${comparisonText(as)}`;
};

const rememberDigest = (
  s: CandidateSnapshot,
  object: LiveObject,
  { digest, pins }: { readonly digest: string; readonly pins: readonly ImagePin[] },
  as?: ComparedOutside,
): void => {
  // What is small, and counts differently for each candidate.
  if (isFilledInLater(object.ref)) return;
  const known = normalDigests.get(object) ?? new Map<string, string>();
  normalDigests.set(object, known.set(digestKey(s, object, { pins, as }), digest));
  const [oldest] = known.keys();
  if (known.size > mostDigests && oldest !== undefined) known.delete(oldest);
};

/** undefined = it has to be rendered: while nothing is frozen the content itself is asked for. */
const knownDigest = (s: CandidateSnapshot, object: LiveObject, as?: ComparedOutside): string | undefined =>
  s.bundles.length === 0 ? undefined : normalDigests.get(object)?.get(digestKey(s, object, { as }));

/** The staged objects that a plan has to render. */
const unrendered = (s: CandidateSnapshot): readonly LiveObject[] =>
  [...s.staged.values()]
    .map((object) => asStarted(object, s.stagedAutoscalers))
    .filter((object) => knownDigest(s, object) === undefined);

/** A candidate of which more than this is to be rendered is worked on while no other such one is, in bytes. */
const heavyBytes = 512 * 1024;

export const isHeavy = (s: CandidateSnapshot): boolean => {
  const bytes = unrendered(s).reduce((sum, object) => sum + object.bytes, 0);
  return bytes > 0 && bytes + overlayBytes(s.candidate) > heavyBytes;
};

/**
 * Does in steps what `renderStaged` then finds done: a package of megabytes takes a second, and nothing else goes on within a step. The
 * caller decides when to pause, and what was made is found for as long as the caller has it.
 */
export function* renderInSteps(s: CandidateSnapshot): Generator<unknown, void, void> {
  for (const object of unrendered(s)) {
    const { manifest } = object;
    yield manifest;
    const rendered = yield* renderedSteps(s, object);
    yield rendered;
    if (rendered.kind === 'Problem') return;
    overlaidOf(s, object, rendered);
    yield* digestSteps(normalForm(manifest, object.ref));
  }
}

interface Kept {
  /** Of what the policy says of the object, and of how its lists merge. */
  readonly under: string;
  readonly made: WeakRef<Rendered>;
}

/** Of what is staged, for a candidate: both stay the same objects from one plan to the next. Megabytes are not held between plans. */
const renderings = new WeakMap<LiveObject, WeakMap<ReleaseCandidate, Kept>>();

const renderedUnder = (s: CandidateSnapshot, { ref }: LiveObject): string =>
  `${policyOverlayDigest(s, [ref])} ${s.typeOf(ref).id}`;

const knownRendering = (s: CandidateSnapshot, object: LiveObject): Rendered | undefined => {
  const kept = renderings.get(object)?.get(s.candidate);
  return kept?.under === renderedUnder(s, object) ? kept.made.deref() : undefined;
};

const remembered = (s: CandidateSnapshot, object: LiveObject, rendered: Rendered): Rendered => {
  const known = renderings.get(object) ?? new WeakMap<ReleaseCandidate, Kept>();
  const kept: Kept = { under: renderedUnder(s, object), made: new WeakRef(rendered) };
  renderings.set(object, known.set(s.candidate, kept));
  return rendered;
};

/** As staging holds it, but for fields that name staging as the place of the package. */
const moved = ({ spec, metadata }: ReleaseCandidate, object: LiveObject): LiveObject => {
  const move = { from: metadata.namespace, to: spec.targetNamespace };
  const manifest = withMovedNamespaces(object.manifest, object.ref, move);
  return manifest === object.manifest ? object : { ...object, manifest };
};

const renderedFor = (s: CandidateSnapshot, object: LiveObject): Rendered =>
  knownRendering(s, object) ??
  remembered(s, object, render(moved(s.candidate, object), overlaysFor(s, object.ref), s.typeOf(object.ref).type));

function* renderedSteps(s: CandidateSnapshot, object: LiveObject): Generator<void, Rendered, void> {
  return (
    knownRendering(s, object) ??
    remembered(
      s,
      object,
      yield* renderSteps(moved(s.candidate, object), overlaysFor(s, object.ref), s.typeOf(object.ref).type),
    )
  );
}

/** By rendering: thousands of fields are compared once, and not by each plan until the content is frozen. */
const overlaidIn = new WeakMap<Rendered, readonly OverlaidField[]>();

/** What overlays change of an object, production's own first. Known once it is frozen. */
const overlaidOf = (s: CandidateSnapshot, { ref }: LiveObject, rendered: Rendered): readonly OverlaidField[] => {
  if (s.bundles.length > 0 || rendered.kind === 'Problem' || overlaysFor(s, ref).length === 0) return [];
  const { base, own, content } = rendered;
  const overlaid = overlaidIn.get(rendered) ?? [
    ...overlaidFields(ref, { from: base, to: own, by: 'Policy' }),
    ...overlaidFields(ref, { from: own, to: content, by: 'Candidate' }),
  ];
  overlaidIn.set(rendered, overlaid);
  return overlaid;
};

/** The first of what the candidate says of an object that makes no difference; afterwards staging may become what it says. */
const withoutEffect = (s: CandidateSnapshot, object: LiveObject, normal?: JsonObject): StagingProblem | undefined => {
  if (s.bundles.length > 0) return undefined;
  const { ref, manifest } = object;
  const overlays = overlaysFor(s, ref);
  if (!overlays.some(({ by }) => by === 'Candidate')) return undefined;
  const rendered = renderedFor(s, object);
  const isIdle =
    normal === undefined
      ? rendered.kind === 'Content' && rendered.idle.length > 0
      : overlays.every(({ by }) => by === 'Candidate') && digestOf(normal) === digestOf(normalForm(manifest, ref));
  return isIdle ? problem('OverlayWithoutEffect', idleText(ref, overlays)) : undefined;
};

const renderOne = (
  s: CandidateSnapshot,
  object: LiveObject,
  { answers, pins }: { readonly answers: Answers; readonly pins: readonly ImagePin[] },
): BundleObject | NormalFormQuestion | StagingProblem => {
  const { ref } = object;
  const rendered = renderedFor(s, object);
  if (rendered.kind === 'Problem') {
    const { object: key, message, overlay } = rendered.problem;
    return problem(overlay === true ? 'OverlayRefused' : 'NormalFormRefused', `${key}: ${message}`);
  }
  const idle = withoutEffect(s, object);
  if (idle !== undefined) return idle;
  const content = withPins(rendered.content, pinsFor(pins, object));
  const wave = wrongWave(content, ref);
  if (wave !== undefined) return problem('WaveUnknown', wave);
  if (isRolled(ref) && configOf(content) !== undefined) return problem('ReservedAnnotation', reserved(ref));
  const namespace = s.candidate.spec.targetNamespace;
  const right = ungrantable(ref, content);
  if (right !== undefined)
    return problem('RightNotGrantable', `no release grants this: ${right}. Next: ${instead(namespace)}`);
  const mutators = s.mutators(ref);
  const unmanaged = declaredFor(s, ref);
  const question = normalFormQuestion(content, ref, { namespace, live: s.live.get(keyOf(ref)), unmanaged, mutators });
  const answer = answers.get(questionKey(question));
  if (answer === undefined) return question;
  if (answer.kind !== 'Object') {
    const said = 'message' in answer ? firstLine(answer.message) : 'no answer';
    // The gate Preflight speaks of it, with the way round.
    if (isImmutable(question, said)) return { ref, content, digest: digestOf(content), source: sourceOf(object) };
    const { type } = s.typeOf(ref);
    const overlays = answer.kind === 'No' ? overlaysFor(s, ref) : [];
    return problem('NormalFormRefused', `${keyOf(ref)}: ${overlayRefusal({ ref, said, content, overlays, type })}`);
  }
  const unstable = s.bundles.length > 0 ? [] : (answer.unstable ?? []);
  const mutated = mutatedText(ref, unstable, { namespace, mutators });
  if (mutated !== undefined) return problem('ContentMutated', mutated);
  const normal = normalForm(answer.manifest, ref);
  const same = withoutEffect(s, object, normal);
  if (same !== undefined) return same;
  return { ref, content: normal, digest: digestOf(normal), source: sourceOf(object) };
};

const sourceOf = ({ uid, resourceVersion, manifest, ref }: LiveObject) => ({
  uid,
  resourceVersion,
  digest: digestOf(normalForm(manifest, ref)),
});

/** What the policy leaves to others of an object. */
const declaredFor = ({ policy }: CandidateSnapshot, ref: ObjectRef): readonly string[] =>
  (policy?.spec.unmanagedFields ?? []).flatMap((row) =>
    row.name === ref.name && keyNamed(row) === keyOf(ref) ? row.fields : [],
  );
