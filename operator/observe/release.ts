/** What deciding about one package in production looks at. */
import type { ReleaseSnapshot } from '../decide/release/snapshot.ts';
import { indexKey } from './caches.ts';
import type { Read } from './facts.ts';
import { bundlesBy, byAge, namespaceIn, objectsIn, podsIn, policyIn } from './lookup.ts';

/** What `observeRelease` reads. */
export type ReleaseFacts = Read<
  'policies' | 'namespaces' | 'records' | 'bundles' | 'objects' | 'pods' | 'checks' | 'rollbacks' | 'followed'
>;

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
  checks: facts.checks.facts(namespace, pkg),
  rollbacks: (facts.rollbacks.in()?.byIndex('package', indexKey(namespace, pkg)) ?? []).toSorted(byAge),
  complete: facts.followed.isClusterRead() && facts.followed.isComplete('Production', namespace),
});
