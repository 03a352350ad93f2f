/** The namespace itself: what guards it is held here as the API server's own guard holds it, whether it enforces or only observes. */
import { guardedLabel } from '../../api/kinds.ts';
import type { JsonObject } from '../../api/meta.ts';
import { at, textAt } from '../json/json.ts';
import { judgeAdministration } from './administration.ts';
import { allowed, refuse, type AdmissionRequest, type AdmissionVerdict } from './request.ts';
import type { AdmissionSnapshot } from './snapshot.ts';

export const isNamespace = ({ resource }: AdmissionRequest): boolean =>
  resource.group === '' && resource.resource === 'namespaces';

/** A review of a create does not always name what is made. */
export const namespaceName = ({ name, object }: AdmissionRequest): string =>
  name === '' ? (textAt(object, 'metadata', 'name') ?? '') : name;

export const judgeNamespace = (request: AdmissionRequest, s: AdmissionSnapshot): AdmissionVerdict => {
  const { operation, subresource, object, oldObject } = request;
  const name = namespaceName(request);
  if (operation === 'DELETE') {
    return refuse(request, 'GuardedNamespaceStays', { place: name });
  }
  const before = guardOf(oldObject);
  if (before !== undefined && before !== 'audit' && before !== guardOf(object)) {
    return refuse(request, 'GuardNeverLoosened', { place: name });
  }
  if (subresource !== '') {
    return refuse(request, 'NamespaceByController', { place: name, subresource });
  }
  const inIt = { ...request, namespace: name, name };
  if (before !== undefined) return judgeAdministration(inIt, s, `change namespace ${name}`);
  if (isNeverGuarded(name, s) || at(object, 'metadata', 'deletionTimestamp') !== undefined) {
    return refuse(request, 'GuardOutsideProduction', { place: name });
  }
  const verdict = judgeAdministration(inIt, s, `guard namespace ${name}`);
  // Its record begins when it is guarded, with what it holds.
  return verdict.is === 'Allowed' ? allowed() : verdict;
};

const guardOf = (namespace: JsonObject | undefined): string | undefined =>
  textAt(namespace, 'metadata', 'labels', guardedLabel);

const isNeverGuarded = (name: string, { operator }: AdmissionSnapshot): boolean =>
  name.startsWith('kube-') || operator.startsWith(`system:serviceaccount:${name}:`);
