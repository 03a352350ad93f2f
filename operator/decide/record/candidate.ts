/** What the ledger says of one candidate. */
import type { LedgerEntrySpec } from '../../api/ledger.ts';
import type { EntryData } from '../ledger-entry.ts';
import { listed } from '../messages.ts';
import { visible } from '../safe-text.ts';
import { asKey, type Instant, type ObjectKey } from '../objects.ts';
import { including, type ProductionFact } from './package.ts';
import { foldBy, unchanged, type Folds } from './fold.ts';

export interface CandidateRecord {
  readonly uid: string;
  readonly stagedDigests: ReadonlySet<string>;
  /** By staged digest, that of what production ran when it was staged; `none` = nothing. */
  readonly bases: ReadonlyMap<string, string>;
  /** Who proposed it, who had a hand in any content that was staged for it, and who made the source of what was promoted. */
  readonly authors: ReadonlySet<string>;
  /** Soak and tester lines were met once for this content: staging may move on. */
  readonly tested: boolean;
  /** Who had had a hand in the content by then: what staging says afterwards is about other releases. */
  readonly authorsWhenTested: readonly string[];
  /** What its promotion began with, and where; undefined = it has not begun. */
  readonly intent:
    | {
        readonly bundle: string;
        readonly digest: string;
        readonly quorum: string;
        /** What it rests on besides, for people: by gate, evidence or an exception. */
        readonly restsOn: Readonly<Record<string, string>>;
        readonly seq: number;
      }
    | undefined;
  /** Set when its promotion completed. */
  readonly promoted: ProductionFact | undefined;
  /** Approval uids already entered as Signed or Rejected. */
  readonly recordedApprovals: ReadonlySet<string>;
  /** Jobs that ended in staging with the content of the candidate, and when that was entered. */
  readonly jobs: ReadonlyMap<ObjectKey, { readonly outcome: 'Complete' | 'Failed'; readonly at: Instant }>;
  readonly finished: { readonly reason: FinishedReason; readonly message: string; readonly at: Instant } | undefined;
  readonly name: string;
  readonly namespace: string;
  readonly package: string;
}

export type FinishedReason = 'Promoted' | 'RolledBack' | 'Rejected' | 'Withdrawn' | 'Expired' | 'Superseded' | 'Failed';

export const unseen = (entry: LedgerEntrySpec): CandidateRecord => ({
  uid: entry.subject.uid,
  name: entry.subject.name,
  namespace: entry.subject.namespace,
  package: entry.package,
  stagedDigests: new Set(),
  bases: new Map(),
  authors: new Set(),
  recordedApprovals: new Set(),
  tested: false,
  authorsWhenTested: [],
  intent: undefined,
  promoted: undefined,
  jobs: new Map(),
  finished: undefined,
});

const finish = (before: CandidateRecord, reason: FinishedReason, entry: LedgerEntrySpec, message: string) =>
  before.finished === undefined ? { ...before, finished: { reason, message, at: Date.parse(entry.time) } } : before;

const endOf = ({ outcome, rejected }: Extract<EntryData, { type: 'RolledBack' }>): FinishedReason =>
  outcome === 'Failed' ? 'Failed' : rejected ? 'Rejected' : 'RolledBack';

type Started = Extract<EntryData, { type: 'PromotionStarted' }>;

const evidenceText = ({
  type,
  name,
  username,
  signer,
  builder,
  sources = [],
}: NonNullable<Started['evidence']>[number]): string =>
  [
    `${type} ${name} by ${visible(username)}`,
    ...(signer === undefined ? [] : [`signed by ${signer}`]),
    ...(builder === undefined ? [] : [`built by ${visible(builder)}`]),
    ...sources.map((each) => `from ${visible(each)}`),
  ].join(', ');

const restsOn = ({ evidence = [], exceptions = [], sourceAuthors = [] }: Started): Readonly<Record<string, string>> => {
  const reports = evidence.map(evidenceText);
  const byGate = exceptions.flatMap(({ name, gates, by, until }) =>
    gates.map(
      (gate) => [gate, `exception ${name} until ${until}, signed by ${by.map(visible).join(' and ')}`] as const,
    ),
  );
  const made = sourceAuthors.map(({ username, did }) => visible(`${username} ${did}`));
  return {
    ...(reports.length === 0 ? {} : { Evidence: reports.join('; ') }),
    ...(made.length === 0 ? {} : { SegregationOfDuties: `others than the authors by the source: ${listed(made)}` }),
    ...Object.fromEntries(byGate),
  };
};

/** What each type of entry makes of a candidate. */
const folds: Folds<CandidateRecord> = {
  Staged: (before, { entry, data }) => ({
    ...before,
    name: entry.subject.name,
    namespace: entry.subject.namespace,
    package: entry.package,
    stagedDigests: including(before.stagedDigests, entry.digest),
    bases: new Map(before.bases).set(entry.digest, data.base),
    authors: new Set([...before.authors, entry.actor.username, ...data.authors]),
  }),
  Tested: (before, { data }) => ({ ...before, tested: true, authorsWhenTested: data.authors }),
  Signed: (before, { data }) => ({
    ...before,
    recordedApprovals: including(before.recordedApprovals, data.approval.uid),
  }),
  Rejected: (before, { entry, data }) => {
    const noted = { ...before, recordedApprovals: including(before.recordedApprovals, data.approval.uid) };
    return data.inFlight ? noted : finish(noted, 'Rejected', entry, entry.reason);
  },
  Withdrawn: (before, { entry }) => finish(before, 'Withdrawn', entry, entry.reason),
  Refused: (before, { entry, data }) =>
    data.intent === '' ? finish(before, data.outcome, entry, data.message) : before,
  Promoted: (before, { entry, data }) => {
    const at = Date.parse(entry.time);
    const promoted: ProductionFact = {
      bundle: data.to,
      digest: entry.digest,
      candidateUid: entry.subject.uid,
      previous: data.from,
      at,
      observeUntil: Date.parse(data.observeUntil),
      how: 'Promoted',
    };
    return data.healthy ? { ...before, promoted } : finish({ ...before, promoted }, 'Failed', entry, entry.reason);
  },
  RolledBack: (before, { entry, data }) => {
    const settled = before.promoted !== undefined && before.promoted.observeUntil <= Date.parse(data.startedAt);
    return settled
      ? finish(before, 'Promoted', entry, 'observed to the end')
      : finish(before, endOf(data), entry, entry.reason);
  },
  PromotionStarted: (before, { entry, data }) => ({
    ...before,
    authors: new Set([...before.authors, ...(data.sourceAuthors ?? []).map(({ username }) => username)]),
    intent: {
      bundle: data.to,
      digest: entry.digest,
      quorum: data.quorum,
      restsOn: restsOn(data),
      seq: entry.seq,
    },
  }),
  JobDone: (before, { entry, data: { intent, object, outcome } }) =>
    intent === ''
      ? { ...before, jobs: new Map(before.jobs).set(asKey(object), { outcome, at: Date.parse(entry.time) }) }
      : before,
  RollbackStarted: unchanged,
  Adopted: unchanged,
  Admitted: unchanged,
  Observed: unchanged,
  HoldLifted: unchanged,
  FindingOpened: unchanged,
  FindingClosed: unchanged,
  EmergencyGranted: unchanged,
  EmergencyRefused: unchanged,
  EmergencyOpened: unchanged,
  EmergencyEnded: unchanged,
  EmergencyAccounted: unchanged,
  EmergencyReviewed: unchanged,
  EmergencyOverdue: unchanged,
  EmergencyClosed: unchanged,
  Resumed: unchanged,
};

export const foldCandidate = (before: CandidateRecord, entry: LedgerEntrySpec, data: EntryData): CandidateRecord =>
  foldBy(folds, before, { entry, data });
