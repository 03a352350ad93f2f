/** Deletions of pods: whose they are, and whether they run. */
import { at, listAt, textAt } from '../json/json.ts';
import type { AdmissionRequest } from './request.ts';

/** The controller of a pod that is deleted; undefined = something else is done, or nothing controls it. */
export const deletedPodsOwner = (
  request: AdmissionRequest,
): { readonly kind: string; readonly name: string } | undefined => {
  if (!isPodDeletion(request)) return undefined;
  const owner = listAt(request.oldObject, 'metadata', 'ownerReferences').find(
    (each) => at(each, 'controller') === true,
  );
  return owner === undefined ? undefined : { kind: textAt(owner, 'kind') ?? '', name: textAt(owner, 'name') ?? '' };
};

export const isPodDeletion = ({ resource, subresource, operation }: AdmissionRequest): boolean =>
  operation === 'DELETE' && resource.group === '' && resource.resource === 'pods' && subresource === '';

/** Whether the pod that is deleted is ready. */
export const isReadyPod = ({ oldObject }: AdmissionRequest): boolean =>
  listAt(oldObject, 'status', 'conditions').some(
    (each) => textAt(each, 'type') === 'Ready' && textAt(each, 'status') === 'True',
  );
