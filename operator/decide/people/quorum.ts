/** Are the approval lines met? One human fills one place over all lines; who could fill several fills the one that helps most. */
import type { ApprovalLine } from '../../api/policy-fields.ts';

/** A signature that counts. */
export interface Signer {
  /** The human, as `peopleAmong` tells them apart. */
  readonly person: string;
  readonly username: string;
  readonly role: string;
  readonly groups: readonly string[];
}

/** A line and how far it is met. */
export interface LineSummary {
  readonly role: string;
  readonly have: number;
  readonly need: number;
  /** Groups of `oneFromEach` from which nobody has signed yet. */
  readonly missingGroups: readonly string[];
  /** Usernames of the signers that fill its places. */
  readonly by: readonly string[];
}

/** Everything the lines ask for, and how far it is met. Met when `have` equals `need`. */
export interface Quorum {
  readonly have: number;
  readonly need: number;
  readonly lines: readonly LineSummary[];
}

/** One signature that a line asks for; `group` undefined = from anybody. */
interface Place {
  readonly role: string;
  readonly group: string | undefined;
}

const placesOf = ({ role, count, oneFromEach }: ApprovalLine): readonly Place[] => [
  ...oneFromEach.map((group) => ({ role, group })),
  ...Array.from({ length: Math.max(0, count - oneFromEach.length) }, () => ({ role, group: undefined })),
];

const fits = (signer: Signer, place: Place): boolean =>
  signer.role === place.role && (place.group === undefined || signer.groups.includes(place.group));

/**
 * Gives as many places as possible to as many people: a maximum bipartite matching by augmenting paths (Kuhn 1955).
 * Which places are filled does not depend on the order of the signers.
 */
const seat = (places: readonly Place[], signers: readonly Signer[]): ReadonlyMap<Place, Signer> => {
  const seatOf = new Map<string, Place>();
  const seated = new Map<Place, Signer>();
  const find = (place: Place, asked: Set<string>): boolean =>
    signers.some((signer) => {
      if (!fits(signer, place) || asked.has(signer.person)) return false;
      asked.add(signer.person);
      const other = seatOf.get(signer.person);
      if (other !== undefined && !find(other, asked)) return false;
      seatOf.set(signer.person, place);
      seated.set(place, signer);
      return true;
    });
  for (const place of places) find(place, new Set());
  return seated;
};

/** How far `signers` meet `lines`. Taking a signer away never makes it better; their order decides nothing but who is named in `by`. */
export const quorum = (lines: readonly ApprovalLine[], signers: readonly Signer[]): Quorum => {
  const placesByLine = lines.map((line) => ({ role: line.role, places: placesOf(line) }));
  const places = placesByLine.flatMap((line) => line.places);
  const seated = seat(places, signers);
  return {
    have: seated.size,
    need: places.length,
    lines: placesByLine.map(({ role, places }) => {
      const by = places.flatMap((place) => seated.get(place)?.username ?? []).sort();
      const open = places.filter((place) => !seated.has(place));
      return {
        role,
        have: by.length,
        need: places.length,
        missingGroups: open.flatMap(({ group }) => group ?? []),
        by,
      };
    }),
  };
};
