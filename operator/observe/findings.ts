/** What deciding about changes of production looks at. */
import { standing } from '../decide/findings/explain.ts';
import { installationDigest } from '../decide/findings/installation.ts';
import { isWatched, type WatchSnapshot } from '../decide/findings/snapshot.ts';
import { asKey, type ObjectKey } from '../decide/objects.ts';
import { lookedAt } from './caches.ts';
import type { Read } from './facts.ts';
import { installedObjects } from './installation.ts';
import { namespaceIn, policyIn } from './lookup.ts';
import { allWatched, viewOf, type ViewFacts } from './namespace-view.ts';

/** What `observeFindings` reads. */
export type FindingsFacts = ViewFacts & Read<'namespaces' | 'approvals' | 'failing' | 'followed' | 'home'>;

/** @returns undefined when nothing is watched there */
export const observeFindings = (facts: FindingsFacts, namespace: string): WatchSnapshot | undefined => {
  const { followed, records, dirtyObjects } = facts;
  const [policy, target] = [policyIn(facts, namespace), namespaceIn(facts, namespace)];
  if (!isWatched({ policy, target })) return undefined;
  const complete = followed.isClusterRead() && followed.isProductionRead(namespace);
  const scene = viewOf(facts, namespace);
  const unread = followed.unreadKinds(namespace);
  const isOpen = (key: ObjectKey): boolean => {
    const { is } = standing(scene, key);
    return is === 'Unexplained' || is === 'Rebased';
  };
  const keys = () => [
    ...allWatched(facts, namespace).map(({ key }) => key),
    ...[...scene.explained.objects.keys()].map(asKey),
  ];
  const isLooking = complete && scene.explained.adopted.size > 0;
  return {
    namespace,
    policy,
    target,
    record: records.get(namespace),
    scene,
    kinds: lookedAt(facts).filter((kind) => !unread.has(kind)),
    all: () => allWatched(facts, namespace),
    suspects: isLooking ? dirtyObjects.look(namespace, keys, isOpen) : [],
    approvals: (finding) => facts.approvals.in()?.byIndex('subject', finding) ?? [],
    home: facts.home,
    installation: () => installationDigest(installedObjects(facts)),
    upgrader: facts.installed.get('ClusterRole')?.in()?.get('countersign-installation')?.changedBy ?? '',
    complete,
  };
};
