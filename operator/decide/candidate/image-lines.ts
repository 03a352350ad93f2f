/** What signers read of images that are not named by digest in staging. */
import type { ReleasePolicy } from '../../api/policy.ts';
import type { Bundle, ImagePin } from '../bundle.ts';
import { isInjected } from '../gates/content/injected.ts';
import { imagesIn, placeText } from '../manifest/images-in.ts';
import { isPinned } from '../manifest/image-reference.ts';
import { runsNothing } from '../manifest/pod-spec.ts';
import { objectNamed } from '../messages.ts';
import { keyOf } from '../objects.ts';
import { visibleAscii } from '../safe-text.ts';

/** Of so many pins each is a line; the rest are counted, and stand in `spec.images`. */
const mostLines = 50;

const pinLine = (pin: ImagePin): string => {
  const { container, volume, pods, seen, digest, reference } = pin;
  const place = container === undefined ? `volume ${volume ?? ''}` : `container ${container}`;
  const [first] = seen;
  const where = first === undefined ? '' : `, ${first.pod}${first.node === '' ? '' : ` on ${first.node}`} among them`;
  return `Tag ${reference} of ${place} in ${objectNamed(keyOf(pin))} is pinned to ${digest}, which ${pods === 1 ? '1 pod' : `${pods} pods`} of staging ran${pods === 1 ? where.replace(' among them', '') : where}`;
};

/** A line for each tag that was pinned, and for each container that is left to an injector. */
export const imageLines = (
  { images = [], objects }: Pick<Bundle, 'images' | 'objects'>,
  policy: Pick<ReleasePolicy, 'spec'> | undefined,
): readonly string[] => {
  const injected = objects
    .filter(({ ref }) => !runsNothing(ref))
    .flatMap(({ ref, content }) =>
      imagesIn(content)
        .filter((image) => !isPinned(image.reference) && isInjected(policy, ref, image))
        .map(
          (image) =>
            `The image of ${placeText(image)} in ${objectNamed(keyOf(ref))} ("${visibleAscii(image.reference)}") is filled in by an injector when pods are created: no digest is signed for`,
        ),
    );
  const more = images.length - mostLines;
  return [
    ...injected,
    ...images.slice(0, mostLines).map(pinLine),
    ...(more <= 0 ? [] : [`${more} more tags are pinned to what staging ran: spec.images`]),
  ];
};
