/** Candidates as they are kept: what makes one large is packed like any large object, for a developer may create very many. */
import type { ReleaseCandidate } from '../api/candidate.ts';
import { patchOf } from '../api/overlay.ts';
import { unworkable } from '../decide/json/json.ts';
import type { ObjectKey } from '../decide/objects.ts';
import { largeLength, ObjectAway, type LargeParts } from './large.ts';
import { keyNamed } from '../decide/manifest/kinds/index.ts';

type Large = Pick<ReleaseCandidate['spec'], 'overlay' | 'notes' | 'components'>;

/** FNV-1a: a few bytes for a name. Two names of one number are looked at together, and that is all. */
const hashOf = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
};

/** What the large ones name. */
const named = new WeakMap<ReleaseCandidate, Uint32Array>();

export const isLarge = (candidate: ReleaseCandidate): boolean => named.has(candidate);

/** What a candidate names. Of a large one nothing, for an index of it would be larger than it is: see `mayName`. */
export const componentsOf = (candidate: ReleaseCandidate): readonly ObjectKey[] =>
  isLarge(candidate) ? [] : (candidate.spec.components ?? []).map(keyNamed);

/** Whether a large candidate names an object. It may say so of one in billions that it does not name. */
export const mayName = (candidate: ReleaseCandidate, key: string): boolean =>
  named.get(candidate)?.includes(hashOf(key)) === true;

/** @throws {ObjectAway} when overlay, notes or components of a large one are read and are not there any more */
export const keptCandidate = (candidate: ReleaseCandidate, large: LargeParts): ReleaseCandidate => {
  const { overlay, notes, components, ...spec } = candidate.spec;
  const { apiVersion, kind, metadata } = candidate;
  // Its status changes often, and its spec with its generation alone.
  const version = String(metadata.generation);
  if (!large.has(metadata.uid, version)) {
    // No text can be made of it: it is kept as it is, so that somebody says that it cannot be staged.
    if (overlay.some((item) => unworkable(patchOf(item)) !== undefined)) return candidate;
    const whole: Large = { overlay, notes, components };
    const text = JSON.stringify(whole);
    if (text.length <= largeLength) return candidate;
    large.keep(metadata.uid, version, whole, text);
  }
  const home = { apiVersion, kind, namespace: metadata.namespace, name: metadata.name };
  const parts = (): Large => {
    const found = large.get(metadata.uid, version);
    if (found === undefined) throw new ObjectAway(home);
    return found as Large; // oxlint-disable-line typescript/no-unsafe-type-assertion -- what was kept above
  };
  const kept: ReleaseCandidate = {
    ...candidate,
    spec: {
      ...spec,
      get overlay() {
        return parts().overlay;
      },
      get notes() {
        return parts().notes;
      },
      get components() {
        return parts().components;
      },
    },
  };
  named.set(
    kept,
    Uint32Array.from(components ?? [], (ref) => hashOf(keyNamed(ref))),
  );
  return kept;
};
