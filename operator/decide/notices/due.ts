/** The notices that no entry gives: what waits, what falls due, and what is wrong. Some are due now, some later. */
import type { ReleaseCandidate } from '../../api/candidate.ts';
import { milliseconds } from '../../api/duration.ts';
import { policyName } from '../../api/kinds.ts';
import { defaultRemindAfter } from '../../api/notify.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import { openPlacesIn } from '../gates/people/approvals.ts';
import type { Instant } from '../objects.ts';
import { isLive, type EmergencyRecord } from '../record/emergency.ts';
import { reviewCommand } from '../policy-review.ts';
import { approveCommand, doctorCommand, endCommand } from './commands.ts';
import { factsOf, noticeId, type OutboundNotice } from './notice.ts';

/** A notice that an access ends comes when a quarter of its time is left, and no earlier than so long before. */
const maxEndingNoticeMs = 15 * 60_000;
const dayMs = 24 * 3_600_000;
/** People need time to read a policy before its review is late. */
const reviewNoticeMs = 30 * dayMs;

/** A role that a candidate waits for. */
interface Wait {
  readonly role: string;
  /** How many signatures are missing, with the groups that they must come from. */
  readonly places: string;
}

/** `1 tester and 2 approver (from change-board)`, as the gate says it, by role. */
const waitsIn = (message: string): readonly Wait[] =>
  (openPlacesIn(message) ?? '').split(/, | and (?=\d)/).flatMap((places) => {
    const role = /^\d+ ([a-z0-9-]+)/.exec(places)?.[1];
    return role === undefined ? [] : [{ role, places }];
  });

export interface WaitingCandidate {
  readonly candidate: ReleaseCandidate;
  /** When its content was frozen, by the record; for which digest. */
  readonly staged: { readonly digest: string; readonly at: Instant };
  /** What it changes, in one line; '' = not known. */
  readonly summary: string;
  readonly remindAfter: string | undefined;
  /** Roles that it was seen not to wait for meanwhile, under this digest, and since when it waits again. */
  readonly reopened: ReadonlyMap<string, Instant>;
  /** When it was seen that the gate does not answer; undefined = it is not so. */
  readonly gateAwayAt: Instant | undefined;
}

const approvalsOf = ({ status }: ReleaseCandidate) =>
  status?.gates.find(({ name, outcome }) => name === 'Approvals' && outcome !== 'Passed');

/** Roles that a candidate waits for now; none once it is over, or on its way. */
export const rolesWaitedFor = (candidate: ReleaseCandidate): readonly string[] => {
  if (candidate.status?.phase !== 'AwaitingGates' && candidate.status?.phase !== 'Stalled') return [];
  return waitsIn(approvalsOf(candidate)?.message ?? '').map(({ role }) => role);
};

/** Whether its status says that the gate does not answer. */
export const isGateAway = ({ status }: ReleaseCandidate): boolean =>
  status?.gates.some(({ reason }) => reason === 'GateNotReady') ?? false;

/** What a candidate waits for, and when people are reminded of it. */
export const dueOfCandidate = (s: WaitingCandidate): readonly OutboundNotice[] => [...waits(s), ...gateAway(s)];

const ofCandidate = ({ candidate, staged }: WaitingCandidate) => {
  const { metadata, spec, kind } = candidate;
  return {
    namespace: spec.targetNamespace,
    package: spec.package,
    version: spec.version,
    digest: staged.digest,
    subject: { kind, namespace: metadata.namespace, name: metadata.name, uid: metadata.uid },
  };
};

const waits = (s: WaitingCandidate): readonly OutboundNotice[] => {
  const { candidate, staged, summary, remindAfter = defaultRemindAfter, reopened } = s;
  const roles = new Set(rolesWaitedFor(candidate));
  return waitsIn(approvalsOf(candidate)?.message ?? '')
    .filter(({ role }) => roles.has(role))
    .flatMap(({ role, places }): OutboundNotice[] => {
      const { metadata, spec, status } = candidate;
      const again = reopened.get(role);
      const since = again ?? staged.at;
      const happened = [metadata.uid, staged.digest, role, ...(again === undefined ? [] : [String(again)])];
      const notice = {
        ...ofCandidate(s),
        role,
        facts: factsOf({
          candidate: metadata.name,
          'waits for': places,
          changes: summary,
          what: spec.notes.summary,
          by: spec.author.username,
          digest: staged.digest,
          'other gates': (status?.gates ?? [])
            .filter(({ name, outcome }) => outcome !== 'Passed' && name !== 'Approvals' && name !== 'Preflight')
            .map(({ name }) => name)
            .join(', '),
        }),
        command: approveCommand(metadata, role),
      };
      return [
        { ...notice, id: noticeId('ApprovalNeeded', ...happened), kind: 'ApprovalNeeded', at: since },
        {
          ...notice,
          id: noticeId('ApprovalReminder', ...happened),
          kind: 'ApprovalReminder',
          at: since + milliseconds(remindAfter),
        },
      ];
    });
};

const gateAway = (s: WaitingCandidate): readonly OutboundNotice[] => {
  const { candidate, staged, gateAwayAt } = s;
  if (gateAwayAt === undefined || !isGateAway(candidate)) return [];
  const { metadata, status } = candidate;
  return [
    {
      ...ofCandidate(s),
      id: noticeId('GateUnavailable', metadata.uid, staged.digest),
      kind: 'GateUnavailable',
      at: gateAwayAt,
      role: '',
      facts: factsOf({
        candidate: metadata.name,
        why: status?.gates.find(({ reason }) => reason === 'GateNotReady')?.message ?? '',
      }),
      command: doctorCommand,
    },
  ];
};

/** Accesses that end soon. */
export const dueOfEmergencies = (
  namespace: string,
  emergencies: Iterable<EmergencyRecord>,
  openedAt: (uid: string) => Instant | undefined,
): readonly OutboundNotice[] =>
  [...emergencies].filter(isLive).flatMap(({ uid, name, grantee, notAfter }): OutboundNotice[] => {
    const opened = openedAt(uid);
    if (opened === undefined) return [];
    const subject = { kind: 'EmergencyAccess', namespace, name, uid };
    return [
      {
        id: noticeId('EmergencyEnding', namespace, uid),
        kind: 'EmergencyEnding',
        at: notAfter - Math.min(maxEndingNoticeMs, (notAfter - opened) / 4),
        namespace,
        package: '',
        role: '',
        version: '',
        digest: '',
        subject,
        facts: factsOf({ access: name, grantee, ends: `${new Date(notAfter).toISOString().slice(0, 16)}Z` }),
        command: endCommand(subject),
      },
    ];
  });

/** What falls due of a policy, and whether its record can be trusted. */
export const dueOfPolicy = (
  policy: ReleasePolicy,
  broken: { readonly why: string; readonly seenAt: Instant } | undefined,
): readonly OutboundNotice[] => {
  const { metadata, spec, status } = policy;
  if (metadata.name !== policyName) return [];
  const { namespace, uid } = metadata;
  // A review that somebody signed for moves the day on, which the status says.
  const lateAt = Math.max(Date.parse(`${spec.reviewBy}T23:59:59Z`), Date.parse(status?.review?.due ?? '') || 0);
  const reviewBy = new Date(lateAt).toISOString().slice(0, 10);
  const about = {
    namespace,
    package: '',
    role: '',
    version: '',
    digest: '',
    subject: { kind: 'ReleasePolicy', namespace, name: metadata.name, uid },
  };
  const review = (at: Instant, says: string): OutboundNotice => ({
    ...about,
    id: noticeId('PolicyReviewDue', namespace, uid, reviewBy, says),
    kind: 'PolicyReviewDue',
    at,
    facts: factsOf({ 'review by': reviewBy, state: says }),
    command: reviewCommand(policy),
  });
  const ready = status?.conditions.find(({ type, reason }) => type === 'Ready' && reason === 'LedgerBroken');
  return [
    review(lateAt - reviewNoticeMs, 'due'),
    review(lateAt, 'overdue'),
    ...(broken === undefined
      ? []
      : [
          {
            ...about,
            id: noticeId('LedgerBroken', namespace, broken.why),
            kind: 'LedgerBroken' as const,
            at: ready === undefined ? broken.seenAt : Date.parse(ready.lastTransitionTime),
            facts: factsOf({
              why: broken.why,
              meanwhile: 'nothing is promoted, rolled back or pruned in this namespace',
            }),
            command: whyOfPolicy(namespace),
          },
        ]),
  ];
};

const whyOfPolicy = (namespace: string): string => `${doctorCommand} -n ${namespace}`;
