/** JSON Patch (RFC 6902): operations one after the other, each at a JSON Pointer (RFC 6901). */
import type { Json, JsonObject } from '../../api/meta.ts';
import { canonicalJson } from './canonical.ts';
import { isList, isObject, member, unworkable, withMember } from './json.ts';
import { PatchRefused } from './patch-refused.ts';

export interface PatchOperation {
  readonly op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test';
  readonly path: string;
  /** For `move` and `copy`. */
  readonly from?: string | undefined;
  /** For `add`, `replace` and `test`. */
  readonly value?: Json | undefined;
}

/**
 * All operations, or none: the first that cannot be done refuses the patch. A list item stands at an index, and `-` behind the last.
 * @throws {PatchRefused} with the operation and its pointer
 */
export const jsonPatch = (target: JsonObject, operations: readonly PatchOperation[]): JsonObject =>
  operations.reduce<JsonObject>((document, operation, index) => {
    const done = applied(document, operation, `jsonPatch[${index}] (${operation.op} ${operation.path})`);
    if (isObject(done)) return done;
    throw refused(`jsonPatch[${index}] (${operation.op} ${operation.path})`, 'replaces the whole object');
  }, target);

const refused = (at: string, what: string): PatchRefused => new PatchRefused([], what, at);

const applied = (document: JsonObject, { op, path, from, value }: PatchOperation, at: string): Json => {
  const pointer = parsed(path, at);
  const given = (): Json => {
    if (value === undefined) throw refused(at, 'lacks value');
    return value;
  };
  const source = (): readonly string[] => {
    if (from === undefined) throw refused(at, 'lacks from');
    return parsed(from, at);
  };
  switch (op) {
    case 'add':
      return added(document, pointer, given(), at);
    case 'remove':
      return removed(document, pointer, at);
    case 'replace': {
      read(document, pointer, at);
      return replaced(document, pointer, given(), at);
    }
    case 'test': {
      const found = read(document, pointer, at);
      if (canonicalJson(found) === canonicalJson(given())) return document;
      throw refused(at, `fails: the value there is ${brief(found, pointer)}`);
    }
    case 'move': {
      const origin = source();
      if (origin.length < pointer.length && origin.every((name, i) => name === pointer[i])) {
        throw refused(at, 'moves a value into itself');
      }
      return added(removed(document, origin, at), pointer, read(document, origin, at), at);
    }
    case 'copy': {
      const made = added(document, pointer, read(document, source(), at), at);
      const shape = unworkable(made);
      if (shape !== undefined) throw refused(at, `makes an object that ${shape}`);
      return made;
    }
  }
};

const longest = 60;
/** Maps whose keys people choose, and values of named items: the name of what they hold may stand anywhere. */
const chosen: ReadonlySet<string> = new Set(['annotations', 'binaryData', 'data', 'stringData', 'value']);
const mayBeCredential = /pass|pwd|secret|token|key|cred|auth/i;

/** The message is read by those who may not read the object, so only one word is told, and none that may be a credential. */
const brief = (value: Json, pointer: readonly string[]): string => {
  if (isList(value)) return 'a list';
  if (isObject(value)) return 'a map';
  const text = JSON.stringify(value);
  const isHidden =
    text.length > longest ||
    /[=\s]/.test(text) ||
    pointer.some((name) => chosen.has(name)) ||
    mayBeCredential.test(pointer.join('/'));
  return isHidden ? 'another one (not shown here, as it may be a credential)' : text;
};

const parsed = (pointer: string, at: string): readonly string[] => {
  if (pointer === '') throw refused(at, 'stands for the whole object: name a field below it, such as /spec/replicas');
  if (!pointer.startsWith('/') || /~(?![01])/.test(pointer)) {
    throw refused(at, 'is no JSON pointer: it begins with /, and writes ~1 for / and ~0 for ~ within a name');
  }
  return pointer
    .slice(1)
    .split('/')
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
};

const pointerText = (names: readonly string[]): string =>
  names.map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** The place of an item: of one that is there, or one behind the last where `behind` says so. */
const placeIn = (list: readonly Json[], name: string, behind: number): number | undefined => {
  if (name === '-' && behind === 1) return list.length;
  const place = /^(0|[1-9]\d{0,8})$/.test(name) ? Number(name) : -1;
  return place >= 0 && place < list.length + behind ? place : undefined;
};

const childOf = (value: Json | undefined, name: string): Json | undefined => {
  if (!isList(value)) return member(value, name);
  const place = placeIn(value, name, 0);
  return place === undefined ? undefined : value[place];
};

const read = (document: Json, pointer: readonly string[], at: string): Json => {
  let value: Json | undefined = document;
  for (const [depth, name] of pointer.entries()) {
    value = childOf(value, name);
    if (value === undefined) throw nothingAt(pointer.slice(0, depth + 1), at);
  }
  return value;
};

const nothingAt = (pointer: readonly string[], at: string): PatchRefused =>
  refused(at, `leads nowhere: there is no ${pointerText(pointer)}`);

/** The document with the container at the pointer's beginning changed. */
const changed = (
  value: Json,
  pointer: readonly string[],
  { at, depth = 0, change }: { at: string; depth?: number; change: (container: Json, name: string) => Json },
): Json => {
  const name = pointer[depth] ?? '';
  if (depth === pointer.length - 1) return change(value, name);
  const inner = childOf(value, name);
  if (inner === undefined) throw nothingAt(pointer.slice(0, depth + 1), at);
  const made = changed(inner, pointer, { at, depth: depth + 1, change });
  return isList(value) ? value.with(Number(name), made) : withMember(isObject(value) ? value : {}, name, made);
};

const added = (document: Json, pointer: readonly string[], value: Json, at: string): Json =>
  changed(document, pointer, {
    at,
    change: (container, name) => {
      if (isObject(container)) return withMember(container, name, value);
      const place = isList(container) ? placeIn(container, name, 1) : undefined;
      if (!isList(container) || place === undefined) throw nothingAt(pointer, at);
      return container.toSpliced(place, 0, value);
    },
  });

const replaced = (document: Json, pointer: readonly string[], value: Json, at: string): Json =>
  changed(document, pointer, {
    at,
    change: (container, name) =>
      isList(container)
        ? container.with(Number(name), value)
        : withMember(isObject(container) ? container : {}, name, value),
  });

const removed = (document: Json, pointer: readonly string[], at: string): Json => {
  read(document, pointer, at);
  return changed(document, pointer, {
    at,
    change: (container, name) =>
      isList(container)
        ? container.toSpliced(Number(name), 1)
        : withMember(isObject(container) ? container : {}, name, undefined),
  });
};
