/** `ReleaseCandidate`: what a developer wants in production, and why. */
import { z } from 'zod';
import { outcomes } from './conditions.ts';
import { age, type Definition } from './definition.ts';
import { conditions, envelope, identity, observedGeneration } from './meta.ts';
import { irreversible } from './irreversible.ts';
import { leaveOut } from './leave-out.ts';
import { overlay } from './overlay.ts';
import { parser } from './parse.ts';
import { optional, releaseNotes } from './release-notes.ts';
import { asOne, asSet, celRules, mapBy, neverChanges } from './crd-extensions.ts';
import {
  digest,
  free,
  groupAgrees,
  groupName,
  groupVersion,
  instant,
  kindName,
  namespaceName,
  objectName,
  packageName,
  prose,
  typedUsername,
  versionText,
  writtenLine,
} from './schemas.ts';

/** A Job runs as `<name>-<8 digits of the digest>`, which must be a label value of at most 63 characters. */
const longestJobName = 54;
/** A bundle is named `<candidate>-<8 digits of the digest>`, its parts one or two digits more. */
const longestCandidateName = 52;

const component = z
  .object({
    kind: kindName.describe('The kind of the object in staging, such as Deployment.'),
    name: objectName.describe('Its name there, which is also its name in production.'),
    group: groupName,
    apiVersion: groupVersion
      .optional()
      .describe('Its group and version. Needed only for a kind that exists in several groups; absent: the usual one.'),
  })
  .meta(
    celRules(groupAgrees, {
      rule: `self.kind != 'Job' || size(self.name) <= ${longestJobName}`,
      message: `a Job runs as <name>-<digest>: give it a name of at most ${longestJobName} characters`,
    }),
  );

/** Of a label: a DNS subdomain, a slash, and a name. */
const longestLabelKey = 253 + 1 + 63;

const selector = z.object({
  matchLabels: z
    .record(z.string(), writtenLine(63))
    .meta({
      minProperties: 1,
      maxProperties: 20,
      // A schema has no bound for keys.
      ...celRules({
        rule: `self.all(key, size(key) <= ${longestLabelKey})`,
        message: `no label has a key of more than ${longestLabelKey} characters: name the label as it is on the object`,
      }),
    })
    .describe('Labels that an object in staging must all have.'),
});

/** A reference into somebody else's system of record. */
const reference = writtenLine(128).default('');

const releaseCandidateSpec = z
  .object({
    targetNamespace: namespaceName.describe(
      'The production namespace. Its ReleasePolicy must name this namespace as source.',
    ),
    package: packageName.describe(
      'What is released as a whole. An object belongs to one package of a production namespace.',
    ),
    version: versionText.describe('The version, as people know it. It orders nothing.'),
    components: z
      .array(component)
      .min(1)
      .max(500)
      .optional()
      .meta(mapBy('kind', 'name', 'group'))
      .describe(
        'The objects of staging that make up the package. What the release before it had and this list has not is deleted from production.',
      ),
    selector: selector
      .optional()
      .describe('Picks the objects of staging by label instead of by name: for packages with very many parts.'),
    leaveOut: z
      .array(leaveOut)
      .max(500)
      .default([])
      .meta(mapBy('kind', 'name', 'group'))
      .describe(
        'Objects that the selector finds and this release does not take, each with the reason. What it finds and cannot take, such as a Secret, blocks the candidate until it is named here. Part of what is signed. What the release before it had is deleted from production. Empty: nothing.',
      ),
    overlay: z
      .array(overlay)
      .max(500)
      .default([])
      .meta(mapBy('kind', 'name', 'group'))
      .describe(
        'What production keeps different from staging in this release, beside what the policy says. Part of what is signed. Empty: nothing.',
      ),
    significance: z
      .enum(['Minor', 'Significant', 'NewApplication'])
      .default('Minor')
      .describe('How much changes. The operator may raise it from what it finds, never lower it.'),
    urgency: z
      .enum(['Normal', 'Expedited'])
      .default('Normal')
      .describe('Expedited takes the hotfix lane of the policy: more signatures, less waiting. It needs incident.'),
    notes: releaseNotes.prefault({}).describe('What signers and operators read.'),
    change: reference.describe(
      'The change in the system of record, where the policy requires one (changeTicket). Empty: none.',
    ),
    incident: reference.describe('The incident that this fixes. Empty: none.'),
    onFailure: z
      .enum(['Rollback', 'Page'])
      .default('Rollback')
      .describe('What failing health does. Page: it calls people and leaves production as it is. It needs pageReason.'),
    irreversible: z
      .array(irreversible)
      .max(50)
      .default([])
      .meta(mapBy('kind', 'name', 'group'))
      .describe(
        'What this release does that no rollback takes back, and why it is wanted all the same: what the gate Reversible names, and nothing else. Part of what is signed. Empty: nothing.',
      ),
    pageReason: optional(1024).describe('Why going back would be worse, such as a migration that cannot be undone.'),
    onBehalfOf: z
      .array(typedUsername)
      .max(50)
      .default([])
      .meta(asSet)
      .describe(
        'The people behind an author that is a trusted ServiceAccount. They count as authors: they cannot sign.',
      ),
    replaces: z
      .string()
      .max(longestCandidateName)
      .regex(/^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$/)
      .default('')
      .describe('The name of an earlier candidate of the package that this one supersedes. Empty: none.'),
    followsUp: writtenLine(253)
      .default('')
      .describe(
        'The EmergencyAccess in the target namespace whose changes this release makes permanent, or openly reverts. Empty: none.',
      ),
    reverts: z
      .array(component)
      .max(200)
      .default([])
      .meta(mapBy('kind', 'name', 'group'))
      .describe(
        'Objects that the emergency changed and that this release takes back instead of keeping. Whatever else it touches of that emergency must be as the emergency left it. Empty: none.',
      ),
    author: identity.describe('Who staged it. Stamped by the API server; leave it out.'),
  })
  .meta(
    celRules(
      neverChanges('create a new candidate; set spec.replaces'),
      {
        rule: 'has(self.components) != has(self.selector)',
        message: 'name what is released exactly once: either list spec.components, or set spec.selector',
      },
      {
        rule: 'has(self.selector) || size(self.leaveOut) == 0',
        message: 'spec.leaveOut goes with spec.selector: with spec.components, leave the object out of that list',
      },
      {
        rule: "self.urgency != 'Expedited' || size(self.incident) > 0",
        message: 'urgency Expedited needs spec.incident: name the incident that this release fixes',
      },
      {
        rule: "self.onFailure != 'Page' || size(self.pageReason) > 0",
        message: 'onFailure Page needs spec.pageReason: say why going back would be worse',
      },
      {
        rule: 'size(self.reverts) == 0 || size(self.followsUp) > 0',
        message: 'spec.reverts goes with spec.followsUp: name the EmergencyAccess whose changes are taken back',
      },
    ),
  );

const gateReport = z.object({
  name: z.string().max(63).describe('The gate.'),
  outcome: z
    .enum(outcomes)
    .describe(
      'Passed; Waiting for time or people; Blocked until something is changed; Unknown because it could not be observed.',
    ),
  reason: z
    .string()
    .max(63)
    .regex(/^[A-Z][A-Za-z0-9]*$/)
    .describe('Why, as one word of the catalogue of reasons.'),
  message: free(32768).describe('Why, as one sentence.'),
  remedy: prose(32768).describe('What would make it pass, and who can do it. Empty when it has passed.'),
});

const releaseCandidateStatus = z.object({
  observedGeneration,
  conditions,
  phase: z.string().max(63).default('').describe('Where it stands, for display only.'),
  reason: z.string().max(63).default('').describe('Why it stands there, for display only.'),
  digest: digest.optional().describe('The content to be signed for. Absent until it is staged.'),
  bundle: objectName.optional().describe('The bundle that holds that content. Absent until it is staged.'),
  objects: z
    .string()
    .max(63)
    .default('')
    .describe('How many objects are frozen, and how many were left out, such as "35 objects, 2 left out".'),
  approvals: z.string().max(15).default('').describe('Signatures that count, and signatures needed, such as 2/3.'),
  gates: z
    .array(gateReport)
    .max(32)
    .default([])
    .meta(mapBy('name'))
    .describe('Every gate, always, with who can supply what is missing.'),
  approvalManifests: z
    .record(z.string(), free(4096))
    .default({})
    .meta({ maxProperties: 20 })
    .describe('By role, the Approval that would sign for this content: pipe it to kubectl create -f -.'),
  sourceAuthors: z
    .array(
      z.object({
        username: free(254).describe('As the statement has it: a mail address, or an account of the forge.'),
        did: free(1024).describe('Such as wrote commit 3f0e… of https://git.example/payments.'),
        evidence: free(512).describe('The Evidence that brings the statement.'),
      }),
    )
    .max(100)
    .optional()
    .meta(asOne)
    .describe(
      'Who made the source of the content, as signed statements say: they count as authors. At most the first 100; of more, gate SegregationOfDuties says how many. Absent: no statement names anybody.',
    ),
  observeUntil: instant
    .optional()
    .describe('Until when failing health still rolls back. Absent before the promotion is complete.'),
});
export type ReleaseCandidateStatus = z.infer<typeof releaseCandidateStatus>;

export const releaseCandidate = z.object({
  ...envelope('ReleaseCandidate'),
  spec: releaseCandidateSpec.describe('What is to be released. It never changes.'),
  status: releaseCandidateStatus.optional().describe('What was observed. A report, never an authority.'),
});
export type ReleaseCandidate = z.infer<typeof releaseCandidate>;

export const parseReleaseCandidate = parser(releaseCandidate);

export const releaseCandidateDefinition: Definition = {
  kind: 'ReleaseCandidate',
  description:
    'Objects of staging that somebody wants in production, and why. Created in the staging namespace; what it asks for never changes.',
  schema: releaseCandidate,
  rules: [
    {
      rule: `size(self.metadata.name) <= ${longestCandidateName}`,
      message: `bundles are named after the candidate: give it a name of at most ${longestCandidateName} characters, such as payments-2.4.0`,
    },
  ],
  columns: [
    { name: 'Package', type: 'string', jsonPath: '.spec.package', description: 'What is released.' },
    { name: 'Version', type: 'string', jsonPath: '.spec.version', description: 'Its version.' },
    { name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'Where it stands.' },
    { name: 'Approvals', type: 'string', jsonPath: '.status.approvals', description: 'Signatures, of those needed.' },
    {
      name: 'Objects',
      type: 'string',
      jsonPath: '.status.objects',
      description: 'How many objects it has, and how many were left out.',
    },
    {
      name: 'Digest',
      type: 'string',
      jsonPath: '.status.digest',
      description: 'The content to be signed for.',
      priority: 1,
    },
    { name: 'Reason', type: 'string', jsonPath: '.status.reason', description: 'Why it stands there.' },
    age,
  ],
  selectableFields: ['.spec.package', '.spec.targetNamespace'],
};
