/** Signatures for what is no candidate: the status hands out the Approval, by role. */
import { isManifest } from '../../operator/kube/resource.ts';
import { ourResource } from '../../operator/kube/rows.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { Problem } from '../exit.ts';
import type { Session } from '../session.ts';
import { rolesHeld } from './roles.ts';

type Manifests = Readonly<Record<string, string>>;

/** What a signature in this role is made of. @throws Problem when it takes none in this role */
export const manifestFor = (manifests: Manifests, role: string): string => {
  const manifest = Object.hasOwn(manifests, role) ? manifests[role] : undefined;
  if (manifest !== undefined) return manifest;
  const roles = Object.keys(manifests).join(' or ');
  throw new Problem(`Nobody signs for this as ${role}: it takes ${roles || 'no signature now'}`);
};

/** `--role`, or the one role that the person holds among those that may sign. @throws Problem when that is not clear */
export const roleAmong = async (
  session: Session,
  cluster: Cluster,
  namespace: string,
  manifests: Manifests,
): Promise<string> => {
  const roles = Object.keys(manifests);
  const given = session.text('role');
  if (given !== undefined) {
    manifestFor(manifests, given);
    return given;
  }
  const held = (await rolesHeld(cluster, namespace)).filter((role) => roles.includes(role));
  const [role] = held;
  if (role !== undefined && held.length === 1) return role;
  throw new Problem(
    held.length > 1
      ? `You hold several roles here: ${held.join(', ')}`
      : `You hold none of the roles that sign for this in ${namespace}: ${roles.join(', ')}`,
    held.length > 1
      ? 'Add --role <role>'
      : `kubectl auth can-i approve approvalroles.countersign.dev/<role> -n ${namespace}`,
  );
};

/** Creates the Approval that the status hands out. @returns its name */
export const createHandedOut = async (
  cluster: Cluster,
  manifest: string,
  comment: string | undefined,
): Promise<string> => {
  const parsed: unknown = JSON.parse(manifest);
  if (!isManifest(parsed)) throw new TypeError('the status hands out no manifest');
  const spec = typeof parsed['spec'] === 'object' ? parsed['spec'] : {};
  const created = await cluster.client.createResource(ourResource('Approval'), {
    ...parsed,
    spec: { ...spec, ...(comment === undefined ? {} : { comment }) },
  });
  return created.metadata.name;
};
