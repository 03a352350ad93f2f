/** Reasons of the gate Images, and of what stands between a tag and its digest before anything is frozen. */
import { entry, type ReasonEntry } from './entry.ts';

export const imageReasons = {
  DigestsPinned: entry(
    ['Images'],
    'Every image is named by digest, as staging has it or as its pods ran it, but for those that the policy leaves to an injector.',
  ),
  TagWithoutDigest: entry(
    ['Images'],
    'An image is named by a tag, which somebody may move, or so that no digest could stand behind it.',
    'Name the image as <repository>@sha256:<digest> in staging, then create a new candidate.',
  ),
  ImageNotRun: entry(
    ['Images', 'Staged', 'Reconciling'],
    'An image is named by tag, and no pod that is ready in staging says yet which digest it means.',
    'Wait until staging runs it: pods that are ready, a Job that is complete, a CronJob that has run once. The candidate continues automatically then.',
  ),
  ImagesDisagree: entry(
    ['Images', 'Staged', 'Stalled'],
    'The pods of staging run different digests under the same tag.',
    'Name the right digest in staging, or restart its pods until they agree. The candidate continues automatically then.',
  ),
  ImageWithoutDigest: entry(
    ['Images', 'Staged', 'Stalled'],
    'The nodes of staging know no registry digest of an image: it was built or loaded on the node.',
    'Push the image to its registry, and name it by digest in staging.',
  ),
  ImageInjected: entry(
    ['Images', 'Staged', 'Stalled'],
    'The image that runs is not that of the template: an injector fills it in when the pod is created.',
    'A platform admin names a container whose image is auto in spec.injected of the policy; any other image is named by digest in staging.',
  ),
  ImageNotStaged: entry(
    ['Images', 'Staged', 'Stalled'],
    'The overlay names an image by tag that staging does not run.',
    'Create a new candidate whose overlay names the image by digest, or leaves it as staging has it.',
  ),
} as const satisfies Record<string, ReasonEntry>;
