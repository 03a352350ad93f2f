/** What a bundle tells of its content, found when it was frozen. None of it is part of the digest: it follows from the content. */
import { z } from 'zod';
import { asOne } from './crd-extensions.ts';
import { digest, free, groupVersion, instant, kindName, objectName } from './schemas.ts';

export const objectKey = {
  apiVersion: groupVersion.describe('Its group and version.'),
  kind: kindName.describe('Its kind.'),
  name: objectName.describe('Its name in production.'),
};

export const stagingReference = z.object({
  ...objectKey,
  path: free(4096).describe('The path of the field.'),
  found: free(512).describe('What it says, without what stands around it.'),
  fix: free(8192)
    .default('')
    .describe('The operation of an overlay that names production instead. Empty: people have to write it.'),
});

/** How many more there are than a list has room for. */
export const uncounted = z.int32().min(0).default(0);

export const dependency = z.object({
  ...objectKey,
  namespace: z.string().max(63).default('').describe('Another namespace. Empty: production, or the whole cluster.'),
  required: z.boolean().describe('Whether gate DependenciesPresent demands it; otherwise it is only told.'),
  by: z
    .array(z.string().max(400))
    .max(10)
    .meta(asOne)
    .describe('The objects that refer to it, such as Deployment/api: the first ten.'),
  byLeftOut: uncounted.describe('How many more objects refer to it.'),
});

/** What a tag was pinned to, and who ran it. */
export const imagePin = z.object({
  ...objectKey,
  container: z.string().max(63).optional().describe('The container. Absent for an image volume.'),
  volume: z.string().max(63).optional().describe('The image volume. Absent for a container.'),
  reference: free(512).describe('How staging named the image, such as nginx:1.27.'),
  digest: digest.describe('The digest that the pods of staging ran under that name; content holds both.'),
  pods: z.int32().min(1).describe('How many pods of staging said so.'),
  seen: z
    .array(
      z.object({
        pod: z.string().max(253).describe('The pod.'),
        node: z.string().max(253).describe('The node whose kubelet reported it.'),
        since: instant.describe('When the pod became ready; of one that is done, when it was created.'),
      }),
    )
    .max(3)
    .meta(asOne)
    .describe('Where it was seen: the first of these pods.'),
});
