/** What a release does with what emergencies left changed: keeps it, takes it back, or takes it back without saying so. */
import type { ReleaseCandidate } from '../../api/candidate.ts';
import type { Bundle } from '../bundle.ts';
import { asKey, keyOf, type LiveObjects, type ObjectKey, type ObjectRef } from '../objects.ts';
import type { NamespaceRecord } from '../record/record.ts';
import { holds, liveRef } from '../release/steps.ts';
import type { Emergencies, EmergencyRecord } from '../record/emergency.ts';
import { keyNamed, kindRow, rowNamed } from '../manifest/kinds/index.ts';

/** A release can say what becomes of it. */
export const isReleasable = (object: string): boolean =>
  kindRow(object.slice(0, object.indexOf('/')))?.promotable === true;

/** Objects that it changed and of which no release has said yet what becomes of them: what it left, or what it has touched so far. */
export const unsettledOf = ({ stage, accounted, touched, settled }: EmergencyRecord): readonly ObjectKey[] => {
  if (stage === 'Closed' || stage === 'Refused') return [];
  const changed = accounted?.drift.map(({ object }) => object) ?? [...touched.keys()];
  return changed.filter((object) => isReleasable(object) && !settled.has(object)).map(asKey);
};

/** The access that a candidate names: of several of that name the newest that is not closed. */
export const followedUpBy = ({ all }: Emergencies, name: string): EmergencyRecord | undefined =>
  name === ''
    ? undefined
    : [...all.values()].findLast((each) => each.name === name && each.stage !== 'Closed' && each.stage !== 'Refused');

export interface Doing {
  readonly covers: readonly ObjectKey[];
  readonly reverts: readonly ObjectKey[];
}

/** What promoting a bundle would do with the changes of one emergency. What it does not touch is in neither list. */
export const doingWith = (emergency: EmergencyRecord, bundle: Bundle, live: LiveObjects): Doing => {
  const [covers, reverts]: [ObjectKey[], ObjectKey[]] = [[], []];
  const held = new Map(bundle.objects.map((object) => [keyOf(liveRef(object, bundle)), object]));
  const removed = new Set<string>(bundle.removed.map(keyOf));
  for (const key of unsettledOf(emergency)) {
    const wanted = held.get(key);
    const now = live.get(key);
    if (wanted === undefined && !removed.has(key)) continue;
    const same = wanted === undefined ? now === undefined : now !== undefined && holds(now, wanted, bundle.unmanaged);
    (same ? covers : reverts).push(key);
  }
  return { covers, reverts };
};

/** What its promotion settles; null = it follows up nothing. */
export const followUpOf = (
  { spec }: ReleaseCandidate,
  bundle: Bundle,
  { record, live }: { readonly record: NamespaceRecord; readonly live: LiveObjects },
): { readonly emergency: string; readonly covers: string[]; readonly reverts: string[] } | null => {
  const emergency = followedUpBy(record.emergencies, spec.followsUp);
  if (emergency === undefined) return null;
  const { covers, reverts } = doingWith(emergency, bundle, live);
  return { emergency: emergency.uid, covers: [...covers], reverts: [...reverts] };
};

/** Objects that somebody made in the emergency and that the candidate takes back: its promotion removes them. */
export const revertedCreations = (candidate: ReleaseCandidate, record: NamespaceRecord): readonly ObjectRef[] => {
  const { followsUp, reverts } = candidate.spec;
  const drift = followedUpBy(record.emergencies, followsUp)?.accounted?.drift ?? [];
  const created = new Set(drift.filter(({ change }) => change === 'Created').map(({ object }) => object));
  return reverts.flatMap((revert) => {
    const row = rowNamed(revert);
    return row?.promotable === true && created.has(keyNamed(revert))
      ? [{ apiVersion: revert.apiVersion ?? row.apiVersion, kind: row.kind, name: revert.name }]
      : [];
  });
};
