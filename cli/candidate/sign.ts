/** Signing in the terminal: what is signed is shown, and asked about once. */
import { kinds } from '../../operator/api/kinds.ts';
import { linesOf } from '../../operator/decide/people/approval-lines.ts';
import { visible } from '../../operator/decide/safe-text.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { Problem } from '../exit.ts';
import { bold, dim } from '../output/parts.ts';
import type { Session } from '../session.ts';
import { printDelta } from './delta.ts';
import { findCandidate } from './find.ts';
import {
  alreadySigned,
  commentOrProblem,
  countsOrProblem,
  createApproval,
  fittingRoles,
  stillOpen,
  stillThis,
  type Decision,
  type Signable,
} from './signing.ts';
import { sourceAuthorTexts } from './source.ts';
import { signable } from './story.ts';

/** `--role`, or the one role that the person holds and the release asks for. @throws Problem when that is not clear */
const roleFor = async (session: Session, cluster: Cluster, s: Signable, decision: Decision): Promise<string> => {
  const given = session.text('role');
  if (given !== undefined) return given;
  const fitting = await fittingRoles(cluster, s, decision);
  const asked = linesOf(s).map(({ role }) => role);
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
  for (const each of sourceAuthorTexts(candidate)) out.line(dim('source    '), each);
  out.line(dim('decision  '), `${decision} as ${role}`);
};

/** `approve` and `reject`. */
export const sign = async (session: Session, decision: Decision): Promise<void> => {
  const cluster = await session.cluster();
  const name = session.name();
  const comment = session.text('comment') ?? '';
  commentOrProblem(decision, name, comment);
  const candidate = await findCandidate(session, name);
  stillOpen(candidate);
  const s = await signable(cluster, candidate);
  const role = await roleFor(session, cluster, s, decision);
  const now = session.now();
  await countsOrProblem(cluster, s, { role, decision, now });
  const before = decision === 'Approve' ? await alreadySigned(cluster, s, { role, now }) : undefined;
  if (before !== undefined) {
    session.out.line(`You have signed for this content as ${role}: Approval ${before}`);
    return;
  }
  show(session, s, role, decision);
  await session.agreed(decision === 'Approve' ? `Sign for it as ${role}?` : `Reject it as ${role}? That is final.`);
  stillThis(await findCandidate(session, name), { uid: candidate.metadata.uid, digest: s.bundle.spec.digest });
  const created = await createApproval(cluster, s, { role, decision, comment });
  const { namespace } = candidate.metadata;
  session.out.line(
    `${kinds.Approval.singular} ${created} created: ${decision === 'Approve' ? 'signed' : 'rejected'} as ${role}`,
  );
  session.out.line('  → ', `kubectl countersign get ${candidate.metadata.name} -n ${namespace}`);
};
