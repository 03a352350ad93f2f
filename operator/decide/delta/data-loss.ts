/** Which changes of a release lose data, or make that a later one does. */
import type { Json, JsonObject } from '../../api/meta.ts';
import type { Irreversible } from '../bundle.ts';
import { isParkedFirst } from '../manifest/parking.ts';
import { keyNamed, kindRow } from '../manifest/kinds/index.ts';
import { keyOf, type ObjectRef } from '../objects.ts';

/** Whether the data of an object that a release drops goes with it. What is parked first keeps it, unless the release says otherwise. */
export const goesWithData = (
  ref: ObjectRef,
  before: JsonObject | undefined,
  irreversible: readonly Irreversible[],
): boolean => {
  const lost = kindRow(ref)?.losesData?.(before ?? {}, undefined) ?? [];
  return (
    lost.length > 0 &&
    (!isParkedFirst(ref) || irreversible.some((entry) => keyNamed(entry) === keyOf(ref) && entry.fields.length === 0))
  );
};

/** Dot paths of an object by which data is lost when it becomes another. */
export const lostBy = (kind: string, before: JsonObject, after: JsonObject): readonly string[] =>
  kindRow(kind)?.losesData?.(before, after) ?? [];

/** Whether a value makes a later change lose data. */
export const endangersData = (kind: string, path: string, to: Json | undefined): boolean => {
  const values = kindRow(kind)?.endangersData ?? {};
  return to !== undefined && Object.hasOwn(values, path) && values[path] === to;
};
