/** `LedgerEntry`: one link of the record. */
import { z } from 'zod';
import type { Definition } from './definition.ts';
import { envelope, recordedIdentity } from './meta.ts';
import { parser } from './parse.ts';
import { celRules, neverChanges } from './crd-extensions.ts';
import { digest, prose } from './schemas.ts';

/** Digits in the name of an entry: its sequence number, filled up with zeros so that names sort as numbers do. */
export const ledgerNameDigits = 12;

/** The name of an entry is its place, so creating it is the atomic append: two writers cannot both have it. */
export const entryName = (seq: number): string => String(seq).padStart(ledgerNameDigits, '0');

/** Characters that `data` takes. */
export const longestLedgerData = 262_144;

/** `previous` of the first entry. */
export const noPrevious = `sha256:${'0'.repeat(64)}`;

export const ledgerTypes = [
  'Staged',
  'Tested',
  'Signed',
  'Rejected',
  'Withdrawn',
  'PromotionStarted',
  'JobDone',
  'Promoted',
  'RollbackStarted',
  'RolledBack',
  'HoldLifted',
  'Refused',
  'Adopted',
  'Admitted',
  'AdmittedTogether',
  'Observed',
  'ObservedTogether',
  'FindingOpened',
  'FindingClosed',
  'EmergencyGranted',
  'EmergencyRefused',
  'EmergencyOpened',
  'EmergencyEnded',
  'EmergencyAccounted',
  'EmergencyReviewed',
  'EmergencyOverdue',
  'EmergencyClosed',
  'Resumed',
] as const;
export type LedgerType = (typeof ledgerTypes)[number];

const subject = z.object({
  kind: z.string().max(253).describe('Its kind; of what the chart adds to the guard, the name of its definition.'),
  namespace: z.string().max(63).describe('Its namespace.'),
  name: z.string().max(253).describe('Its name.'),
  uid: z.string().max(128).describe('Its uid.'),
});

const ledgerEntrySpec = z
  .object({
    seq: z
      .int()
      .min(0)
      .max(10 ** ledgerNameDigits - 1)
      .meta({ format: 'int64' })
      .describe('The place in the chain of this namespace, from 0. Also the name of the entry.'),
    id: z
      .string()
      .min(1)
      .max(64)
      .regex(/^[A-Za-z0-9-]+$/)
      .describe('A random id, by which a writer recognizes its own entry after a lost answer.'),
    time: z
      .string()
      .max(24)
      .regex(/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$/)
      .meta({ format: 'date-time' })
      .describe("When, by the writer's clock: RFC 3339 in UTC with milliseconds."),
    type: z.enum(ledgerTypes).describe('What happened. A Started entry is an intent: it is written before the effect.'),
    actor: recordedIdentity.describe('Who did it.'),
    subject: subject.describe('What it was done to.'),
    package: z.string().max(40).default('').describe('The package. Empty when the act concerns none.'),
    digest: z
      .string()
      .max(71)
      .regex(/^(sha256:[0-9a-f]{64})?$/)
      .default('')
      .describe('The content it is about. Empty when it is about none.'),
    decision: z.string().max(63).default('').describe('What was decided, as one word. Empty when nothing was.'),
    reason: prose(4096).describe('Why, for people.'),
    data: prose(longestLedgerData).describe(
      'What the type adds: canonical JSON (RFC 8785). An intent lists what it will write. Empty for nothing.',
    ),
    previous: digest.describe(
      "SHA-256 of the canonical spec of the entry before it; 'sha256:' and 64 zeros for the first.",
    ),
  })
  .meta(
    celRules(neverChanges('the record is append-only; append another entry'), {
      rule: `(self.seq == 0) == (self.previous == '${noPrevious}')`,
      message: 'the chain begins once: only the entry with seq 0 has a previous of 64 zeros',
    }),
  );
export type LedgerEntrySpec = z.infer<typeof ledgerEntrySpec>;

export const ledgerEntry = z.object({
  ...envelope('LedgerEntry'),
  spec: ledgerEntrySpec.describe('The act. It never changes.'),
});
export type LedgerEntry = z.infer<typeof ledgerEntry>;

export const parseLedgerEntry = parser(ledgerEntry);

export const ledgerEntryDefinition: Definition = {
  kind: 'LedgerEntry',
  description:
    'One act of the record of a production namespace: who did what to which content, and why. Each entry holds the hash of the one before it.',
  schema: ledgerEntry,
  rules: [
    {
      rule: `self.metadata.name.matches(r'^[0-9]{${ledgerNameDigits}}$') && int(self.metadata.name) == self.spec.seq`,
      message: `name the entry after spec.seq, filled up with zeros to ${ledgerNameDigits} digits`,
    },
  ],
  columns: [
    { name: 'Type', type: 'string', jsonPath: '.spec.type', description: 'What happened.' },
    { name: 'Actor', type: 'string', jsonPath: '.spec.actor.username', description: 'Who did it.' },
    { name: 'Subject', type: 'string', jsonPath: '.spec.subject.name', description: 'What it was done to.' },
    { name: 'Package', type: 'string', jsonPath: '.spec.package', description: 'The package.', priority: 1 },
    { name: 'Digest', type: 'string', jsonPath: '.spec.digest', description: 'The content.', priority: 1 },
    { name: 'Reason', type: 'string', jsonPath: '.spec.reason', description: 'Why.' },
    { name: 'Time', type: 'date', jsonPath: '.spec.time', description: 'How long ago.' },
  ],
  selectableFields: ['.spec.type', '.spec.package'],
};
