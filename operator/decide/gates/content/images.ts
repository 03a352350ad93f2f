/** Is every image named by digest? */
import { imagesIn, placeText, type NamedImage } from '../../manifest/images-in.ts';
import { isPinned } from '../../manifest/image-reference.ts';
import { keyOf, type ObjectRef } from '../../objects.ts';
import { runsNothing } from '../../manifest/pod-spec.ts';
import { newCandidate } from '../remedies.ts';
import { visibleAscii } from '../../safe-text.ts';
import { listed, objectNamed } from '../../messages.ts';
import { blocked, defineGate, type Facts, passed } from '../gate.ts';
import { isInjected, leaveToInjector, placeholder } from './injected.ts';

const reads = ['candidate', 'bundle', 'policy'] as const;

/** A tag may be moved after people have signed; a digest may not. Image volumes are images too. */
const judge = (s: Facts<typeof reads>) => {
  const loose = s.bundle.objects
    .filter(({ ref }) => !runsNothing(ref))
    .flatMap(({ ref, content }) =>
      imagesIn(content)
        .filter(({ reference }) => !isPinned(reference))
        .map((image) => ({ ref, image })),
    );
  const open = loose.filter(({ ref, image }) => !isInjected(s.policy, ref, image));
  if (open.length === 0) {
    return passed(
      'DigestsPinned',
      loose.length === 0
        ? 'Every image is named by digest'
        : `Every image is named by digest but those that an injector fills in when pods are created, as spec.injected of the policy says: ${listed(loose.map(described))}`,
    );
  }
  const injected = open.find((each) => each.image.reference === placeholder);
  return injected === undefined
    ? blocked('TagWithoutDigest', {
        message: `Not named by digest: ${listed(open.map(described))}`,
        remedy: `In staging, name each as <repository>@sha256:<digest>; the digests that run there: kubectl get pods -n ${s.candidate.metadata.namespace} -o jsonpath={..imageID}. ${newCandidate(s, 'from that')}`,
      })
    : blocked('ImageInjected', {
        message: `The image is filled in by an injector when the pod is created, and cannot be pinned in the template: ${listed(open.map(described))}`,
        remedy: `A platform admin leaves the image of this container to the injector: ${leaveToInjector(s.policy, injected.ref, injected.image.name)}`,
      });
};

const described = ({ ref, image }: { readonly ref: ObjectRef; readonly image: NamedImage }): string =>
  `${placeText(image)} of ${objectNamed(keyOf(ref))} ("${visibleAscii(image.reference)}")`;

export const images = defineGate({
  name: 'Images',
  asks: 'Is every image named by digest?',
  reads,
  rejudgedAtAdmission: true,
  exceptable: 'A signature for an image that is not named by digest is a signature for nothing in particular.',
  judge,
});
