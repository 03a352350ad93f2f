/** `Approval`: one person's signature, or refusal, under exactly one digest. */
import { z } from 'zod';
import { age, type Definition } from './definition.ts';
import { envelope, identity } from './meta.ts';
import { parser } from './parse.ts';
import { celRules, neverChanges } from './crd-extensions.ts';
import { digest, objectName, objectUid, roleName, written } from './schemas.ts';

const subject = z.object({
  kind: z
    .enum([
      'ReleaseCandidate',
      'Finding',
      'EmergencyAccess',
      'LedgerEntry',
      'Installation',
      'Hold',
      'PolicyException',
      'PolicyChange',
      'ReleasePolicy',
    ])
    .describe(
      'What is signed for: a candidate; a finding, whose signature says that production may stay as it was found; an emergency access that is over, whose signature says that its acts were looked at; an entry of the ledger that does not follow from those before it, whose signature says that the record goes on without it; a hold on content that was rolled back, whose signature says that the content was not the cause; an exception, whose signature says that releases may pass gates by it, and whose refusal ends it; a change of the policy, likewise; a policy, whose signature says that somebody has read it as it is; or, in the namespace of Countersign itself, its installation as it is now, for all production namespaces at once.',
    ),
  name: objectName.describe(
    'Its name. Of a finding: the name of the LedgerEntry that opened it; of a hold: of the one that says RolledBack.',
  ),
  uid: objectUid.describe(
    'Its uid. A candidate that was deleted and created again needs signatures again. Of a finding, of a hold, or of an entry: spec.id of that entry. Of the installation: countersign, which is its name, too.',
  ),
});

const approvalSpec = z
  .object({
    subject: subject.describe('What is signed for.'),
    digest: digest.describe(
      'The content that is signed for: status.digest of the candidate, the emergency access, the exception or the change, the digest that status.review of the policy hands out, spec.digest of the entry that opened the finding, or the hash of the entry that the record is to go on without, as read. Under any other digest the signature does not count.',
    ),
    role: roleName.describe(
      'The approval line it is for. The signer must hold verb approve on approvalroles with this resource name.',
    ),
    decision: z
      .enum(['Approve', 'Reject'])
      .describe(
        'Approve consents. Reject is final: for the candidate at any time before its promotion, for an exception or a change of the policy at any time.',
      ),
    comment: written(4096).default('').describe('What the signer has to say. Reject needs one.'),
    approver: identity.describe('Who signs. Stamped by the API server; leave it out.'),
  })
  .meta(
    celRules(
      neverChanges('create a new Approval'),
      {
        rule: "self.decision != 'Reject' || size(self.comment) > 0",
        message: 'decision Reject needs spec.comment: say what is wrong, so that the author can fix it',
      },
      {
        rule: "self.subject.kind != 'Hold' || size(self.comment) > 0",
        message: 'a signature for a Hold needs spec.comment: say why the content was not the cause',
      },
    ),
  );

export const approval = z.object({ ...envelope('Approval'), spec: approvalSpec.describe('The signature.') });
export type Approval = z.infer<typeof approval>;

export const parseApproval = parser(approval);

export const approvalDefinition: Definition = {
  kind: 'Approval',
  description:
    "One person's signature for exactly one content of one candidate, or their refusal of it. Created in the production namespace; never changed.",
  schema: approval,
  rules: [],
  columns: [
    { name: 'Subject', type: 'string', jsonPath: '.spec.subject.name', description: 'What is signed for.' },
    { name: 'Role', type: 'string', jsonPath: '.spec.role', description: 'The approval line.' },
    { name: 'Approver', type: 'string', jsonPath: '.spec.approver.username', description: 'Who signed.' },
    { name: 'Decision', type: 'string', jsonPath: '.spec.decision', description: 'Approve or Reject.' },
    { name: 'Digest', type: 'string', jsonPath: '.spec.digest', description: 'The content signed for.', priority: 1 },
    age,
  ],
  selectableFields: ['.spec.subject.uid', '.spec.role'],
};
