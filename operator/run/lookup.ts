/** What more than one controller has to know to see whom a change concerns. */
import { isDeepStrictEqual } from 'node:util';
import { possibleSetsOf } from '../decide/manifest/claims.ts';
import { packageRecord } from '../decide/record/record.ts';
import { keyOf, type NodeFacts, type ObjectKey } from '../decide/objects.ts';
import type { Change } from '../kube/store.ts';
import { indexKey } from '../observe/caches.ts';
import type { Read } from '../observe/facts.ts';
import type { Priority } from '../work/queue.ts';
import { policyIn } from '../observe/lookup.ts';
import type { PolicyException } from '../api/exception.ts';
import type { LedgerEntrySpec } from '../api/ledger.ts';
import type { PolicyChange } from '../api/policy-change.ts';

/** Namespaces that have a policy. */
export const productions = ({ policies }: Read<'policies'>): readonly string[] =>
  (policies.in()?.list() ?? []).map(({ metadata }) => metadata.namespace);

export const isProduction = (facts: Read<'policies'>, namespace: string): boolean =>
  policyIn(facts, namespace) !== undefined;

/** A release that is on its way, or whose content is in production. */
export interface ActiveRelease {
  readonly namespace: string;
  readonly package: string;
  readonly priority: Priority;
  /** The candidate that it is of, unless its story is over: it shows how the release fares. */
  readonly candidate: { readonly namespace: string; readonly name: string } | undefined;
}

/** The release of a package: none, or one. */
export const activeRelease = (
  { records }: Read<'records'>,
  namespace: string,
  pkg: string,
): readonly ActiveRelease[] => {
  const record = records.get(namespace);
  const { open, production } = packageRecord(record, pkg);
  if (open === undefined && production?.how !== 'Promoted') return [];
  const uid = open?.candidate.uid ?? production?.candidateUid;
  const shown = uid === undefined ? undefined : record.candidates.get(uid);
  return [
    {
      namespace,
      package: pkg,
      priority: open?.type === 'Rollback' || open === undefined ? 'Rollback' : 'Promotion',
      candidate: shown === undefined || shown.finished !== undefined ? undefined : shown,
    },
  ];
};

/** Every release of a production namespace. */
export const activeReleasesIn = (facts: Read<'records'>, namespace: string): readonly ActiveRelease[] =>
  [...facts.records.get(namespace).packages.keys()].flatMap((pkg) => activeRelease(facts, namespace, pkg));

/** Releases of a production namespace whose object this may be; none of a namespace that is no production. */
export const activeReleasesOf = (
  facts: Read<'policies' | 'records' | 'bundles'>,
  namespace: string,
  key: ObjectKey,
): readonly ActiveRelease[] => {
  if (!isProduction(facts, namespace)) return [];
  // A Job has another name for each bundle, and there are few of them.
  if (key.startsWith('Job/')) return activeReleasesIn(facts, namespace);
  const bundles = facts.bundles.in();
  const keys = [key, ...makersOfClaim(key)];
  const heads = keys.flatMap((each) => bundles?.byIndex('object', indexKey(namespace, each)) ?? []);
  return heads.flatMap((found) => {
    const whole = found.partOf === '' ? found : bundles?.get(indexKey(namespace, found.partOf));
    if (whole === undefined) return [];
    const { name, package: pkg } = whole.bundle;
    const { open, production } = packageRecord(facts.records.get(namespace), pkg);
    // What it dropped is deleted after observation.
    const names = [open?.to, open?.from, production?.bundle, production?.previous];
    return names.includes(name) ? activeRelease(facts, namespace, pkg) : [];
  });
};

/** Releases of which pods are on a node that says something else of itself than before; its heartbeats say nothing. */
export const activeReleasesOn = (
  facts: Read<'policies' | 'records' | 'bundles' | 'pods'>,
  { old, new: now }: Change<NodeFacts>,
): readonly ActiveRelease[] => {
  const name = (now ?? old)?.name;
  if (name === undefined || isDeepStrictEqual(old, now)) return [];
  const found = productions(facts).flatMap((namespace) => {
    const pods = facts.pods.in(namespace)?.byIndex('node', name) ?? [];
    const owners = new Set(pods.map(({ ownerKind, ownerName }) => keyOf({ kind: ownerKind, name: ownerName })));
    return [...owners].flatMap((owner) => activeReleasesOf(facts, namespace, owner));
  });
  return [...new Map(found.map((each) => [`${each.namespace}/${each.package}`, each])).values()];
};

/** A StatefulSet that is to be deleted waits until its controller has let go of its claims, which are named after it. */
const makersOfClaim = (key: ObjectKey): readonly ObjectKey[] =>
  key.startsWith('PersistentVolumeClaim/') ? possibleSetsOf(key.slice(key.indexOf('/') + 1)) : [];

/** Entries that explain something of production, or ask for it. */
export const explaining: ReadonlySet<LedgerEntrySpec['type']> = new Set([
  'Adopted',
  'Admitted',
  'AdmittedTogether',
  'Observed',
  'ObservedTogether',
  'FindingOpened',
  'FindingClosed',
  'Promoted',
  'RolledBack',
]);

/** Whether the record of a namespace does not verify, or does again: everything that is judged from it says so. */
export const isRecordInDoubt = (
  { records }: Read<'records'>,
  { namespace, entry }: { readonly namespace: string; readonly entry: LedgerEntrySpec | undefined },
): boolean => entry === undefined || entry.type === 'Resumed' || records.get(namespace).broken !== undefined;

/** What somebody asked for and others sign for. */
export const requestsIn = (
  { exceptions, policyChanges }: Read<'exceptions' | 'policyChanges'>,
  namespace: string,
): readonly (PolicyException | PolicyChange)[] => [
  ...(exceptions.in()?.byIndex('namespace', namespace) ?? []),
  ...(policyChanges.in()?.byIndex('namespace', namespace) ?? []),
];
