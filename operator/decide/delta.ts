/** What a release changes in production, line by line: what a signer consents to. Nothing is left out; secrets are not shown. */
import type { DeltaEntry } from '../api/bundle.ts';
import type { JsonObject } from '../api/meta.ts';
import type { BundleObject, UnmanagedFields } from './bundle.ts';
import { condensed } from './condense.ts';
import { classOf } from './delta-class.ts';
import { differences, type Difference } from './differences.ts';
import { keyOf, type ObjectRef } from './objects.ts';
import { deletePath, formatPath, outside, parsePath } from './paths.ts';
import { masked } from './secrets.ts';
import { shown } from './shown.ts';
import { unmanagedOf } from './unmanaged.ts';
import { visible, visibleAscii } from './visible.ts';

export { deltaText } from './delta-text.ts';

export type DeltaLine = Readonly<DeltaEntry>;

/**
 * From what production runs (the bundle before, or a baseline) to a bundle. Empty exactly when nothing is added or removed
 * and every object is the same content outside unmanaged fields. What is gone from `after` counts as removed only when
 * `removed` says so: the Jobs of an earlier release are not deleted.
 */
export const delta = (
  before: readonly BundleObject[],
  after: readonly BundleObject[],
  removed: readonly ObjectRef[],
  unmanaged: readonly UnmanagedFields[],
): DeltaLine[] => {
  const known = new Map(before.map((object) => [keyOf(object.ref), object]));
  const written = after.flatMap((object): DeltaLine[] => {
    const old = known.get(keyOf(object.ref));
    return old === undefined ? added(object) : changed(old, object, unmanagedOf(unmanaged, object.ref));
  });
  return condensed([...written, ...removed.map(removal)].toSorted((a, b) => compare(a.object, b.object)));
};

const compare = (a: string, b: string): number => Number(a > b) - Number(a < b);

const removal = (ref: ObjectRef): DeltaLine => ({
  object: keyOf(ref),
  path: '',
  from: ref.apiVersion,
  to: '',
  class: 'removed',
});

const added = ({ ref, content }: BundleObject): DeltaLine[] => [
  { object: keyOf(ref), path: '', from: '', to: ref.apiVersion, class: 'added' },
  ...lines(ref, differences(undefined, masked(unnamed(content)))),
];

/** What the line about the whole object says already. */
const unnamed = (content: JsonObject): JsonObject =>
  ['apiVersion', 'kind', 'metadata.name'].reduce((left, path) => deletePath(left, parsePath(path) ?? []), content);

const changed = (before: BundleObject, after: BundleObject, unmanaged: readonly string[]): DeltaLine[] =>
  before.digest === after.digest
    ? []
    : lines(
        after.ref,
        differences(masked(outside(before.content, unmanaged)), masked(outside(after.content, unmanaged))),
      );

const lines = (ref: ObjectRef, found: readonly Difference[]): DeltaLine[] => found.map((one) => line(ref, one));

const line = (ref: ObjectRef, { path, from, to }: Difference): DeltaLine => {
  const sort = classOf(ref.kind, path);
  return {
    object: keyOf(ref),
    path: bounded(visibleAscii(formatPath(path))),
    ...shown(from, to, prose.has(sort) ? visible : visibleAscii),
    class: sort,
  };
};

/** Classes in which people write in their own language. In all others only machines read, and only ASCII is what it seems. */
const prose: ReadonlySet<DeltaEntry['class']> = new Set(['configuration', 'metadata']);

const longestPath = 1000;

const bounded = (path: string): string => (path.length <= longestPath ? path : `${path.slice(0, longestPath)}…`);
