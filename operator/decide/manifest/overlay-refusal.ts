/** What the API server refuses of an object that an overlay changed, in the words of those who wrote the overlay. */
import type { JsonObject, Json } from '../../api/meta.ts';
import { formatPath, pickable, type Path, type Step } from '../json/field-path.ts';
import { at, isList, isObject, member } from '../json/json.ts';
import { nearest } from '../json/nearest.ts';
import { writtenBy } from '../json/strategic-merge.ts';
import { listed } from '../messages.ts';
import type { ObjectRef } from '../objects.ts';
import { visible } from '../safe-text.ts';
import { fieldOf, itemOf, type FieldType } from '../schema/field-type.ts';
import { correctionOf, overlayNamed, type Overlay } from './overlay.ts';

export interface Refused {
  readonly ref: ObjectRef;
  /** What the API server said, its first line. */
  readonly said: string;
  /** What it was sent. */
  readonly content: JsonObject;
  readonly overlays: readonly Overlay[];
  readonly type: FieldType;
}

/** What was refused, whose the fields are that the overlay wrote, and what to write instead. */
export const overlayRefusal = (refused: Refused): string => {
  const { said, overlays } = refused;
  if (overlays.length === 0) return visible(said);
  const unknown = unknownFields(said);
  return unknown.length > 0 ? ofUnknown(refused, unknown) : ofInvalid(refused);
};

// --- fields that do not exist ----------------------------------------------------------------------------------------

/** As kubectl and the API server name them: `unknown field "spec.replica"`. */
const unknownFields = (said: string): readonly string[] =>
  [...said.matchAll(/unknown field "([^"]+)"/g)].map(([, field = '']) => field);

const ofUnknown = ({ ref, content, overlays, type }: Refused, fields: readonly string[]): string => {
  const places = fields.map((field) => placeOf(field, content, type));
  const instead = places.map(({ path, parent }) => {
    const name = lastName(path);
    const meant = parent.is === 'Object' ? nearest(name, [...parent.fields.keys()]) : undefined;
    const shown = visible(formatPath(path));
    return meant === undefined ? `unknown field "${shown}"` : `unknown field "${shown}" (did you mean ${meant}?)`;
  });
  const whose = whoseOf(
    overlays,
    places.map(({ path }) => path),
    type,
  );
  const [first] = places;
  const explain =
    first === undefined ? [] : first.path.slice(0, -1).flatMap((step) => ('field' in step ? step.field : []));
  const command = `kubectl explain ${[ref.kind.toLowerCase(), ...explain].join('.')}`;
  return `${instead.join(', ')}: the API server knows no such field of kind ${ref.kind}, so it would be dropped and production would not differ. Next: ${correctionOf(whose.by, ` (the names that there are: ${command})`)}`;
};

const lastName = (path: Path): string => {
  const last = path.at(-1);
  return last !== undefined && 'field' in last ? last.field : '';
};

// --- values that are not allowed -------------------------------------------------------------------------------------

const reasons =
  'Invalid value|Required value|Forbidden|Unsupported value|Duplicate value|Too long|Too many|Not found|Internal error';
const fieldPattern = new RegExp(String.raw`([a-z][A-Za-z0-9]*(?:\.[A-Za-z0-9]+|\[[^\]]*\])+): (?:${reasons})`, 'g');

const ofInvalid = ({ said, content, overlays, type }: Refused): string => {
  const named = [...said.matchAll(fieldPattern)].map(([, field = '']) => placeOf(field, content, type).path);
  const whose = whoseOf(overlays, named, type);
  const wrote = whose.paths.map((path) => visible(formatPath(path)));
  const fields = [...new Set(named.map((path) => visible(formatPath(path))))];
  const where = fields.length === 0 ? '' : ` (${listed(fields)})`;
  const why =
    wrote.length === 0
      ? `The field is not in ${overlayNamed(whose.by)}, which changes this object all the same`
      : `${overlayNamed(whose.by)} writes ${listed(wrote)}`;
  return `${visible(said)}${where}. ${why}. Next: ${correctionOf(whose.by, ': write what the API server takes, or take away with null what no longer goes with it')}`;
};

// --- who wrote it ----------------------------------------------------------------------------------------------------

interface Whose {
  readonly by: Overlay;
  /** What it wrote at, above or below the fields in question; of all that it wrote, where none of that is near. */
  readonly paths: readonly Path[];
}

const whoseOf = (overlays: readonly Overlay[], fields: readonly Path[], type: FieldType): Whose => {
  const written = overlays.toReversed().map((by) => ({ by, paths: writtenIn(by, type) }));
  for (const { by, paths } of written) {
    const near = paths.filter((path) => fields.some((field) => touches(path, field)));
    if (near.length > 0) return { by, paths: near };
  }
  const siblings = written.map(({ by, paths }) => ({
    by,
    paths: paths.filter((path) => fields.some((field) => touches(path.slice(0, -1), field))),
  }));
  const found = siblings.find(({ paths }) => paths.length > 0) ?? written[0];
  if (found === undefined) throw new Error('no overlay');
  return found;
};

const writtenIn = ({ item }: Overlay, type: FieldType): readonly Path[] =>
  item.patch === undefined
    ? (item.jsonPatch ?? []).map(({ path }) =>
        path
          .slice(1)
          .split('/')
          .map((name): Step => ({ field: name.replaceAll('~1', '/').replaceAll('~0', '~') })),
      )
    : writtenBy(item.patch, type);

/** One begins with the other. Places and keys of items are compared as they are written. */
const touches = (a: Path, b: Path): boolean => {
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return short.length > 0 && short.every((step, i) => JSON.stringify(step) === JSON.stringify(long[i]));
};

// --- paths as the API server writes them -----------------------------------------------------------------------------

interface Place {
  readonly path: Path;
  /** The type of what holds the field. */
  readonly parent: FieldType;
}

/** `spec.containers[0].image` → the item by the keys that people write; what leads nowhere stays as it is. */
const placeOf = (text: string, content: JsonObject, type: FieldType): Place => {
  const path: Step[] = [];
  let [value, known, parent]: [Json | undefined, FieldType, FieldType] = [content, type, type];
  for (const [, name, key] of text.matchAll(/(?:^|\.)([^.[\]]+)|\[([^\]]*)\]/g)) {
    parent = known;
    if (key !== undefined && isList(value)) {
      const item: Json | undefined = value[Number(key)];
      path.push(itemStep(item, known, key));
      [value, known] = [item, itemOf(known)];
    } else {
      const field = name ?? key ?? '';
      path.push({ field });
      [value, known] = [member(value, field), fieldOf(known, field)];
    }
  }
  return { path, parent };
};

const itemStep = (item: Json | undefined, type: FieldType, index: string): Step => {
  const first = type.is === 'List' ? type.keys[0] : undefined;
  const value = first === undefined || !isObject(item) ? undefined : pickable(at(item, first));
  return first === undefined || value === undefined ? { index: Number(index) } : { match: [[first, value]] };
};
