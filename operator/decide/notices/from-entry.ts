/** The notices that an entry of the record gives: one act, one notice at most. */
import { entryName, type LedgerEntrySpec, type LedgerType } from '../../api/ledger.ts';
import type { NoticeKind } from '../../api/notify.ts';
import { type EntryData, parseData } from '../ledger-entry.ts';
import type { Instant } from '../objects.ts';
import { doctorCommand, emergencyCommand, findingCommand, getCommand, whyCommand } from './commands.ts';
import { factsOf, noticeId, type OutboundNotice } from './notice.ts';

/** What is known beside the entry. */
export interface EntryContext {
  /** The production namespace whose record it is. */
  readonly namespace: string;
  /** Of the bundle that the entry is about: which version it is, and what it changes in one line; '' = not known. */
  readonly bundle: (name: string) => { readonly version: string; readonly summary: string };
  /** Version of a candidate; '' = it is gone. */
  readonly versionOf: (candidate: {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
  }) => string;
  /** The access, as the record has it by now; undefined = it is not there. */
  readonly emergency: (uid: string) => { readonly grantee: string; readonly notAfter: Instant } | undefined;
}

interface Said {
  readonly kind: NoticeKind;
  readonly facts: Readonly<Record<string, string>>;
  readonly command: string;
  readonly version?: string;
}

type Of<T extends EntryData['type']> = Extract<EntryData, { type: T }>;
type Tells = {
  readonly [T in EntryData['type']]?: (entry: LedgerEntrySpec, data: Of<T>, context: EntryContext) => Said | undefined;
};

const minute = (at: Instant): string => `${new Date(at).toISOString().slice(0, 16)}Z`;

const ofBundle = (
  { subject }: LedgerEntrySpec,
  bundle: string,
  { bundle: known, versionOf }: EntryContext,
): { readonly version: string; readonly summary: string } => {
  const { version, summary } = known(bundle);
  return { version: version === '' ? versionOf(subject) : version, summary };
};

/** Types of entries that are not here tell people nothing that another one does not. */
const tells: Tells = {
  Rejected: (entry, { approval }, { versionOf }) => ({
    kind: 'Rejected',
    version: versionOf(entry.subject),
    facts: { candidate: entry.subject.name, by: `${approval.username} as ${approval.role}`, why: entry.reason },
    command: whyCommand(entry.subject),
  }),
  Refused: (entry, { intent, outcome, message }, { versionOf }) =>
    // Under an intent a rollback follows, and is told; a candidate that another one replaces is nobody's news.
    intent !== '' || outcome === 'Superseded'
      ? undefined
      : {
          kind: 'Failed',
          version: entry.subject.kind === 'ReleaseCandidate' ? versionOf(entry.subject) : '',
          facts: {
            [entry.subject.kind === 'Rollback' ? 'rollback' : 'candidate']: entry.subject.name,
            outcome,
            why: message,
          },
          command: entry.subject.kind === 'ReleaseCandidate' ? whyCommand(entry.subject) : doctorCommand,
        },
  Promoted: (entry, { to, from, healthy }, context) => {
    const { version, summary } = ofBundle(entry, to, context);
    return {
      kind: healthy ? 'Promoted' : 'Failed',
      version,
      facts: {
        candidate: entry.subject.name,
        changes: summary,
        bundle: to,
        before: from === '' ? 'nothing' : from,
        why: healthy ? '' : entry.reason,
      },
      command: getCommand(entry.subject),
    };
  },
  RollbackStarted: (entry, { from, to }, context) => ({
    kind: 'RollingBack',
    version: ofBundle(entry, from, context).version,
    facts: {
      candidate: entry.subject.name,
      cause: entry.reason,
      'ordered by': entry.decision === 'Ordered' ? entry.actor.username : '',
      from,
      to: to === '' ? 'nothing' : to,
    },
    command: whyCommand(entry.subject),
  }),
  RolledBack: (entry, { from, to, outcome }, context) => ({
    kind: outcome === 'Failed' ? 'Failed' : 'RolledBack',
    version: ofBundle(entry, from, context).version,
    facts: { candidate: entry.subject.name, cause: entry.reason, from, to: to === '' ? 'nothing' : to },
    command: whyCommand(entry.subject),
  }),
  EmergencyOpened: ({ subject }, _, { emergency }) => {
    const known = emergency(subject.uid);
    return {
      kind: 'EmergencyOpened',
      facts: {
        access: subject.name,
        grantee: known?.grantee ?? '',
        ends: known === undefined ? '' : minute(known.notAfter),
      },
      command: emergencyCommand('status', subject),
    };
  },
  EmergencyAccounted: (entry, { actions, drift, dueAt }) => ({
    kind: 'EmergencyReviewDue',
    facts: {
      access: entry.subject.name,
      acts: String(actions),
      'left changed': drift.length === 0 ? 'nothing' : drift.map(({ object }) => object).join(', '),
      'release due': dueAt,
    },
    command: emergencyCommand('review', entry.subject),
  }),
  EmergencyOverdue: ({ subject }, { dueAt }) => ({
    kind: 'EmergencyOverdue',
    facts: {
      access: subject.name,
      'was due': dueAt,
      missing: `a release that says --follows-up ${subject.name}`,
      meanwhile: 'nobody gets emergency access to this namespace',
    },
    command: emergencyCommand('status', subject),
  }),
  FindingOpened: (entry, { object, change, username }, { namespace }) => ({
    kind: 'FindingOpened',
    facts: { finding: entryName(entry.seq), object, change, by: username, what: entry.reason },
    command: findingCommand(namespace, entryName(entry.seq)),
  }),
};

/** Whether entries of that type can give a notice, so that others need not be read. */
export const tellsOf = (type: LedgerType): boolean => Object.hasOwn(tells, type);

/** @returns undefined when the entry tells people nothing */
export const noticeOfEntry = (entry: LedgerEntrySpec, context: EntryContext): OutboundNotice | undefined => {
  if (!tellsOf(entry.type)) return undefined;
  const said = saidOf(entry, parseData(entry), context);
  if (said === undefined) return undefined;
  const { kind, facts, command, version = '' } = said;
  const { subject } = entry;
  return {
    id: noticeId(kind, context.namespace, entry.id),
    kind,
    at: Date.parse(entry.time),
    namespace: context.namespace,
    package: entry.package,
    role: '',
    version,
    digest: entry.digest,
    subject: { kind: subject.kind, namespace: subject.namespace, name: subject.name, uid: subject.uid },
    facts: factsOf(facts),
    command,
  };
};

const saidOf = <T extends EntryData['type']>(
  entry: LedgerEntrySpec,
  data: Of<T>,
  context: EntryContext,
): Said | undefined => {
  const tell: ((entry: LedgerEntrySpec, data: Of<T>, context: EntryContext) => Said | undefined) | undefined =
    tells[data.type];
  return tell?.(entry, data, context);
};
