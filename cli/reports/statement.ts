/** Statements that somebody signed: what they say is read as the operator reads it. */
import type { Evidence } from '../../operator/api/evidence.ts';
import type { EvidenceLine } from '../../operator/api/policy-evidence.ts';
import type { ReleasePolicy } from '../../operator/api/policy.ts';
import { certifiedHolder, signerOf } from '../../operator/decide/evidence/signed/signer.ts';
import { signersOf } from '../../operator/decide/evidence/signed/signers.ts';
import { instantOf, saidBy, statementOf } from '../../operator/decide/evidence/signed/statement.ts';
import { listed } from '../../operator/decide/messages.ts';
import { visible } from '../../operator/decide/safe-text.ts';
import { BadReport, type Outcome } from './outcome.ts';

/** @throws BadReport where it says nothing about evidence of that type */
export const readStatement = (text: string, type: string): Outcome => {
  const read = saidBy(text, type);
  if ('problem' in read) throw new BadReport(`the signed statement ${read.problem}`);
  const { said, digests } = read;
  return {
    format: 'signed statement',
    mediaType: 'application/vnd.in-toto+json',
    sort: 'statement',
    passed: said.passed,
    counts: said.counts,
    findings: [],
    ignored: [],
    images: digests,
    at: instantOf(said.performedAt),
  };
};

/** Why it would not count on that line, as the end of a sentence about it; undefined = it would. */
export const statementProblem = (
  spec: Pick<Evidence['spec'], 'type' | 'subject' | 'result' | 'summary' | 'performedAt' | 'statement'>,
  line: EvidenceLine | undefined,
  policy: ReleasePolicy | undefined,
): string | undefined => {
  const { statement = '' } = spec;
  // Who reports it is stamped, and says nothing about what was signed.
  const reporter = { username: '', uid: '', groups: [] };
  const { problem } = statementOf({ ...spec, comment: '', reporter }) ?? {};
  const signers = line && policy && signersOf(policy, line)?.all;
  if (problem !== undefined || signers === undefined || signerOf(statement, signers) !== undefined) return problem;
  const holder = certifiedHolder(statement, signers);
  const by = holder === undefined ? '' : `is signed by ${visible(holder.subject)} of ${visible(holder.issuer)}, and `;
  return `${by}bears no signature of ${listed(signers.map(({ name }) => name))}`;
};
