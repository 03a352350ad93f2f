/** The images that content names, wherever pods are described in it, and the same content with other images. */
import type { Json, JsonObject } from '../../api/meta.ts';
import type { ImagePlace } from '../objects.ts';
import { setPath, type Path } from '../json/field-path.ts';
import { at, isObject, listAt, textAt } from '../json/json.ts';
import { visibleAscii } from '../safe-text.ts';
import { containerLists, podSpecPaths } from './pod-spec.ts';

/** An image that content names, and where. */
export interface NamedImage extends ImagePlace {
  /** '' = none. */
  readonly reference: string;
  /** To the reference. */
  readonly path: Path;
}

const named = (
  list: readonly Json[],
  path: readonly string[],
  { place, field }: { readonly place: ImagePlace['place']; readonly field: readonly string[] },
): readonly NamedImage[] =>
  list.flatMap((item, index) =>
    isObject(item) && (place === 'container' || isObject(at(item, 'image')))
      ? [
          {
            place,
            name: textAt(item, 'name') ?? '',
            reference: textAt(item, ...field) ?? '',
            path: [...path.map((name) => ({ field: name })), { index }, ...field.map((name) => ({ field: name }))],
          },
        ]
      : [],
  );

/** Every image that an object names: of containers, init containers too, and of image volumes. */
export const imagesIn = (content: JsonObject): readonly NamedImage[] =>
  podSpecPaths(content).flatMap((path) => [
    ...containerLists.flatMap((list) =>
      named(listAt(content, ...path, list), [...path, list], { place: 'container', field: ['image'] }),
    ),
    ...named(listAt(content, ...path, 'volumes'), [...path, 'volumes'], {
      place: 'volume',
      field: ['image', 'reference'],
    }),
  ]);

/** The content with other references in place of its own; `undefined` leaves one as it is. */
export const withImages = (content: JsonObject, other: (image: NamedImage) => string | undefined): JsonObject =>
  imagesIn(content).reduce((changed, image) => {
    const reference = other(image);
    return reference === undefined ? changed : setPath(changed, image.path, reference);
  }, content);

export const isAt = (a: ImagePlace, b: ImagePlace): boolean => a.place === b.place && a.name === b.name;

/** `container app`, as messages have it. */
export const placeText = ({ place, name }: ImagePlace): string => `${place} ${visibleAscii(name)}`;
