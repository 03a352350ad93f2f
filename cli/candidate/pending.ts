/** What waits for one person: where their signature, or what they report, would fill a place that is open. */
import type { ReleaseCandidate } from '../../operator/api/candidate.ts';
import { virtualResources } from '../../operator/api/kinds.ts';
import type { ReleasePolicy } from '../../operator/api/policy.ts';
import { approvalSummary } from '../../operator/decide/people/approvals.ts';
import { linesOf } from '../../operator/decide/people/approval-lines.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { ifReadable } from '../cluster/readable.ts';
import { candidatesFor, findPolicy } from './find.ts';
import { isPartyTo } from './emergency.ts';
import { exceptionsWaiting } from './exceptions.ts';
import { changesWaiting } from './policy-changes.ts';
import { conditionOf, emergencyOf, isTrue } from './objects.ts';
import { reportTypesHeld, rolesHeld } from './roles.ts';
import { approvalsFor, asSigned, bundleFor, wouldBe } from './story.ts';

export interface Waiting {
  readonly what: 'candidate' | 'evidence' | 'finding' | 'emergency' | 'exception' | 'change';
  readonly name: string;
  readonly namespace: string;
  /** What they would act as; of evidence what they report. */
  readonly roles: readonly string[];
  readonly says: string;
  readonly since: string;
  readonly command: string;
}

/** One production namespace, and the roles that the person holds in it. */
interface Asked {
  readonly cluster: Cluster;
  readonly policy: ReleasePolicy;
  readonly held: readonly string[];
  /** Types of evidence that they may report in the staging namespace. */
  readonly reports: readonly string[];
  readonly now: number;
}

const isOpen = (candidate: ReleaseCandidate): boolean =>
  !isTrue(candidate, 'Finished') && isTrue(candidate, 'Staged') && candidate.status?.phase === 'AwaitingGates';

/** Whether a signature of this person in some role would fill an open place, as the operator counts places. */
const rolesWanted = async (
  { cluster, policy, held, now }: Asked,
  candidate: ReleaseCandidate,
): Promise<readonly string[]> => {
  const [who, bundle, approvals] = await Promise.all([
    cluster.whoAmI(),
    bundleFor(cluster, candidate),
    approvalsFor(cluster, candidate),
  ]);
  if (bundle === undefined) return [];
  const have = (all: typeof approvals): number =>
    approvalSummary(asSigned({ candidate, policy, bundle, approvals: all }), now).have;
  const before = have(approvals);
  const asked = new Set(linesOf({ candidate, policy }).map(({ role }) => role));
  return held.filter(
    (role) => asked.has(role) && have([...approvals, wouldBe({ candidate, bundle }, { who, role, now })]) > before,
  );
};

const candidatesWaiting = async (asked: Asked, open: readonly ReleaseCandidate[]): Promise<readonly Waiting[]> => {
  const found: Waiting[] = [];
  for (const candidate of open) {
    const roles = await rolesWanted(asked, candidate);
    const [role] = roles;
    if (role === undefined) continue;
    const { name, namespace } = candidate.metadata;
    const command = `kubectl countersign approve ${name} -n ${namespace} --role ${role}`;
    found.push({ ...aboutCandidate(candidate), what: 'candidate', roles, command });
  }
  return found;
};

const aboutCandidate = ({ metadata, spec }: ReleaseCandidate) => ({
  name: metadata.name,
  namespace: metadata.namespace,
  says: `${spec.package} ${spec.version}: ${spec.notes.summary}`,
  since: metadata.creationTimestamp,
});

/** Evidence that gates wait for and that they may report: who may is named in the remedy by the type. */
const evidenceWaiting = ({ reports }: Asked, open: readonly ReleaseCandidate[]): readonly Waiting[] =>
  open.flatMap((candidate) => {
    const gate = candidate.status?.gates.find(({ name, outcome }) => name === 'Evidence' && outcome !== 'Passed');
    const types = reports.filter(
      (type) => gate?.remedy.includes(`${virtualResources.evidenceTypes}/${type} `) === true,
    );
    return types.map((type): Waiting => {
      const { name, namespace } = candidate.metadata;
      const command = `kubectl countersign report ${name} ${type} <files> -n ${namespace}`;
      return { ...aboutCandidate(candidate), what: 'evidence', roles: [`reporter of ${type}`], command };
    });
  });

/** Findings of production that this person may sign for: any approval line will do. */
const findingsWaiting = ({ policy, held }: Asked): readonly Waiting[] => {
  const { namespace } = policy.metadata;
  return (policy.status?.findings ?? []).flatMap((finding): Waiting[] => {
    const roles = Object.keys(finding.approvalManifests).filter((role) => held.includes(role));
    return roles.length === 0
      ? []
      : [
          {
            what: 'finding',
            name: finding.name,
            namespace,
            roles,
            says: `${finding.object} ${finding.change}: ${finding.message}`,
            since: finding.since,
            command: `kubectl countersign sign finding ${finding.name} -n ${namespace} --role ${roles[0] ?? ''}`,
          },
        ];
  });
};

/** Emergency accesses that are over and that this person may review: nobody who granted or had the access. */
const reviewsWaiting = async ({ cluster, policy, held }: Asked): Promise<readonly Waiting[]> => {
  const { namespace } = policy.metadata;
  const [who, all] = await Promise.all([cluster.whoAmI(), cluster.listOur('EmergencyAccess', { namespace })]);
  return all.map(emergencyOf).flatMap((access): Waiting[] => {
    const { metadata, spec, status } = access;
    const roles = Object.keys(status?.approvalManifests ?? {}).filter((role) => held.includes(role));
    const [role] = roles;
    if (role === undefined || !isTrue(access, 'ReviewDue') || isPartyTo(access, who.username, policy)) return [];
    return [
      {
        what: 'emergency',
        name: metadata.name,
        namespace,
        roles,
        says: `${spec.grantee} had access, granted by ${spec.grantor.username}: ${spec.reason}`,
        since: conditionOf(access, 'ReviewDue')?.lastTransitionTime ?? metadata.creationTimestamp,
        command: `kubectl countersign emergency review ${metadata.name} -n ${namespace} --role ${role}`,
      },
    ];
  });
};

/** Exceptions for which their signature would fill an open place. */
const requestsWaiting = async (asked: Asked): Promise<readonly Waiting[]> =>
  (await exceptionsWaiting(asked)).map(({ exception: { metadata, spec }, roles }) => ({
    what: 'exception',
    name: metadata.name,
    namespace: metadata.namespace,
    roles,
    says: `${spec.package} may pass ${spec.gates.join(', ')} until ${spec.until}: ${spec.reason}`,
    since: metadata.creationTimestamp,
    command: `kubectl countersign sign exception ${metadata.name} -n ${metadata.namespace} --role ${roles[0] ?? ''}`,
  }));

/** Changes of the policy for which their signature would fill an open place. */
const otherPoliciesWaiting = async (asked: Asked): Promise<readonly Waiting[]> =>
  (await changesWaiting(asked)).map(({ change: { metadata, spec }, roles }) => ({
    what: 'change',
    name: metadata.name,
    namespace: metadata.namespace,
    roles,
    says: `${spec.author.username} asks for another policy: ${spec.reason}`,
    since: metadata.creationTimestamp,
    command: `kubectl countersign sign change ${metadata.name} -n ${metadata.namespace} --role ${roles[0] ?? ''}`,
  }));

/** Everything that waits for this person in one production namespace; nothing where they hold no role and report nothing. */
export const waitingIn = async (cluster: Cluster, namespace: string, now: number): Promise<readonly Waiting[]> => {
  const [policy, held] = await Promise.all([ifReadable(findPolicy(cluster, namespace)), rolesHeld(cluster, namespace)]);
  if (policy === undefined) return [];
  const reports = await reportTypesHeld(cluster, policy);
  if (held.length === 0 && reports.length === 0) return [];
  const asked = { cluster, policy, held, reports, now };
  const open = (await candidatesFor(cluster, policy.spec.sourceNamespace, namespace)).filter(isOpen);
  const [candidates, reviews, requests, policies] = await Promise.all([
    candidatesWaiting(asked, open),
    reviewsWaiting(asked),
    requestsWaiting(asked),
    otherPoliciesWaiting(asked),
  ]);
  return [
    ...candidates,
    ...evidenceWaiting(asked, open),
    ...findingsWaiting(asked),
    ...reviews,
    ...requests,
    ...policies,
  ].toSorted((a, b) => (a.since < b.since ? -1 : 1));
};
