/** The digest of what pods read of the ConfigMaps of their package, in their template: a change of it has their controller replace them. */
import { configAnnotation } from '../../api/kinds.ts';
import type { JsonObject } from '../../api/meta.ts';
import type { BundleObject } from '../bundle.ts';
import { digestOf } from '../json/canonical.ts';
import { deletePath, setPath, type Path } from '../json/field-path.ts';
import { objectAt, textAt } from '../json/json.ts';
import { kindRow } from './kinds/index.ts';
import { objectsAt } from './kinds/shared/references.ts';
import { containersOf, podSpecsOf } from './pod-spec.ts';
import type { KindName } from '../objects.ts';

const place = ['spec', 'template', 'metadata', 'annotations', configAnnotation] as const;
const path: Path = place.map((field) => ({ field }));

/** Whether pods of a kind are replaced when their template changes. Jobs have run, and a CronJob's next pods read what is there then. */
export const isRolled = (kind: KindName): boolean => kindRow(kind)?.operate?.includes('restart') === true;

/** Names of the ConfigMaps that the pods of an object read, be they there or not, in order. */
export const configMapsRead = (content: JsonObject): readonly string[] => {
  const names = podSpecsOf(content).flatMap((spec) => [
    ...containersOf(spec).flatMap((container) => [
      ...objectsAt(container, 'envFrom').map((source) => textAt(source, 'configMapRef', 'name')),
      ...objectsAt(container, 'env').map((variable) => textAt(variable, 'valueFrom', 'configMapKeyRef', 'name')),
    ]),
    ...objectsAt(spec, 'volumes').flatMap((volume) => [
      textAt(volume, 'configMap', 'name'),
      ...objectsAt(volume, 'projected', 'sources').map((source) => textAt(source, 'configMap', 'name')),
    ]),
  ]);
  return [...new Set(names.flatMap((name) => name ?? []))].toSorted();
};

/** Those of them that a package holds, by name. */
const held = (content: JsonObject, objects: readonly BundleObject[]): readonly BundleObject[] => {
  const names = new Set(configMapsRead(content));
  return objects.filter(({ ref }) => ref.kind === 'ConfigMap' && names.has(ref.name));
};

/** Digest of what an object reads of a package; undefined = nothing. */
const configDigest = (content: JsonObject, objects: readonly BundleObject[]): string | undefined => {
  const read = held(content, objects);
  return read.length === 0
    ? undefined
    : digestOf(
        read
          .map(({ ref, content: { data = {}, binaryData = {} } }) => ({ name: ref.name, data, binaryData }))
          .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      );
};

export const configOf = (content: JsonObject): string | undefined => textAt(content, ...place);

const withConfig = (object: BundleObject, digest: string | undefined): BundleObject => {
  if (digest === configOf(object.content)) return object;
  const content = digest === undefined ? deletePath(object.content, path) : setPath(object.content, path, digest);
  return { ...object, content, digest: digestOf(content) };
};

/**
 * The objects of a package with the digest of what they read. Where that is what production's content reads, the object says what production's
 * says: without a change of configuration nothing is replaced, also after the first release that knows of this.
 */
export const withConfiguration = (
  objects: readonly BundleObject[],
  base: readonly BundleObject[],
): readonly BundleObject[] => {
  const before = new Map(base.map((object) => [`${object.ref.kind}/${object.ref.name}`, object.content]));
  return objects.map((object) => {
    const { ref, content } = object;
    if (!isRolled(ref)) return object;
    const was = before.get(`${ref.kind}/${ref.name}`);
    const digest = configDigest(content, objects);
    const isSame = was !== undefined && configDigest(was, base) === digest;
    return withConfig(object, isSame ? configOf(was) : digest);
  });
};

/** The objects of a package where changed configuration replaces nothing: what production's content says stays. */
export const withConfigurationOf = (
  objects: readonly BundleObject[],
  base: readonly BundleObject[],
): readonly BundleObject[] => {
  const before = new Map(base.map((object) => [`${object.ref.kind}/${object.ref.name}`, object.content]));
  return objects.map((object) => {
    const was = isRolled(object.ref) ? before.get(`${object.ref.kind}/${object.ref.name}`) : undefined;
    return was === undefined ? object : withConfig(object, configOf(was));
  });
};

const bareObjects = new WeakMap<BundleObject, BundleObject>();

/** An object of a bundle as staging holds it: without what was added when it was frozen. */
const asStaged = (object: BundleObject): BundleObject => {
  if (!isRolled(object.ref) || configOf(object.content) === undefined) return object;
  const known = bareObjects.get(object) ?? withConfig(object, undefined);
  bareObjects.set(object, known);
  return known;
};

export const stagedDigest = (object: BundleObject): string => asStaged(object).digest;
export const stagedContent = (object: BundleObject): JsonObject => asStaged(object).content;

/** For signers: whose pods are replaced because configuration that they read changes, one line each. */
export const restartLines = (after: readonly BundleObject[], before: readonly BundleObject[]): readonly string[] => {
  const was = new Map(before.map((object) => [`${object.ref.kind}/${object.ref.name}`, object]));
  return after.flatMap((object) => {
    const { kind, name } = object.ref;
    const earlier = was.get(`${kind}/${name}`);
    const config = isRolled(object.ref) ? configOf(object.content) : undefined;
    if (earlier === undefined || config === undefined || config === configOf(earlier.content)) return [];
    const changed = held(object.content, after)
      .filter(({ ref, content }) => {
        const then = was.get(`ConfigMap/${ref.name}`)?.content;
        return then === undefined || digestOf(dataOf(then)) !== digestOf(dataOf(content));
      })
      .map(({ ref }) => ref.name);
    const what = changed.length === 0 ? 'another set of ConfigMaps' : `ConfigMap ${changed.join(', ')}, which changes`;
    return [`The pods of ${kind} ${name} are replaced: they read ${what}`];
  });
};

const dataOf = (content: JsonObject): JsonObject => ({
  data: objectAt(content, 'data'),
  binaryData: objectAt(content, 'binaryData'),
});
