/** What deciding about one package in production looks at. */
import { kindIdOf, type PodsOnNode } from '../decide/objects.ts';
import { packageRecord } from '../decide/record/record.ts';
import type { ReleaseSnapshot } from '../decide/release/snapshot.ts';
import { indexKey } from './caches.ts';
import type { Read } from './facts.ts';
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

/** Whether the kept bundles of a package hold or remove objects of these kinds, by id. Nearly always there are none to look for. */
const holdsAny = (
  facts: Read<'bundles'>,
  namespace: string,
  { package: pkg, kinds }: { readonly package: string; readonly kinds: readonly string[] },
): boolean =>
  kinds.length > 0 &&
  (facts.bundles.in()?.byIndex('package', indexKey(namespace, pkg)) ?? []).some(({ bundle }) =>
    [...bundle.objects.map(({ ref }) => ref), ...bundle.removed].some((ref) => kinds.includes(kindIdOf(ref))),
  );

/** One package of a production namespace, whether anything of it is there or not. */
export const observeRelease = (facts: ReleaseFacts, namespace: string, pkg: string): ReleaseSnapshot => ({
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
    facts.followed.isClusterRead() &&
    facts.followed.isComplete('Production', namespace) &&
    !holdsAny(facts, namespace, { package: pkg, kinds: facts.followed.unreadKinds(namespace) }),
});
