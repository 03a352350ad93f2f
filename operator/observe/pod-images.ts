/** The images of a pod: what it asks for, and what its kubelet says that it runs. */
import { z } from 'zod';
import type { PodImage } from '../decide/objects.ts';

const text = z.string().nullish();

/** The parts of a pod that name images. */
export const podImagesShape = {
  spec: {
    initContainers: z.array(z.object({ name: z.string(), image: text })).nullish(),
    containers: z.array(z.object({ name: z.string(), image: text })).nullish(),
    volumes: z.array(z.object({ name: z.string(), image: z.object({ reference: text }).nullish() })).nullish(),
  },
  /** Of a container status. A volume says what it holds where it is mounted. */
  status: {
    imageID: text,
    volumeMounts: z
      .array(
        z.object({
          name: z.string(),
          volumeStatus: z.object({ image: z.object({ imageRef: text }).nullish() }).nullish(),
        }),
      )
      .nullish(),
  },
};

const spec = z.object(podImagesShape.spec);
const status = z.object({ name: z.string(), ...podImagesShape.status });

/** Longer names are of no image that anybody pulls, and are not kept. */
const longest = 1_000;

const bounded = (value: string | null | undefined): string =>
  value === undefined || value === null || value.length > longest ? '' : value;

/** Lists that pods share, by what they hold. Only so many are known: a list is small, and a pod that finds none keeps its own. */
const shared = new Map<string, readonly PodImage[]>();
const mostShared = 2_000;

const asShared = (images: readonly PodImage[]): readonly PodImage[] => {
  const key = JSON.stringify(images);
  const known = shared.get(key) ?? images;
  shared.delete(key);
  shared.set(key, known);
  const [oldest] = shared.keys();
  if (shared.size > mostShared && oldest !== undefined) shared.delete(oldest);
  return known;
};

/** Ephemeral containers are no part of a template, and are left out. */
export const podImages = (
  pod: z.infer<typeof spec>,
  statuses: readonly z.infer<typeof status>[],
): readonly PodImage[] => {
  const mounts = statuses.flatMap(({ volumeMounts }) => volumeMounts ?? []);
  return asShared([
    ...[...(pod.initContainers ?? []), ...(pod.containers ?? [])].map(({ name, image }) => ({
      place: 'container' as const,
      name,
      image: bounded(image),
      id: bounded(statuses.find((each) => each.name === name)?.imageID),
    })),
    ...(pod.volumes ?? [])
      .filter(({ image }) => image !== undefined && image !== null)
      .map(({ name, image }) => ({
        place: 'volume' as const,
        name,
        image: bounded(image?.reference),
        id: bounded(
          mounts.find((mount) => mount.name === name && mount.volumeStatus?.image?.imageRef)?.volumeStatus?.image
            ?.imageRef,
        ),
      })),
  ]);
};
