/** Which exceptions a ReleasePolicy allows. */
import { z } from 'zod';
import { asSet } from './crd-extensions.ts';
import { exceptableGates } from './exceptable-gates.ts';
import { approvalLines } from './policy-fields.ts';
import { duration } from './schemas.ts';

export const exceptions = z.object({
  gates: z
    .array(z.enum(exceptableGates))
    .min(1)
    .max(exceptableGates.length)
    .meta(asSet)
    .describe('The gates that an exception may pass. Those that are not listed here no exception passes.'),
  maxDuration: duration('1h', '8760h')
    .default('720h')
    .describe('The longest that an exception may last, from its creation.'),
  approvals: approvalLines.describe(
    'The signatures that an exception needs. Every line must be met; one person counts once over all lines. The requester does not sign, nor does an author of the release that passes by it.',
  ),
});
