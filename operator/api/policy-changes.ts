/** Who signs for a change of a ReleasePolicy. */
import { z } from 'zod';
import { approvalLines } from './policy-fields.ts';

export const changes = z.object({
  approvals: approvalLines.describe(
    'The signatures that a change of this policy needs. Every line must be met; one person counts once over all lines. Who asks for the change does not sign.',
  ),
});
