/** Reasons of the gate Evidence; the first is one of Approvals, too. */
import { entry, type ReasonEntry } from './entry.ts';

export const evidenceReasons = {
  RightsUnknown: entry(
    ['Approvals', 'Approved', 'Evidence', 'SegregationOfDuties', 'Granted', 'Reconciling'],
    'It could not be told whether a signer holds the right to sign, or a reporter the right to report, or who signed a statement.',
    'Wait; if it lasts, look at the log of the operator.',
  ),
  EvidenceComplete: entry(['Evidence'], 'There is all the evidence that the policy demands of this release.'),
  EvidenceNotRequired: entry(['Evidence'], 'The policy demands no evidence.'),
  EvidenceMissing: entry(
    ['Evidence'],
    'Evidence that the policy demands is not there.',
    'Somebody who holds report on that type in the staging namespace, and had no hand in the content, creates the Evidence that the message names.',
  ),
  EvidenceFailed: entry(
    ['Evidence'],
    'The newest evidence of a type that the policy demands failed, or counted more than the policy allows.',
    'Fix what it found and create a new candidate; where a newer test passes, its reporter creates that Evidence.',
  ),
  EvidenceExpired: entry(
    ['Evidence'],
    'The evidence was performed longer ago than the policy lets it be.',
    'Its reporter performs it again, and creates new Evidence.',
  ),
  ReporterLacksRight: entry(
    ['Evidence'],
    'A reporter does not, or no longer, hold the right to report that type.',
    'Bind countersign-report-<type> to the reporter in the staging namespace, or have a holder report.',
  ),
  ReporterIsAuthor: entry(
    ['Evidence'],
    'Evidence was reported by somebody who changed the content; it does not count.',
    'Somebody who had no hand in the content reports it.',
  ),
  EvidenceNotSigned: entry(
    ['Evidence'],
    'Evidence passed, and brings no statement that one of signedBy of the policy signed; it does not count.',
    'Who holds one of those keys signs a statement, and a reporter creates Evidence that brings it.',
  ),
  StatementDiffers: entry(
    ['Evidence'],
    'Evidence brings a statement that says something else than what was typed beside it, lacks what the policy asks for, or cannot be read; it does not count.',
    'A reporter creates new Evidence that says what the statement says: the message names the field.',
  ),
  OriginNotAllowed: entry(
    ['Evidence'],
    'A signed statement names a builder or a source repository that the policy does not, or is about another commit than was built.',
    'Build it where the policy allows, have a platform admin add that builder or source to the line of the policy, or have the statement made about the commit that was built.',
  ),
} as const satisfies Record<string, ReasonEntry>;
