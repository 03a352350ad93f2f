/** What the record of a namespace explains of its production: the content that each object is to have, and the findings that are open. */
import { followedKinds, kindRow, runsOncePerBundle } from '../manifest/kinds/index.ts';
import { resourceName } from '../manifest/kinds/shared/kind.ts';
import { finalizersAmong } from '../manifest/lifetime.ts';
import { type Instant, type ObjectKey, kindIdOf } from '../objects.ts';

/** A content that an object may have. */
export interface State {
  /** `contentDigest`; '' = the object is not there. */
  readonly digest: string;
  /** `scaleDigest`; '' = how many is not looked at. */
  readonly scale: string;
  /** Paths that the digest leaves out; undefined = not said: none, or those left to others now. */
  readonly without: readonly string[] | undefined;
  /** Finalizers and owners (`lifetime.ts`); undefined = those that the object is expected to have. */
  readonly lifetime?: readonly string[] | undefined;
}

export const absent: State = { digest: '', scale: '', without: undefined };

export const boundByNothing: readonly (readonly string[])[] = [[]];

export interface Expected {
  /** Contents that are explained for good; one, but for what an intent or a late deletion leaves open. */
  readonly settled: readonly State[];
  /** Contents that an open intent will bring. */
  readonly coming: readonly State[];
  /** Finalizers and owners that are explained for good, whatever the content; mostly one choice, never none. */
  readonly lifetimes: readonly (readonly string[])[];
  /** The last release that wrote or removed it. */
  readonly release: { readonly seq: number; readonly bundle: string } | undefined;
}

/** An act of a person or a declared program that the gate admitted, and of which nobody has said yet what came of it. */
export interface Attempt {
  readonly id: string;
  readonly at: Instant;
  readonly username: string;
  /** The name after the slash is empty where the API server was to make it. */
  readonly object: ObjectKey;
  readonly uid: string;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly isScale: boolean;
  /** Digests of what the API server showed before it, and of what it was to become. */
  readonly before: string;
  readonly after: string;
  /** Finalizers and owners that it is to have; undefined = as they were. */
  readonly lifetime: readonly string[] | undefined;
  /** Uid of the EmergencyAccess under which it is done; '' = under none. */
  readonly emergency: string;
}

export type Part = { readonly object: string; readonly before: string; readonly after: string };

/** A change of production that nothing explains, until somebody signs for it or a release covers it. */
export interface Finding {
  /** `id` of its entry; what a signature names as uid. */
  readonly id: string;
  readonly seq: number;
  /** Name of its entry; what a signature names. */
  readonly name: string;
  readonly at: Instant;
  readonly object: string;
  /** Namespace of the object: of Countersign itself where its installation changed. */
  readonly home: string;
  readonly change: 'Created' | 'Changed' | 'Deleted' | 'Integrity';
  /** What is signed for. */
  readonly digest: string;
  readonly before: string;
  readonly after: State;
  readonly managers: readonly string[];
  /** Who did it, as far as the gate saw it; '' = unknown. */
  readonly username: string;
  readonly reason: string;
  /** Of an integrity finding: the objects of the installation that changed. */
  readonly parts: readonly Part[];
}

/** What an open intent will write, by the key that each object has in production. */
export interface Intent {
  readonly id: string;
  readonly type: 'Promotion' | 'Rollback';
  readonly bundle: string;
  /** A tool writes it, and brings the finalizers of the release, or leaves them to their controllers. */
  readonly byTool: boolean;
  readonly writes: ReadonlyMap<ObjectKey, State>;
  readonly removes: readonly ObjectKey[];
  /** What objects are on the way: not there, or parked, before they are created again. */
  readonly passing: readonly (readonly [key: ObjectKey, state: State])[];
}

export interface ExplainedRecord {
  /**
   * Kinds of which all that production held when they were first looked at is entered: from then on their changes are measured. Of a resource
   * that the chart adds to the guard, its name: `rollouts.argoproj.io`.
   */
  readonly adopted: ReadonlySet<string>;
  /** Finalizers and owners of all that production held are entered: from then on their changes are measured. */
  readonly measuresLifetimes: boolean;
  readonly objects: ReadonlyMap<string, Expected>;
  /** By id. */
  readonly findings: ReadonlyMap<string, Finding>;
  /** By id. */
  readonly attempts: ReadonlyMap<string, Attempt>;
  /** Acts that were seen and are no explanation (`audit`): by content, who did it last. */
  readonly seen: ReadonlyMap<ObjectKey, { readonly after: string; readonly username: string }>;
  /** Open intents by package. */
  readonly intents: ReadonlyMap<string, Intent>;
}

export const nothingExplained: ExplainedRecord = {
  adopted: new Set(),
  measuresLifetimes: false,
  objects: new Map(),
  findings: new Map(),
  attempts: new Map(),
  seen: new Map(),
  intents: new Map(),
};

/** By resource, as the ledger names it. */
export const kindByResource: ReadonlyMap<string, string> = new Map(
  followedKinds.map((each) => [resourceName(each), kindIdOf(each)]),
);

/** Kinds of which every change in a guarded namespace is to be explained, beside what the chart adds. */
export const explainedKinds: ReadonlySet<string> = new Set(kindByResource.values());

/** Decisions of the gate under which an act is explained by its entry. Under any other it is only known who did it. */
export const explainingDecisions: ReadonlySet<string> = new Set([
  'Operate',
  'PlatformWriter',
  'KeepSecrets',
  'Administer',
  'GitOps',
  'Emergency',
]);

/** Every set of finalizers and owners that an object may have now. */
export const lifetimesOf = (expected: Expected | undefined): readonly (readonly string[])[] =>
  expected === undefined
    ? boundByNothing
    : [...expected.lifetimes, ...expected.coming.flatMap(({ lifetime }) => (lifetime === undefined ? [] : [lifetime]))];

/** Finalizers that may stay on an object when it is written: by what is under way, or for good. undefined = that is not known. */
export const stayingOn = (
  { measuresLifetimes, objects }: ExplainedRecord,
  key: ObjectKey,
): readonly string[] | undefined => {
  if (!measuresLifetimes) return undefined;
  const last = lifetimesOf(objects.get(key)).at(-1);
  return last && finalizersAmong(last);
};

export const unknown: Expected = { settled: [absent], coming: [], lifetimes: boundByNothing, release: undefined };

/** Kinds of which the end of a promotion leaves open whether they are still there: some are deleted only after observation, Jobs stay. */
export const isLeftOpen = (kind: string): boolean =>
  kindRow(kind)?.prune === 'AfterObservation' || runsOncePerBundle(kind);
