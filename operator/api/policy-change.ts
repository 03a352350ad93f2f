/** `PolicyChange`: a request that the policy of a production namespace becomes another one, which is done once others have signed for it. */
import { z } from 'zod';
import { age, type Definition } from './definition.ts';
import { asOne, celRules, neverChanges } from './crd-extensions.ts';
import { conditions, envelope, identity, observedGeneration } from './meta.ts';
import { parser } from './parse.ts';
import { releasePolicySpec } from './policy.ts';
import { digest, free, written } from './schemas.ts';

const policyChangeSpec = z
  .object({
    policy: releasePolicySpec.describe('The whole spec of the policy as it is to be.'),
    reason: written(4096).min(1).describe('Why it is to be changed. Signers read it, and it goes into the record.'),
    author: identity.describe('Who asks for the change. Stamped by the API server; leave it out.'),
  })
  .meta(celRules(neverChanges('create a new PolicyChange')));

const policyChangeStatus = z.object({
  observedGeneration,
  conditions,
  state: z.string().max(63).default('').describe('How it stands, for display only.'),
  approvals: z
    .string()
    .max(16)
    .default('')
    .describe('Signatures that count, of those that are needed, such as 0/1. Empty before it is judged.'),
  digest: digest
    .optional()
    .describe(
      'What a signature is under: this change, and the policy as it is now. After a change of the policy it is another one. Absent where nothing is waited for.',
    ),
  difference: z
    .array(free(1024))
    .max(201)
    .default([])
    .meta(asOne)
    .describe(
      'What it changes of the policy as it is now, one line a field. At most 200 fields; a last line then says how many more there are. Empty where nothing is waited for.',
    ),
  approvalManifests: z
    .record(z.string(), free(4096))
    .default({})
    .meta({ maxProperties: 20 })
    .describe(
      'By role, the Approval that signs for it: pipe it into kubectl create -f -. Empty where nothing is waited for.',
    ),
});
export type PolicyChangeStatus = z.infer<typeof policyChangeStatus>;

export const policyChange = z.object({
  ...envelope('PolicyChange'),
  spec: policyChangeSpec.describe('What is asked for. It never changes.'),
  status: policyChangeStatus.optional().describe('What was observed. A report, never an authority.'),
});
export type PolicyChange = z.infer<typeof policyChange>;

export const parsePolicyChange = parser(policyChange);

export const policyChangeDefinition: Definition = {
  kind: 'PolicyChange',
  description:
    'A request that the policy becomes another one. The operator applies it once others have signed for exactly that difference. Created in the production namespace; never changed.',
  schema: policyChange,
  rules: [],
  columns: [
    { name: 'State', type: 'string', jsonPath: '.status.state', description: 'How it stands.' },
    { name: 'Approvals', type: 'string', jsonPath: '.status.approvals', description: 'Signatures that count.' },
    { name: 'Author', type: 'string', jsonPath: '.spec.author.username', description: 'Who asks for it.' },
    { name: 'Reason', type: 'string', jsonPath: '.spec.reason', description: 'Why.', priority: 1 },
    age,
  ],
  selectableFields: [],
};
