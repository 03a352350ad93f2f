/** Who had a hand in what is staged, as the API server recorded it (docs/adr/0014). */
import type { Writer } from '../api/writers.ts';
import type { Bundle, ObjectSource } from './bundle.ts';
import { keyOf, type LiveObject, type ObjectKey } from './objects.ts';
import type { CandidateSnapshot } from './snapshot.ts';
import { argumentFor, listed, objectNamed } from './words.ts';

export interface Hands {
  /** Usernames. */
  readonly known: readonly string[];
  /** Objects of which it is not recorded who wrote them. */
  readonly unknown: readonly ObjectKey[];
}

export const nobody: Hands = { known: [], unknown: [] };

type Staging = Pick<CandidateSnapshot, 'source' | 'staged'>;

/**
 * Who changed what is staged since a bundle was frozen; undefined = ever. Who changed it before is known from there: of what production
 * runs they were judged when it was signed for, and of a candidate's own bundle they are its authors.
 */
export const handsOn = (s: Staging, since: Bundle | undefined): Hands => {
  const sources = new Map(since?.objects.map(({ ref, source }) => [keyOf(ref), source]));
  const all = [...s.staged].map(([object, live]) => ({ object, writers: writersSince(live, sources.get(object)) }));
  return {
    known: [...new Set(all.flatMap(({ writers }) => writers.flatMap(({ username }) => username ?? [])))],
    unknown: all
      .filter(({ writers }) => !isRecording(s) || writers.some(({ username }) => username === undefined))
      .map(({ object }) => object),
  };
};

/** Staged objects whose record names one of these. */
export const writtenBy = ({ staged }: Staging, usernames: readonly string[]): readonly ObjectKey[] =>
  [...staged]
    .filter(([, { changedBy = [] }]) => changedBy.some(({ username = '' }) => usernames.includes(username)))
    .map(([object]) => object);

const isRecording = ({ source }: Staging): boolean => source?.staging === true;

const unrecorded: Writer = { username: undefined, position: '0' };

const writersSince = (live: LiveObject, source: ObjectSource | undefined): readonly Writer[] => {
  const { changedBy, uid, resourceVersion } = live;
  if (changedBy === undefined) return [unrecorded];
  // An object that is another than the source has a history of its own, and so has one whose cluster was set back.
  if (source?.uid !== uid || isBefore(resourceVersion, source.resourceVersion)) return changedBy;
  return changedBy.filter(({ position }) => !isBefore(position, source.resourceVersion));
};

/** Resource versions are decimal integers of any size (KEP-5504), so they are compared as text. */
const isBefore = (a: string, b: string): boolean => (a.length === b.length ? a < b : a.length < b.length);

/** What to say of objects whose writers are unknown; undefined = all are known. */
export const unknownWriters = (
  s: Staging,
  namespace: string,
  { unknown }: Hands,
): { readonly message: string; readonly remedy: string } | undefined => {
  if (unknown.length === 0) return undefined;
  const sentAgain = `somebody who answers for ${unknown.length === 1 ? 'it' : 'each'} sends it again as it is: ${resend(unknown, namespace)}`;
  if (isRecording(s)) {
    return {
      message: `It is not recorded who wrote ${listed(unknown.map(objectNamed))} in ${namespace}`,
      remedy: upperFirst(sentAgain),
    };
  }
  return {
    message: `Namespace ${namespace} is not labelled countersign.dev/staging=true, so it is not recorded who changes what in it`,
    remedy: `A platform admin labels it: kubectl label namespace ${namespace} countersign.dev/staging=true; then ${sentAgain}`,
  };
};

/** As many as one command line should name; the rest comes when these are known. */
const atOnce = 20;

const resend = (unknown: readonly ObjectKey[], namespace: string): string =>
  `kubectl get ${unknown.slice(0, atOnce).map(argumentFor).join(' ')} -n ${namespace} -o yaml | kubectl replace -f -`;

const upperFirst = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
