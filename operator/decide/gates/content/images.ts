/** Is every image named by digest? */
import type { JsonObject } from '../../../api/meta.ts';
import { isPinned } from '../../manifest/image-reference.ts';
import { at, isObject, listAt, textAt } from '../../json/json.ts';
import { keyOf } from '../../objects.ts';
import { containersOf, podSpecsOf, runsNothing } from '../../manifest/pod-spec.ts';
import { newCandidate } from '../remedies.ts';
import { visibleAscii } from '../../safe-text.ts';
import { listed, objectNamed } from '../../messages.ts';
import { blocked, defineGate, type Facts, passed } from '../gate.ts';

const reads = ['candidate', 'bundle'] as const;

/** An image that a pod spec names, and where. */
interface NamedImage {
  readonly where: string;
  readonly reference: string;
}

const imagesOf = (podSpec: JsonObject): readonly NamedImage[] => [
  ...containersOf(podSpec).map((container) => ({
    where: `container ${visibleAscii(textAt(container, 'name') ?? '')}`,
    reference: textAt(container, 'image') ?? '',
  })),
  ...listAt(podSpec, 'volumes')
    .filter((volume) => isObject(at(volume, 'image')))
    .map((volume) => ({
      where: `volume ${visibleAscii(textAt(volume, 'name') ?? '')}`,
      reference: textAt(volume, 'image', 'reference') ?? '',
    })),
];

/** A tag may be moved after people have signed; a digest may not. Image volumes are images too. */
const judge = (s: Facts<typeof reads>) => {
  const loose = s.bundle.objects.flatMap((object) =>
    runsNothing(object.ref)
      ? []
      : podSpecsOf(object.content)
          .flatMap(imagesOf)
          .filter(({ reference }) => !isPinned(reference))
          .map(
            ({ where, reference }) => `${where} of ${objectNamed(keyOf(object.ref))} ("${visibleAscii(reference)}")`,
          ),
  );
  if (loose.length === 0) return passed('DigestsPinned', 'Every image is named by digest');
  return blocked('TagWithoutDigest', {
    message: `Not named by digest: ${listed(loose)}`,
    remedy: `In staging, name each as <repository>@sha256:<digest>; the digests that run there: kubectl get pods -n ${s.candidate.metadata.namespace} -o jsonpath={..imageID}. ${newCandidate(s, 'from that')}`,
  });
};

export const images = defineGate({
  name: 'Images',
  asks: 'Is every image named by digest?',
  reads,
  rejudgedAtAdmission: true,
  judge,
});
