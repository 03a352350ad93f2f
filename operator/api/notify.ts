/** `ReleasePolicy.spec.notify`: what people are told outside of the cluster, and where. */
import { z } from 'zod';
import { asSet, mapBy } from './crd-extensions.ts';
import { duration, label, packageName, roleName } from './schemas.ts';

/** What a notice can be about: what happened, in one line; and the type of the CloudEvent. */
export const noticeKinds = {
  ApprovalNeeded: {
    headline: 'Waits for your signature',
    when: 'A candidate is staged, or an exception or a change of the policy was asked for, and waits for signatures in a role; once for each role.',
    event: 'dev.cdeventsx.countersign-approval.requested.0.1.0',
  },
  ApprovalReminder: {
    headline: 'Still waits for your signature',
    when: 'It still waits for that role after `remindAfter`; once.',
    event: 'dev.cdeventsx.countersign-approval.reminded.0.1.0',
  },
  Rejected: {
    headline: 'Rejected',
    when: 'Somebody who may sign rejected a candidate.',
    event: 'dev.cdeventsx.countersign-candidate.rejected.0.1.0',
  },
  Promoted: {
    headline: 'Promoted',
    when: 'Production has the content, complete.',
    event: 'dev.cdevents.service.deployed.0.3.0',
  },
  RollingBack: {
    headline: 'Rolling back',
    when: 'A rollback began, with its cause.',
    event: 'dev.cdevents.incident.detected.0.3.0',
  },
  RolledBack: {
    headline: 'Rolled back',
    when: 'Production is back at the content before.',
    event: 'dev.cdevents.service.rolledback.0.3.0',
  },
  Failed: {
    headline: 'Failed',
    when: 'A candidate, a promotion or a rollback ended without what it was for: failed, expired, or somebody has to look.',
    event: 'dev.cdeventsx.countersign-candidate.failed.0.1.0',
  },
  EmergencyOpened: {
    headline: 'Emergency access opened',
    when: 'Somebody has emergency access to production.',
    event: 'dev.cdeventsx.countersign-emergency.opened.0.1.0',
  },
  EmergencyEnding: {
    headline: 'Emergency access ends soon',
    when: 'A quarter of the time of an emergency access is left, or a quarter of an hour if that is less.',
    event: 'dev.cdeventsx.countersign-emergency.ending.0.1.0',
  },
  EmergencyReviewDue: {
    headline: 'Emergency access waits for its review',
    when: 'An emergency access is over, and its list of acts waits for a signature.',
    event: 'dev.cdeventsx.countersign-emergency.reviewdue.0.1.0',
  },
  EmergencyOverdue: {
    headline: 'Release after an emergency is overdue',
    when: 'What an emergency access left changed is not in a release in time.',
    event: 'dev.cdeventsx.countersign-emergency.overdue.0.1.0',
  },
  FindingOpened: {
    headline: 'Unexplained change of production',
    when: 'Production, or the installation of Countersign itself, changed and nothing explains it.',
    event: 'dev.cdevents.incident.detected.0.3.0',
  },
  PolicyReviewDue: {
    headline: 'Policy waits for its review',
    when: 'The day in `reviewBy` is 30 days away; and once more when it is past.',
    event: 'dev.cdeventsx.countersign-policy.reviewdue.0.1.0',
  },
  LedgerBroken: {
    headline: 'Record does not verify',
    when: 'The ledger of a production namespace does not verify: nothing is promoted there.',
    event: 'dev.cdevents.incident.detected.0.3.0',
  },
  GateUnavailable: {
    headline: 'Gate does not answer',
    when: 'A write that was to go to production could not be judged, because the gate did not answer.',
    event: 'dev.cdevents.incident.detected.0.3.0',
  },
} as const satisfies Record<string, NoticeMeaning>;

export interface NoticeMeaning {
  /** For people, in front of what it is about. */
  readonly headline: string;
  /** For the documentation: when it is sent. */
  readonly when: string;
  /** Type of the CloudEvent: of the CDEvents vocabulary where that has the word. */
  readonly event: string;
}

export type NoticeKind = keyof typeof noticeKinds;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of the table above
export const noticeKindNames = Object.keys(noticeKinds) as [NoticeKind, ...NoticeKind[]];

/** The name of a sink, as the Secret of sinks has it. */
export const sinkName = label('chat', 40);

/** Sinks that one installation may have: each has a queue, and a label in metrics. */
export const maxSinks = 20;

const route = z.object({
  sink: sinkName.describe('The sink, by its name in the Secret of sinks in the namespace of Countersign.'),
  about: z
    .array(z.enum(noticeKindNames))
    .max(noticeKindNames.length)
    .default([])
    .meta(asSet)
    .describe('What it is told. Empty: everything.'),
  roles: z
    .array(roleName)
    .max(10)
    .default([])
    .meta(asSet)
    .describe('Of waiting for signatures: in which roles. Empty: in any.'),
  packages: z
    .array(packageName)
    .max(100)
    .default([])
    .meta(asSet)
    .describe('Of which packages it is told; what concerns no package is told all the same. Empty: of all.'),
});

/** How long a role may wait before people are reminded, when the policy does not say. */
export const defaultRemindAfter = '24h';

export const notify = z.object({
  remindAfter: duration('1m', '720h')
    .default(defaultRemindAfter)
    .describe('How long a candidate waits for a role before people are reminded, once.'),
  routes: z
    .array(route)
    .max(maxSinks)
    .default([])
    .meta(mapBy('sink'))
    .describe('Who is told what. Empty: nobody is told anything.'),
});
export type Notify = z.infer<typeof notify>;
