/** How content refers to Secrets and ConfigMaps. */
import type { JsonObject } from '../../../../api/meta.ts';
import { isObject, listAt, textAt } from '../../../json/json.ts';
import type { Reference } from './kind.ts';

/** The objects in a list. */
export const objectsAt = (value: JsonObject, ...path: readonly string[]): readonly JsonObject[] =>
  listAt(value, ...path).filter(isObject);

/** A reference to each key; no key named means that the thing must only exist. */
export const withKeys = (kind: Reference['kind'], name: string, keys: readonly string[]): readonly Reference[] =>
  keys.length === 0 ? [{ kind, name, key: undefined }] : keys.map((key) => ({ kind, name, key }));

/** Secrets that must exist, named in one field of each holder. */
export const secretsNamed = (holders: readonly JsonObject[], field: string): readonly Reference[] =>
  holders.flatMap((holder) => {
    const name = textAt(holder, field) ?? '';
    return name === '' ? [] : withKeys('Secret', name, []);
  });
