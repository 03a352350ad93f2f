/**
 * What is known of a field: which fields it holds, and how its lists merge. Read from api-types.ts for the kinds of the API server itself, where
 * a line is a type and each word a field with its type:
 * `Container` an object of that type, nothing a plain value, `{}X` a map of X, `[]X` a list that is replaced as a whole, `[=]` one that is joined,
 * `[name]X` one whose items are told apart by `name`, `[port+protocol]X` by both, `!X` an object that is replaced as a whole.
 */
import { kindsText, typesText } from './api-types.ts';

export type FieldType =
  /** Nobody says what it is. Maps merge, and lists are replaced. */
  | { readonly is: 'Unknown' }
  /** No fields of its own: a text, a number, a quantity, or free JSON. */
  | { readonly is: 'Plain' }
  | { readonly is: 'Map'; readonly of: FieldType }
  | ObjectType
  | ListType;

export interface ObjectType {
  readonly is: 'Object';
  /** Such as `Container`; '' where types have no names. */
  readonly name: string;
  readonly fields: ReadonlyMap<string, FieldType>;
  /** A patch replaces it instead of merging it. */
  readonly whole: boolean;
}

export interface ListType {
  readonly is: 'List';
  readonly of: FieldType;
  /** `Whole`: a patch replaces it. `Set`: items that it lacks are added. `Keys`: items are merged with those of the same keys. */
  readonly merges: 'Whole' | 'Set' | 'Keys';
  /** What tells items apart, first what the API server merges by; none unless `Keys`. */
  readonly keys: readonly string[];
  /** An item says all of them, but those that have a default. Otherwise the first, and the others as far as it says them. */
  readonly everyKey?: true;
  /** What the API server fills in for keys that an item does not say. */
  readonly defaults?: ReadonlyMap<string, string | number>;
}

export const unknownType: FieldType = { is: 'Unknown' };
const plain: FieldType = { is: 'Plain' };

/** The type of a field of an object or map. */
export const fieldOf = (type: FieldType, name: string): FieldType => {
  if (type.is === 'Map') return type.of;
  return (type.is === 'Object' ? type.fields.get(name) : undefined) ?? unknownType;
};

/** The type of the items of a list. */
export const itemOf = (type: FieldType): FieldType => (type.is === 'List' ? type.of : unknownType);

/** Names and words of a text of lines. */
const rows = (text: string): ReadonlyMap<string, readonly string[]> =>
  new Map(
    text
      .trim()
      .split('\n')
      .map((line) => {
        const [name = '', ...words] = line.split(' ');
        return [name, words];
      }),
  );

const lines = rows(typesText);
const objects = new Map<string, ObjectType>();

/** Types refer to each other in circles, so fields are read when they are first asked for. */
const objectType = (name: string, whole = false): ObjectType => {
  const key = `${whole ? '!' : ''}${name}`;
  const known = objects.get(key);
  if (known !== undefined) return known;
  let fields: ReadonlyMap<string, FieldType> | undefined;
  const made: ObjectType = {
    is: 'Object',
    name,
    whole,
    get fields() {
      fields ??= new Map((lines.get(name) ?? []).map(fieldFrom));
      return fields;
    },
  };
  objects.set(key, made);
  return made;
};

const fieldFrom = (word: string): readonly [string, FieldType] => {
  const colon = word.indexOf(':');
  return [word.slice(0, colon), typeFrom(word.slice(colon + 1))];
};

const typeFrom = (text: string): FieldType => {
  if (text === '') return plain;
  if (text.startsWith('{}')) return { is: 'Map', of: typeFrom(text.slice(2)) };
  if (text.startsWith('!')) return objectType(text.slice(1), true);
  if (!text.startsWith('[')) return objectType(text);
  const end = text.indexOf(']');
  const keys = text.slice(1, end);
  return {
    is: 'List',
    of: typeFrom(text.slice(end + 1)),
    merges: keys === '' ? 'Whole' : keys === '=' ? 'Set' : 'Keys',
    keys: keys === '' || keys === '=' ? [] : keys.split('+'),
  };
};

const kinds = new Map(
  kindsText
    .trim()
    .split('\n')
    .map((line) => {
      const [apiVersion = '', kind = '', type = ''] = line.split(' ');
      return [`${apiVersion} ${kind}`, type] as const;
    }),
);

/** What the API server itself says of a kind; unknown where it is not one of its own. */
export const builtInType = (apiVersion: string, kind: string): FieldType => {
  const name = kinds.get(`${apiVersion} ${kind}`);
  return name === undefined ? unknownType : objectType(name);
};

/** What pods are made from, in every kind that has such a template. */
export const templateType = (): FieldType => objectType('PodTemplateSpec');

/** By the name of a list, the keys that its items merge by wherever the API server merges such a list. */
export const listKeys: ReadonlyMap<string, readonly (readonly string[])[]> = (() => {
  const found = new Map<string, (readonly string[])[]>();
  for (const word of [...lines.values()].flat()) {
    const [name, type] = fieldFrom(word);
    const known = found.get(name) ?? [];
    const isNew =
      type.is === 'List' && type.merges === 'Keys' && !known.some((keys) => keys.join() === type.keys.join());
    if (isNew) found.set(name, [...known, type.keys]);
  }
  return found;
})();
