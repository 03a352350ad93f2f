/** The garbage collector, and the controller that keeps claims while pods use them. */
import { listAt, textAt } from '../../../../operator/decide/json/json.ts';
import { keyOf, type ObjectKey } from '../../../../operator/decide/objects.ts';
import type { World } from '../world.ts';

/** Pods of an owner that is gone, or is another one by now, and claims that belonged to it. */
export const collect = ({ cluster }: World, owner: ObjectKey): void => {
  const uid = cluster.objects.get(owner)?.uid;
  for (const { facts } of cluster.pods.of(owner).values()) if (facts.ownerUid !== uid) cluster.pods.delete(facts.name);
  if (!owner.startsWith('StatefulSet/')) return;
  for (const claim of cluster.objects.values()) {
    if (claim.ref.kind !== 'PersistentVolumeClaim' || claim.deleting) continue;
    const isOwned = listAt(claim.manifest, 'metadata', 'ownerReferences').some(
      (reference) => `StatefulSet/${textAt(reference, 'name') ?? ''}` === owner && textAt(reference, 'uid') !== uid,
    );
    if (isOwned) cluster.delete(claim.ref, 'kube-controller-manager', { uid: claim.uid });
  }
};

/** Claims that are being deleted and that no pod uses any more go. */
export const releaseClaims = ({ cluster }: World): void => {
  const used = new Set([...cluster.pods.all()].flatMap(({ claims }) => claims));
  for (const claim of cluster.objects.values())
    if (claim.ref.kind === 'PersistentVolumeClaim' && claim.deleting && !used.has(claim.ref.name))
      cluster.finalizer(keyOf(claim.ref), 'kubernetes.io/pvc-protection', 'Gone', 'kube-controller-manager');
};
