/** What evidence a ReleasePolicy demands. */
import { z } from 'zod';
import { asOne, asSet } from './crd-extensions.ts';
import { counts } from './evidence.ts';
import { duration, evidenceType } from './schemas.ts';

const line = z.object({
  type: evidenceType.describe(
    'The type of evidence. A reporter holds verb report on evidencetypes with this resource name in the staging namespace.',
  ),
  about: z
    .enum(['Candidate', 'Images'])
    .default('Candidate')
    .describe(
      'What it must be about. Candidate: exactly the content that is promoted, by the digest of the candidate. Images: every image digest in that content; what was reported for another candidate of the staging namespace counts.',
    ),
  maxAge: duration('1m', '8760h').describe(
    'How old it may be when the promotion begins, counted from when it was performed.',
  ),
  most: counts
    .default({})
    .describe(
      'By name, the most that evidence may have counted, such as critical: 0. Evidence that does not give the count does not pass. Empty: its result alone decides.',
    ),
  when: z
    .enum(['Always', 'NewOrSignificant', 'ImagesChanged'])
    .default('Always')
    .describe(
      'Which releases need it. NewOrSignificant: those of a new package, and those that change what minor does not allow. ImagesChanged: those that change an image.',
    ),
});
export type EvidenceLine = z.infer<typeof line>;

export const evidenceLines = z.array(line).max(20).default([]).meta(asOne);

/** Classes of changes that make a release significant. Loss of data always does. */
export const significantClasses = ['rights', 'image', 'command', 'identity', 'network', 'storage', 'removed'] as const;
export type SignificantClass = (typeof significantClasses)[number];

export const minorClasses = z.array(z.enum(significantClasses)).max(significantClasses.length).default([]).meta(asSet);
