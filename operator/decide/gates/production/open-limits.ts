/**
 * How much may be open at once, so that nobody takes the room of everybody. A candidate takes a place once its content is frozen, until it is
 * promoted or over; one that cannot be staged takes none.
 */
import { patchOf } from '../../../api/overlay.ts';
import { isEarlier, agedOf } from './replaces.ts';
import { unworkable } from '../../json/json.ts';
import type { Instant } from '../../objects.ts';
import type { CandidateSnapshot, Place } from '../snapshot.ts';
import { visible } from '../../safe-text.ts';
import { listed } from '../../messages.ts';

const mib = 1024 * 1024;

/** Open candidates, and bytes of their content, by what they are counted over. An author is counted over all packages of a production namespace. */
export const placeLimits = {
  package: { candidates: 20, bytes: Infinity },
  author: { candidates: 100, bytes: 24 * mib },
  namespace: { candidates: 400, bytes: 64 * mib },
} as const;

type Scope = keyof typeof placeLimits;
const scopes: readonly Scope[] = ['package', 'author', 'namespace'];

/** An older candidate of which it is not known yet whether it can be staged keeps a place for as long, in milliseconds. */
const comingMs = 30_000;
/** A watch is hardly this far behind, in milliseconds: then it is known who is older. */
const knownAfterMs = 2_000;

/** Why there is no place, and when to look again though nothing happens. */
export interface NoPlace {
  readonly problem: { readonly reason: 'TooManyOpen' | 'TooMuchOpen'; readonly message: string } | undefined;
  readonly again: Instant | undefined;
}

const inScope: Readonly<Record<Scope, (s: CandidateSnapshot, place: Place) => boolean>> = {
  package: ({ candidate }, place) => place.package === candidate.spec.package,
  author: ({ candidate }, place) => place.author === candidate.spec.author.username,
  namespace: () => true,
};

/** @param bytes of what would be frozen. @returns undefined when there is a place */
export const noPlace = (s: CandidateSnapshot, bytes: number, now: Instant): NoPlace | undefined => {
  const own = agedOf(s.candidate);
  const all = s.places();
  const isComing = (place: Place): boolean =>
    !place.staged && isEarlier(place, own) && now < place.createdAt + comingMs;
  const taken = all.filter((place) => place.staged || isComing(place));
  for (const scope of scopes) {
    const places = taken.filter((place) => inScope[scope](s, place));
    const reason = whyFull(scope, places, bytes);
    if (reason !== undefined) {
      const open = bytesIn(places);
      return {
        problem: { reason, message: full(s, scope, { reason, places, open, bytes }) },
        again: freeAt(scope, places.filter(isComing), { places, bytes }),
      };
    }
  }
  const isCrowded = scopes.some((scope) => {
    const near = all.filter((place) => inScope[scope](s, place));
    const { candidates, bytes: most } = placeLimits[scope];
    return near.length >= candidates / 2 || bytesIn(near) + bytes > most / 2;
  });
  const known = own.createdAt + knownAfterMs;
  return isCrowded && now < known ? { problem: undefined, again: known } : undefined;
};

const bytesIn = (places: readonly Place[]): number => places.reduce((sum, place) => sum + place.bytes, 0);

const whyFull = (scope: Scope, places: readonly Place[], bytes: number): Full['reason'] | undefined => {
  const { candidates, bytes: most } = placeLimits[scope];
  if (places.length >= candidates) return 'TooManyOpen';
  return bytesIn(places) + bytes > most ? 'TooMuchOpen' : undefined;
};

/**
 * When there is a place though nothing happens, because enough of those that come have not come. Undefined = never: what is open has to end. Looking
 * again whenever one has not come would be the square of what waits.
 */
const freeAt = (
  scope: Scope,
  coming: readonly Place[],
  { places, bytes }: { readonly places: readonly Place[]; readonly bytes: number },
): Instant | undefined => {
  let left = places;
  for (const place of coming.toSorted((a, b) => a.createdAt - b.createdAt)) {
    left = left.filter((each) => each !== place);
    if (whyFull(scope, left, bytes) === undefined) return place.createdAt + comingMs;
  }
  return undefined;
};

interface Full {
  readonly reason: 'TooManyOpen' | 'TooMuchOpen';
  readonly places: readonly Place[];
  readonly open: number;
  readonly bytes: number;
}

const full = (s: CandidateSnapshot, scope: Scope, { reason, places, open, bytes }: Full): string => {
  const { spec, metadata } = s.candidate;
  const { candidates, bytes: most } = placeLimits[scope];
  const where = {
    package: `of package ${spec.package}`,
    author: `of ${visible(spec.author.username)} for ${spec.targetNamespace}`,
    namespace: `for ${spec.targetNamespace}`,
  }[scope];
  const what =
    reason === 'TooManyOpen'
      ? `${candidates} other candidates ${where} are open, and no more may be`
      : `open candidates ${where} hold ${open} bytes and this one has ${bytes}; together at most ${most} may be open`;
  const staged = places.filter((place) => place.staged);
  const holders =
    scope === 'namespace' ? `, staged by ${listed([...new Set(staged.map(({ author }) => visible(author)))])}` : '';
  const largest = staged.toSorted((a, b) => b.bytes - a.bytes || (isEarlier(a, b) ? -1 : 1));
  const [first] = largest;
  const next =
    first === undefined
      ? 'wait; it continues automatically'
      : `a holder of withdraw in ${spec.targetNamespace} withdraws one that is not wanted any more (${listed(largest.map(({ name }) => name))}): kubectl delete cand ${first.name} -n ${metadata.namespace}`;
  return `${what}${holders}. Next: ${next}`;
};

/** Bytes of what is staged now, about: enough to say no before the API server is asked about each object. */
export const stagedBytes = ({ staged, candidate }: CandidateSnapshot): number =>
  [...staged.values()].reduce((sum, { bytes }) => sum + bytes, overlayBytes(candidate));

/** Of candidates as they are kept: the overlay of a large one is packed, and would be read again each time. */
const weighed = new WeakMap<CandidateSnapshot['candidate'], number>();

export const overlayBytes = (candidate: CandidateSnapshot['candidate']): number => {
  const bytes = weighed.get(candidate) ?? weigh(candidate);
  weighed.set(candidate, bytes);
  return bytes;
};

/** What is nested too deep is no text; it is refused for that, and is not weighed. */
const weigh = ({ spec }: CandidateSnapshot['candidate']): number =>
  spec.overlay.some((item) => unworkable(patchOf(item)) !== undefined)
    ? 0
    : Buffer.byteLength(JSON.stringify(spec.overlay));
