/** `ReleaseBundle`: the content that is signed for and shipped, frozen. */
import { z } from 'zod';
import { age, type Definition } from './definition.ts';
import { dependency, imagePin, objectKey, stagingReference, uncounted } from './bundle-facts.ts';
import { bundledGroup, bundledIrreversible } from './irreversible.ts';
import { leftOut } from './leave-out.ts';
import { envelope, namespacedReference } from './meta.ts';
import { overlaidField } from './overlay.ts';
import { parser } from './parse.ts';
import { asOne, asSet, celRules, neverChanges } from './crd-extensions.ts';
import { digest, free, kindName, objectName, objectUid, prose, username } from './schemas.ts';

/** Largest content of one object, in bytes of canonical JSON: twice what the API server takes of an object at most. */
export const bundledContentBytes = 3 * 1024 * 1024;
/** Longest `content` that is stored, with room for the rest of a part below the 1.5 MiB that etcd takes. */
export const storedContentLength = 1_450_000;

const bundledObject = z.object({
  ...objectKey,
  digest: digest.describe('SHA-256 of content.'),
  content: free(1_500_000)
    .min(2)
    .describe(
      'The object as production shall have it: canonical JSON (RFC 8785), without status and server-owned fields. With encoding: that, compressed, in base64.',
    ),
  encoding: z
    .enum(['gzip'])
    .optional()
    .describe(
      'How content is stored when it is large: base64 of gzip. The digest is that of the text. Absent: as text.',
    ),
  size: z
    .int32()
    .min(2)
    .max(bundledContentBytes)
    .optional()
    .describe('Bytes of the text when content is encoded; what unpacks to more is refused.'),
  source: z
    .object({
      uid: objectUid.describe('Its uid in staging.'),
      resourceVersion: z
        .string()
        .max(40)
        .regex(/^[0-9]+$/)
        .describe('Its resourceVersion when it was frozen. Who changed it before is no author of the next release.'),
      digest: digest
        .optional()
        .describe(
          'Digest of what it held then, before any overlay. Absent in bundles of earlier versions, which are not made again.',
        ),
    })
    .optional()
    .describe('The staged object that content was read from. Absent on a baseline, which was never staged.'),
});
export type BundledObject = z.infer<typeof bundledObject>;

const unmanagedFields = z.object({
  kind: kindName.describe('The kind of the object.'),
  name: objectName.describe('Its name.'),
  group: bundledGroup,
  fields: z.array(free(256)).min(1).max(64).meta(asOne).describe('Paths of fields left alone, sorted.'),
});

/** How risky a change is, for the eye of the signer. */
export const deltaClasses = [
  'data loss',
  'rights',
  'image',
  'command',
  'configuration',
  'identity',
  'network',
  'storage',
  'scale',
  'removed',
  'added',
  'metadata',
] as const;
export type DeltaClass = (typeof deltaClasses)[number];

/** Longest value of an entry of a delta, in characters; the schema has room for the words that say what is cut. */
export const longestDeltaValue = 65_536;

/** Largest text of a delta, in bytes of JSON: it must fit into the object with everything else. */
export const maxDeltaTextBytes = 700_000;

/** Longest release notes of a bundle, in bytes of JSON. */
export const maxNotesBytes = 48_000;

const deltaEntry = z.object({
  object: z.string().max(320).describe('The object, such as Deployment/api.'),
  path: free(4096).describe('The path of the field. Empty for the whole object.'),
  from: free(longestDeltaValue + 100).describe(
    'What production has now; of a text of several lines, those that go. Empty for nothing. What is cut says so: deltaText has more.',
  ),
  to: free(longestDeltaValue + 100).describe(
    'What it will have; of a text of several lines, those that come. Empty for nothing. What is cut says so: deltaText has more.',
  ),
  class: z.enum(deltaClasses).describe('What sort of change it is.'),
});
export type DeltaEntry = z.infer<typeof deltaEntry>;

const part = z.object({
  of: objectName.describe('The name of the head.'),
  index: z.int32().min(0).max(63).describe('Its place among the parts, from 0.'),
});

const orEmpty = (pattern: string, max: number) =>
  z
    .string()
    .max(max)
    .regex(new RegExp(`^(${pattern})?$`))
    .default('');

const releaseBundleSpec = z
  .object({
    candidate: namespacedReference
      .optional()
      .describe('The candidate it was rendered for. Absent on a baseline, which nobody asked for, and on parts.'),
    targetNamespace: orEmpty('[a-z0-9]([-a-z0-9]*[a-z0-9])?', 63).describe('The production namespace. Empty on parts.'),
    policyUID: orEmpty('[A-Za-z0-9-]+', 128).describe(
      'The uid of the ReleasePolicy it was rendered under: consent does not outlive the namespace. Empty on parts.',
    ),
    package: orEmpty('[a-z0-9]([-a-z0-9]*[a-z0-9])?', 40).describe('The package. Empty on parts.'),
    version: orEmpty('[A-Za-z0-9][A-Za-z0-9._+-]*', 40).describe('The version. Empty on parts and baselines.'),
    authors: z
      .array(username)
      .max(500)
      .default([])
      .meta(asSet)
      .describe('The usernames of everybody who changed the content, sorted. None of them can sign for it.'),
    digest: orEmpty('sha256:[0-9a-f]{64}', 71).describe(
      'SHA-256 over the canonical JSON of targetNamespace, policyUID, package, objects, removed, unmanaged, irreversible, leftOut and overlay (where there are any), onFailure and base. Empty on parts.',
    ),
    base: orEmpty('none|sha256:[0-9a-f]{64}', 71).describe(
      'The digest of what production ran when this was rendered; none when it ran nothing of the package. Empty on parts.',
    ),
    previous: z
      .string()
      .max(253)
      .default('')
      .describe('The name of the bundle that base is the digest of; a rollback goes there. Empty for none.'),
    baseline: z
      .boolean()
      .default(false)
      .describe('It records what production ran before the first promotion, and was not released through us.'),
    onFailure: z.enum(['Rollback', 'Page']).default('Rollback').describe('What failing health does.'),
    serverVersion: z
      .string()
      .max(64)
      .default('')
      .describe('The version of the API server whose defaults the content carries, such as v1.36.3. Empty on parts.'),
    objects: z
      .array(bundledObject)
      .max(1000)
      .default([])
      .meta(asOne)
      .describe('The objects, sorted by kind and name. A head with parts has none of its own.'),
    removed: z
      .array(z.object(objectKey))
      .max(1000)
      .default([])
      .meta(asOne)
      .describe('Objects of the release before it that this one deletes, sorted.'),
    unmanaged: z
      .array(unmanagedFields)
      .max(1000)
      .default([])
      .meta(asOne)
      .describe('Fields that are neither written nor compared, sorted by kind and name.'),
    irreversible: z
      .array(bundledIrreversible)
      .max(50)
      .default([])
      .meta(asOne)
      .describe('What no rollback takes back, as the candidate says it, sorted by kind and name.'),
    images: z
      .array(imagePin)
      .max(1000)
      .default([])
      .meta(asOne)
      .describe(
        'Images that staging named by tag, and where the digest was seen that they are pinned to (images: PinFromStaging in the policy).',
      ),
    leftOut: z
      .array(leftOut)
      .max(500)
      .default([])
      .meta(asOne)
      .describe('What the selector of the candidate found and this release does not take, sorted by kind and name.'),
    notSearched: z
      .array(free(253))
      .max(1000)
      .default([])
      .meta(asOne)
      .describe(
        'Custom resources that the cluster defines and the chart does not list, where the candidate has a selector: it did not look among them. Sorted.',
      ),
    stagingReferences: z
      .array(stagingReference)
      .max(200)
      .default([])
      .meta(asOne)
      .describe('Places where the content names the staging namespace, in the order of the objects.'),
    dependencies: z
      .array(dependency)
      .max(500)
      .default([])
      .meta(asOne)
      .describe('What the content refers to and does not hold, sorted by kind and name.'),
    dependenciesLeftOut: uncounted.describe('How many more there are. What is required is named before the rest.'),
    overlay: orEmpty('sha256:[0-9a-f]{64}', 71).describe(
      'SHA-256 of what the overlay of the policy said of these objects when this was rendered. When it says something else, the candidate is rendered again. Empty: nothing.',
    ),
    overlaid: z
      .array(z.object({ ...objectKey, ...overlaidField }))
      .max(100)
      .default([])
      .meta(asOne)
      .describe(
        'What overlays change, 100 fields at most, and of images and of commands one at least where they change any: the gate Overlay judges them.',
      ),
    overlaidMore: z.int32().min(0).default(0).describe('How many more fields they change.'),
    delta: z
      .array(deltaEntry)
      .max(5000)
      .default([])
      .meta(asOne)
      .describe('What changes in production, field by field, for programs; what people read is deltaText.'),
    deltaText: prose(maxDeltaTextBytes).describe(
      'The delta for people to read. Of images, commands, identities, rights and network it holds everything; of the rest it says at the top what is hidden, folded or cut, and the command that shows it.',
    ),
    notes: prose(maxNotesBytes).describe(
      'The release notes, as Markdown: what people say of it, and what is computed of changes, needs and ways back. What was found out since, and who signed, kubectl countersign notes adds. Empty on baselines and parts.',
    ),
    parts: z
      .array(objectName)
      .max(64)
      .default([])
      .meta(asOne)
      .describe(
        'The names of the bundles that hold the objects when they do not fit into one, in order. Empty: they are here.',
      ),
    part: part
      .optional()
      .describe('Says that this is a part, and of what. A part carries objects only. Absent on heads.'),
  })
  .meta(
    celRules(
      neverChanges('the operator writes another bundle'),
      {
        rule: "has(self.part) || (self.targetNamespace != '' && self.policyUID != '' && self.package != '' && self.digest != '' && self.base != '')",
        message:
          'a head needs targetNamespace, policyUID, package, digest and base: set them, or set spec.part on a part',
      },
      {
        rule: 'has(self.part) || self.baseline || has(self.candidate)',
        message: 'a head needs spec.candidate: set it, or set baseline: true on a baseline',
      },
      {
        rule: "!has(self.part) || (self.digest == '' && self.package == '' && size(self.parts) == 0)",
        message: 'a part carries objects only: leave out digest, package and parts',
      },
      {
        rule: 'size(self.parts) == 0 || size(self.objects) == 0',
        message: 'objects are either here or in parts: leave out spec.objects, or spec.parts',
      },
    ),
  );

export const releaseBundle = z.object({
  ...envelope('ReleaseBundle'),
  spec: releaseBundleSpec.describe('The content. It never changes.'),
});

export const parseReleaseBundle = parser(releaseBundle);

export const releaseBundleDefinition: Definition = {
  kind: 'ReleaseBundle',
  description:
    'The content that is signed for and shipped, frozen when it was staged. Written by the operator in the production namespace.',
  schema: releaseBundle,
  rules: [],
  columns: [
    { name: 'Package', type: 'string', jsonPath: '.spec.package', description: 'What is released.' },
    { name: 'Version', type: 'string', jsonPath: '.spec.version', description: 'Its version.' },
    { name: 'Candidate', type: 'string', jsonPath: '.spec.candidate.name', description: 'What it was rendered for.' },
    { name: 'Baseline', type: 'boolean', jsonPath: '.spec.baseline', description: 'Whether it was there before us.' },
    { name: 'Digest', type: 'string', jsonPath: '.spec.digest', description: 'What is signed for.', priority: 1 },
    { name: 'Part Of', type: 'string', jsonPath: '.spec.part.of', description: 'The head of a part.', priority: 1 },
    age,
  ],
  selectableFields: ['.spec.package', '.spec.candidate.uid'],
};
