/** Signing: what is signed is shown, and what could not count is refused here, in the words in which the operator would not count it. */
import { kinds } from '../../operator/api/kinds.ts';
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
import { bold, dim } from '../output/parts.ts';
import type { Session } from '../session.ts';
import { printDelta } from './delta.ts';
import { findCandidate } from './find.ts';
import { conditionOf, isTrue, type ReleaseBundle } from './objects.ts';
import { rolesHeld } from './roles.ts';
import { approvalsFor, ownStanding, signable, signaturesOf, wouldBe } from './story.ts';

type Decision = 'Approve' | 'Reject';

interface Signable {
  readonly candidate: ReleaseCandidate;
  readonly policy: ReleasePolicy;
  readonly bundle: ReleaseBundle;
}

/** A release that is over, or on its way, is no longer signed for. A refusal counts until the promotion begins. */
const stillOpen = (candidate: ReleaseCandidate): void => {
  const { name, namespace } = candidate.metadata;
  const finished = conditionOf(candidate, 'Finished');
  if (finished?.status === 'True') {
    throw new Problem(
      `${name} is finished: ${finished.reason}. ${finished.message}`,
      `kubectl countersign get ${name} -n ${namespace}`,
    );
  }
};

/** `--role`, or the one role that the person holds and the release asks for. @throws Problem when that is not clear */
const roleFor = async (session: Session, cluster: Cluster, s: Signable, decision: Decision): Promise<string> => {
  const given = session.text('role');
  if (given !== undefined) return given;
  const held = await rolesHeld(cluster, s.candidate.spec.targetNamespace);
  const asked = linesOf(s).map(({ role }) => role);
  const fitting = decision === 'Reject' ? held : held.filter((role) => asked.includes(role));
  const [role] = fitting;
  if (role !== undefined && fitting.length === 1) return role;
  const { name, namespace } = s.candidate.metadata;
  const command = `kubectl countersign ${decision.toLowerCase()} ${name} -n ${namespace} --role <role>`;
  if (role !== undefined) throw new Problem(`You hold several roles here: ${fitting.join(', ')}`, command);
  throw new Problem(
    `You hold none of the roles that this release asks for in ${s.candidate.spec.targetNamespace}: ${asked.join(', ')}`,
    `Somebody who holds one signs; who that is: kubectl countersign why ${name} -n ${namespace}`,
  );
};

/** @throws Problem when a signature of this person in this role could not count */
const countsOrProblem = async (session: Session, s: Signable, role: string, decision: Decision): Promise<void> => {
  const cluster = await session.cluster();
  const { targetNamespace } = s.candidate.spec;
  const who = await cluster.whoAmI();
  const approval = wouldBe(s, { who, role, now: session.now() });
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
  const standing = ownStanding(signaturesOf({ ...s, approvals: [approval] }, session.now()));
  const isAuthorsRefusal = decision === 'Reject' && standing === 'Author';
  if (standing === undefined || standing === 'Counts' || standing === 'Unanswered' || isAuthorsRefusal) return;
  throw new Problem(
    `The signature would not count: ${visible(who.username)} as ${role} (${notCountedBecause[standing]})`,
    somebodyElse,
  );
};

/** Somebody who has signed for exactly this is told so, and signs nothing a second time. */
const alreadySigned = async (session: Session, s: Signable, role: string): Promise<string | undefined> => {
  const cluster = await session.cluster();
  const [who, approvals] = await Promise.all([cluster.whoAmI(), approvalsFor(cluster, s.candidate)]);
  return signaturesOf({ ...s, approvals }, session.now()).find(
    (each) =>
      each.username === who.username && each.role === role && each.decision === 'Approve' && each.standing === 'Counts',
  )?.approval;
};

/** What somebody is about to sign for. */
const show = (session: Session, { candidate, bundle }: Signable, role: string, decision: Decision): void => {
  const { out } = session;
  const { spec, metadata } = candidate;
  out.line(bold(`${spec.package} ${spec.version}`), ` from ${metadata.namespace} into `, bold(spec.targetNamespace));
  out.line(visible(spec.notes.summary));
  out.line();
  printDelta(out, bundle.spec.deltaText);
  out.line();
  out.line(dim('digest    '), bundle.spec.digest);
  out.line(dim('author    '), bundle.spec.authors.map(visible).join(', '));
  out.line(dim('decision  '), `${decision} as ${role}`);
};

const commentFor = (session: Session, decision: Decision, name: string): string => {
  const comment = session.text('comment') ?? '';
  if (decision === 'Reject' && comment.trim() === '') {
    throw new Problem(
      'A rejection needs a comment: say what is wrong, so that the author can fix it',
      `kubectl countersign reject ${name} --comment '…'`,
    );
  }
  return comment;
};

/** `approve` and `reject`. */
export const sign = async (session: Session, decision: Decision): Promise<void> => {
  const cluster = await session.cluster();
  const name = session.name();
  const comment = commentFor(session, decision, name);
  const candidate = await findCandidate(session, name);
  stillOpen(candidate);
  const s = await signable(cluster, candidate);
  const role = await roleFor(session, cluster, s, decision);
  await countsOrProblem(session, s, role, decision);
  const before = decision === 'Approve' ? await alreadySigned(session, s, role) : undefined;
  if (before !== undefined) {
    session.out.line(`You have signed for this content as ${role}: Approval ${before}`);
    return;
  }
  show(session, s, role, decision);
  await session.agreed(decision === 'Approve' ? `Sign for it as ${role}?` : `Reject it as ${role}? That is final.`);
  await stillThis(session, s);
  const manifest = approvalManifest({ candidate, bundle: s.bundle.spec }, role);
  const created = await cluster.client.createResource(ourResource('Approval'), {
    ...manifest,
    spec: { ...manifest.spec, decision, ...(comment === '' ? {} : { comment }) },
  });
  const { namespace } = candidate.metadata;
  session.out.line(
    `${kinds.Approval.singular} ${created.metadata.name} created: ${decision === 'Approve' ? 'signed' : 'rejected'} as ${role}`,
  );
  session.out.line('  → ', `kubectl countersign get ${candidate.metadata.name} -n ${namespace}`);
};

/** What was shown is what is signed: it is looked at once more after the person has read it. @throws Problem when it moved */
const stillThis = async (session: Session, s: Signable): Promise<void> => {
  const { name, namespace } = s.candidate.metadata;
  const now = await findCandidate(session, name);
  stillOpen(now);
  const again = `Read it again: kubectl countersign diff ${name} -n ${namespace}`;
  if (now.metadata.uid !== s.candidate.metadata.uid) {
    throw new Problem(`${name} was deleted and created again while you read it; nothing was signed`, again);
  }
  if (now.status?.digest !== s.bundle.spec.digest && !isTrue(now, 'Promoted')) {
    throw new Problem(
      `The content changed while you read it, so the signature would not count (${notCountedBecause.OtherContent}): it is ${now.status?.digest ?? 'not staged'} now. Nothing was signed`,
      again,
    );
  }
};
