/** What an object of a release is to be in production: its normal form, and the manifests that make production equal it. */
import type { Json, JsonObject } from '../../api/meta.ts';
import { patchOf } from '../../api/overlay.ts';
import { digest8, digestOf, digestSteps } from '../json/canonical.ts';
import { differences } from '../json/diff.ts';
import { at, isEmptyObject, isList, objectAt, unworkable, withMember } from '../json/json.ts';
import { keyOf, type LiveObject, type ObjectKey, type ObjectRef, kindIdOf } from '../objects.ts';
import { builtInType, type FieldType } from '../schema/field-type.ts';
import { kindRow } from './kinds/index.ts';
import { correctionOf, laidOver, overlayNamed, type Overlay } from './overlay.ts';
import { ownedPaths, withoutOwned, withOwnedOf } from './server-owned-fields.ts';
import { deletePath, formatPath, getPath, outside, parsePath, setPath, type Path } from '../json/field-path.ts';

/** What a release decides about an object: no status, no server-owned field, no metadata but name, labels, annotations and finalizers. */
export const normalForm = (manifest: JsonObject, ref: ObjectRef): JsonObject => {
  const { apiVersion, kind, name } = ref;
  const key = `${apiVersion} ${kind} ${name}`;
  const known = normalForms.get(manifest) ?? new Map<string, JsonObject>();
  const normal = known.get(key) ?? toNormalForm(manifest, ref);
  normalForms.set(manifest, known.set(key, normal));
  // What is one is its own: brought into it again it stays the same object.
  if (!normalForms.has(normal)) normalForms.set(normal, new Map([[key, normal]]));
  return normal;
};

/** Of manifests, by what they are taken for. The same manifest gives the same object, so that what is known of that is known. */
const normalForms = new WeakMap<JsonObject, Map<string, JsonObject>>();

const toNormalForm = (manifest: JsonObject, { apiVersion, kind, name }: ObjectRef): JsonObject => {
  const id = kindIdOf({ apiVersion, kind });
  const decided = withoutOwned(manifest, id);
  const released = kindRow(id)?.inItsWords?.(decided) ?? decided;
  const metadata = Object.entries(objectAt(released, 'metadata'))
    .filter(([, value]) => !isEmptyObject(value))
    .flatMap(([field, value]) => (field === 'finalizers' ? sortedNames(value) : [[field, value] as const]));
  return { ...released, apiVersion, kind, metadata: { ...Object.fromEntries(metadata), name } };
};

/** In whichever order controllers set them, they are the same; an empty list is none. */
const sortedNames = (value: Json): readonly (readonly [string, Json])[] => {
  const names = isList(value) ? [...new Set(value.flatMap((name) => (typeof name === 'string' ? [name] : [])))] : [];
  return names.length === 0 ? [] : [['finalizers', names.toSorted()]];
};

const finalizersAt: Path = [{ field: 'metadata' }, { field: 'finalizers' }];

const bareContents = new WeakMap<JsonObject, JsonObject>();

/** The same content gives the same object, so that what is known of that is known. */
const withoutFinalizers = (content: JsonObject): JsonObject => {
  if (at(content, 'metadata', 'finalizers') === undefined) return content;
  const bare = bareContents.get(content) ?? deletePath(content, finalizersAt);
  bareContents.set(content, bare);
  return bare;
};

/** Why an object cannot be part of a release. */
export interface RenderProblem {
  readonly object: ObjectKey;
  readonly message: string;
  /** An overlay cannot be applied to it. */
  readonly overlay?: true;
}

export type Rendered =
  | {
      readonly kind: 'Content';
      readonly content: JsonObject;
      /** What staging holds, without any overlay. */
      readonly base: JsonObject;
      /** Without what the candidate keeps different: what staging holds, and what the policy says. */
      readonly own: JsonObject;
      /** Items of the candidate that change nothing. */
      readonly idle: readonly Overlay[];
    }
  | { readonly kind: 'Problem'; readonly problem: RenderProblem };

/** The staged object in normal form, with the overlays for it laid over it, in their order. `type`: what is known of its fields. */
export const render = (staged: LiveObject, overlays: readonly Overlay[], type?: FieldType): Rendered => {
  const steps = renderSteps(staged, overlays, type);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
};

/** `render` in steps, for it takes long of what is large. The digest of the content is known then. */
export function* renderSteps(
  staged: LiveObject,
  overlays: readonly Overlay[],
  type: FieldType = builtInType(staged.ref.apiVersion, staged.ref.kind),
): Generator<void, Rendered, void> {
  const problem = (message: string): Rendered => ({ kind: 'Problem', problem: { object: keyOf(staged.ref), message } });
  const shape = [staged.manifest, ...overlays.map(({ item }) => patchOf(item))]
    .map(unworkable)
    .find((why) => why !== undefined);
  if (shape !== undefined)
    return problem(`the object or its overlay ${shape}: split it or make it flatter, then create a new candidate`);
  yield;
  const base = normalForm(staged.manifest, staged.ref);
  yield;
  const laid = yield* laidOver(base, overlays, type);
  if (laid.kind === 'Refused') {
    const message = `${overlayNamed(laid.by)} cannot be applied: ${laid.message}. Next: ${correctionOf(laid.by)}`;
    return { kind: 'Problem', problem: { object: keyOf(staged.ref), message, overlay: true } };
  }
  const { content, own, idle } = laid;
  const message = forbidden(base, content, staged.ref) ?? (yield* inexact(content));
  if (message !== undefined) return problem(message);
  const normal = normalForm(content, staged.ref);
  yield* digestSteps(normal);
  return { kind: 'Content', content: normal, base, own, idle };
}

const identity: readonly Path[] = [
  [{ field: 'apiVersion' }],
  [{ field: 'kind' }],
  [{ field: 'metadata' }, { field: 'name' }],
];

const forbidden = (base: JsonObject, content: JsonObject, ref: ObjectRef): string | undefined => {
  const renamed = identity.find((path) => getPath(base, path) !== getPath(content, path));
  if (renamed !== undefined)
    return `the overlay changes ${formatPath(renamed)}, which says which object it is. Next: leave it out of spec.overlay, then create a new candidate`;
  const owned = ownedPaths(content, kindIdOf(ref))[0];
  return (
    owned &&
    `the overlay sets ${formatPath(owned)}, which the cluster writes and no release decides. Next: leave it out of spec.overlay, then create a new candidate`
  );
};

function* inexact(content: JsonObject): Generator<void, string | undefined, void> {
  try {
    yield* digestSteps(content);
    digestOf(content);
    return undefined;
  } catch (error) {
    return `its content cannot be digested: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Whether two normal forms are equal outside unmanaged paths. Finalizers are compared by themselves: a controller may add some of its own. */
export const sameContent = (a: JsonObject, b: JsonObject, unmanaged: readonly string[]): boolean =>
  digestOf(outside(withoutFinalizers(a), unmanaged)) === digestOf(outside(withoutFinalizers(b), unmanaged));

/** Where two normal forms differ outside unmanaged paths; empty exactly when they are the same content. Finalizers aside. */
export const differingPaths = (a: JsonObject, b: JsonObject, unmanaged: readonly string[]): string[] =>
  differences(outside(withoutFinalizers(a), unmanaged), outside(withoutFinalizers(b), unmanaged)).map(({ path }) =>
    formatPath(path),
  );

/** The manifest that creates the object. */
export const forCreate = (content: JsonObject, namespace: string): JsonObject =>
  withMember(content, 'metadata', { ...objectAt(content, 'metadata'), namespace });

/**
 * The manifest that replaces a live object: the fields of the bundle, the live values of unmanaged and server-owned fields,
 * nothing else. It carries the live uid and resourceVersion, so that it replaces only what was looked at. `finalizers`: those of the bundle,
 * and those of the live object that stay.
 */
export const forReplace = (
  content: JsonObject,
  live: LiveObject,
  { unmanaged, finalizers }: { readonly unmanaged: readonly string[]; readonly finalizers: readonly string[] },
): JsonObject => {
  const bare = withoutFinalizers(content);
  const held =
    finalizers.length === 0
      ? bare
      : withMember(bare, 'metadata', { ...objectAt(bare, 'metadata'), finalizers: [...finalizers] });
  const left = unmanaged
    .map(parsePath)
    .filter((path) => path !== undefined)
    .reduce((filled, path) => leftAsLive(filled, live.manifest, path), held);
  const manifest = withOwnedOf(live.manifest, left, kindIdOf(live.ref));
  const { uid, resourceVersion, namespace } = live;
  return withMember(manifest, 'metadata', { ...objectAt(manifest, 'metadata'), namespace, uid, resourceVersion });
};

const leftAsLive = (content: JsonObject, live: JsonObject, path: Path): JsonObject => {
  const value = getPath(live, path);
  return value === undefined ? deletePath(content, path) : setPath(content, path, value);
};

const longestName = 63;

/**
 * The name under which a Job runs for one bundle: `<name>-<first 8 digits of the digest>`, at most 63 characters. A longer
 * name is cut, and told apart from others of the same beginning by a digest of its own.
 */
export const jobName = (name: string, digest: string): string => {
  const ending = `-${digest8(digest)}`;
  if (name.length + ending.length <= longestName) return name + ending;
  const own = `-${digest8(digestOf(name))}`;
  const beginning = name.slice(0, longestName - own.length - ending.length).replace(/[-.]+$/, '');
  return beginning + own + ending;
};
