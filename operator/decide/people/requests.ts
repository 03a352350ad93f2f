/** What somebody asks for and others sign for: an exception, a change of the policy. Which signatures are about it, and what they come to. */
import type { Approval } from '../../api/approval.ts';
import type { PolicyException } from '../../api/exception.ts';
import type { PolicyChange } from '../../api/policy-change.ts';
import type { ApprovalLine } from '../../api/policy-fields.ts';
import { listed } from '../messages.ts';
import { visible } from '../safe-text.ts';
import { isSystemName, type PersonOf } from './identity.ts';
import { quorum, type Quorum, type Signer } from './quorum.ts';

export type SignedRequest = PolicyException | PolicyChange;

/** Signatures that are about this very request. */
export const aboutRequest = (request: SignedRequest, approvals: readonly Approval[]): readonly Approval[] =>
  approvals.filter(
    ({ metadata, spec }) =>
      metadata.namespace === request.metadata.namespace &&
      spec.subject.kind === request.kind &&
      spec.subject.name === request.metadata.name &&
      spec.subject.uid === request.metadata.uid &&
      !isSystemName(spec.approver.username),
  );

/** Somebody said no: that ends it, whatever becomes of the right of who did. */
export interface Refusal {
  readonly approval: string;
  readonly username: string;
  readonly role: string;
}

export const refusalAmong = (signed: readonly Approval[]): Refusal | undefined => {
  const refused = signed.find(({ spec }) => spec.decision === 'Reject');
  if (refused === undefined) return undefined;
  const { approver, role } = refused.spec;
  return { approval: refused.metadata.name, username: approver.username, role };
};

/** What a signature is worth: it counts, its right is not answered, or why it does not count. */
export type SignatureWorth<Why extends string> = 'Counts' | 'Unanswered' | Why;

interface Weighed<Why extends string> {
  readonly signer: Signer;
  readonly is: SignatureWorth<Why>;
}

/** A signature that does not count. */
export interface Uncounted<Why extends string> {
  readonly username: string;
  readonly role: string;
  readonly why: Why;
}

/** What the signatures come to: everybody has signed, or who has not. `Unanswered`: those whose right is not answered would help. */
export type Tally<Why extends string> =
  | { readonly is: 'Complete'; readonly by: readonly Signer[] }
  | { readonly is: 'Unanswered'; readonly quorum: Quorum }
  | { readonly is: 'Waiting'; readonly quorum: Quorum; readonly ignored: readonly Uncounted<Why>[] };

/** One signature more never makes it worse. `worth`: of a signature, and the human who gave it. */
export const tally = <Why extends string>(
  lines: readonly ApprovalLine[],
  signed: readonly Approval[],
  {
    personOf,
    worth,
  }: { readonly personOf: PersonOf; readonly worth: (approval: Approval, person: string) => SignatureWorth<Why> },
): Tally<Why> => {
  const weighed = signed.map((approval): Weighed<Why> => {
    const { approver, role } = approval.spec;
    const person = personOf(approver.username);
    return {
      signer: { person, username: approver.username, role, groups: approver.groups },
      is: worth(approval, person),
    };
  });
  const having = (...which: readonly string[]): readonly Signer[] =>
    weighed.flatMap(({ is, signer }) => (which.includes(is) ? [signer] : []));
  const sure = quorum(lines, having('Counts'));
  if (sure.have === sure.need) return { is: 'Complete', by: seated(sure, having('Counts')) };
  if (quorum(lines, having('Counts', 'Unanswered')).have > sure.have) return { is: 'Unanswered', quorum: sure };
  return { is: 'Waiting', quorum: sure, ignored: weighed.flatMap(uncounted) };
};

const uncounted = <Why extends string>({ is, signer }: Weighed<Why>): readonly Uncounted<Why>[] =>
  is === 'Counts' || is === 'Unanswered' ? [] : [{ username: signer.username, role: signer.role, why: is }];

/** Those who fill the places of the lines. */
const seated = ({ lines }: Quorum, signers: readonly Signer[]): readonly Signer[] =>
  signers.filter(({ username, role }) => lines.some((line) => line.role === role && line.by.includes(username)));

/** Who signed in vain, and why, to be added to a message; '' = nobody. */
export const uncountedText = <Why extends string>(
  ignored: readonly Uncounted<Why>[],
  because: Readonly<Record<Why, string>>,
): string =>
  ignored.length === 0
    ? ''
    : `; not counted: ${listed([...new Set(ignored.map(({ username, role, why }) => `${visible(username)} as ${role} (${because[why]})`))])}`;
