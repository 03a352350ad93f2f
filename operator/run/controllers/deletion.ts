/** Candidates that were deleted: the record says that they were withdrawn. */
import { planGone } from '../../decide/candidate/plan.ts';
import { indexKey } from '../../observe/caches.ts';
import { observeDeletedCandidate, type DeletedCandidate, type DeletionFacts } from '../../observe/candidate.ts';
import type { Priority } from '../../work/queue.ts';
import type { Controller, Wake } from '../controller.ts';

const one = (namespace: string, uid: string, priority: Priority = 'Normal'): Wake<'candidate-deletion'> => ({
  key: { controller: 'candidate-deletion', namespace, uid },
  priority,
});

/** Works on one candidate of the record, by uid, that the cluster no longer has. */
export const deletionController: Controller<'candidate-deletion', DeletedCandidate, keyof DeletionFacts> = {
  name: 'candidate-deletion',
  priority: 'Normal',
  triggers: {
    candidates: (change) =>
      change.new === undefined && change.old !== undefined
        ? [one(change.old.spec.targetNamespace, change.old.metadata.uid)]
        : [],
    // One may be deleted while it is being staged: then it is in the record only after it is gone.
    records: ({ namespace, entry }, { candidates, followed }) => {
      if (entry?.type !== 'Staged' || !followed.isClusterRead()) return [];
      const { subject } = entry;
      const present = candidates.in()?.get(indexKey(subject.namespace, subject.name));
      return present?.metadata.uid === subject.uid ? [] : [one(namespace, subject.uid)];
    },
    followed: { none: 'Nothing is worked on before the cluster has been read.' },
  },
  everything: ({ records }) =>
    records
      .namespaces()
      .flatMap((namespace) =>
        [...records.get(namespace).candidates.values()]
          .filter(({ finished }) => finished === undefined)
          .map(({ uid }) => one(namespace, uid, 'Resync')),
      ),
  observe: (facts, { namespace, uid }) => observeDeletedCandidate(facts, namespace, uid),
  plan: ({ namespace, candidate, inFlight }) => planGone(namespace, candidate, inFlight),
};
