/** How much a release changes: computed from its delta, and from nothing else. What the candidate says of itself only raises it. */
import type { ReleaseCandidate } from '../../api/candidate.ts';
import { significantClasses, type SignificantClass } from '../../api/policy-evidence.ts';
import type { DeltaClass } from '../../api/bundle.ts';
import type { ChangedPart } from '../delta/changed-parts.ts';
import { objectNamed } from '../messages.ts';

/** What a release changes. `Unknown`: what production runs cannot be compared with it, so it may be anything. */
export type ReleaseChanges =
  | 'Unknown'
  | {
      /** Nothing of the package was released to production before. */
      readonly isNew: boolean;
      /** One of each class that it changes. */
      readonly parts: readonly ChangedPart[];
    };

export type Level = ReleaseCandidate['spec']['significance'];

export interface Significance {
  readonly level: Level;
  /** Why, as a part of a sentence. */
  readonly because: string;
}

export const imagesChanged = (changes: ReleaseChanges): boolean =>
  changes === 'Unknown' || changes.parts.some(({ class: sort }) => sort === 'image');

const isSignificant = (sort: DeltaClass, minor: readonly SignificantClass[]): boolean =>
  sort === 'data loss' || significantClasses.some((each) => each === sort && !minor.includes(each));

/** What the delta says. Adding a change never lowers it. */
const computed = (changes: ReleaseChanges, minor: readonly SignificantClass[]): Significance => {
  if (changes === 'Unknown') {
    return { level: 'Significant', because: 'what production runs cannot be compared with it' };
  }
  if (changes.isNew) return { level: 'NewApplication', because: 'nothing of the package was released before' };
  const parts = changes.parts.filter(({ class: sort }) => isSignificant(sort, minor));
  return parts.length === 0
    ? { level: 'Minor', because: 'it changes nothing that the policy takes for significant' }
    : {
        level: 'Significant',
        because: `it changes ${parts.map(({ class: sort, object }) => `${sort} (${objectNamed(object)})`).join(', ')}`,
      };
};

const rank: Readonly<Record<Level, number>> = { Minor: 0, Significant: 1, NewApplication: 2 };

/** @param claimed what the candidate says of itself */
export const significanceOf = (
  changes: ReleaseChanges,
  claimed: Level,
  minor: readonly SignificantClass[],
): Significance => {
  const found = computed(changes, minor);
  return rank[claimed] > rank[found.level] ? { level: claimed, because: 'the candidate says so' } : found;
};
