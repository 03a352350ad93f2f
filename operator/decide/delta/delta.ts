/** What a release changes in production, field by field: what a signer consents to. Nothing is left out without being counted. */
import type { DeltaClass } from '../../api/bundle.ts';
import type { JsonObject } from '../../api/meta.ts';
import type { BundleObject, Irreversible, UnmanagedFields } from '../bundle.ts';
import { isDefault } from './api-defaults.ts';
import { isBinaryData } from './binary-data.ts';
import { endangersData, goesWithData, lostBy } from './data-loss.ts';
import { classOf, isOpen } from './risk.ts';
import { differences, type Difference } from '../json/diff.ts';
import { keyOf, type ObjectKey, type ObjectRef, kindIdOf } from '../objects.ts';
import { deletePath, formatPath, outside, parsePath } from '../json/field-path.ts';
import { isNamedCredential } from './redact.ts';
import { shown, type ShownChange } from './display-value.ts';
import { newSearch, type Search } from './text-change.ts';
import { unmanagedOf } from '../manifest/unmanaged-fields.ts';
import { visibleName } from '../safe-text.ts';
import type { Before } from '../comparison.ts';

/** One change of one field, or of an object as a whole. */
export interface Change extends ShownChange {
  readonly object: ObjectKey;
  /** The path of the field, whole; '' for the object. */
  readonly path: string;
  readonly class: DeltaClass;
  /** A field of an added object that holds the API server's default, and of a class in which that is folded. */
  readonly isDefault: boolean;
}

/** Stands for what production holds and no release of the package wrote. No text that is shown begins like it. */
export const notShown = '(not shown)';

/**
 * From what production runs to a bundle. Empty exactly when nothing is added or removed and every object is the same content outside
 * unmanaged fields. What is gone from `after` counts as removed only when `removed` says so: the Jobs of an earlier release are not deleted.
 * An object that is foreign is not compared: even which of its fields are as they were would tell what it holds.
 */
export const delta = (
  before: Before,
  after: readonly BundleObject[],
  removed: readonly ObjectRef[],
  unmanaged: readonly UnmanagedFields[],
  irreversible: readonly Irreversible[] = [],
): Change[] => {
  const search = newSearch();
  const known = new Map(before.objects.map((object) => [keyOf(object.ref), object]));
  const written = after.flatMap((object): Change[] => {
    const old = known.get(keyOf(object.ref));
    if (old === undefined) return added(object, '', [], search);
    const left = unmanagedOf(unmanaged, object.ref);
    return before.foreign ? added(object, notShown, left, search) : changed(old, object, left, search);
  });
  const gone = removed.map((ref) =>
    removal(ref, goesWithData(ref, known.get(keyOf(ref))?.content, irreversible) ? 'data loss' : 'removed'),
  );
  return [...written, ...gone].toSorted((a, b) => Number(a.object > b.object) - Number(a.object < b.object));
};

const ofObject = (ref: ObjectRef, sort: DeltaClass, from: string, to: string): Change => ({
  object: keyOf(ref),
  path: '',
  class: sort,
  from,
  to,
  lines: [],
  hidden: 0,
  escaped: 0,
  cutLines: 0,
  cutCharacters: 0,
  isDefault: false,
});

const removal = (ref: ObjectRef, sort: DeltaClass): Change => ofObject(ref, sort, ref.apiVersion, '');

const added = (
  { ref, content }: BundleObject,
  from: string,
  unmanaged: readonly string[],
  search: Search,
): Change[] => [
  ofObject(ref, 'added', from, ref.apiVersion),
  ...differences(undefined, outside(unnamed(content), unmanaged)).map((one) => ({
    ...change(ref, one, search),
    ...(from === '' ? { isDefault: isFolded(ref, one) } : { from }),
  })),
];

const isFolded = ({ kind }: ObjectRef, { path, to }: Difference): boolean =>
  !isOpen(classOf(kind, path)) && isDefault(kind, path, to);

/** Without what the line about the whole object says already. */
export const unnamed = (content: JsonObject): JsonObject =>
  ['apiVersion', 'kind', 'metadata.name'].reduce((left, path) => deletePath(left, parsePath(path) ?? []), content);

const changed = (before: BundleObject, after: BundleObject, unmanaged: readonly string[], search: Search): Change[] => {
  if (before.digest === after.digest) return [];
  const [was, is] = [outside(before.content, unmanaged), outside(after.content, unmanaged)];
  const lost = new Set(lostBy(kindIdOf(after.ref), was, is));
  return differences(was, is).map((one) => change(after.ref, one, search, lost));
};

/** @param lost dot paths of the object by which data is lost */
export const classOfChange = (
  kind: string,
  { path, to }: Pick<Difference, 'path' | 'to'>,
  lost: ReadonlySet<string>,
): DeltaClass => {
  const plain = formatPath(path);
  return lost.has(plain) || endangersData(kind, plain, to) ? 'data loss' : classOf(kind, path);
};

const change = (
  ref: ObjectRef,
  { path, from, to }: Difference,
  search: Search,
  lost: ReadonlySet<string> = new Set(),
): Change => {
  const plain = formatPath(path);
  const sort = classOfChange(kindIdOf(ref), { path, to }, lost);
  const open = isOpen(sort);
  const where = visibleName(plain);
  const credential = isNamedCredential(path) || isSecretValue(kindIdOf(ref), path);
  const binary = isBinaryData(ref, path);
  const values = shown(from, to, { open, credential, binary, name: !prose.has(sort), search });
  return {
    object: keyOf(ref),
    path: where.text,
    class: sort,
    ...values,
    escaped: values.escaped + where.escaped,
    isDefault: false,
  };
};

/** Secrets are in no release; should one ever be, then not for everybody to read. */
const isSecretValue = (kind: string, [first]: Difference['path']): boolean =>
  kind === 'Secret' && first !== undefined && 'field' in first && /^(?:stringD|d)ata$/.test(first.field);

/** Classes in which people write in their own language. In all others only machines read, and only ASCII is what it seems. */
const prose: ReadonlySet<DeltaClass> = new Set(['configuration', 'metadata']);
