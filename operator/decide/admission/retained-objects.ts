/** What is never deleted: the record, the signatures and orders it speaks of, and the bundles that rollbacks need. */
import { group, kinds, type Kind } from '../../api/kinds.ts';
import { textAt } from '../json/json.ts';
import { refuse, type AdmissionRequest, type AdmissionVerdict } from './request.ts';

const kept: ReadonlySet<string> = new Set(
  (
    [
      'LedgerEntry',
      'Approval',
      'EmergencyAccess',
      'Rollback',
      'PolicyException',
      'PolicyChange',
      'ReleaseBundle',
    ] as const satisfies readonly Kind[]
  ).map((kind) => kinds[kind].plural),
);

/** Whether it deletes a part of the record. The gate is not asked when the operator deletes bundles past retention. */
export const isRecordDeletion = ({ resource, operation }: AdmissionRequest): boolean =>
  operation === 'DELETE' && resource.group === group && kept.has(resource.resource);

export const recordKept = (request: AdmissionRequest): AdmissionVerdict => {
  const plural = request.resource.resource;
  const name = request.name === '' ? (textAt(request.oldObject, 'metadata', 'name') ?? '') : request.name;
  return refuse(request, plural === kinds.ReleaseBundle.plural ? 'BundleKept' : 'RecordKept', { plural, name });
};
