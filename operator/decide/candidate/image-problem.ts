/** Why an image that is named by tag cannot be pinned to what staging runs, and what to do about it. */
import type { Reason } from '../../api/reasons.ts';
import { leaveToInjector, placeholder } from '../gates/content/injected.ts';
import { newCandidate } from '../gates/remedies.ts';
import type { CandidateSnapshot } from '../gates/snapshot.ts';
import { at } from '../json/json.ts';
import { placeText, type NamedImage } from '../manifest/images-in.ts';
import { runsOncePerBundle } from '../manifest/kinds/index.ts';
import { argumentFor, listed, objectNamed } from '../messages.ts';
import { keyOf, type LiveObject } from '../objects.ts';
import { visibleAscii } from '../safe-text.ts';
import { problem, type StagingProblem } from './staging-problem.ts';

/** One image that cannot be pinned. */
export interface ImageProblem {
  readonly reason: Extract<
    Reason,
    'ImageInjected' | 'ImageNotStaged' | 'ImageWithoutDigest' | 'ImagesDisagree' | 'ImageNotRun'
  >;
  readonly object: LiveObject;
  readonly image: NamedImage;
  /** What the pods of staging, or its template, say instead. */
  readonly said: readonly string[];
}

/** The first is said: what needs somebody to act before what time may bring. */
const worstFirst = [
  'ImageNotStaged',
  'ImageInjected',
  'ImageWithoutDigest',
  'ImagesDisagree',
  'ImageNotRun',
] as const satisfies readonly ImageProblem['reason'][];

/** What all of them come to; undefined = nothing. `most`: there are more pins than this many, which are all that a bundle takes. */
export const problemOf = (
  s: CandidateSnapshot,
  problems: readonly ImageProblem[],
  most: number | undefined,
): StagingProblem | undefined => {
  if (most !== undefined) {
    return problem(
      'PackageTooLarge',
      `the package names more than ${most} images by tag, which are all that are pinned. Next: name more of them by digest in staging, or split the package, then create a new candidate`,
    );
  }
  const reason = worstFirst.find((each) => problems.some((one) => one.reason === each));
  const met = problems.filter((each) => each.reason === reason);
  const [first] = met;
  if (reason === undefined || first === undefined) return undefined;
  const waits = reason === 'ImageNotRun';
  const message = `${openings[reason]}: ${listed(met.map(described))}`;
  const remedy = remedies[reason](s, first);
  return {
    reason,
    message: `${message}. Next: ${remedy}`,
    gate: { name: 'Images', outcome: waits ? 'Waiting' : 'Blocked', reason, message, remedy },
    ...(waits ? { waits } : {}),
  };
};

const openings: Readonly<Record<ImageProblem['reason'], string>> = {
  ImageNotStaged:
    'The overlay names an image by tag that staging does not run, so nobody can tell which digest it means',
  ImageInjected:
    'The image of the template is not the image that runs: an injector or another mutating webhook fills it in when the pod is created, and it cannot be pinned in the template',
  ImageWithoutDigest: 'The nodes of staging know no registry digest of the image that they run',
  ImagesDisagree: 'The pods of staging run different images under the same name',
  ImageNotRun: 'Named by tag, and no pod that is ready in staging says yet which digest it means',
};

const described = ({ object, image, said }: ImageProblem): string => {
  const what = `${placeText(image)} of ${objectNamed(keyOf(object.ref))} ("${visibleAscii(image.reference)}"`;
  return said.length === 0 ? `${what})` : `${what}; the pods say ${listed(said.map(visibleAscii))})`;
};

type Remedy = (s: CandidateSnapshot, problem: ImageProblem) => string;

const byDigest: Remedy = ({ candidate }, { object, image, said }) => {
  const digest = /sha256:[0-9a-f]{64}/.exec(said.join(' '))?.[0] ?? 'sha256:<digest>';
  const { namespace } = candidate.metadata;
  return image.place === 'container' && !runsOncePerBundle(object.ref)
    ? `kubectl set image ${argumentFor(keyOf(object.ref))} ${visibleAscii(image.name)}=${visibleAscii(image.reference)}@${digest} -n ${namespace}`
    : `name it in ${namespace} as ${visibleAscii(image.reference)}@${digest}`;
};

const remedies: Readonly<Record<ImageProblem['reason'], Remedy>> = {
  ImageNotStaged: (s) =>
    newCandidate(s, 'whose overlay names the image as <repository>@sha256:<digest>, or leaves it as staging has it'),
  ImageInjected: (s, one) =>
    s.policy === undefined || one.image.reference !== placeholder
      ? `the developer names it by digest in staging, where what replaces images leaves the digest alone: ${byDigest(s, one)}`
      : `a platform admin leaves the image of this container to the injector: ${leaveToInjector(s.policy, one.object.ref, one.image.name)}`,
  ImageWithoutDigest: (s, one) =>
    `the developer pushes the image to its registry, and names it by digest: ${byDigest(s, one)}`,
  ImagesDisagree: (s, one) =>
    `the developer has every pod run the same, by naming the right digest: ${byDigest(s, one)}`,
  ImageNotRun: (s, one) => running(s, one),
};

/** How a pod comes to run, or an image of a volume to be known. */
const running: Remedy = (s, one) => {
  const { object, image } = one;
  const { namespace } = s.candidate.metadata;
  const what = argumentFor(keyOf(object.ref));
  const otherwise = `Or name it by digest: ${byDigest(s, one)}`;
  if (image.place === 'volume')
    return `wait until its pods say it, as kubelets with the feature ImageVolumeWithDigest do. ${otherwise}`;
  if (object.ref.kind === 'CronJob') {
    return `the developer runs it once: kubectl create job ${object.ref.name}-first --from=${what} -n ${namespace}. ${otherwise}`;
  }
  if (runsOncePerBundle(object.ref)) {
    return `wait until the Job is complete and its pod is there: kubectl get ${what} -n ${namespace}`;
  }
  return at(object.manifest, 'spec', 'replicas') === 0
    ? `the developer has it run, with spec.replicas of 1 or more: kubectl edit ${what} -n ${namespace}. ${otherwise}`
    : `wait until its pods are ready: kubectl rollout status ${what} -n ${namespace}. ${otherwise}`;
};
