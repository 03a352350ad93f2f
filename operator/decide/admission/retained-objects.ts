/** What is never deleted: the record, the signatures and orders it speaks of, and the bundles that rollbacks need. */
import { group, kinds, type Kind } from '../../api/kinds.ts';
import { textAt } from '../json/json.ts';
import { denied, type AdmissionRequest, type AdmissionVerdict } from './request.ts';

const kept: ReadonlySet<string> = new Set(
  (['LedgerEntry', 'Approval', 'EmergencyAccess', 'Rollback', 'ReleaseBundle'] as const satisfies readonly Kind[]).map(
    (kind) => kinds[kind].plural,
  ),
);

/** Whether it deletes a part of the record. The gate is not asked when the operator deletes bundles past retention. */
export const isRecordDeletion = ({ resource, operation }: AdmissionRequest): boolean =>
  operation === 'DELETE' && resource.group === group && kept.has(resource.resource);

export const recordKept = ({ user, namespace, name, resource, oldObject }: AdmissionRequest): AdmissionVerdict => {
  const plural = resource.resource;
  const which = name === '' ? (textAt(oldObject, 'metadata', 'name') ?? '') : name;
  if (plural === kinds.ReleaseBundle.plural) {
    return denied(
      `BundleKept: ${user.username} may not delete ${plural} ${which} in ${namespace}: rollbacks need bundles. Next: lower spec.retain.bundles of the policy, and the operator deletes what is past it: kubectl edit relpol production -n ${namespace}`,
    );
  }
  return denied(
    `RecordKept: ${user.username} may not delete ${plural} ${which} in ${namespace}: it is part of the record, and nothing is deleted before archives exist, which a later version brings. Next: leave it there; for a copy outside the cluster: kubectl get ${plural} -n ${namespace} -o yaml`,
  );
};
