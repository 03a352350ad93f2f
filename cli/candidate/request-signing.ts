/** Signing for an exception or another policy, and refusing it: what could not count is refused before it is sent, in the terminal and on the page. */
import { ourResource } from '../../operator/kube/rows.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { Problem } from '../exit.ts';
import { exceptionRequest, findException } from './exceptions.ts';
import { changeRequest, findChange } from './policy-changes.ts';
import { askedIn, showRequest, standingOf, whyNot, type Asked, type Request, type RequestKind } from './request.ts';
import type { ReadAndSigned } from './review.ts';
import type { Decision } from './signing.ts';

/** What somebody has read of a request, and decides. */
export interface ReadAndDecided extends ReadAndSigned {
  readonly what: RequestKind;
  readonly decision: Decision;
}

const findRequest = async (asked: Asked, what: RequestKind, name: string): Promise<Request> => {
  const { cluster, policy } = asked;
  const { namespace } = policy.metadata;
  return what === 'exception'
    ? exceptionRequest(asked, await findException(cluster, namespace, name))
    : changeRequest(asked, await findChange(cluster, namespace, name));
};

/** @throws Problem when it is something else than what was read */
const sameRequest = (request: Request, read: string): void => {
  if (request.digest === read) return;
  const { name, namespace } = request.metadata;
  throw request.what === 'exception'
    ? new Problem(`${name} is another one than the one that you read; nothing was signed`, showRequest(request))
    : new Problem(
        `The policy of ${namespace} was changed while you read ${name}, so it is another difference now, and what you sign for the one that you read would not count; nothing was signed`,
        `Read it again: kubectl countersign policy diff --change ${name} -n ${namespace}`,
      );
};

const mayNotRefuse = ({ policy }: Asked, role: string | undefined): Problem => {
  const { namespace } = policy.metadata;
  return new Problem(
    `You hold ${role === undefined ? 'no role in which people sign' : `not role ${role}`} in ${namespace}, so you refuse nothing there`,
    `Somebody who holds one does; which you hold: kubectl auth can-i --list -n ${namespace}`,
  );
};

type Wish = Pick<ReadAndDecided, 'decision' | 'comment'> & { readonly role: string | undefined };

/** The role that was asked for, or the first that fits. @throws Problem when nothing could be signed in it, or a refusal says nothing */
export const roleForRequest = async (asked: Asked, request: Request, wish: Wish): Promise<string> => {
  const refuses = wish.decision === 'Reject';
  if (refuses && wish.comment.trim() === '') throw new Problem('A refusal says why', "Add --comment '<why>'");
  const standing = await standingOf(asked, request);
  const able = refuses ? asked.held : standing.roles;
  const role = wish.role ?? able[0];
  if (role !== undefined && able.includes(role)) return role;
  throw refuses ? mayNotRefuse(asked, wish.role) : whyNot(asked, request, standing, wish.role);
};

/** Looks once more at what was read, and decides exactly that. @returns what there is to say. @throws Problem when nothing was signed */
export const requestRead = async (cluster: Cluster, given: ReadAndDecided, now: number): Promise<string> => {
  const asked = await askedIn(cluster, given.namespace, now);
  const request = await findRequest(asked, given.what, given.name);
  sameRequest(request, given.digest);
  const role = await roleForRequest(asked, request, given);
  const manifest = request.approval(role);
  const { decision, comment } = given;
  const created = await cluster.client.createResource(ourResource('Approval'), {
    ...manifest,
    spec: { ...manifest.spec, decision, ...(comment === '' ? {} : { comment }) },
  });
  return `Approval ${created.metadata.name} created: ${decision === 'Reject' ? 'refused' : 'signed'} as ${role}`;
};
