/** What deciding about a policy looks at. */
import type { PolicySnapshot } from '../decide/policy/plan.ts';
import { indexKey } from './caches.ts';
import type { Read } from './facts.ts';
import { foreignMutators } from './foreign-mutators.ts';
import { namespaceIn, policyIn } from './lookup.ts';
import { unreadable } from './release.ts';
import { unlistedKinds } from './unlisted-kinds.ts';

/** What `observePolicy` reads. */
export type PolicyFacts = Read<
  | 'policies'
  | 'namespaces'
  | 'records'
  | 'bundles'
  | 'candidates'
  | 'approvals'
  | 'definitions'
  | 'objects'
  | 'mutators'
  | 'guarded'
  | 'followed'
  | 'failing'
  | 'sinks'
>;

/** @returns undefined when there is no policy */
export const observePolicy = (facts: PolicyFacts, namespace: string): PolicySnapshot | undefined => {
  const policy = policyIn(facts, namespace);
  if (policy === undefined) return undefined;
  const heads = (facts.bundles.in()?.list() ?? []).filter(({ bundle }) => bundle.namespace === namespace);
  return {
    policy,
    namespace: namespaceIn(facts, namespace),
    record: facts.records.get(namespace),
    reviews: facts.approvals.in()?.byIndex('subject', policy.metadata.uid) ?? [],
    failing: facts.failing.of(namespace, ''),
    unlisted: unlistedKinds(facts),
    unread: unreadable(facts.followed.unreadKinds(namespace)),
    mutators: foreignMutators(facts, namespaceIn(facts, namespace)?.labels ?? {}),
    kept: {
      candidates: (facts.candidates.in()?.byIndex('target', namespace) ?? []).map(({ metadata, spec }) => ({
        name: metadata.name,
        namespace: metadata.namespace,
        uid: metadata.uid,
        package: spec.package,
      })),
      bundles: heads
        .filter(({ partOf }) => partOf === '')
        .map(({ uid, parts, bundle }) => ({
          name: bundle.name,
          uid,
          package: bundle.package,
          candidateUid: bundle.candidate.uid,
          baseline: bundle.baseline,
          createdAt: bundle.createdAt,
          parts,
        })),
      partUid: (name) => facts.bundles.in()?.get(indexKey(namespace, name))?.uid,
    },
    complete: facts.followed.isClusterRead(),
    sinks: new Map((policy.spec.notify?.routes ?? []).map(({ sink }) => [sink, facts.sinks.of(sink)] as const)),
  };
};
