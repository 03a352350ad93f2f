/** What a selector finds and a release does not take. */
import { z } from 'zod';
import { celRules } from './crd-extensions.ts';
import { free, groupAgrees, groupName, groupVersion, kindName, objectName, writtenLine } from './schemas.ts';

/** One object that a candidate leaves out. */
export const leaveOut = z
  .object({
    kind: kindName.describe('The kind of the object in staging, such as Secret.'),
    name: objectName.describe('Its name there.'),
    group: groupName,
    apiVersion: groupVersion
      .optional()
      .describe('Its group and version. Needed only for a kind that exists in several groups; absent: any of them.'),
    reason: writtenLine(512)
      .min(1)
      .describe('Why production goes without it, or where it gets its own. Signers read it.'),
  })
  .meta(celRules(groupAgrees));

/** The same as a bundle records it. */
export const leftOut = z.object({
  kind: kindName.describe('The kind of the object.'),
  name: objectName.describe('Its name in staging.'),
  apiVersion: z
    .string()
    .max(253)
    .default('')
    .describe('Its group and version. Empty: as the candidate, which names none.'),
  reason: free(512).describe('Why, in the words of the candidate.'),
});
