/** `EmergencyAccess`: rights of one person in one production namespace, for a time, until they end by themselves. */
import { z } from 'zod';
import { age, type Definition } from './definition.ts';
import { conditions, envelope, identity, observedGeneration } from './meta.ts';
import { parser } from './parse.ts';
import { asOne, celRules, mapBy } from './crd-extensions.ts';
import { digest, duration, free, instant, prose, typedUsername, written, writtenLine } from './schemas.ts';

/** No emergency lasts longer, whatever a policy says. */
export const longestEmergency = '24h';

const emergencyAccessSpec = z
  .object({
    grantee: typedUsername.describe(
      'Who gets access, as the API server knows them: a person, and never the one who grants, under any of their accounts.',
    ),
    duration: duration('1m', longestEmergency).describe(
      'For how long, from the creation of this object. At most spec.emergency.maxDuration of the policy.',
    ),
    reason: written(1024).min(1).describe('What is wrong. It goes into the record.'),
    incident: writtenLine(128).min(1).describe('The incident in the system of record.'),
    revoked: z
      .boolean()
      .default(false)
      .describe('Set it to true to end the access now. It cannot be taken back; grant again instead.'),
    grantor: identity.describe('Who grants. Stamped by the API server; leave it out.'),
  })
  .meta(
    celRules({
      rule: 'self.grantee == oldSelf.grantee && self.duration == oldSelf.duration && self.reason == oldSelf.reason && self.incident == oldSelf.incident && self.grantor == oldSelf.grantor && (self.revoked || !oldSelf.revoked)',
      message:
        'spec cannot be changed after creation, except revoked: true; to give somebody access for longer, end this and create a new EmergencyAccess',
    }),
  );

/** How an access stands. For display only: nothing decides by it. */
export const emergencyStates = [
  'Pending',
  'Active',
  'Ended',
  'ReviewDue',
  'FollowUpDue',
  'Overdue',
  'Closed',
  'Refused',
] as const;
export type EmergencyState = (typeof emergencyStates)[number];

const drifted = z.object({
  object: z.string().max(330).describe('What the emergency left changed, as kind and name.'),
  change: z.enum(['Created', 'Changed', 'Deleted']).describe('How it differs from before the emergency.'),
  settled: z
    .enum(['Open', 'Covered', 'Reverted', 'Restored', 'Reviewed'])
    .describe(
      'Open: a follow-up release is still to say what becomes of it. Covered: one has made it permanent. Reverted: one has openly undone it. Restored: it is as it was before. Reviewed: no release can hold it, and the reviewer has signed for it.',
    ),
  bundle: z.string().max(253).default('').describe('The bundle that settled it. Empty: none did.'),
});

const session = z.object({
  pod: z.string().max(253).describe('The pod that somebody went into.'),
  outcome: z
    .enum(['Open', 'Gone', 'Reported'])
    .describe(
      'Open: it is still there, and so may be what was opened into it. Gone: it is replaced or deleted, and everything in it over. Reported: it was there at the end, and was left.',
    ),
});

const emergencyAccessStatus = z.object({
  observedGeneration,
  conditions,
  state: z.string().max(63).default('').describe('How it stands, for display only.'),
  notAfter: instant
    .optional()
    .describe('When it ends at the latest: creation and duration. Nothing moves it. Absent before it is judged.'),
  guarantee: prose(2048).describe('What ends on time, and by what, with how much of Countersign alive.'),
  actions: z.int32().min(0).default(0).describe('How many acts under it are in the record.'),
  digest: digest
    .optional()
    .describe(
      'The digest of the list of its acts and of what they left changed: what a reviewer signs. Absent until it is over.',
    ),
  drift: z
    .array(drifted)
    .max(200)
    .default([])
    .meta(mapBy('object'))
    .describe('What it left changed: the first 200. Complete in the record.'),
  sessions: z
    .array(session)
    .max(100)
    .default([])
    .meta(asOne)
    .describe('Pods that somebody went into, and what became of them: the first 100.'),
  followUpDue: instant
    .optional()
    .describe('By when a follow-up release is to be in production. Absent where nothing was left changed.'),
  approvalManifests: z
    .record(z.string(), free(4096))
    .default({})
    .meta({ maxProperties: 20 })
    .describe('By role, the Approval that reviews it: pipe it into kubectl create -f -.'),
});
export type EmergencyAccessStatus = z.infer<typeof emergencyAccessStatus>;

export const emergencyAccess = z.object({
  ...envelope('EmergencyAccess'),
  spec: emergencyAccessSpec.describe('Who gets access, why, and for how long.'),
  status: emergencyAccessStatus.optional().describe('What was observed. A report, never an authority.'),
});
export type EmergencyAccess = z.infer<typeof emergencyAccess>;

export const parseEmergencyAccess = parser(emergencyAccess);

export const emergencyAccessDefinition: Definition = {
  kind: 'EmergencyAccess',
  description:
    'Rights of one person in one production namespace for at most a day. They end automatically, every act is recorded before it happens, and somebody else reviews them. Created in the production namespace.',
  schema: emergencyAccess,
  rules: [
    {
      rule: 'self.spec.grantee != self.spec.grantor.username',
      message:
        'spec.grantee: nobody grants themselves access; somebody else who holds grant creates the EmergencyAccess',
    },
    {
      rule: "!self.spec.grantee.startsWith('system:')",
      message: 'spec.grantee: only people get access, under their own names; system: names are machines',
    },
  ],
  columns: [
    { name: 'Grantee', type: 'string', jsonPath: '.spec.grantee', description: 'Who gets access.' },
    { name: 'State', type: 'string', jsonPath: '.status.state', description: 'How it stands.' },
    { name: 'Ends', type: 'string', jsonPath: '.status.notAfter', description: 'When it ends at the latest.' },
    { name: 'Reason', type: 'string', jsonPath: '.spec.reason', description: 'What is wrong.' },
    age,
  ],
  selectableFields: ['.spec.grantee'],
};
