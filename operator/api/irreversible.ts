/** What a candidate says that no rollback takes back. */
import { z } from 'zod';
import { asOne, asSet, celRules } from './crd-extensions.ts';
import { free, groupName, kindName, objectName, onlyGroupName, patternedLine, writtenLine } from './schemas.ts';

/** Only what holds data by itself, or makes what does, goes with its data. */
const holdsData = "self.kind in ['PersistentVolumeClaim', 'StatefulSet'] && self.group in ['', 'apps']";

export const irreversible = z
  .object({
    kind: kindName.describe('The kind of the object.'),
    name: objectName.describe('Its name in production.'),
    group: onlyGroupName,
    fields: z
      .array(patternedLine(256).min(1))
      .max(16)
      .default([])
      .meta(asSet)
      .describe(
        'Paths of the fields, such as spec.replicas. Empty: the release drops the object, and its data goes with it.',
      ),
    reason: writtenLine(512).min(1).describe('Why that is wanted. Signers read it.'),
  })
  .meta(
    celRules({
      rule: `size(self.fields) > 0 || ${holdsData}`,
      message:
        'name the fields that cannot be taken back; only a PersistentVolumeClaim or StatefulSet is named without fields, when its data goes with it',
    }),
  );

export const bundledGroup = groupName.describe('Its group, where its kind is not one of Kubernetes itself.');

/** The same as a bundle records it. */
export const bundledIrreversible = z.object({
  kind: kindName.describe('The kind of the object.'),
  name: objectName.describe('Its name.'),
  group: bundledGroup,
  fields: z
    .array(free(256))
    .max(16)
    .default([])
    .meta(asOne)
    .describe('Paths of the fields, sorted. Empty: the object is dropped, and its data goes with it.'),
  reason: free(512).describe('Why, in the words of the candidate.'),
});
