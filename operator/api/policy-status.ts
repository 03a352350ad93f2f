/** The parts of a ReleasePolicy’s status. */
import { z } from 'zod';
import { digest, free, instant, objectName, prose } from './schemas.ts';

export const packageInProduction = z.object({
  package: z.string().max(40).describe('The package.'),
  bundle: objectName.describe('The bundle that production runs.'),
  digest: digest.describe('Its digest.'),
  since: instant.describe('When its promotion or rollback was complete.'),
});

export const finding = z.object({
  name: z.string().max(63).describe('The LedgerEntry that opened it; what an Approval names.'),
  object: z.string().max(510).describe('What changed.'),
  change: z.enum(['Created', 'Changed', 'Deleted', 'Integrity']).describe('How. Integrity: our own installation.'),
  message: prose(1024).describe('What is known of it.'),
  digest: digest.describe('What a signature for it is under.'),
  since: instant.describe('When it was opened.'),
  approvalManifests: z
    .record(z.string(), free(4096))
    .meta({ maxProperties: 20 })
    .describe('By role, the Approval that signs for it: pipe it into kubectl create -f -.'),
});

export const review = z.object({
  due: instant.describe(
    'When it is due: the end of the day in spec.reviewBy, or 24 months after the last review of the policy as it is, whichever is later.',
  ),
  by: z.string().max(512).default('').describe('Who reviewed the policy as it is last. Empty: nobody.'),
  at: instant.optional().describe('When that was. Absent: nobody has.'),
  approvalManifests: z
    .record(z.string(), free(4096))
    .default({})
    .meta({ maxProperties: 20 })
    .describe('By role, the Approval that says that somebody has read it: pipe it into kubectl create -f -.'),
});
