/** The parts of a ReleasePolicy’s spec. */
import { z } from 'zod';
import { asSet, celRules, keepsUnknown, mapBy } from './crd-extensions.ts';
import { longestEmergency } from './emergency.ts';
import { operatedScaleKinds, platformKinds } from './kind-names.ts';
import type { Json } from './meta.ts';
import { oneSort, overlayItem } from './overlay.ts';
import {
  cronSchedule,
  duration,
  fieldPath,
  httpUrl,
  instant,
  kindName,
  label,
  objectName,
  onlyGroupName,
  packageName,
  patternedLine,
  referencePattern,
  roleName,
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

export const approvalLines = z.array(approvalLine).min(1).max(10).meta(mapBy('role'));

export const person = z.object({
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

export const window = z.object({
  schedule: cronSchedule.describe('When the window opens: minute, hour, day of month, month, day of week.'),
  duration: duration('1m', '168h').describe('How long it stays open.'),
  timeZone: timeZone.describe('The IANA time zone in which schedule is read. Daylight saving is followed.'),
});
export type Window = z.infer<typeof window>;

export const freeze = z
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

export const expedited = z.object({
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

export const changeTicket = z.object({
  mode: z
    .enum(['Required', 'Optional'])
    .default('Optional')
    .describe(
      'Required: a candidate names its change in spec.change. Optional: it need not; one that it names must match all the same.',
    ),
  pattern: referencePattern
    .optional()
    .describe(
      'What spec.change must match as a whole, such as ^CHG[0-9]{7}$. Absent: any text. Only whether it has this form is judged; the system of record is not asked.',
    ),
});

export const unmanaged = z
  .object({
    kind: kindName.describe('The kind of the object.'),
    name: objectName.describe('Its name in production.'),
    group: onlyGroupName,
    fields: z
      .array(fieldPath)
      .min(1)
      .max(32)
      .meta(asSet)
      .describe(
        'Paths of fields that something else owns: names joined by dots, list items picked by [key=value], such as spec.template.spec.containers[name=app].resources.',
      ),
  })
  .meta(
    celRules({
      rule: "!self.fields.exists(each, each in ['apiVersion', 'kind', 'metadata', 'spec', 'status'])",
      message: 'name a field below metadata or spec: whole, they are what the release decides',
    }),
  );

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

const restarts = z.object({
  most: z
    .int32()
    .min(0)
    .max(100)
    .default(3)
    .describe('How many restarts of one container are allowed. The next crash fails the release. 0: none.'),
  within: duration('1s', '6h')
    .optional()
    .describe(
      'How long after the creation of its pod a container may still fail to start: crash, wait for an image or for configuration. Absent, or longer: as long as progressTimeout.',
    ),
});

export const health = z.object({
  progressTimeout: duration('10s', '6h')
    .default('10m')
    .describe('How long a promotion may take until every workload is complete. Then it is rolled back.'),
  rollbackTimeout: duration('10s', '6h')
    .optional()
    .describe(
      'How long a rollback may take until every pod runs the restored revision and is ready. Then it ends as Failed, with a list of what is not as it should be. Absent: progressTimeout.',
    ),
  observeFor: duration('0s', '168h')
    .default('15m')
    .describe('How long after completion failing health still rolls back. 0s: not at all.'),
  settle: duration('0s', '10m')
    .default('5s')
    .describe(
      'How long every pod must have been ready before a release counts as complete. The API server notes readiness in whole seconds, so it may be up to a second more. 0s: as soon as they are ready.',
    ),
  nodeGrace: duration('0s', '30m')
    .default('60s')
    .describe(
      'How long a pod may take to be ready again when its node may be the cause: a reboot, a node that was not ready, a disruption. Counted from the last sign of it. 0s: a node is no excuse.',
    ),
  restarts: restarts
    .prefault({})
    .describe('How often and for how long a container of a new pod may fail to start before the release has failed.'),
  checks: z
    .array(check)
    .max(16)
    .default([])
    .meta(mapBy('name'))
    .describe('Checks on top of the health of the workloads. Empty: none.'),
});

export const retain = z.object({
  bundles: z
    .int32()
    .min(2)
    .max(100)
    .default(10)
    .describe('How many bundles of a package are kept, beside the one in production and the one before it.'),
  candidates: z.int32().min(1).max(1000).default(20).describe('How many finished candidates of a package are kept.'),
});

export const platformWriter = z.object({
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

export const injected = z.object({
  kind: kindName.describe('The kind of the object.'),
  name: objectName.describe('Its name.'),
  group: onlyGroupName,
  container: label('istio-proxy', 63).describe('The container whose image is filled in.'),
});

const scaleBounds = z
  .object({
    kind: z.enum(operatedScaleKinds).describe('The kind of the workload.'),
    name: objectName.describe('Its name in production.'),
    min: z.int32().min(0).max(10_000).describe('The fewest replicas.'),
    max: z.int32().min(0).max(10_000).describe('The most replicas.'),
  })
  .meta(
    celRules({ rule: 'self.min <= self.max', message: 'min must not be above max: exchange them, or correct one' }),
  );

export const operate = z.object({
  scale: z
    .array(scaleBounds)
    .max(100)
    .default([])
    .meta(mapBy('kind', 'name'))
    .describe(
      'Workloads that holders of the right to operate may scale, and within which bounds. A promotion keeps the replicas of these workloads as they are. Empty: none.',
    ),
});

export const emergency = z.object({
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

export const policyOverlay = z
  .object({ package: packageName.describe('The package of which it is true.'), ...overlayItem })
  .meta(oneSort);
export type PolicyOverlay = z.infer<typeof policyOverlay>;

/** What an overlay of a candidate may change of what runs. */
export const overlayMay = z.enum(['Image', 'Command']);
