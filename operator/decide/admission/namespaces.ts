/** The namespace itself: what guards it is held here as the API server's own guard holds it, whether it enforces or only observes. */
import { guardedLabel } from '../../api/kinds.ts';
import type { JsonObject } from '../../api/meta.ts';
import { at, textAt } from '../json/json.ts';
import { judgeAdministration } from './administration.ts';
import { allowed, denied, type AdmissionRequest, type AdmissionVerdict } from './request.ts';
import type { AdmissionSnapshot } from './snapshot.ts';

export const isNamespace = ({ resource }: AdmissionRequest): boolean =>
  resource.group === '' && resource.resource === 'namespaces';

/** A review of a create does not always name what is made. */
export const namespaceName = ({ name, object }: AdmissionRequest): string =>
  name === '' ? (textAt(object, 'metadata', 'name') ?? '') : name;

export const judgeNamespace = (request: AdmissionRequest, s: AdmissionSnapshot): AdmissionVerdict => {
  const { user, operation, subresource, object, oldObject } = request;
  const name = namespaceName(request);
  if (operation === 'DELETE') {
    return denied(
      `GuardedNamespaceStays: ${user.username} may not delete namespace ${name}: it is guarded, and its record would go with it. Next: release the removal of what runs there, package by package`,
    );
  }
  const before = guardOf(oldObject);
  if (before !== undefined && before !== 'audit' && before !== guardOf(object)) {
    return denied(
      `GuardNeverLoosened: ${user.username} may not take or loosen the guard of namespace ${name}. Next: leave its label ${guardedLabel} as it is`,
    );
  }
  if (subresource !== '') {
    return denied(
      `NamespaceByController: ${user.username} may not write ${subresource} of namespace ${name}: the namespace controller does. Next: see what it reports: kubectl describe namespace ${name}`,
    );
  }
  const inIt = { ...request, namespace: name, name };
  if (before !== undefined) return judgeAdministration(inIt, s, `change namespace ${name}`);
  if (isNeverGuarded(name, s) || at(object, 'metadata', 'deletionTimestamp') !== undefined) {
    return denied(
      `GuardOfProduction: ${user.username} may not have ${name} guarded: never a kube- namespace, nor the one of Countersign, nor one that is being deleted. Next: guard a production namespace: kubectl get releasepolicies -A`,
    );
  }
  const verdict = judgeAdministration(inIt, s, `guard namespace ${name}`);
  // Its record begins when it is guarded, with what it holds.
  return verdict.is === 'Allowed' ? allowed() : verdict;
};

const guardOf = (namespace: JsonObject | undefined): string | undefined =>
  textAt(namespace, 'metadata', 'labels', guardedLabel);

const isNeverGuarded = (name: string, { operator }: AdmissionSnapshot): boolean =>
  name.startsWith('kube-') || operator.startsWith(`system:serviceaccount:${name}:`);
