/**
 * What decides how long an object lives: its finalizers and its owners. Both are content, compared beside the content digest, so that no digest
 * depends on them. Written down as short texts, one for each: `finalizer a.b/c`, `owner apps/v1 Deployment/api <uid> controller`.
 */
import type { Json, JsonObject } from '../../api/meta.ts';
import { digestOf } from '../json/canonical.ts';
import { at, listAt, member, textAt } from '../json/json.ts';
import type { ObjectKey } from '../objects.ts';
import { groupIn, keyOf, kindIdOf } from '../objects.ts';
import { kindRow } from './kinds/index.ts';
import { visible } from '../safe-text.ts';
import { listed } from '../messages.ts';

/** Path of the finalizers, as `unmanagedFields` names it. */
export const finalizersPath = 'metadata.finalizers';

/** Of kinds without a row. Volumes lie outside of namespaces. */
const ofVolumes = ['kubernetes.io/pv-protection'];

/** Finalizers by which the control plane deletes. On an object that nobody deletes they are somebody's decision. */
export const ofDeletions: ReadonlySet<string> = new Set(['foregroundDeletion', 'orphan']);

/** A controller of custom resources names its finalizers after their API group, or a domain below it. */
const isOfOwnGroup = (apiVersion: string, finalizer: string): boolean => {
  const group = groupIn(apiVersion);
  const domain = finalizer.split('/')[0] ?? '';
  const isCustom = group.includes('.') && !/(^|\.)k8s\.io$/.test(group);
  return isCustom && (domain === group || domain.endsWith(`.${group}`));
};

const isControllers = (manifest: JsonObject, kind: string, finalizer: Json): boolean =>
  typeof finalizer === 'string' &&
  ((ofDeletions.has(finalizer) && at(manifest, 'metadata', 'deletionTimestamp') !== undefined) ||
    (kind === 'PersistentVolume' ? ofVolumes : kindRow(kind)?.controllerFinalizers)?.includes(finalizer) === true ||
    isOfOwnGroup(textAt(manifest, 'apiVersion') ?? '', finalizer));

const idIn = (manifest: JsonObject | undefined): string =>
  kindIdOf({ kind: textAt(manifest, 'kind') ?? '', apiVersion: textAt(manifest, 'apiVersion') });

/** Places in `metadata.finalizers` that controllers decide. */
export const controllersPlaces = (manifest: JsonObject, kind: string): readonly number[] =>
  listAt(manifest, 'metadata', 'finalizers').flatMap((name, place) =>
    isControllers(manifest, kind, name) ? [place] : [],
  );

/** The finalizers of an object that a release or a person decides, sorted. */
export const decidedFinalizers = (manifest: JsonObject | undefined, kind = idIn(manifest)): readonly string[] =>
  manifest === undefined
    ? []
    : listAt(manifest, 'metadata', 'finalizers')
        .flatMap((name) => (typeof name === 'string' && !isControllers(manifest, kind, name) ? [name] : []))
        .toSorted();

// --- as the record has them ------------------------------------------------------------------------------------------

const finalizer = 'finalizer ';

export const finalizerText = (name: string): string => `${finalizer}${name}`;

/** The name of a finalizer; undefined = the text is about an owner. */
export const finalizerIn = (text: string): string | undefined =>
  text.startsWith(finalizer) ? text.slice(finalizer.length) : undefined;

export interface OwnerText {
  readonly apiVersion: string;
  readonly key: ObjectKey;
  readonly uid: string;
  readonly isController: boolean;
}

/** An owner as a text says it; undefined = the text is about a finalizer, or about an owner that cannot exist. */
export const ownerIn = (text: string): OwnerText | undefined => {
  const [word, apiVersion = '', key = '', uid = '', role, ...rest] = text.split(' ');
  if (word !== 'owner' || uid === '' || rest.length > 0 || (role !== undefined && role !== 'controller'))
    return undefined;
  const slash = key.indexOf('/');
  const object = { apiVersion, kind: key.slice(0, slash), name: key.slice(slash + 1) };
  return { apiVersion, key: keyOf(object), uid, isController: role === 'controller' };
};

const ownerText = (owner: Json): string => {
  const [apiVersion, kind, name, uid] = ['apiVersion', 'kind', 'name', 'uid'].map((field) => textAt(owner, field));
  const role = member(owner, 'controller') === true ? ' controller' : '';
  return `owner ${apiVersion ?? ''} ${kind ?? ''}/${name ?? ''} ${uid ?? ''}${role}`;
};

/** Longer texts, and more of them, are written by somebody who wants to fill the record: a digest stands for the rest. */
const longestText = 400;
const mostTexts = 24;

/** Stands for what is not written out. */
const rest = '… ';

const bounded = (texts: readonly string[]): readonly string[] => {
  const short = texts.map((text) =>
    text.length <= longestText ? text : `${text.slice(0, longestText - 80)}${rest}${digestOf(escape(text))}`,
  );
  return short.length <= mostTexts
    ? short
    : [...short.slice(0, mostTexts - 1), `${rest}${digestOf(short.slice(mostTexts - 1).map(escape))}`];
};

/** Digestible even where somebody wrote half a character. */
const escape = (text: string): string => JSON.stringify(text);

const none: readonly string[] = [];

/** Finalizers and owners of an object, sorted, without those that controllers decide. */
export const lifetimeOf = (manifest: JsonObject): readonly string[] => {
  const texts = [
    ...decidedFinalizers(manifest).map(finalizerText),
    ...listAt(manifest, 'metadata', 'ownerReferences').map(ownerText),
  ];
  return texts.length === 0 ? none : bounded([...new Set(texts)].toSorted());
};

/** Names of the finalizers among them; undefined = not all are written out. */
export const finalizersAmong = (lifetime: readonly string[]): readonly string[] | undefined =>
  lifetime.some((text) => text.includes(rest)) ? undefined : lifetime.flatMap((text) => finalizerIn(text) ?? []);

export const sameLifetime = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((text) => b.includes(text));

/** After a release sets finalizers and takes off those that only the release before it had. */
export const released = (
  before: readonly string[],
  { sets, frees }: { readonly sets: readonly string[]; readonly frees: readonly string[] },
): readonly string[] => {
  const [set, freed] = [sets.map(finalizerText), new Set(frees.map(finalizerText))];
  return [...new Set([...before.filter((text) => !freed.has(text)), ...set])].toSorted();
};

// --- for people ------------------------------------------------------------------------------------------------------

/** What came and what went, field by field. */
const changes = (before: readonly string[], after: readonly string[]) =>
  (
    [
      ['gained', after.filter((text) => !before.includes(text))],
      ['lost', before.filter((text) => !after.includes(text))],
    ] as const
  ).flatMap(([verb, texts]) =>
    [finalizersPath, 'metadata.ownerReferences'].flatMap((field) => {
      const own = texts.filter((text) => fieldOf(text) === field);
      return own.length === 0 ? [] : [{ field, verb, values: own }];
    }),
  );

const fieldOf = (text: string): string => (text.startsWith('owner ') ? 'metadata.ownerReferences' : finalizersPath);

/** The fields that differ between two lifetimes. */
export const changedFields = (before: readonly string[], after: readonly string[]): readonly string[] => [
  ...new Set(changes(before, after).map(({ field }) => field)),
];

/** `metadata.finalizers gained a.b/c`; '' = nothing differs. */
export const lifetimeChange = (before: readonly string[], after: readonly string[]): string =>
  changes(before, after)
    .map(({ field, verb, values }) => `${field} ${verb} ${listed(values.map(valueText))}`)
    .join('; ');

const valueText = (text: string): string => {
  const owner = ownerIn(text);
  return visible(
    owner === undefined ? (finalizerIn(text) ?? text) : `${owner.key} (${owner.apiVersion}, uid ${owner.uid})`,
  );
};
