/** What a candidate consists of: once staged, what was frozen; before, what staging holds, rendered and brought into normal form. */
import { configAnnotation, jobWaves, waveAnnotation } from '../../api/kinds.ts';
import type { ReleaseCandidate } from '../../api/candidate.ts';
import type { Reason } from '../../api/reasons.ts';
import { maxDeltaTextBytes } from '../../api/bundle.ts';
import type { JsonObject } from '../../api/meta.ts';
import { handsOn, unknownWriters } from '../people/authors.ts';
import { brokenText } from '../record/broken-record.ts';
import type { BundleObject } from '../bundle.ts';
import { digestOf, digestSteps, sizeOf } from '../json/canonical.ts';
import { keyOf, type LiveObject, type ObjectKey, type ObjectRef } from '../objects.ts';
import { questionKey, type Answers, type NormalFormQuestion } from '../api-queries.ts';
import { isFilledInLater, withFilledIn } from '../manifest/live-values.ts';
import { normalForm, render, renderSteps, strayOverlays, type Rendered } from '../manifest/normal-form.ts';
import { fromScratch, scratchManifest } from '../manifest/dry-run.ts';
import type { CandidateSnapshot } from '../gates/snapshot.ts';
import { overlayBytes } from '../gates/production/open-limits.ts';
import { visible } from '../safe-text.ts';
import { firstLine } from '../messages.ts';
import { configOf, isRolled } from '../manifest/config-digest.ts';
import { promotableKinds, runsOncePerBundle } from '../manifest/kinds/index.ts';
import { textAt } from '../json/json.ts';

/** Why a candidate cannot be staged, and what to do about it. */
export interface StagingProblem {
  readonly reason: Reason;
  readonly message: string;
}

/** Largest package: all contents together, in bytes of canonical JSON. */
export const maxPackageBytes = 6 * 1024 * 1024;
export const maxPackageObjects = 500;
/** A bundle lists 500 authors: these, the author of the candidate, and those on whose behalf it is. */
const maxPackageAuthors = 400;

const problem = (reason: Reason, message: string): StagingProblem => ({ reason, message });

/** The first thing that stands between a candidate and its bundle, apart from what rendering finds; undefined = nothing. */
export const stagingProblem = (s: CandidateSnapshot): StagingProblem | undefined => {
  const { spec, metadata } = s.candidate;
  if (s.target === undefined) return problem('PolicyMissing', `there is no namespace ${spec.targetNamespace}`);
  if (s.target.terminating)
    return problem('NamespaceTerminating', `namespace ${spec.targetNamespace} is being deleted`);
  if (s.policy === undefined) {
    return problem('PolicyMissing', `namespace ${spec.targetNamespace} has no ReleasePolicy named production`);
  }
  if (s.target.guarded === undefined) {
    return problem('NamespaceNotGuarded', `namespace ${spec.targetNamespace} is not labelled countersign.dev/guarded`);
  }
  if (s.policy.spec.sourceNamespace !== metadata.namespace) {
    return problem(
      'SourceNotNamed',
      `the policy of ${spec.targetNamespace} takes releases from ${s.policy.spec.sourceNamespace}, not from ${metadata.namespace}`,
    );
  }
  return brokenProblem(s) ?? missingPart(s) ?? unclearAuthors(s);
};

/** Nothing is frozen on a record that does not verify. */
export const brokenProblem = ({ candidate, record }: CandidateSnapshot): StagingProblem | undefined =>
  record.broken === undefined
    ? undefined
    : problem('LedgerBroken', brokenText(candidate.spec.targetNamespace, record.broken, record));

const missingPart = ({ candidate, staged }: CandidateSnapshot): StagingProblem | undefined => {
  const { components, overlay, selector } = candidate.spec;
  const rows = new Map(promotableKinds.map((row) => [row.kind, row]));
  for (const component of components ?? []) {
    const row = rows.get(component.kind);
    const group = component.apiVersion;
    if (row === undefined || (group !== undefined && group !== row.apiVersion)) {
      return problem(
        'KindNotPromotable',
        `${component.kind}${group === undefined ? '' : ` of ${group}`} (${component.name}) cannot be promoted`,
      );
    }
  }
  const absent = (components ?? []).map(keyOf).filter((key) => !staged.has(key));
  if (absent.length > 0) {
    return problem('ComponentMissing', `staging namespace ${candidate.metadata.namespace} lacks ${named(absent)}`);
  }
  if (staged.size === 0) {
    const labels = Object.entries(selector?.matchLabels ?? {}).map((pair) => pair.join('='));
    return problem(
      'ComponentMissing',
      `no object in ${candidate.metadata.namespace} has the labels ${visible(labels.join(','))}`,
    );
  }
  if (staged.size > maxPackageObjects) {
    return problem(
      'PackageTooLarge',
      `the package has more than ${maxPackageObjects} objects, which are all that are taken. Next: split it, or have fewer objects carry the labels of spec.selector, then create a new candidate`,
    );
  }
  const stray = strayOverlays(
    overlay,
    [...staged.values()].map(({ ref }) => ref),
  ).map(({ object }) => object);
  return stray.length === 0
    ? undefined
    : problem('ComponentMissing', `spec.overlay names ${named(stray)}, which the package does not contain`);
};

const unclearAuthors = (s: CandidateSnapshot): StagingProblem | undefined => {
  const hands = handsOn(s, s.production);
  const unknown = unknownWriters(s, s.candidate.metadata.namespace, hands);
  if (unknown !== undefined) return problem('AuthorUnrecorded', `${unknown.message}. ${unknown.remedy}`);
  const authors = hands.known.length;
  return authors > maxPackageAuthors
    ? problem('PackageTooLarge', `${authors} people have changed the package; at most ${maxPackageAuthors} are taken`)
    : undefined;
};

/** A few names of many. */
const named = (keys: readonly string[]): string =>
  keys.length <= 5 ? keys.join(', ') : `${keys.slice(0, 5).join(', ')} and ${keys.length - 5} more`;

/** The staged objects as production would have them. */
export interface Rendering {
  /** All of them while nothing is frozen; afterwards those of which the digest was not known yet. */
  readonly objects: ReadonlyMap<ObjectKey, BundleObject>;
  readonly digests: ReadonlyMap<ObjectKey, string>;
  /** What the API server has not said yet. */
  readonly questions: readonly NormalFormQuestion[];
  readonly problem: StagingProblem | undefined;
}

/** Overlay and normal form of everything that is staged now. */
export const renderStaged = (s: CandidateSnapshot, answers: Answers): Rendering => {
  const objects = new Map<ObjectKey, BundleObject>();
  const digests = new Map<ObjectKey, string>();
  const questions: NormalFormQuestion[] = [];
  for (const [key, object] of s.staged) {
    const known = knownDigest(s, object);
    const one = known === undefined ? renderOne(s, object, answers) : undefined;
    if (one === undefined) digests.set(key, known ?? '');
    else if ('ask' in one) questions.push(one);
    else if ('reason' in one) return { objects, digests, questions: [], problem: one };
    else {
      objects.set(key, one);
      digests.set(key, frozenDigest(s, one) ?? one.digest);
      rememberDigest(s, object, one.digest);
    }
  }
  return { objects, digests, questions, problem: undefined };
};

/** The digest of the frozen content, where the staged object differs only by what the control plane filled in since. */
const frozenDigest = ({ bundles }: CandidateSnapshot, { ref, content, digest }: BundleObject): string | undefined => {
  if (!isFilledInLater(ref.kind)) return undefined;
  const frozen = bundles.at(-1)?.objects.find((object) => keyOf(object.ref) === keyOf(ref));
  return frozen !== undefined && digestOf(withFilledIn(frozen.content, content)) === digest ? frozen.digest : undefined;
};

/**
 * Digests of staged objects in normal form, by the live object, the version of the API server and
 * whose overlay was laid over it. Once content is frozen nothing else of what is staged is asked
 * for, and to render megabytes again takes a second.
 */
const normalDigests = new WeakMap<LiveObject, Map<string, string>>();
/** Of one object: candidates with an overlay for it have one each. */
const mostDigests = 8;

const digestKey = ({ candidate, serverVersion }: CandidateSnapshot, object: LiveObject): string => {
  const { metadata, spec } = candidate;
  const by = patchesFor(candidate, object).length === 0 ? '' : metadata.uid;
  return `${serverVersion} ${spec.targetNamespace} ${by}`;
};

const rememberDigest = (s: CandidateSnapshot, object: LiveObject, digest: string): void => {
  // What is small, and counts differently for each candidate.
  if (isFilledInLater(object.ref.kind)) return;
  const known = normalDigests.get(object) ?? new Map<string, string>();
  normalDigests.set(object, known.set(digestKey(s, object), digest));
  const [oldest] = known.keys();
  if (known.size > mostDigests && oldest !== undefined) known.delete(oldest);
};

/** undefined = it has to be rendered: while nothing is frozen the content itself is asked for. */
const knownDigest = (s: CandidateSnapshot, object: LiveObject): string | undefined =>
  s.bundles.length === 0 ? undefined : normalDigests.get(object)?.get(digestKey(s, object));

/** The staged objects that a plan has to render. */
const unrendered = (s: CandidateSnapshot): readonly LiveObject[] =>
  [...s.staged.values()].filter((object) => knownDigest(s, object) === undefined);

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
    const rendered = yield* renderedSteps(s.candidate, object);
    yield rendered;
    if (rendered.kind === 'Problem') return;
    yield* digestSteps(normalForm(manifest, object.ref));
  }
}

/** Of what is staged, for a candidate: both stay the same objects from one plan to the next. Megabytes are not held between plans. */
const renderings = new WeakMap<LiveObject, WeakMap<ReleaseCandidate, WeakRef<Rendered>>>();

const patchesFor = ({ spec }: ReleaseCandidate, { ref }: LiveObject): readonly JsonObject[] =>
  spec.overlay.filter(({ kind, name }) => kind === ref.kind && name === ref.name).map(({ patch }) => patch);

const knownRendering = (candidate: ReleaseCandidate, object: LiveObject): Rendered | undefined =>
  renderings.get(object)?.get(candidate)?.deref();

const remembered = (candidate: ReleaseCandidate, object: LiveObject, rendered: Rendered): Rendered => {
  const known = renderings.get(object) ?? new WeakMap<ReleaseCandidate, WeakRef<Rendered>>();
  renderings.set(object, known.set(candidate, new WeakRef(rendered)));
  return rendered;
};

const renderedFor = (candidate: ReleaseCandidate, object: LiveObject): Rendered =>
  knownRendering(candidate, object) ?? remembered(candidate, object, render(object, patchesFor(candidate, object)));

function* renderedSteps(candidate: ReleaseCandidate, object: LiveObject): Generator<void, Rendered, void> {
  return (
    knownRendering(candidate, object) ??
    remembered(candidate, object, yield* renderSteps(object, patchesFor(candidate, object)))
  );
}

/** Whether the contents together are more than a bundle takes. */
export const oversize = (objects: readonly BundleObject[]): StagingProblem | undefined => {
  const bytes = objects.reduce((sum, { content }) => sum + sizeOf(content), 0);
  return bytes > maxPackageBytes
    ? problem('PackageTooLarge', `the package has ${bytes} bytes; at most ${maxPackageBytes} are taken`)
    : undefined;
};

/** What must be shown to signers whole is more than they can be shown. */
export const deltaTooLarge = (bytes: number): StagingProblem =>
  problem(
    'DeltaTooLarge',
    `signers must see every image, command, identity, right and network field that changes, and these take ${bytes} bytes; a delta holds ${maxDeltaTextBytes}. Split the package, or move long commands into ConfigMaps or images, then create a new candidate`,
  );

const reserved = ({ kind, name }: ObjectRef): string =>
  `the pod template of ${kind} ${name} has the annotation ${configAnnotation}, which Countersign writes. Next: take it off, in staging and in the overlay`;

/** What is wrong about when an object asks to be written; undefined = nothing. */
const wrongWave = (content: JsonObject, { kind, name }: ObjectRef): string | undefined => {
  const wave = textAt(content, 'metadata', 'annotations', waveAnnotation);
  if (wave === undefined) return undefined;
  const said = `${kind} ${name} has the annotation ${waveAnnotation}: ${visible(wave)}`;
  if (!runsOncePerBundle(kind)) return `${said}, which only Jobs may have. Next: take it off`;
  return jobWaves.some((each) => each === wave)
    ? undefined
    : `${said}. It takes ${jobWaves.join(' or ')}: whether the Job runs before the workloads of its package, as without it, or once they are ready. Next: write one of the two`;
};

const renderOne = (
  s: CandidateSnapshot,
  object: LiveObject,
  answers: Answers,
): BundleObject | NormalFormQuestion | StagingProblem => {
  const { ref } = object;
  const rendered = renderedFor(s.candidate, object);
  if (rendered.kind === 'Problem') {
    return problem('NormalFormRefused', `${rendered.problem.object}: ${rendered.problem.message}`);
  }
  const { content } = rendered;
  const wave = wrongWave(content, ref);
  if (wave !== undefined) return problem('WaveUnknown', wave);
  if (isRolled(ref.kind) && configOf(content) !== undefined) return problem('ReservedAnnotation', reserved(ref));
  const namespace = s.candidate.spec.targetNamespace;
  const question: NormalFormQuestion = {
    ask: 'NormalForm',
    namespace,
    ref,
    // Most are known under their digest: it is made for those that are not.
    get manifest() {
      return scratchManifest(content, ref, namespace);
    },
    bytes: sizeOf(content),
    digest: digestOf(content),
  };
  const answer = answers.get(questionKey(question));
  if (answer === undefined) return question;
  if (answer.kind !== 'Object') {
    const said = 'message' in answer ? answer.message : 'no answer';
    return problem('NormalFormRefused', `${keyOf(ref)}: ${visible(firstLine(said))}`);
  }
  const normal = fromScratch(answer.manifest, ref);
  const { uid, resourceVersion } = object;
  return { ref, content: normal, digest: digestOf(normal), source: { uid, resourceVersion } };
};
