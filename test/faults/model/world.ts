/** What controllers and kubelets of the model work with. */
import type { JsonObject } from '../../../operator/api/meta.ts';
import { listAt, objectAt, textAt } from '../../../operator/decide/json/json.ts';
import type { ObjectKey } from '../../../operator/decide/objects.ts';
import type { Cluster } from './cluster.ts';
import type { Nodes } from './nodes.ts';
import type { Chance, Timeline } from './timeline.ts';

/** How the pods of a content do. */
export const fates = [
  'Well',
  'Slow',
  'CrashesTwice',
  'CrashLoop',
  'NeverReady',
  'ConfigError',
  'ImagePull',
  /** Ready first; later its program is there and does not answer any more. */
  'BreaksLater',
] as const;
export type Fate = (typeof fates)[number];

/** Fates that end well, if they are given the time. */
export const isGood = (fate: Fate): boolean => fate === 'Well' || fate === 'Slow' || fate === 'CrashesTwice';

export interface World {
  readonly cluster: Cluster;
  readonly nodes: Nodes;
  readonly time: Timeline;
  readonly chance: Chance;
  readonly fateOf: (owner: ObjectKey, letter: string) => Fate;
  /** Why no pod of a workload is created now; undefined = they are. */
  readonly quotaOn: (owner: ObjectKey) => string | undefined;
}

const revisions = new WeakMap<JsonObject, string>();

/** Of the template of a workload: the letter of its content, and a hash of all of it. */
export const revisionOf = (manifest: JsonObject): string => {
  const template = objectAt(manifest, 'spec', 'template');
  const known = revisions.get(template);
  if (known !== undefined) return known;
  const letter = (textAt(listAt(template, 'spec', 'containers')[0], 'image') ?? '').split(':').at(-1) ?? '';
  let hash = 5381;
  for (const character of JSON.stringify(template)) hash = (hash * 33 + character.charCodeAt(0)) >>> 0;
  const revision = `${letter}${hash.toString(36)}`;
  revisions.set(template, revision);
  return revision;
};

export const letterOf = (revision: string): string => revision.slice(0, 1);
