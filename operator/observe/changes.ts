/** How facts tell that they changed: every copy of cluster state, and what this process makes of them. */
import type { LedgerEntrySpec } from '../api/ledger.ts';
import type { JudgedPolicy } from '../decide/inherited.ts';
import type { ReflectorFamily } from '../kube/reflectors.ts';
import type { Change, ChangeHandler } from '../kube/store.ts';
import { Signal } from '../work/signal.ts';
import type { Caches } from './caches.ts';

/** What happened to one object of a copy; see `Change`. */
export type Changed<T> = Change<T> & { readonly key: string };

/** An entry was folded into the record of a namespace; `entry` undefined = one went, was written over, or is ahead of those that are known. */
export interface RecordChange {
  readonly namespace: string;
  readonly entry: LedgerEntrySpec | undefined;
}

/** Changes of what is not a copy of cluster state. */
export interface OwnChanges {
  readonly records: RecordChange;
  /** Everything that is followed in a namespace has been read; undefined = what is only reported (definitions, mutators) has. */
  readonly followed: { readonly namespace: string | undefined };
  /** An object was marked. */
  readonly dirtyObjects: { readonly namespace: string };
  /** A check of a package says something else. */
  readonly checks: { readonly namespace: string; readonly package: string };
  /** A write of a package was not taken, or is taken at last. */
  readonly refusedWrites: { readonly namespace: string; readonly package: string };
  /** Work on a package fails again and again, or goes on; `package` '' = on the namespace as a whole. */
  readonly failing: { readonly namespace: string; readonly package: string };
  /** A sink of notices came, went, fails or takes notices again. */
  readonly sinks: Readonly<Record<string, never>>;
}

export type OwnSignals = { readonly [N in keyof OwnChanges]: Signal<OwnChanges[N]> };

export const ownSignals = (): OwnSignals => ({
  records: new Signal(),
  followed: new Signal(),
  dirtyObjects: new Signal(),
  checks: new Signal(),
  refusedWrites: new Signal(),
  failing: new Signal(),
  sinks: new Signal(),
});

type ObjectOf<F> =
  F extends ReflectorFamily<infer T>
    ? T
    : F extends ReadonlyMap<string, ReflectorFamily<infer T>>
      ? T
      : F extends { onChange(handler: ChangeHandler<infer T>): void }
        ? T
        : never;

/** What each fact tells when it changes. The version of the API server, its clock and the own namespace tell nothing. */
export type Changes = OwnChanges & {
  readonly [N in keyof Caches]: Changed<N extends 'mutators' ? { readonly version: string } : ObjectOf<Caches[N]>>;
};

export type ChangingFact = keyof Changes;

/** How to hear of changes, in the order in which handlers were added. */
export type OnChange = { readonly [N in ChangingFact]: (handler: (change: Changes[N]) => void) => void };

interface Emits<T> {
  onChange(handler: ChangeHandler<T>): unknown;
}

const each =
  <T>(families: () => Iterable<Emits<T>>) =>
  (handler: (change: Changed<T>) => void): void => {
    for (const family of families()) family.onChange((key, change) => handler({ ...change, key }));
  };

const one = <T>(family: Emits<T>) => each(() => [family]);

/** How to hear of changes of the copies and of what this process makes of them. */
export const changesOf = (caches: Caches, own: OwnSignals): OnChange => ({
  namespaces: one(caches.namespaces),
  nodes: one(caches.nodes),
  policies: one(caches.policies),
  candidates: one(caches.candidates),
  bundles: one(caches.bundles),
  approvals: one(caches.approvals),
  evidence: one(caches.evidence),
  exceptions: one(caches.exceptions),
  policyChanges: one(caches.policyChanges),
  rollbacks: one(caches.rollbacks),
  emergencies: one(caches.emergencies),
  clusterRoles: one(caches.clusterRoles),
  ledger: one(caches.ledger),
  objects: one(caches.objects),
  pods: one(caches.pods),
  secrets: one(caches.secrets),
  watched: each(() => caches.watched.values()),
  bindings: each(() => caches.bindings.values()),
  classes: each(() => caches.classes.values()),
  definitions: one(caches.definitions),
  mutators: each<{ readonly version: string }>(() => Object.values(caches.mutators)),
  guarded: one(caches.guarded),
  installed: each(() => caches.installed.values()),
  records: (handler) => own.records.on(handler),
  followed: (handler) => own.followed.on(handler),
  dirtyObjects: (handler) => own.dirtyObjects.on(handler),
  checks: (handler) => own.checks.on(handler),
  refusedWrites: (handler) => own.refusedWrites.on(handler),
  failing: (handler) => own.failing.on(handler),
  sinks: (handler) => own.sinks.on(handler),
});

/** A policy of which nothing but the status changed. That is our own word, and decides nothing. */
export const isStatusOnly = ({ old, new: now }: Change<JudgedPolicy>): boolean =>
  old !== undefined &&
  now !== undefined &&
  old.metadata.uid === now.metadata.uid &&
  old.metadata.generation === now.metadata.generation &&
  old.inherited?.version === now.inherited?.version;
