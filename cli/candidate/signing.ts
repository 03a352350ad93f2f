/** Signatures as they are made, by the dialog in the terminal and by the page: what could not count is refused before it is sent, in the words in which the operator would not count it. */
import type { ReleaseCandidate } from '../../operator/api/candidate.ts';
import type { ReleasePolicy } from '../../operator/api/policy.ts';
import { notCountedBecause } from '../../operator/decide/gates/people/approvals.ts';
import { linesOf } from '../../operator/decide/people/approval-lines.ts';
import { approvalManifest } from '../../operator/decide/people/approval-manifest.ts';
import { rightToSign } from '../../operator/decide/people/approval-right.ts';
import { visible } from '../../operator/decide/safe-text.ts';
import { ourResource } from '../../operator/kube/rows.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { Problem } from '../exit.ts';
import { findCandidateIn } from './find.ts';
import { isTrue, whenTrue, type ReleaseBundle } from './objects.ts';
import { rolesHeld } from './roles.ts';
import { approvalsFor, ownStanding, signable, signaturesOf, wouldBe } from './story.ts';

export type Decision = 'Approve' | 'Reject';

export interface Signable {
  readonly candidate: ReleaseCandidate;
  readonly policy: ReleasePolicy;
  readonly bundle: ReleaseBundle;
}

/** Roles of the person in which this decision can be made of this release. */
export const fittingRoles = async (cluster: Cluster, s: Signable, decision: Decision): Promise<readonly string[]> => {
  const held = await rolesHeld(cluster, s.candidate.spec.targetNamespace);
  const asked = new Set(linesOf(s).map(({ role }) => role));
  return decision === 'Reject' ? held : held.filter((role) => asked.has(role));
};

/** A release that is over, or on its way, is no longer signed for. A refusal counts until the promotion begins. */
export const stillOpen = (candidate: ReleaseCandidate): void => {
  const { name, namespace } = candidate.metadata;
  const finished = whenTrue(candidate, 'Finished');
  if (finished !== undefined) {
    throw new Problem(
      `${name} is finished: ${finished.reason}. ${finished.message}`,
      `kubectl countersign get ${name} -n ${namespace}`,
    );
  }
};

/** @throws Problem when a signature of this person in this role could not count */
export const countsOrProblem = async (
  cluster: Cluster,
  s: Signable,
  { role, decision, now }: { readonly role: string; readonly decision: Decision; readonly now: number },
): Promise<void> => {
  const { targetNamespace } = s.candidate.spec;
  const who = await cluster.whoAmI();
  const approval = wouldBe(s, { who, role, now });
  const { name, namespace } = s.candidate.metadata;
  const somebodyElse = `Somebody else who holds role ${role} in ${targetNamespace} signs: kubectl countersign ${decision.toLowerCase()} ${name} -n ${namespace} --role ${role}`;
  if (decision === 'Approve' && !linesOf(s).some((line) => line.role === role)) {
    throw new Problem(
      `This release asks for no signature in role ${role}; it asks for ${linesOf(s)
        .map((line) => line.role)
        .join(', ')}`,
      `kubectl countersign approve ${name} -n ${namespace} --role <role>`,
    );
  }
  const held = await cluster.holds(rightToSign(targetNamespace, approval));
  if (held.kind === 'No') throw new Problem(`${held.message}: the signature would be refused`, somebodyElse);
  const standing = ownStanding(signaturesOf({ ...s, approvals: [approval] }, now));
  const isAuthorsRefusal = decision === 'Reject' && standing === 'Author';
  if (standing === undefined || standing === 'Counts' || standing === 'Unanswered' || isAuthorsRefusal) return;
  throw new Problem(
    `The signature would not count: ${visible(who.username)} as ${role} (${notCountedBecause[standing]})`,
    somebodyElse,
  );
};

/** Somebody who has signed for exactly this is told so, and signs nothing a second time. */
export const alreadySigned = async (
  cluster: Cluster,
  s: Signable,
  { role, now }: { readonly role: string; readonly now: number },
): Promise<string | undefined> => {
  const [who, approvals] = await Promise.all([cluster.whoAmI(), approvalsFor(cluster, s.candidate)]);
  return signaturesOf({ ...s, approvals }, now).find(
    (each) =>
      each.username === who.username && each.role === role && each.decision === 'Approve' && each.standing === 'Counts',
  )?.approval;
};

/** What somebody has read: of a candidate that is deleted and created again, or whose content moves, it is something else. */
export interface Read {
  readonly uid: string;
  readonly digest: string;
}

const again = ({ metadata: { name, namespace } }: ReleaseCandidate): string =>
  `Read it again: kubectl countersign diff ${name} -n ${namespace}`;

const moved = (candidate: ReleaseCandidate): Problem =>
  new Problem(
    `The content changed while you read it, so the signature would not count (${notCountedBecause.OtherContent}): it is ${candidate.status?.digest ?? 'not staged'} now. Nothing was signed`,
    again(candidate),
  );

/** What was shown is what is signed: it is looked at once more after the person has read it. @throws Problem when it moved */
export const stillThis = (now: ReleaseCandidate, read: Read): void => {
  stillOpen(now);
  if (now.metadata.uid !== read.uid) {
    const { name } = now.metadata;
    throw new Problem(`${name} was deleted and created again while you read it; nothing was signed`, again(now));
  }
  if (now.status?.digest !== read.digest && !isTrue(now, 'Promoted')) throw moved(now);
};

/** @throws Problem where a rejection says nothing */
export const commentOrProblem = (decision: Decision, name: string, comment: string): void => {
  if (decision !== 'Reject' || comment.trim() !== '') return;
  throw new Problem(
    'A rejection needs a comment: say what is wrong, so that the author can fix it',
    `kubectl countersign reject ${name} --comment '…'`,
  );
};

/** Creates the Approval. @returns its name */
export const createApproval = async (
  cluster: Cluster,
  { candidate, bundle }: Signable,
  given: { readonly role: string; readonly decision: Decision; readonly comment: string },
): Promise<string> => {
  const manifest = approvalManifest({ candidate, bundle: bundle.spec }, given.role);
  const { decision, comment } = given;
  const created = await cluster.client.createResource(ourResource('Approval'), {
    ...manifest,
    spec: { ...manifest.spec, decision, ...(comment === '' ? {} : { comment }) },
  });
  return created.metadata.name;
};

export interface Signing extends Read {
  readonly namespace: string;
  readonly name: string;
  readonly role: string;
  readonly decision: Decision;
  readonly comment: string;
}

/** Signs for exactly what somebody has read before. @returns what there is to say. @throws Problem when it moved, or could not count */
export const signRead = async (cluster: Cluster, signing: Signing, now: number): Promise<string> => {
  const { name, role, decision, comment } = signing;
  commentOrProblem(decision, name, comment);
  const candidate = await findCandidateIn(cluster, signing.namespace, name);
  stillThis(candidate, signing);
  const s = await signable(cluster, candidate);
  // The signature is under the digest of the bundle.
  if (s.bundle.spec.digest !== signing.digest) throw moved(candidate);
  await countsOrProblem(cluster, s, { role, decision, now });
  const before = decision === 'Approve' ? await alreadySigned(cluster, s, { role, now }) : undefined;
  if (before !== undefined) return `You have signed for this content as ${role}: Approval ${before}`;
  const created = await createApproval(cluster, s, { role, decision, comment });
  return `Approval ${created} created: ${decision === 'Approve' ? 'signed' : 'rejected'} as ${role}`;
};
