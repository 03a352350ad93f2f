/** `PolicyException`: a request that releases of one package may pass some gates until a moment, which counts once others have signed for it. */
import { z } from 'zod';
import { age, type Definition } from './definition.ts';
import { conditions, envelope, identity, observedGeneration } from './meta.ts';
import { parser } from './parse.ts';
import { asSet, celRules, neverChanges } from './crd-extensions.ts';
import { exceptableGates } from './exceptable-gates.ts';
import { digest, free, instant, objectName, objectUid, packageName, written } from './schemas.ts';

const onlyCandidate = z.object({
  name: objectName.describe('Its name.'),
  uid: objectUid.describe('Its uid. A candidate that was deleted and created again needs an exception again.'),
});

const exceptionSpec = z
  .object({
    gates: z
      .array(z.enum(exceptableGates))
      .min(1)
      .max(exceptableGates.length)
      .meta(asSet)
      .describe(
        'The gates that may be passed: of those, the ones that spec.exceptions.gates of the policy lists at that time. All others are judged as ever.',
      ),
    package: packageName.describe('The package of which a release may pass them.'),
    candidate: onlyCandidate
      .optional()
      .describe('The one candidate that may pass them. Absent: every candidate of the package may.'),
    reason: written(4096).min(1).describe('Why it is needed. Signers read it, and it goes into the record.'),
    risk: written(4096).min(1).describe('What may happen because of it, and what is done about that.'),
    until: instant.describe(
      'The first instant at which it counts no more. At most spec.exceptions.maxDuration of the policy after the creation of this object.',
    ),
    requester: identity.describe('Who asks for it. Stamped by the API server; leave it out.'),
  })
  .meta(celRules(neverChanges('create a new PolicyException')));

const exceptionStatus = z.object({
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
    .describe('The digest of what is asked for, by whom: what a signature is under. Absent before it is judged.'),
  approvalManifests: z
    .record(z.string(), free(4096))
    .default({})
    .meta({ maxProperties: 20 })
    .describe(
      'By role, the Approval that signs for it: pipe it into kubectl create -f -. Empty where nothing is waited for.',
    ),
});
export type PolicyExceptionStatus = z.infer<typeof exceptionStatus>;

export const policyException = z.object({
  ...envelope('PolicyException'),
  spec: exceptionSpec.describe('What is asked for. It never changes.'),
  status: exceptionStatus.optional().describe('What was observed. A report, never an authority.'),
});
export type PolicyException = z.infer<typeof policyException>;

export const parsePolicyException = parser(policyException);

export const policyExceptionDefinition: Definition = {
  kind: 'PolicyException',
  description:
    'A request that releases of a package may pass some gates until a moment. It counts once others have signed for it, and ends automatically. Created in the production namespace; never changed.',
  schema: policyException,
  rules: [],
  columns: [
    { name: 'Package', type: 'string', jsonPath: '.spec.package', description: 'The package.' },
    { name: 'Gates', type: 'string', jsonPath: '.spec.gates', description: 'The gates that may be passed.' },
    { name: 'State', type: 'string', jsonPath: '.status.state', description: 'How it stands.' },
    { name: 'Approvals', type: 'string', jsonPath: '.status.approvals', description: 'Signatures that count.' },
    { name: 'Until', type: 'string', jsonPath: '.spec.until', description: 'When it ends.' },
    { name: 'Requester', type: 'string', jsonPath: '.spec.requester.username', description: 'Who asks for it.' },
    { name: 'Reason', type: 'string', jsonPath: '.spec.reason', description: 'Why it is needed.', priority: 1 },
    age,
  ],
  selectableFields: ['.spec.package'],
};
