/** `ReleasePolicy`: what a production namespace demands of a release. */
import { z } from 'zod';
import { asOne, asSet, celRules, mapBy } from './crd-extensions.ts';
import { age, type Definition } from './definition.ts';
import { policyName } from './kinds.ts';
import { conditions, envelope, observedGeneration } from './meta.ts';
import { notify } from './notify.ts';
import { parser } from './parse.ts';
import { changes } from './policy-changes.ts';
import { exceptions } from './policy-exceptions.ts';
import { finding, packageInProduction, review } from './policy-status.ts';
import { evidenceLines, minorClasses, trustedRoots } from './policy-evidence.ts';
import {
  approvalLines,
  changeTicket,
  defaultCandidateValidFor,
  emergency,
  expedited,
  freeze,
  health,
  injected,
  operate,
  overlayMay,
  person,
  platformWriter,
  policyOverlay,
  retain,
  unmanaged,
  window,
} from './policy-fields.ts';
import { day, duration, namespaceName, objectName, serviceAccountName, typedUsername } from './schemas.ts';

export const releasePolicySpec = z
  .object({
    inherits: objectName
      .optional()
      .describe(
        'The ClusterReleasePolicy that is demanded at least: of each field the tighter value counts, and no value here loosens it. Until it is there, nothing is promoted. Absent: this policy alone counts.',
      ),
    sourceNamespace: namespaceName.describe(
      'The staging namespace from which releases come. Candidates from any other namespace are refused.',
    ),
    deliveredBy: z
      .enum(['Countersign', 'GitOps'])
      .default('Countersign')
      .describe(
        'Who writes production. Countersign: the operator does. GitOps: a tool does, under one of gitOpsWriters, and is admitted with exactly the content that was signed for.',
      ),
    gitOpsWriters: z
      .array(typedUsername)
      .max(20)
      .default([])
      .meta(asSet)
      .describe(
        'Usernames under which a GitOps tool writes approved content, such as system:serviceaccount:argocd:argocd-application-controller.',
      ),
    trustedAutomation: z
      .array(serviceAccountName)
      .max(50)
      .default([])
      .meta(asSet)
      .describe(
        'ServiceAccounts that may author candidates, and then must name the people behind them in onBehalfOf. Empty: candidates of ServiceAccounts are refused.',
      ),
    approvals: approvalLines.describe(
      'The signatures a release needs. Every line must be met; one person counts once over all lines.',
    ),
    approvalValidFor: duration('1m', '720h')
      .default('72h')
      .describe('How long a signature counts, from its creation to the start of the promotion.'),
    candidateValidFor: duration('1h', '2160h')
      .default(defaultCandidateValidFor)
      .describe('How long a candidate may wait, from its creation to the start of its promotion. Then it is Expired.'),
    people: z
      .array(person)
      .max(500)
      .default([])
      .meta(mapBy('name'))
      .describe(
        'The accounts that belong to one human. An account not listed is a person of its own, so aliases that are not listed are not detected.',
      ),
    notes: z
      .enum(['Required', 'Optional'])
      .default('Required')
      .describe(
        'Required: a candidate says what it is (summary) and what people must do or watch (installation); the rest is computed. Optional: it need not.',
      ),
    changeTicket: changeTicket
      .prefault({})
      .describe('Whether a release needs a change in the system of record, and the form of its name.'),
    soak: duration('0s', '720h')
      .default('0s')
      .describe(
        'How long staging must have run exactly this content, healthy, before it is promoted. 0s: no time at all.',
      ),
    stagingHold: z
      .enum(['UntilTested', 'UntilPromoted'])
      .default('UntilTested')
      .describe(
        'How long staging must keep the content unchanged. UntilTested: until the soak is over and the line of role tester, if there is one, is met. UntilPromoted: until the promotion starts.',
      ),
    restartOnConfigChange: z
      .boolean()
      .default(true)
      .describe(
        'Whether a release that changes a ConfigMap of the package replaces the pods that read it, and staging has to restart its own before its soak counts. A GitOps tool that delivers replaces them itself. false: pods go on as they are, for programs that read their configuration again.',
      ),
    images: z
      .enum(['PinFromStaging', 'DigestRequired'])
      .default('PinFromStaging')
      .describe(
        'How images are named. PinFromStaging: by digest, or by tag, and then the digest that every ready pod of staging runs under it is put behind it. DigestRequired: by digest; a tag may stand beside it.',
      ),
    injected: z
      .array(injected)
      .max(50)
      .default([])
      .meta(asOne)
      .describe(
        'Containers whose image an injector fills in when their pods are created: those that name it auto, such as the gateways of Istio. They need no digest, and signers are told so. A container that names another image is held to it. Empty: none.',
      ),
    overlay: z
      .array(policyOverlay)
      .max(500)
      .default([])
      .meta(mapBy('package', 'kind', 'name', 'group'))
      .describe(
        'What production always keeps different from staging, laid over the staged objects before what a candidate says. Part of what is signed: when it changes, candidates that wait are rendered again and need new signatures. An item that changes nothing, or whose object a release does not contain, blocks nothing. Empty: nothing.',
      ),
    overlayMay: z
      .array(overlayMay)
      .max(2)
      .default([])
      .meta(asSet)
      .describe(
        'What the overlay of a candidate may change of what runs: Image, the images; Command, what the delta of a bundle calls command: commands, arguments, hooks, probes, and variables by which programs load code. What the policy itself says under overlay may. Empty: neither.',
      ),
    evidence: evidenceLines.describe(
      'The evidence that a release needs, besides signatures. Every line must be met. Empty: none.',
    ),
    trustedRoots: trustedRoots.describe(
      'The authorities behind the identities that evidence may be signed by. Empty: evidence is signed by keys alone.',
    ),
    minor: minorClasses.describe(
      'Classes of the delta in which a release may change something and still count as minor, where evidence is demanded of significant ones. Empty: whatever changes in one of these classes is significant.',
    ),
    exceptions: exceptions
      .optional()
      .describe('Which gates a PolicyException may pass, and who signs for it. Absent: there are no exceptions.'),
    changes: changes
      .optional()
      .describe(
        'Who signs for a change of this policy. Where it is set nobody changes the spec directly: a PolicyChange does, once others have signed for it. Absent: a holder of the right to administer changes it alone.',
      ),
    windows: z
      .array(window)
      .max(20)
      .default([])
      .meta(asOne)
      .describe('When promotions may start; one open window is enough. Empty: always.'),
    freezes: z
      .array(freeze)
      .max(50)
      .default([])
      .meta(asOne)
      .describe('When no promotion may start, windows or not. Rollbacks are exempt. Empty: never.'),
    expedited: expedited
      .optional()
      .describe('The hotfix lane, for candidates of urgency Expedited. Absent: such candidates are refused.'),
    unmanagedFields: z
      .array(unmanaged)
      .max(100)
      .default([])
      .meta(mapBy('kind', 'name', 'group'))
      .describe(
        'Fields of production that Countersign never writes and never compares. The replicas of a workload that an autoscaler of the release scales are implied.',
      ),
    platformWriters: z
      .array(platformWriter)
      .max(50)
      .default([])
      .meta(asOne)
      .describe('Programs that write named objects in production beside us. Empty: none.'),
    stagingReferences: z
      .enum(['Block', 'Report'])
      .default('Block')
      .describe(
        'What becomes of content that names the staging namespace as a host, URL, selector or argument. Block: it is not promoted until an overlay names production instead. Report: gate StagingReferences and the delta only say so.',
      ),
    unlistedKinds: z
      .enum(['Report', 'Deny'])
      .default('Report')
      .describe(
        'What becomes of writes of kinds that no release holds and nobody listed, by ServiceAccounts of other namespaces. Report: they are admitted, and condition EveryKindGuarded names the kinds. Deny: only the control plane and controllers that the chart names in controlPlane.customControllers write them. People never do.',
      ),
    operate: operate
      .prefault({})
      .describe('What holders of the right to operate may do to running workloads, beside restarting them.'),
    health: health.prefault({}).describe('What healthy means, and for how long it is asked.'),
    emergency: emergency
      .optional()
      .describe('What emergencies may do. Absent: there is no emergency access in this namespace.'),
    notify: notify
      .optional()
      .describe(
        'Who is told what happens here, outside of the cluster. What fails to arrive holds up nothing. Absent: nobody is told.',
      ),
    retain: retain.prefault({}).describe('How much history is kept.'),
    reviewOverdue: z
      .enum(['Report', 'Block'])
      .default('Report')
      .describe(
        'What becomes of releases when nobody has reviewed this policy in time. Report: condition Ready says so. Block: nothing is promoted until somebody has.',
      ),
    reviewBy: day.describe(
      'The day by which somebody must have looked at this policy again: at most 24 months after the change that sets it.',
    ),
  })
  .meta(
    celRules(
      {
        rule: "(self.deliveredBy == 'GitOps') == (size(self.gitOpsWriters) > 0)",
        message:
          'spec.deliveredBy: GitOps and spec.gitOpsWriters go together: name at least one writer, or leave both out',
      },
      {
        rule: 'self.evidence.all(e, !has(e.signedBy) || e.signedBy.all(s, !has(s.identity) || self.trustedRoots.exists(r, r.name == s.identity.root)))',
        message:
          'identity.root of a signer in spec.evidence names no entry of spec.trustedRoots: correct it, or add that entry',
      },
    ),
  );

const releasePolicyStatus = z.object({
  observedGeneration,
  conditions,
  packages: z
    .array(packageInProduction)
    .max(500)
    .default([])
    .meta(mapBy('package'))
    .describe('What production runs, by package.'),
  findings: z
    .array(finding)
    .max(50)
    .optional()
    .meta(mapBy('name'))
    .describe('Changes of production that nothing explains, oldest first: the first 50. Absent: none.'),
  review: review
    .optional()
    .describe('By when somebody must have looked at this policy again. Absent before it is judged.'),
});
export type ReleasePolicyStatus = z.infer<typeof releasePolicyStatus>;

export type ReleasePolicySpec = z.infer<typeof releasePolicySpec>;

export const releasePolicy = z.object({
  ...envelope('ReleasePolicy'),
  spec: releasePolicySpec.describe('What is demanded. Judged as it stands when it is needed.'),
  status: releasePolicyStatus.optional().describe('What was observed. A report, never an authority.'),
});
export type ReleasePolicy = z.infer<typeof releasePolicy>;

export const parseReleasePolicy = parser(releasePolicy);

export const releasePolicyDefinition: Definition = {
  kind: 'ReleasePolicy',
  description:
    'What a production namespace demands of a release: who signs, when it may start, what healthy means. One a namespace, named production.',
  schema: releasePolicy,
  rules: [
    {
      rule: `self.metadata.name == '${policyName}'`,
      message: `a namespace has one ReleasePolicy: name it ${policyName}`,
    },
  ],
  columns: [
    { name: 'Source', type: 'string', jsonPath: '.spec.sourceNamespace', description: 'The staging namespace.' },
    {
      name: 'Ready',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Ready")].status',
      description: 'Whether the policy is in force.',
    },
    {
      name: 'Reason',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
      description: 'Why it is, or is not.',
    },
    { name: 'Review By', type: 'string', jsonPath: '.spec.reviewBy', description: 'When it must be looked at again.' },
    age,
  ],
  selectableFields: [],
};
