/**
 * Images that a candidate names by tag, pinned to the digest that staging runs. What the pods of staging say is looked at until the content is
 * frozen; from then on what was pinned stays.
 */
import type { JsonObject } from '../../api/meta.ts';
import type { Bundle, ImagePin } from '../bundle.ts';
import type { CandidateSnapshot } from '../gates/snapshot.ts';
import { isInjected, placeholder } from '../gates/content/injected.ts';
import { imagesIn, isAt, placeText, withImages, type NamedImage } from '../manifest/images-in.ts';
import { digestOfRun, pinnedTo } from '../manifest/image-reference.ts';
import { runsNothing } from '../manifest/pod-spec.ts';
import { keyOf, type LiveObject, type ObjectKey, type PodFacts } from '../objects.ts';
import { problemOf, type ImageProblem } from './image-problem.ts';
import type { StagingProblem } from './staging-problem.ts';
import { witnesses } from './witnesses.ts';

/** Of how many pods a bundle says that they ran an image; the rest are counted. */
const seenPods = 3;
/** As many as a bundle has room for beside the rest. */
const mostPins = 1_000;

/** What became of the images of a candidate that is not frozen yet. */
export interface Pinning {
  readonly pins: readonly ImagePin[];
  readonly problem: StagingProblem | undefined;
}

/**
 * Pins for everything that is staged. `contentOf`: what is rendered of an object, its overlay included; undefined = it cannot be, and that is said
 * elsewhere.
 */
export const pinStaged = (s: CandidateSnapshot, contentOf: (object: LiveObject) => JsonObject | undefined): Pinning => {
  if (s.policy?.spec.images !== 'PinFromStaging') return { pins: [], problem: undefined };
  const pins: ImagePin[] = [];
  const problems: ImageProblem[] = [];
  for (const object of s.staged.values()) {
    const content = runsNothing(object.ref) ? undefined : contentOf(object);
    if (content === undefined) continue;
    for (const image of imagesIn(content)) {
      // Of a reference that no digest can stand behind the gate says so: nothing that runs makes it another one.
      if (!canBePinned(image.reference) || isInjected(s.policy, object.ref, image)) continue;
      const pin = pinOf(s, object, image);
      if ('reason' in pin) problems.push(pin);
      else pins.push(pin);
    }
  }
  const tooMany = pins.length > mostPins;
  return { pins, problem: problemOf(s, problems, tooMany ? mostPins : undefined) };
};

const pinOf = (s: CandidateSnapshot, object: LiveObject, image: NamedImage): ImagePin | ImageProblem => {
  const { ref } = object;
  const { reference, place, name } = image;
  const wrong = (reason: ImageProblem['reason'], said: readonly string[] = []): ImageProblem => ({
    reason,
    object,
    image,
    said,
  });
  const staged = imagesIn(object.manifest).find((each) => isAt(each, image))?.reference;
  if (staged !== reference) return wrong('ImageNotStaged', staged === undefined ? [] : [staged]);
  if (reference === placeholder) return wrong('ImageInjected');

  const pods = witnesses(s, object);
  if (pods.length === 0) return wrong('ImageNotRun');
  const runs = pods.map((pod) => ({ pod, run: imageOf(pod, image) }));
  const others = runs.filter(({ run }) => run?.image !== reference);
  if (others.length > 0)
    return wrong('ImageInjected', distinct(others.map(({ run }) => run?.image ?? 'no such image')));
  const digests = runs.map(({ pod, run }) => ({
    pod,
    id: run?.id ?? '',
    digest: digestOfRun(run?.id ?? '', reference),
  }));
  const unknown = digests.filter(({ digest }) => digest === undefined);
  if (unknown.length > 0)
    return wrong(
      'ImageWithoutDigest',
      distinct(unknown.map(({ id, pod }) => `${id === '' ? 'nothing' : id} on ${pod.nodeName ?? 'its node'}`)),
    );
  const [digest, ...more] = distinct(digests.map((each) => each.digest ?? ''));
  if (digest === undefined || more.length > 0) {
    return wrong(
      'ImagesDisagree',
      digests.map((each) => `${each.digest ?? ''} in ${each.pod.name}`),
    );
  }
  return {
    ...ref,
    [place]: name,
    reference,
    digest,
    pods: pods.length,
    seen: pods.slice(0, seenPods).map(seenIn),
  };
};

/** Any digest: whether a reference can have one behind it hangs on the reference alone. */
const sample = `sha256:${'0'.repeat(64)}`;

const canBePinned = (reference: string): boolean => pinnedTo(reference, sample) !== undefined;

const distinct = (texts: readonly string[]): readonly string[] => [...new Set(texts)].toSorted();

const imageOf = (pod: PodFacts, image: NamedImage) => pod.images?.find((each) => isAt(each, image));

const seenIn = (pod: PodFacts): ImagePin['seen'][number] => ({
  pod: pod.name,
  node: pod.nodeName ?? '',
  since: new Date(pod.readySince ?? pod.createdAt).toISOString().replace('.000Z', 'Z'),
});

// --- once it is frozen --------------------------------------------------------------------------------------------------

const placeOf = ({ container, volume }: ImagePin): Pick<NamedImage, 'place' | 'name'> =>
  container === undefined ? { place: 'volume', name: volume ?? '' } : { place: 'container', name: container };

/** The pins of one object among those of a bundle, or of what is about to become one. */
export const pinsFor = (pins: readonly ImagePin[], { ref }: Pick<LiveObject, 'ref'>): readonly ImagePin[] =>
  pins.filter((pin) => keyOf(pin) === keyOf(ref));

/** Which pins were laid over an object, as part of the key of what is known of it. */
export const pinsText = (pins: readonly ImagePin[]): string =>
  pins
    .map(({ container, volume, reference, digest }) => `${container ?? ''}/${volume ?? ''}=${reference}@${digest}`)
    .join(' ');

const pinnedContents = new WeakMap<JsonObject, Map<string, JsonObject>>();

/** Content with what is pinned in place of tags. The same content and pins give the same object, so that what is known of that is known. */
export const withPins = (content: JsonObject, pins: readonly ImagePin[]): JsonObject => {
  if (pins.length === 0) return content;
  const key = pinsText(pins);
  const known = pinnedContents.get(content)?.get(key);
  if (known !== undefined) return known;
  const pinned = withImages(content, (image) => {
    const pin = pins.find((each) => each.reference === image.reference && isAt(placeOf(each), image));
    return pin && pinnedTo(pin.reference, pin.digest);
  });
  pinnedContents.set(content, new Map([[key, pinned]]));
  return pinned;
};

/** An image that staging runs now and that is not the one that was pinned, as the end of a sentence. */
export const movedImages = (
  s: CandidateSnapshot,
  { images = [] }: Pick<Bundle, 'images'>,
): ReadonlyMap<ObjectKey, string> => {
  const moved = new Map<ObjectKey, string>();
  for (const pin of images) {
    const object = s.staged.get(keyOf(pin));
    if (object === undefined) continue;
    for (const pod of witnesses(s, object)) {
      const run = pod.images?.find((each) => isAt(placeOf(pin), each));
      if (run === undefined || run.image !== pin.reference) continue;
      const now = digestOfRun(run.id, pin.reference);
      if (now === pin.digest) continue;
      moved.set(
        keyOf(pin),
        `${placeText(placeOf(pin))} runs ${now ?? 'an image without a registry digest'} under ${pin.reference} in pod ${pod.name}, and ${pin.digest} is what was staged`,
      );
    }
  }
  return moved;
};
