/** Signing for an emergency access that is over, and for what was found in production: asked and refused alike in the terminal and on the page. */
import type { EmergencyAccess } from '../../operator/api/emergency.ts';
import type { ReleasePolicyStatus } from '../../operator/api/policy.ts';
import { visible } from '../../operator/decide/safe-text.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { Problem } from '../exit.ts';
import { findEmergency, isPartyTo } from './emergency.ts';
import { findPolicy, policyIn } from './find.ts';
import { isTrue } from './objects.ts';
import { createHandedOut, manifestFor } from './sign-manifest.ts';

/** @throws Problem when there is nothing to review, or this person's review could not count */
export const reviewable = async (cluster: Cluster, namespace: string, name: string): Promise<EmergencyAccess> => {
  const access = await findEmergency(cluster, namespace, name);
  if (!isTrue(access, 'ReviewDue')) {
    throw new Problem(
      `There is nothing to review of ${name}: it is ${access.status?.state ?? 'Pending'}`,
      `kubectl countersign emergency status ${name} -n ${namespace}`,
    );
  }
  const [who, policy] = await Promise.all([cluster.whoAmI(), findPolicy(cluster, namespace)]);
  if (isPartyTo(access, who.username, policy)) {
    throw new Problem(
      `The signature would not count: ${visible(who.username)} is grantee or grantor of ${name}`,
      `Somebody else reviews it: kubectl countersign emergency review ${name} -n ${namespace}`,
    );
  }
  return access;
};

/** @throws Problem when it is another list than the one that was read */
export const sameReview = ({ metadata, status }: EmergencyAccess, digest: string | undefined): void => {
  if (status?.digest === digest) return;
  const { name, namespace } = metadata;
  throw new Problem(
    `${name} changed while you read it; nothing was signed`,
    `kubectl countersign emergency review ${name} -n ${namespace}`,
  );
};

type Finding = NonNullable<ReleasePolicyStatus['findings']>[number];

/** @throws Problem when there is no open finding of that name */
export const findFinding = async (cluster: Cluster, namespace: string, name: string): Promise<Finding> => {
  const policy = await policyIn(cluster, namespace);
  const finding = policy.status?.findings?.find((each) => each.name === name);
  if (finding !== undefined) return finding;
  throw new Problem(`There is no open finding ${name} in ${namespace}`, `kubectl countersign findings -n ${namespace}`);
};

/** @throws Problem when it is another one than the one that was read */
export const sameFinding = (namespace: string, { name, digest }: Finding, read: string): void => {
  if (digest === read) return;
  throw new Problem(
    `${name} changed while you read it; nothing was signed`,
    `kubectl countersign findings -n ${namespace}`,
  );
};

/** What somebody has read of an access or a finding, and signs. */
export interface ReadAndSigned {
  readonly namespace: string;
  readonly name: string;
  readonly digest: string;
  readonly role: string;
  readonly comment: string;
}

const commentOf = ({ comment }: ReadAndSigned): string | undefined => (comment === '' ? undefined : comment);

/** @returns what there is to say. @throws Problem when nothing was signed */
export const reviewRead = async (cluster: Cluster, given: ReadAndSigned): Promise<string> => {
  const access = await reviewable(cluster, given.namespace, given.name);
  sameReview(access, given.digest);
  const manifest = manifestFor(access.status?.approvalManifests ?? {}, given.role);
  return `Approval ${await createHandedOut(cluster, manifest, commentOf(given))} created: reviewed as ${given.role}`;
};

/** @returns what there is to say. @throws Problem when nothing was signed */
export const findingRead = async (cluster: Cluster, given: ReadAndSigned): Promise<string> => {
  const finding = await findFinding(cluster, given.namespace, given.name);
  sameFinding(given.namespace, finding, given.digest);
  const manifest = manifestFor(finding.approvalManifests, given.role);
  return `Approval ${await createHandedOut(cluster, manifest, commentOf(given))} created: signed as ${given.role}`;
};
