/** Changes of production that nothing explains, and who may sign that they stay. */
import { visible } from '../../../operator/decide/safe-text.ts';
import { ourResource } from '../../../operator/kube/rows.ts';
import { policyIn } from '../../candidate/find.ts';
import { conditionOf } from '../../candidate/objects.ts';
import { rolesHeld } from '../../candidate/roles.ts';
import type { View } from '../desk.ts';

export const findings: View = (desk, place) => async () => {
  const namespace = place('namespace');
  const cluster = desk.cluster();
  desk.follow(ourResource('ReleasePolicy'), { namespace });
  const [policy, held] = await Promise.all([policyIn(cluster, namespace), rolesHeld(cluster, namespace)]);
  const explained = conditionOf(policy, 'Explained');
  return {
    view: 'findings',
    namespace,
    explained: explained?.message ?? 'The operator has not looked yet',
    isExplained: explained?.status === 'True',
    findings: (policy.status?.findings ?? []).map(
      ({ name, object, change, message, since, digest, approvalManifests }) => ({
        name,
        object: visible(object),
        change,
        message,
        since,
        digest,
        roles: Object.keys(approvalManifests).filter((role) => held.includes(role)),
      }),
    ),
  };
};
