/**
 * The dry run that shows what the API server makes of a content under its own name: a create where production has no such object, a replace of the
 * live one where it has. A Job is tried under a name like the one that it gets for its bundle.
 */
import type { JsonObject } from '../../api/meta.ts';
import type { NormalFormQuestion } from '../api-queries.ts';
import { digestOf, sizeOf } from '../json/canonical.ts';
import { deletePath, getPath, parsePath, setPath, type Path } from '../json/field-path.ts';
import { listAt, objectAt, withMember } from '../json/json.ts';
import type { LiveObject, ObjectRef } from '../objects.ts';
import { immutableChange } from './immutable-fields.ts';
import { rowOf, runsOncePerBundle } from './kinds/index.ts';
import { withFilledIn } from './live-values.ts';
import { forCreate, forReplace, jobName, normalForm } from './normal-form.ts';
import { finalizersOf } from './pending-deletion.ts';
import { mayBeMutated } from './unmanaged-fields.ts';

interface Place {
  readonly namespace: string;
  /** The object of production under that name; undefined = there is none. */
  readonly live: LiveObject | undefined;
  /** Of the object: paths that the policy leaves to others. */
  readonly unmanaged: readonly string[];
  /** What of others may change a write of it; undefined = that is not known. */
  readonly mutators: readonly string[] | undefined;
}

const finalizersAt: Path = [{ field: 'metadata' }, { field: 'finalizers' }];

const copied = (to: JsonObject, from: JsonObject, path: Path): JsonObject => {
  const value = getPath(from, path);
  return value === undefined ? deletePath(to, path) : setPath(to, path, value);
};

/** The write of a content: what nobody can change on a live object is as it is there. The gate Preflight speaks of that. */
const written = (content: JsonObject, ref: ObjectRef, { namespace, live }: Place): JsonObject => {
  if (live === undefined) {
    const manifest = forCreate(normalForm(content, ref), namespace);
    if (!runsOncePerBundle(ref)) return manifest;
    const name = jobName(ref.name, digestOf(content));
    return withMember(manifest, 'metadata', { ...objectAt(manifest, 'metadata'), name });
  }
  const decided = listAt(content, 'metadata', 'finalizers').flatMap((name) => (typeof name === 'string' ? [name] : []));
  const possible = immutablePaths(content, live).reduce(
    (sent, path) => copied(sent, live.manifest, path),
    withFilledIn(content, live.manifest),
  );
  return forReplace(possible, live, {
    unmanaged: [],
    finalizers: [...new Set([...finalizersOf(live), ...decided])],
  });
};

const immutablePaths = (content: JsonObject, live: LiveObject): readonly Path[] =>
  (immutableChange(content, live.manifest)?.fields ?? []).map(parsePath).filter((path) => path !== undefined);

/** What the API server answered, as content: with what the write could not say, and without what is live only. */
const stored = (answer: JsonObject, content: JsonObject, ref: ObjectRef, { live, unmanaged }: Place): JsonObject => {
  const normal = normalForm(answer, ref);
  const mutable = unmanaged
    .filter(mayBeMutated)
    .map(parsePath)
    .filter((path) => path !== undefined);
  if (live === undefined) return mutable.reduce((kept, path) => copied(kept, content, path), normal);
  const filledIn = (rowOf(content)?.filledIn ?? []).map((names): Path => names.map((field) => ({ field })));
  return [
    ...immutablePaths(content, live),
    ...filledIn.filter((path) => getPath(content, path) === undefined),
    ...mutable,
    finalizersAt,
  ].reduce((kept, path) => copied(kept, content, path), normal);
};

/** What to ask of a rendered content. */
export const normalFormQuestion = (content: JsonObject, ref: ObjectRef, place: Place): NormalFormQuestion => {
  // Nobody replaces a Job: the live one under its name ran for another release.
  const at: Place = runsOncePerBundle(ref) ? { ...place, live: undefined } : place;
  const { live, mutators } = at;
  return {
    ask: 'NormalForm',
    namespace: at.namespace,
    ref,
    // Most are known under their digest: it is made for those that are not.
    get manifest() {
      return written(content, ref, at);
    },
    replaces: live !== undefined,
    stored: (answer) => normalForm(stored(answer, content, ref, at), ref),
    again: (made) => written(made, ref, at),
    isMutable: mutators === undefined || mutators.length > 0,
    bytes: sizeOf(content),
    digest: digestOf(content),
    // Not its version: status and what controllers note change nothing of what becomes of a content.
    against: digestOf([
      live === undefined ? null : normalForm(live.manifest, ref),
      [...at.unmanaged],
      [...(mutators ?? [])],
    ]),
  };
};

/** Whether the API server refuses a replacement because it lets nobody change a field of the live object. */
export const isImmutable = ({ replaces }: NormalFormQuestion, message: string): boolean =>
  replaces &&
  // A Service that is headless in production stays so, which Services of other types cannot be.
  /immutable|may not be changed|updates to .* are forbidden|Forbidden: updates|may not be set to 'None' for/i.test(
    message,
  );
