/** What the record of a namespace explains of its production: the content that each object is to have, and the findings that are open. */
import { followedKinds, kindRow, runsOncePerBundle } from '../manifest/kinds/index.ts';
import { resourceName } from '../manifest/kinds/shared/kind.ts';
import { ledgerNameDigits, type LedgerEntrySpec } from '../../api/ledger.ts';
import { scaleDigest } from '../manifest/content-digest.ts';
import type { EntryData, Written } from '../ledger-entry.ts';
import { asKey, keyOf, type Instant, type ObjectKey } from '../objects.ts';
import { finalizersAmong, released, sameLifetime } from '../manifest/lifetime.ts';
import { jobName } from '../manifest/normal-form.ts';
import { grantKeys } from './grant-names.ts';

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

const boundByNothing: readonly (readonly string[])[] = [[]];

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
interface Intent {
  readonly id: string;
  readonly type: 'Promotion' | 'Rollback';
  readonly bundle: string;
  /** A tool writes it, and brings the finalizers of the release, or leaves them to their controllers. */
  readonly byTool: boolean;
  readonly writes: ReadonlyMap<ObjectKey, State>;
  readonly removes: readonly ObjectKey[];
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
const kindByResource: ReadonlyMap<string, string> = new Map(
  followedKinds.map((each) => [resourceName(each), each.kind]),
);

/** Kinds of which every change in a guarded namespace is to be explained, beside what the chart adds. */
export const explainedKinds: ReadonlySet<string> = new Set(kindByResource.values());

/** Decisions of the gate under which an act is explained by its entry. Under any other it is only known who did it. */
export const explainingDecisions: ReadonlySet<string> = new Set([
  'Operate',
  'PlatformWriter',
  'Administer',
  'GitOps',
  'Emergency',
]);

const stateOf = ({ content, replicas, without }: Written): State => ({
  digest: content,
  scale: replicas === null ? '' : scaleDigest(replicas),
  without,
});

const writesOf = (
  { objects }: ExplainedRecord,
  writes: readonly Written[],
  keyFor: (object: string) => ObjectKey,
): ReadonlyMap<ObjectKey, State> =>
  new Map(
    writes.map((each) => {
      const key = keyFor(each.object);
      const { finalizers: sets = [], frees = [] } = each;
      const lifetime = released((objects.get(key) ?? unknown).lifetimes[0] ?? [], { sets, frees });
      return [key, { ...stateOf(each), lifetime }];
    }),
  );

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

/** The record after one more entry. What an entry does not touch is the same object as before. */
export const foldExplained = (before: ExplainedRecord, entry: LedgerEntrySpec, data: EntryData): ExplainedRecord => {
  switch (data.type) {
    case 'Adopted':
      return {
        ...before,
        adopted: data.more ? before.adopted : new Set([...before.adopted, ...data.kinds]),
        measuresLifetimes: before.measuresLifetimes || (data.measuresLifetimes === true && !data.more),
        objects: boundAs(
          settledAs(
            before.objects,
            data.objects.map(({ object, digest, replicas, without, lifetime = [] }) => [
              object,
              { digest, scale: replicas === null ? '' : scaleDigest(replicas), without, lifetime },
            ]),
          ),
          data.lifetimes ?? [],
        ),
      };
    case 'PromotionStarted':
      return begun(before, entry, {
        id: entry.id,
        type: 'Promotion',
        bundle: data.to,
        byTool: data.delivery === 'GitOps',
        writes: writesOf(before, data.writes, (object) => liveKey(object, entry.digest)),
        removes: data.removes.map(asKey),
      });
    case 'RollbackStarted':
      return begun(before, entry, {
        id: entry.id,
        type: 'Rollback',
        bundle: data.to,
        byTool: data.delivery === 'GitOps',
        writes: writesOf(before, data.writes, asKey),
        removes: data.removes.map(asKey),
      });
    case 'Promoted':
    case 'RolledBack':
      return ended(before, entry);
    case 'Admitted':
      return admitted(before, entry, data);
    case 'Observed':
      return observed(before, data);
    case 'FindingOpened':
      return { ...before, findings: new Map(before.findings).set(entry.id, findingOf(entry, data)) };
    case 'FindingClosed':
      return closed(before, data);
    case 'Staged':
    case 'Tested':
    case 'Signed':
    case 'Rejected':
    case 'Withdrawn':
    case 'Refused':
    case 'EmergencyRefused':
    case 'EmergencyOpened':
    case 'EmergencyEnded':
    case 'EmergencyReviewed':
    case 'EmergencyOverdue':
    case 'EmergencyClosed':
    case 'Resumed':
      return before;
    case 'EmergencyGranted':
      return { ...before, objects: comingAs(before.objects, data.objects) };
    case 'EmergencyAccounted':
      return { ...before, objects: goneFor(before.objects, entry.subject.uid) };
  }
};

/** What an emergency access is made of comes and goes: with any of these contents, or not there. */
const comingAs = (
  objects: ExplainedRecord['objects'],
  made: Of<'EmergencyGranted'>['objects'],
): ExplainedRecord['objects'] => {
  const after = new Map(objects);
  for (const { object, digests } of made) {
    const coming = digests.map((digest): State => ({ digest, scale: '', without: undefined }));
    after.set(object, { ...unknown, coming });
  }
  return after;
};

const goneFor = (objects: ExplainedRecord['objects'], uid: string): ExplainedRecord['objects'] => {
  const after = new Map(objects);
  for (const key of grantKeys(uid)) after.delete(key);
  return after;
};

/** A Job runs under the name of its bundle. */
const liveKey = (object: string, bundleDigest: string): ObjectKey => {
  const key = asKey(object);
  return key.startsWith('Job/') ? `Job/${jobName(key.slice('Job/'.length), bundleDigest)}` : key;
};

const unknown: Expected = { settled: [absent], coming: [], lifetimes: boundByNothing, release: undefined };

const settledAs = (
  objects: ExplainedRecord['objects'],
  states: readonly (readonly [string, State])[],
): ExplainedRecord['objects'] => {
  const after = new Map(objects);
  for (const [key, { lifetime, ...state }] of states) {
    const was = after.get(key) ?? unknown;
    const isGone = state.digest === '';
    const lifetimes = isGone ? boundByNothing : lifetime === undefined ? was.lifetimes : [lifetime];
    after.set(key, { ...was, settled: [state], lifetimes });
  }
  return after;
};

/** What was not said to have finalizers or owners, has these. Of its content nothing is said. */
const boundAs = (
  objects: ExplainedRecord['objects'],
  lifetimes: readonly { readonly object: string; readonly lifetime: readonly string[] }[],
): ExplainedRecord['objects'] => {
  const after = new Map(objects);
  for (const { object, lifetime } of lifetimes) {
    const was = after.get(object) ?? { ...unknown, settled: [] };
    after.set(object, { ...was, lifetimes: [lifetime] });
  }
  return after;
};

/** Kinds of which the end of a promotion leaves open whether they are still there: some are deleted only after observation, Jobs stay. */
const isLeftOpen = (kind: string): boolean => kindRow(kind)?.prune === 'AfterObservation' || runsOncePerBundle(kind);

const begun = (before: ExplainedRecord, { package: pkg }: LedgerEntrySpec, intent: Intent): ExplainedRecord => {
  const objects = new Map(before.objects);
  const coming = (key: ObjectKey, state: State): void => {
    const was = objects.get(key) ?? unknown;
    objects.set(key, { ...was, coming: [...was.coming, state] });
  };
  for (const [key, state] of intent.writes) coming(key, state);
  for (const key of intent.removes) coming(key, absent);
  return { ...before, objects, intents: new Map(before.intents).set(pkg, withRest(before.intents.get(pkg), intent)) };
};

/** A rollback takes over what the promotion before it left open, so that nothing of it stays open for ever. */
const withRest = (earlier: Intent | undefined, intent: Intent): Intent => {
  const known = new Set<ObjectKey>([...intent.writes.keys(), ...intent.removes]);
  const rest = [...(earlier?.writes.keys() ?? []), ...(earlier?.removes ?? [])].filter((key) => !known.has(key));
  return { ...intent, removes: [...intent.removes, ...rest] };
};

const ended = (before: ExplainedRecord, { package: pkg, seq }: LedgerEntrySpec): ExplainedRecord => {
  const intent = before.intents.get(pkg);
  if (intent === undefined) return before;
  const objects = new Map(before.objects);
  const release = { seq, bundle: intent.bundle };
  for (const [key, { lifetime = [], ...state }] of intent.writes) {
    const { lifetimes } = objects.get(key) ?? unknown;
    objects.set(key, {
      settled: [state],
      coming: [],
      lifetimes: intent.byTool ? distinctLifetimes([lifetime, ...lifetimes]).slice(0, mostByTool) : [lifetime],
      release,
    });
  }
  for (const key of intent.removes) {
    const { settled, coming, lifetimes, release: earlier } = objects.get(key) ?? unknown;
    const isJob = key.startsWith('Job/');
    // What a rollback finds under an added name, and no release wrote, is somebody else's and stays.
    const foreign = intent.type === 'Rollback' && earlier === undefined;
    const stays = foreign || isLeftOpen(key.slice(0, key.indexOf('/')));
    objects.set(key, {
      settled: stays ? distinct([...settled, ...(isJob ? coming : []), absent]) : [absent],
      coming: [],
      lifetimes: stays ? lifetimes : boundByNothing,
      release,
    });
  }
  const intents = new Map(before.intents);
  intents.delete(pkg);
  return { ...before, objects, intents };
};

const distinct = (states: readonly State[]): readonly State[] =>
  states.filter(
    (state, i) => states.findIndex((each) => each.digest === state.digest && each.scale === state.scale) === i,
  );

/** What a tool left of the releases before. */
const mostByTool = 4;

const distinctLifetimes = (all: readonly (readonly string[])[]): readonly (readonly string[])[] =>
  all.filter((lifetime, i) => all.findIndex((each) => sameLifetime(each, lifetime)) === i);

type Of<T extends EntryData['type']> = Extract<EntryData, { type: T }>;

const admitted = (
  before: ExplainedRecord,
  { id, time, actor, subject, decision }: LedgerEntrySpec,
  { operation, resource, subresource, before: from, after, lifetime, emergency }: Of<'Admitted'>,
): ExplainedRecord => {
  const isScale = subresource === 'scale';
  const kind = kindByResource.get(resource) ?? resource;
  // Of other kinds, and of connections, nobody could say what came of them.
  const isMeasured = explainedKinds.has(kind) || before.adopted.has(kind);
  if (operation === 'CONNECT' || !isMeasured || (subresource !== '' && !isScale)) return before;
  const object = keyOf({ kind, name: subject.name });
  if (!explainingDecisions.has(decision)) {
    return { ...before, seen: new Map(before.seen).set(object, { after, username: actor.username }) };
  }
  const attempt: Attempt = {
    id,
    at: Date.parse(time),
    username: actor.username,
    object,
    uid: subject.uid,
    operation,
    isScale,
    before: from,
    after: operation === 'DELETE' ? '' : after,
    lifetime,
    emergency,
  };
  return { ...before, attempts: new Map(before.attempts).set(id, attempt) };
};

const observed = (before: ExplainedRecord, data: Of<'Observed'>): ExplainedRecord => {
  const attempt = before.attempts.get(data.admitted);
  if (attempt === undefined) return before;
  const attempts = new Map(before.attempts);
  attempts.delete(attempt.id);
  if (!data.happened) return { ...before, attempts };
  const key = data.object === '' ? attempt.object : data.object;
  const { settled } = before.objects.get(key) ?? unknown;
  const last = settled[0] ?? absent;
  const state: State = attempt.isScale
    ? { ...last, scale: attempt.after }
    : {
        digest: attempt.after,
        scale: attempt.after === '' ? '' : last.scale,
        without: undefined,
        lifetime: attempt.lifetime ?? (attempt.operation === 'CREATE' ? [] : undefined),
      };
  return { ...before, attempts, objects: settledAs(before.objects, [[key, state]]) };
};

const findingOf = (entry: LedgerEntrySpec, data: Of<'FindingOpened'>): Finding => ({
  id: entry.id,
  seq: entry.seq,
  name: String(entry.seq).padStart(ledgerNameDigits, '0'),
  at: Date.parse(entry.time),
  object: data.object,
  home: entry.subject.namespace,
  change: data.change,
  digest: entry.digest,
  before: data.before,
  after: { digest: data.after, scale: data.scale, without: data.without, lifetime: data.lifetime?.after },
  managers: data.managers,
  username: data.username,
  reason: entry.reason,
  parts: data.parts,
});

const closed = (before: ExplainedRecord, data: Of<'FindingClosed'>): ExplainedRecord => {
  const finding = before.findings.get(data.finding);
  if (finding === undefined) return before;
  const findings = new Map(before.findings);
  findings.delete(finding.id);
  if (!data.accepted) return { ...before, findings };
  const states: readonly (readonly [string, State])[] =
    finding.change === 'Integrity'
      ? finding.parts.map(({ object, after }) => [object, { ...absent, digest: after }])
      : [[finding.object, finding.after]];
  return { ...before, findings, objects: settledAs(before.objects, states) };
};
