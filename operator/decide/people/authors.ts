/** Who had a hand in what is staged, as the API server recorded it (docs/adr/0014). */
import { writersAnnotation } from '../../api/kinds.ts';
import type { Writer } from '../../api/writers.ts';
import type { Bundle, BundleObject, ObjectSource } from '../bundle.ts';
import { at } from '../json/json.ts';
import { keyOf, type LiveObject, type NamespaceFacts, type ObjectKey } from '../objects.ts';
import { allows, scalersOf } from '../manifest/autoscaling.ts';
import { argumentFor, listed, objectNamed } from '../messages.ts';

export interface Hands {
  /** Usernames. */
  readonly known: readonly string[];
  /** Objects of which it is not recorded who wrote them. */
  readonly unknown: readonly ObjectKey[];
  /** How many replicas those of them have of which nothing else is nobody's: they came through /scale, and no autoscaler explains them. */
  readonly scaled: ReadonlyMap<ObjectKey, number>;
}

const nobody: Hands = { known: [], unknown: [], scaled: new Map() };

/** What gates are told of those who changed staging since the content was frozen. */
export interface Contributors {
  /** Usernames. */
  readonly known: readonly string[];
  /** What to say of objects of which it is not recorded who changed them; undefined = there are none. */
  readonly unrecorded: { readonly message: string; readonly remedy: string } | undefined;
  /** Staged objects, and autoscalers of staged objects, that one of these usernames wrote at any time. */
  readonly writtenBy: (usernames: readonly string[]) => readonly ObjectKey[];
}

/** Where nobody looks at staging. */
export const noContributors: Contributors = { known: [], unrecorded: undefined, writtenBy: () => [] };

/** What staging holds of a candidate. */
interface Staging {
  readonly source: NamespaceFacts | undefined;
  readonly staged: ReadonlyMap<ObjectKey, LiveObject>;
  readonly stagedAutoscalers: readonly LiveObject[];
}

/** Somebody's part in what is staged. */
interface Part {
  readonly object: ObjectKey;
  readonly writers: readonly Writer[];
  /** Replicas of it that are nobody's. */
  readonly replicas?: number | undefined;
}

/**
 * Who changed what is staged since a bundle was frozen; undefined = ever. Who changed it before is known from there: of what production
 * runs they were judged when it was signed for, and of a candidate's own bundle they are its authors. Whoever wrote an autoscaler decides
 * the replicas of what it scales; one that is staged itself has its own place among the objects, and replicas are no content then.
 */
export const handsOn = (s: Staging, since: Bundle | undefined): Hands => {
  const frozen = new Map(since?.objects.map((object) => [keyOf(object.ref), object]));
  const parts = [...s.staged].flatMap(([object, live]): Part[] => [
    { object, writers: writersSince(live, frozen.get(object)?.source) },
    ...scalersOf(s.stagedAutoscalers, object)
      .filter(({ ref }) => !s.staged.has(keyOf(ref)))
      .map((scaler) => ({ object: keyOf(scaler.ref), writers: writersSince(scaler, undefined) })),
    { object, writers: [], replicas: unexplainedReplicas(s, object, live, frozen.get(object)) },
  ]);
  const unwritten = parts.filter(
    ({ writers }) => !isRecording(s) || writers.some(({ username }) => username === undefined),
  );
  const scaled = parts.flatMap(({ object, replicas }) =>
    replicas === undefined || unwritten.some((each) => each.object === object) ? [] : [[object, replicas] as const],
  );
  return {
    known: [...new Set(parts.flatMap(({ writers }) => writers.flatMap(({ username }) => username ?? [])))],
    unknown: [...new Set([...unwritten.map(({ object }) => object), ...scaled.map(([object]) => object)])],
    scaled: new Map(scaled),
  };
};

/** @param since what was frozen; undefined = staging need not hold it any more, so that changes are about other releases */
export const contributorsOf = (s: Staging, namespace: string, since: Bundle | undefined): Contributors => {
  const hands = since === undefined ? nobody : handsOn(s, since);
  return {
    known: hands.known,
    unrecorded: unknownWriters(s, namespace, hands),
    writtenBy: (usernames) => writtenBy(s, usernames),
  };
};

/** Staged objects, and autoscalers of staged objects, whose record names one of these. */
const writtenBy = (s: Staging, usernames: readonly string[]): readonly ObjectKey[] => {
  const scalers = [...s.staged.keys()].flatMap((object) => scalersOf(s.stagedAutoscalers, object));
  const all = [...s.staged, ...scalers.map((scaler) => [keyOf(scaler.ref), scaler] as const)];
  return [...new Map(all)]
    .filter(([, { changedBy = [] }]) => changedBy.some(({ username = '' }) => usernames.includes(username)))
    .map(([object]) => object);
};

/**
 * Replicas that differ from what the recorded people wrote came through /scale, which only autoscalers use in staging. The autoscaler that
 * set them may be gone, and with it who wrote it. What was frozen so is judged already.
 */
const unexplainedReplicas = (
  s: Staging,
  object: ObjectKey,
  live: LiveObject,
  frozen: BundleObject | undefined,
): number | undefined => {
  const { recordedReplicas, uid } = live;
  // Before its manifest is asked for: large objects hold theirs packed, and none of them has replicas.
  if (recordedReplicas === undefined) return undefined;
  const replicas = at(live.manifest, 'spec', 'replicas');
  if (typeof replicas !== 'number' || replicas === recordedReplicas) return undefined;
  const wasFrozen = frozen?.source?.uid === uid && at(frozen.content, 'spec', 'replicas') === replicas;
  const isExplained =
    wasFrozen || scalersOf(s.stagedAutoscalers, object).some((scaler) => allows(scaler.manifest, replicas));
  return isExplained ? undefined : replicas;
};

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
  { unknown, scaled }: Hands,
): { readonly message: string; readonly remedy: string } | undefined => {
  if (unknown.length === 0) return undefined;
  const unwritten = isRecording(s) ? unknown.filter((object) => !scaled.has(object)) : unknown;
  const sentAgain = `somebody who answers for ${unwritten.length === 1 ? 'it' : 'each'} sends it again as it is: ${resend(unwritten, namespace)}`;
  if (isRecording(s)) {
    const replicas = [...scaled.keys()];
    const missing = [
      unwritten.length > 0 && `who wrote ${listed(unwritten.map(objectNamed))} in ${namespace}`,
      replicas.length > 0 &&
        `who set the replicas of ${listed(replicas.map(objectNamed))} in ${namespace}, which no autoscaler explains`,
    ].filter((each) => each !== false);
    const next = [
      ...(unwritten.length > 0 ? [sentAgain] : []),
      ...(replicas.length > 0 ? [`somebody who answers for the replicas says so: ${answer(scaled, namespace)}`] : []),
    ].join('; ');
    return { message: `It is not recorded ${missing.join(', nor ')}`, remedy: upperFirst(next) };
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

/** The text that the stamp takes for an answer (charts/countersign/templates/writers/stamp.yaml). */
const answer = (scaled: Hands['scaled'], namespace: string): string =>
  [...scaled]
    .slice(0, atOnce)
    .map(
      ([object, replicas]) =>
        `kubectl annotate ${argumentFor(object)} -n ${namespace} --overwrite ${writersAnnotation}='${replicas} %replicas'`,
    )
    .join(' && ');

const upperFirst = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
