/** How long staging must keep the content, and whether it still has it. */
import { milliseconds } from '../../../api/duration.ts';
import type { GateSnapshot } from '../gate.ts';
import { stagedDigest } from '../../manifest/config-digest.ts';
import { soakOf } from '../../people/approval-lines.ts';
import { keyOf, type Instant, type ObjectKey } from '../../objects.ts';
import { testersHaveSigned } from '../../people/approvals.ts';

/** First instant at which the soak is over; undefined = it has not begun. A soak of 0s is over before it begins. */
export const soakedAt = (s: Pick<GateSnapshot, 'candidate' | 'policy' | 'soakingSince'>): Instant | undefined => {
  const soak = milliseconds(soakOf(s));
  if (soak === 0) return -Infinity;
  return s.soakingSince === undefined ? undefined : s.soakingSince + soak;
};

/** What the hold on staging depends on. */
type Holding = Pick<GateSnapshot, 'candidate' | 'policy' | 'record'>;

/** Does the record say that this candidate was once soaked and tested? Nothing that staging does later takes that away. */
export const wasTested = ({ record, candidate }: Holding): boolean =>
  record.candidates.get(candidate.metadata.uid)?.tested === true;

/** Must staging keep the content? */
export const mustHold = (s: Holding): boolean => s.policy.spec.stagingHold === 'UntilPromoted' || !wasTested(s);

/** Staging against the bundle. `unanswered`: the API server has not said yet what an object would become. */
export interface StagingDifference {
  readonly changed: readonly ObjectKey[];
  readonly gone: readonly ObjectKey[];
  readonly added: readonly ObjectKey[];
  readonly unanswered: readonly ObjectKey[];
  /** The objects are what they were, and a tag of theirs means another image. */
  readonly moved: ReadonlyMap<ObjectKey, string>;
}

/** How staging differs from the bundle now. */
export const stagingDifference = ({
  bundle,
  stagedNow,
  imagesMoved,
}: Pick<GateSnapshot, 'bundle' | 'stagedNow' | 'imagesMoved'>): StagingDifference => {
  const digests = new Map(bundle.objects.map((object) => [keyOf(object.ref), stagedDigest(object)]));
  const keys = [...digests.keys()];
  const present = keys.filter((key) => stagedNow.has(key));
  const answered = present.filter((key) => stagedNow.get(key) !== undefined);
  return {
    changed: answered.filter((key) => stagedNow.get(key)?.digest !== digests.get(key)),
    gone: keys.filter((key) => !stagedNow.has(key)),
    added: [...stagedNow.keys()].filter((key) => !digests.has(key)),
    unanswered: present.filter((key) => stagedNow.get(key) === undefined),
    moved: imagesMoved,
  };
};

/** Does staging certainly hold something else than the bundle? */
export const hasMoved = ({ changed, gone, added, moved }: StagingDifference): boolean =>
  changed.length + gone.length + added.length + moved.size > 0;

/**
 * Has staging kept the content until the soak was over and the line of the testers met? Whoever sees this records it, for
 * afterwards staging may move on and it can no longer be seen.
 */
export const isTested = (s: GateSnapshot, now: Instant): boolean => {
  const difference = stagingDifference(s);
  const end = soakedAt(s);
  return (
    !hasMoved(difference) &&
    difference.unanswered.length === 0 &&
    end !== undefined &&
    end <= now &&
    s.unread.length === 0 &&
    testersHaveSigned(s, now)
  );
};
