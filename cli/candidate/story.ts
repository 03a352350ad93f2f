/** A candidate with what it is judged by, as far as the person may read it. */
import type { Approval } from '../../operator/api/approval.ts';
import type { ReleaseCandidate } from '../../operator/api/candidate.ts';
import type { Identity } from '../../operator/api/meta.ts';
import type { ReleasePolicy } from '../../operator/api/policy.ts';
import { approvalManifest } from '../../operator/decide/people/approval-manifest.ts';
import { signatures, type Signature, type SignedCandidate } from '../../operator/decide/people/approvals.ts';
import { noSourceAuthors } from '../../operator/decide/people/source-authors.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { ifReadable } from '../cluster/readable.ts';
import { Problem } from '../exit.ts';
import { findPolicy } from './find.ts';
import { approvalOf, bundleOf, type ReleaseBundle } from './objects.ts';

export interface Story {
  readonly candidate: ReleaseCandidate;
  readonly policy: ReleasePolicy | undefined;
  readonly bundle: ReleaseBundle | undefined;
  readonly approvals: readonly Approval[];
}

export const bundleFor = async (
  cluster: Cluster,
  { spec, status }: ReleaseCandidate,
): Promise<ReleaseBundle | undefined> => {
  if (status?.bundle === undefined) return undefined;
  const found = await cluster.findOur('ReleaseBundle', { namespace: spec.targetNamespace, name: status.bundle });
  return found === undefined ? undefined : bundleOf(found);
};

export const approvalsFor = async (
  cluster: Cluster,
  { metadata, spec }: ReleaseCandidate,
): Promise<readonly Approval[]> =>
  (
    await cluster.listOur('Approval', {
      namespace: spec.targetNamespace,
      fieldSelector: `spec.subject.uid=${metadata.uid}`,
    })
  ).map(approvalOf);

export const storyOf = async (cluster: Cluster, candidate: ReleaseCandidate): Promise<Story> => {
  // Candidates are seen by more people than production.
  const [policy, bundle, approvals] = await Promise.all([
    findPolicy(cluster, candidate.spec.targetNamespace),
    ifReadable(bundleFor(cluster, candidate)),
    ifReadable(approvalsFor(cluster, candidate)),
  ]);
  return { candidate, policy, bundle, approvals: approvals ?? [] };
};

/** What can be signed now. @throws Problem when nothing can */
export const signable = async (
  cluster: Cluster,
  candidate: ReleaseCandidate,
): Promise<{
  readonly candidate: ReleaseCandidate;
  readonly policy: ReleasePolicy;
  readonly bundle: ReleaseBundle;
}> => {
  const { name, namespace } = candidate.metadata;
  const [policy, bundle] = await Promise.all([
    findPolicy(cluster, candidate.spec.targetNamespace),
    bundleFor(cluster, candidate),
  ]);
  if (policy === undefined) {
    throw new Problem(
      `You may not read the ReleasePolicy of ${candidate.spec.targetNamespace}, or there is none`,
      `kubectl get relpol -n ${candidate.spec.targetNamespace}`,
    );
  }
  if (bundle === undefined) {
    throw new Problem(
      `${name} is not staged yet: there is no content to sign for`,
      `kubectl countersign why ${name} -n ${namespace}`,
    );
  }
  return { candidate, policy, bundle };
};

type Signed = Pick<SignedCandidate, 'candidate' | 'policy' | 'approvals'> & {
  readonly bundle: ReleaseBundle;
};

/**
 * Signatures as the operator counts them. Whether their signers still hold the right is asked about nobody else here: lock A asked when they
 * signed, and the operator asks again.
 */
export const signaturesOf = ({ candidate, policy, bundle, approvals }: Signed, now: number): readonly Signature[] =>
  signatures(asSigned({ candidate, policy, bundle, approvals }), now);

export const asSigned = ({ candidate, policy, bundle, approvals }: Signed): SignedCandidate => ({
  candidate,
  policy,
  bundle: { authors: bundle.spec.authors, digest: bundle.spec.digest },
  approvals,
  rights: new Map(approvals.map(({ metadata }) => [metadata.uid, true])),
  hands: { known: [] },
  // As the operator found them; whom it does not name there it does not count either.
  sourceAuthors: { ...noSourceAuthors, known: candidate.status?.sourceAuthors ?? [] },
  record: { candidates: new Map() },
});

/** The name that nobody's Approval has. */
const wouldBeName = '(yours)';

/** The signature that somebody would give now: judged like one that is there. */
export const wouldBe = (
  { candidate, bundle }: { readonly candidate: ReleaseCandidate; readonly bundle: ReleaseBundle },
  given: { readonly who: Identity; readonly role: string; readonly now: number },
): Approval => {
  const { spec, metadata, ...rest } = approvalManifest({ candidate, bundle: bundle.spec }, given.role);
  return {
    ...rest,
    metadata: {
      name: wouldBeName,
      namespace: metadata.namespace,
      uid: wouldBeName,
      resourceVersion: '0',
      generation: 1,
      creationTimestamp: new Date(given.now).toISOString(),
    },
    spec: { ...spec, comment: '', approver: given.who },
  };
};

/** What the signature of that name is worth. */
export const ownStanding = (all: readonly Signature[]): Signature['standing'] | undefined =>
  all.find(({ approval }) => approval === wouldBeName)?.standing;
