/** What deciding about one emergency access looks at. */
import type { EmergencySnapshot } from '../decide/emergency/snapshot.ts';
import { indexKey } from './caches.ts';
import type { Read } from './facts.ts';
import { watchedLive } from './fingerprint.ts';
import { policyIn, splitKey } from './lookup.ts';
import { viewOf, type ViewFacts } from './namespace-view.ts';

/** What `observeEmergency` reads. */
export type EmergencyFacts = ViewFacts & Read<'emergencies' | 'clusterRoles' | 'approvals' | 'serverTime' | 'followed'>;

/**
 * One emergency access, by uid: whether it is still in the cluster or only in the record.
 * @returns undefined when it is in neither
 */
export const observeEmergency = (
  facts: EmergencyFacts,
  namespace: string,
  uid: string,
): EmergencySnapshot | undefined => {
  const { followed } = facts;
  const access = facts.emergencies.in()?.byIndex('uid', uid)[0];
  const record = facts.records.get(namespace);
  if (access === undefined && !record.emergencies.all.has(uid)) return undefined;
  return {
    namespace,
    uid,
    access,
    policy: policyIn(facts, namespace),
    record,
    scene: viewOf(facts, namespace),
    made(key) {
      const [kind, name] = splitKey(key);
      const found = facts.objects.get(kind)?.in(namespace)?.get(indexKey(namespace, name));
      if (found === undefined) return undefined;
      const seen = watchedLive(found);
      return { ...seen, key, resourceVersion: found.resourceVersion, digest: seen.digest([]) };
    },
    clusterRole: (name) => facts.clusterRoles.in()?.get(name),
    pod: (name) => facts.pods.in(namespace)?.get(indexKey(namespace, name)),
    approvals: facts.approvals.in()?.byIndex('subject', uid) ?? [],
    serverTime: facts.serverTime.bounds(),
    skewMs: facts.serverTime.skewMs(),
    complete: followed.isClusterRead() && followed.isProductionRead(namespace),
  };
};
