/**
 * Content as a live object can have it: with the live values of fields that the control plane filled in, and, where a release goes back, of fields
 * that nobody can change back.
 */
import type { JsonObject } from '../../api/meta.ts';
import { deletePath, getPath, parsePath, setPath, type Path } from '../json/field-path.ts';
import { immutableChange } from './immutable-fields.ts';
import { kindRow, rowOf } from './kinds/index.ts';
import type { KindName } from '../objects.ts';

const asLive = (content: JsonObject, live: JsonObject, path: Path): JsonObject => {
  const value = getPath(live, path);
  return value === undefined ? deletePath(content, path) : setPath(content, path, value);
};

/** What the content leaves open and the control plane has filled in since, as it is live. */
export const withFilledIn = (content: JsonObject, live: JsonObject): JsonObject =>
  (rowOf(content)?.filledIn ?? [])
    .map((names): Path => names.map((field) => ({ field })))
    .filter((path) => getPath(content, path) === undefined && getPath(live, path) !== undefined)
    .reduce((filled, path) => asLive(filled, live, path), content);

/** Whether the control plane fills in fields of objects of a kind, at once or later. */
export const isFilledInLater = (kind: KindName): boolean => kindRow(kind)?.filledIn !== undefined;

export interface LeftAsLive {
  readonly content: JsonObject;
  /** Dot paths of the fields that stay as they are live, against what the content says. */
  readonly left: readonly string[];
}

/** The content, but for fields that cannot be changed back and that a rollback leaves as they are live. */
export const withLeft = (given: JsonObject, live: JsonObject): LeftAsLive => {
  const content = withFilledIn(given, live);
  const change = immutableChange(content, live);
  if (change?.wayBack !== 'Leave') return { content, left: [] };
  const paths = change.fields.map(parsePath).filter((path) => path !== undefined);
  return { content: paths.reduce((kept, path) => asLive(kept, live, path), content), left: change.fields };
};

/** Whether a live object becomes the content only by being deleted and created again, as a rollback does with its kind. */
export const isReplaced = (content: JsonObject, live: JsonObject): boolean =>
  immutableChange(content, live)?.wayBack === 'Replace';
