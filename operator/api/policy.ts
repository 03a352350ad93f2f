/** `ReleasePolicy`: what a production namespace demands of a release. */
import { z } from 'zod';
import { age, type Definition } from './definition.ts';
import { longestEmergency } from './emergency.ts';
import { policyName } from './kinds.ts';
import { conditions, envelope, observedGeneration, type Json } from './meta.ts';
import { parser } from './parse.ts';
import { asOne, asSet, celRules, keepsUnknown, mapBy, type CelRule } from './crd-extensions.ts';
import {
  cronSchedule,
  day,
  digest,
  duration,
  fieldPath,
  free,
  httpUrl,
  instant,
  kindName,
  label,
  namespaceName,
  objectName,
  patternedLine,
  prose,
  roleName,
  serviceAccountName,
  timeZone,
  typedUsername,
  writtenLine,
} from './schemas.ts';

/** What is of a later version: in the schema so that it is refused by name, not silently dropped. */
const later = z.record(z.string(), z.custom<Json>()).meta(keepsUnknown);

/** How long a candidate waits where no policy says it, too. */
export const defaultCandidateValidFor = '336h';

const approvalLine = z
  .object({
    role: roleName.describe(
      'The role that signs. A signer holds verb approve on approvalroles with this resource name in the production namespace.',
    ),
    count: z.int32().min(1).max(10).describe('How many different people must sign in this role.'),
    oneFromEach: z
      .array(writtenLine(253).min(1))
      .max(10)
      .default([])
      .meta(asSet)
      .describe(
        'Groups of the identity provider, each of which must be among the signers. One signer stands for one group. Empty: any groups will do.',
      ),
  })
  .meta(
    celRules({
      rule: 'self.count >= size(self.oneFromEach)',
      message: 'count must be at least the number of groups in oneFromEach: raise count, or name fewer groups',
    }),
  );
export type ApprovalLine = z.infer<typeof approvalLine>;

const approvalLines = z.array(approvalLine).min(1).max(10).meta(mapBy('role'));

const person = z.object({
  name: z
    .string()
    .max(128)
    .regex(/^[A-Za-z0-9][A-Za-z0-9._@-]*$/)
    .describe('What the person is called in messages.'),
  identities: z
    .array(patternedLine(512).min(1))
    .min(1)
    .max(20)
    .meta(asSet)
    .describe('Every username of this one person. An identity belongs to one person only.'),
});

const window = z.object({
  schedule: cronSchedule.describe('When the window opens: minute, hour, day of month, month, day of week.'),
  duration: duration('1m', '168h').describe('How long it stays open.'),
  timeZone: timeZone.describe('The IANA time zone in which schedule is read. Daylight saving is followed.'),
});
export type Window = z.infer<typeof window>;

const freeze = z
  .object({
    from: instant.describe('First instant of the freeze.'),
    to: instant.describe('First instant after it.'),
    reason: writtenLine(256).min(1).describe('Why; shown to everybody who must wait.'),
  })
  .meta(
    celRules({
      rule: 'self.from < self.to',
      message: 'a freeze begins before it ends: exchange from and to, or correct one of them',
    }),
  );

const expedited = z.object({
  soak: duration('0s', '720h')
    .default('0s')
    .describe('The soak that an expedited candidate needs instead of spec.soak.'),
  passes: z
    .array(z.enum(['Window', 'Freeze']))
    .max(2)
    .default([])
    .meta(asSet)
    .describe('Gates of waiting that an expedited candidate passes. Empty: none.'),
  approvals: approvalLines.describe(
    'Lines that must be met on top of spec.approvals: the hotfix lane takes more signatures and less waiting.',
  ),
});

const unmanaged = z.object({
  kind: kindName.describe('The kind of the object.'),
  name: objectName.describe('Its name in production.'),
  fields: z
    .array(fieldPath)
    .min(1)
    .max(32)
    .meta(asSet)
    .describe(
      'Paths of fields that something else owns: names joined by dots, list items picked by [key=value], such as spec.template.spec.containers[name=app].resources.',
    ),
});

const httpCheck = z.object({
  url: httpUrl.describe('What is fetched, by GET, from within the cluster. Redirects are not followed.'),
  status: z.int32().min(100).max(599).default(200).describe('The status code of a healthy answer.'),
  interval: duration('1s', '1h').default('5s').describe('Time from one fetch to the next.'),
  failures: z.int32().min(1).max(100).default(2).describe('How many failures in a row make it unhealthy.'),
});

const check = z
  .object({
    name: label('smoke', 63).describe('What the check is called in messages.'),
    http: httpCheck.optional().describe('Fetches an address.'),
    prometheus: later.optional().describe('Asks Prometheus. Refused in this version.'),
  })
  .meta(
    celRules(
      {
        rule: '!has(self.prometheus)',
        message:
          'prometheus checks do not work in this version: use an http check (prometheus arrives with metric analysis)',
      },
      { rule: 'has(self.http) || has(self.prometheus)', message: 'say what is checked: add http with a url' },
    ),
  );

const health = z.object({
  progressTimeout: duration('10s', '6h')
    .default('10m')
    .describe('How long a promotion may take until every workload is complete. Then it is rolled back.'),
  observeFor: duration('0s', '168h')
    .default('15m')
    .describe('How long after completion failing health still rolls back. 0s: not at all.'),
  checks: z
    .array(check)
    .max(16)
    .default([])
    .meta(mapBy('name'))
    .describe('Checks on top of the health of the workloads. Empty: none.'),
});

const retain = z.object({
  bundles: z
    .int32()
    .min(2)
    .max(100)
    .default(10)
    .describe('How many bundles of a package are kept, beside the one in production and the one before it.'),
  candidates: z.int32().min(1).max(1000).default(20).describe('How many finished candidates of a package are kept.'),
});

/** Refuses what is of a later version. */
const laterList = (field: string, arrives: string): CelRule => ({
  rule: `!has(self.${field}) || size(self.${field}) == 0`,
  message: `spec.${field} does not work in this version: remove it (it arrives with ${arrives})`,
});

/** Kinds that another program may be declared to write beside us. Nothing that runs code, and nothing that gives rights. */
export const platformKinds = [
  'ConfigMap',
  'Secret',
  'Service',
  'Endpoints',
  'EndpointSlice',
  'Ingress',
  'NetworkPolicy',
  'HorizontalPodAutoscaler',
  'PodDisruptionBudget',
] as const;

const platformWriter = z.object({
  identity: typedUsername.describe(
    'The username of the program, such as system:serviceaccount:external-secrets:controller.',
  ),
  kind: z.enum(platformKinds).describe('The kind of object that it writes.'),
  names: z
    .array(objectName)
    .min(1)
    .max(50)
    .meta(asSet)
    .describe('The names of the objects, exactly. Every write of them is recorded.'),
});

const scaleBounds = z
  .object({
    kind: z.enum(['Deployment', 'StatefulSet']).describe('The kind of the workload.'),
    name: objectName.describe('Its name in production.'),
    min: z.int32().min(0).max(10_000).describe('The fewest replicas.'),
    max: z.int32().min(0).max(10_000).describe('The most replicas.'),
  })
  .meta(
    celRules({ rule: 'self.min <= self.max', message: 'min must not be above max: exchange them, or correct one' }),
  );

const operate = z.object({
  scale: z
    .array(scaleBounds)
    .max(100)
    .default([])
    .meta(mapBy('kind', 'name'))
    .describe(
      'Workloads that holders of the right to operate may scale, and within which bounds. A promotion keeps the replicas of these workloads as they are. Empty: none.',
    ),
});

const emergency = z.object({
  maxDuration: duration('1m', longestEmergency).default('12h').describe('The longest that one access may last.'),
  clusterRole: objectName
    .default('countersign-emergency')
    .describe(
      'The ClusterRole that the grantee holds in this namespace meanwhile: one of those that the chart lists under emergency.clusterRoles.',
    ),
  followUpWithin: duration('1m', '168h')
    .default('24h')
    .describe(
      'How long after the end the formal release that follows up may take; it is due when the window that is open then, or the next one, closes.',
    ),
  maxActive: z.int32().min(1).max(1000).default(2).describe('How many accesses may be live at once in this namespace.'),
  endSessions: z
    .enum(['Evict', 'Report'])
    .default('Evict')
    .describe(
      'What becomes at the end of pods that somebody went into. Evict: they are replaced, which cuts what is still open. Report: they are named, and stay.',
    ),
});

const releasePolicySpec = z
  .object({
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
        'Required: a candidate gives summary, changes, dependencies, installation and rollbackPlan. Optional: it need not.',
      ),
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
    images: z
      .enum(['DigestRequired'])
      .default('DigestRequired')
      .describe('How images must be named. DigestRequired: by digest; a tag may stand beside it.'),
    evidence: z
      .array(later)
      .max(20)
      .optional()
      .meta(asOne)
      .describe('Evidence a release needs. Refused in this version.'),
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
      .meta(mapBy('kind', 'name'))
      .describe(
        'Fields of production that Countersign never writes and never compares. The replicas of a workload that an autoscaler of the release scales are implied.',
      ),
    platformWriters: z
      .array(platformWriter)
      .max(50)
      .default([])
      .meta(asOne)
      .describe('Programs that write named objects in production beside us. Empty: none.'),
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
    retain: retain.prefault({}).describe('How much history is kept.'),
    reviewBy: day.describe(
      'The day by which somebody must have looked at this policy again: at most 24 months after the change that sets it.',
    ),
  })
  .meta(
    celRules(laterList('evidence', 'the Evidence kind'), {
      rule: "(self.deliveredBy == 'GitOps') == (size(self.gitOpsWriters) > 0)",
      message:
        'spec.deliveredBy: GitOps and spec.gitOpsWriters go together: name at least one writer, or leave both out',
    }),
  );

const packageInProduction = z.object({
  package: z.string().max(40).describe('The package.'),
  bundle: objectName.describe('The bundle that production runs.'),
  digest: digest.describe('Its digest.'),
  since: instant.describe('When its promotion or rollback was complete.'),
});

const finding = z.object({
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
});
export type ReleasePolicyStatus = z.infer<typeof releasePolicyStatus>;

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
