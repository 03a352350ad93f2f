/** What deciding about one package in production looks at. */
import type { Bundle } from '../decide/bundle.ts';
import { kindIdOf, type PodsOnNode, type UnreadKinds } from '../decide/objects.ts';
import { packageRecord } from '../decide/record/record.ts';
import type { ReleaseSnapshot } from '../decide/release/snapshot.ts';
import { indexKey } from './caches.ts';
import type { Read } from './facts.ts';
import type { KindsToRead } from './following.ts';
import { bundlesBy, byAge, namespaceIn, objectsIn, podsIn, policyIn, readersIn } from './lookup.ts';

/** What `observeRelease` reads. */
export type ReleaseFacts = Read<
  | 'policies'
  | 'namespaces'
  | 'nodes'
  | 'records'
  | 'bundles'
  | 'objects'
  | 'pods'
  | 'checks'
  | 'refusedWrites'
  | 'failing'
  | 'rollbacks'
  | 'followed'
>;

/** Under which writes are refused: the open intent, or what production runs, of which something is still to be removed. */
const intentOf = (facts: ReleaseFacts, namespace: string, pkg: string): string | undefined => {
  const { open, production } = packageRecord(facts.records.get(namespace), pkg);
  return open?.id ?? production?.bundle;
};

/** How many packages of a namespace do not go on: the API server refuses a write for good, or work fails again and again. */
export const stuckPackages = (facts: ReleaseFacts, namespace: string): number =>
  [...facts.records.get(namespace).packages.keys()].filter((pkg) => {
    const refused = facts.refusedWrites.facts(namespace, pkg, intentOf(facts, namespace, pkg));
    return facts.failing.of(namespace, pkg) !== undefined || [...refused.values()].some(({ isFinal }) => isFinal);
  }).length;

/** Pods on a node that belong to nothing that any kept bundle of the package holds. */
const podsOfOthers = (facts: Read<'bundles' | 'pods'>, namespace: string, pkg: string): PodsOnNode => ({
  get: (node) =>
    facts.pods
      .in(namespace)
      ?.byIndex('node', node)
      .filter(({ ownerKind, ownerName }) =>
        (facts.bundles.in()?.byIndex('object', indexKey(namespace, `${ownerKind}/${ownerName}`)) ?? []).every(
          ({ bundle }) => bundle.package !== pkg,
        ),
      ),
});

/** Unread kinds of which the kept bundles of a package hold or remove objects. Nearly always there are none to look for. */
const unreadOf = (facts: Read<'bundles' | 'followed'>, namespace: string, pkg: string): KindsToRead => {
  const unread = facts.followed.unreadKinds(namespace);
  return unread.size === 0
    ? unread
    : heldOf(
        unread,
        (facts.bundles.in()?.byIndex('package', indexKey(namespace, pkg)) ?? []).map(({ bundle }) => bundle),
      );
};

/** Those of which bundles hold or remove objects. */
export const heldOf = (unread: KindsToRead, bundles: readonly Pick<Bundle, 'objects' | 'removed'>[]): KindsToRead => {
  const held = new Set(
    bundles.flatMap(({ objects, removed }) => [...objects.map(({ ref }) => ref), ...removed].map(kindIdOf)),
  );
  return new Map([...unread].filter(([id]) => held.has(id)));
};

/** Those that have answered with errors for long enough. */
export const unreadable = (unread: KindsToRead): UnreadKinds =>
  new Map([...unread].flatMap(([id, why]) => (why === undefined ? [] : [[id, why]])));

/** Whether it is not known yet of some whether they can be read. */
export const isWaiting = (unread: KindsToRead): boolean => [...unread.values()].includes(undefined);

/** One package of a production namespace, whether anything of it is there or not. */
export const observeRelease = (facts: ReleaseFacts, namespace: string, pkg: string): ReleaseSnapshot => {
  const unread = unreadOf(facts, namespace, pkg);
  return {
    namespace,
    package: pkg,
    policy: policyIn(facts, namespace),
    target: namespaceIn(facts, namespace),
    record: facts.records.get(namespace),
    bundles: new Map(bundlesBy(facts, 'package', indexKey(namespace, pkg)).map((bundle) => [bundle.name, bundle])),
    live: objectsIn(facts, namespace),
    pods: podsIn(facts, namespace),
    readers: readersIn(facts, namespace),
    around: { nodes: { get: (name) => facts.nodes.in()?.get(name) }, others: podsOfOthers(facts, namespace, pkg) },
    checks: facts.checks.facts(namespace, pkg),
    refused: facts.refusedWrites.facts(namespace, pkg, intentOf(facts, namespace, pkg)),
    failing: facts.failing.of(namespace, pkg),
    rollbacks: (facts.rollbacks.in()?.byIndex('package', indexKey(namespace, pkg)) ?? []).toSorted(byAge),
    complete:
      facts.followed.isClusterRead() && facts.followed.isComplete('Production', namespace) && !isWaiting(unread),
    unread: unreadable(unread),
  };
};
