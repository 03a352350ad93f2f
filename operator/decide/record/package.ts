/** What the ledger says of one package: what production runs of it, what is under way, and what it ran before. */
import { entryName, type LedgerEntrySpec } from '../../api/ledger.ts';
import type { Delivery, EntryData } from '../ledger-entry.ts';
import { foldJob, type JobsRecord } from './jobs.ts';
import type { Instant } from '../objects.ts';
import { foldBy, unchanged, type Folds } from './fold.ts';
import type { Hold, LiftedHold } from './hold.ts';

export interface OpenIntent {
  readonly type: 'Promotion' | 'Rollback';
  readonly id: string;
  readonly seq: number;
  readonly at: Instant;
  /** The candidate being promoted, or whose release is being taken back. */
  readonly candidate: { readonly name: string; readonly uid: string; readonly namespace: string };
  /** Bundle that production is to equal when the intent ends; '' = nothing of the package. */
  readonly to: string;
  readonly toDigest: string;
  /** Bundle that production equalled when it began; '' = nothing. */
  readonly from: string;
  /** Its digest; '' = nothing. */
  readonly fromDigest: string;
  /** Why a rollback began; '' for a promotion. */
  readonly cause: string;
  readonly rollback: string; // the `Rollback` object that ordered it; '' for none
  readonly delivery: Delivery;
  readonly evidence?: readonly string[]; // uids of what a promotion rests on; absent = none
  readonly exceptions?: readonly { readonly name: string; readonly uid: string }[]; // likewise
  /** The emergency whose changes it settles; null = none. */
  readonly followsUp: Extract<EntryData, { type: 'PromotionStarted' }>['followsUp'];
  /** Set when the API server refused a write under this intent for good. */
  readonly refused: string | undefined;
  /** Somebody with the right rejected the candidate while its promotion was open. */
  readonly rejected: boolean;
}

export interface ProductionFact {
  readonly bundle: string;
  readonly digest: string;
  readonly candidateUid: string;
  readonly previous: string;
  readonly at: Instant;
  /** Until when failing health takes the release back; equals `at` where nothing is observed. */
  readonly observeUntil: Instant;
  /** `Failed`: the release failed and its candidate said to page, or going back did not end as it should. Nothing is observed, nothing pruned. */
  readonly how: 'Promoted' | 'Failed' | 'RolledBack';
  /** Objects that were not as they should be when this release began (`Unfinished.left`): it removes what it drops of them, whatever they hold. */
  readonly over?: readonly string[];
}

/** A rollback, or a promotion that pages, that ended before production was as it should be. */
export interface Unfinished {
  /** The bundle that was taken back, and its digest. */
  readonly from: string;
  readonly fromDigest: string;
  readonly to: string;
  /** Objects that are not as the bundle of production says. The next release may write over them. */
  readonly left: readonly string[];
}

export interface Order {
  readonly state: 'Started' | 'Done' | 'Refused';
  /** A word of the catalogue when refused, or when going back failed; '' otherwise. */
  readonly decision: string;
  readonly message: string;
  readonly from: string;
  readonly to: string;
}

export interface PackageRecord extends JobsRecord {
  /** Sequence number of the newest entry that moved this package; the precondition of the next intent. */
  readonly seq: number;
  readonly production: ProductionFact | undefined;
  readonly open: OpenIntent | undefined;
  /** Set until a promotion or rollback of the package is complete again. */
  readonly unfinished: Unfinished | undefined;
  /** Digests that were taken back: refused until a new candidate, or until somebody signs that the content was not the cause. */
  readonly held: ReadonlyMap<string, Hold>;
  /** Digests whose hold somebody lifted. */
  readonly lifted: ReadonlyMap<string, LiftedHold>;
  /** A rollback happened and nothing has been promoted since: the next candidate explains it. */
  readonly analysisDue: boolean;
  /** Rollbacks that somebody ordered, by uid, and what came of each. */
  readonly orders: ReadonlyMap<string, Order>;
  /** Names of bundles that were in production, newest first. */
  readonly history: readonly string[];
  /** Bundles that were in production, and the baseline, by name: the content of each, and what it came after; '' = nothing. */
  readonly ran: ReadonlyMap<string, { readonly digest: string; readonly previous: string }>;
}

const orderStarted = { state: 'Started', decision: '' } as const;

export const untouched: PackageRecord = {
  seq: -1,
  production: undefined,
  open: undefined,
  unfinished: undefined,
  held: new Map(),
  lifted: new Map(),
  analysisDue: false,
  orders: new Map(),
  history: [],
  ran: new Map(),
  jobs: new Map(),
};

/**
 * Name of the bundle that candidates are compared with: the one in production, and while the first promotion of a package is in flight
 * the one it came from, for what it writes is not production yet. '' = nothing of the package; undefined = no release has touched it.
 */
export const baseBundle = ({ production, open }: PackageRecord): string | undefined =>
  production?.bundle ?? (open?.type === 'Rollback' ? open.to : open?.from);

const withOrder = (before: PackageRecord, uid: string, order: Order): Pick<PackageRecord, 'orders'> => ({
  orders: uid === '' ? before.orders : new Map(before.orders).set(uid, order),
});

const withRan = (
  before: PackageRecord['ran'],
  bundle: string,
  fact: { readonly digest: string; readonly previous: string },
): PackageRecord['ran'] => (bundle === '' ? before : new Map(before).set(bundle, fact));

export const including = <T>(set: ReadonlySet<T>, value: T): ReadonlySet<T> => new Set([...set, value]);

const without = <T>(map: ReadonlyMap<string, T>, key: string) => new Map([...map].filter(([each]) => each !== key));
const timeOf = ({ time }: LedgerEntrySpec): Instant => Date.parse(time);

const candidateOf = ({ subject: { name, uid, namespace } }: LedgerEntrySpec): OpenIntent['candidate'] => ({
  name,
  uid,
  namespace,
});

/** What each type of entry makes of a package. */
const folds: Folds<PackageRecord> = {
  PromotionStarted: (before, { entry, data }) => ({
    ...before,
    // What production ran before the first promotion.
    ran:
      before.production === undefined
        ? withRan(before.ran, data.from, { digest: data.fromDigest, previous: '' })
        : before.ran,
    seq: entry.seq,
    open: {
      type: 'Promotion',
      id: entry.id,
      seq: entry.seq,
      at: timeOf(entry),
      candidate: candidateOf(entry),
      to: data.to,
      toDigest: entry.digest,
      from: data.from,
      fromDigest: data.fromDigest,
      cause: '',
      rollback: '',
      delivery: data.delivery,
      ...(data.evidence === undefined ? {} : { evidence: data.evidence.map(({ uid }) => uid) }),
      ...(data.exceptions === undefined ? {} : { exceptions: data.exceptions.map(({ name, uid }) => ({ name, uid })) }),
      followsUp: data.followsUp,
      refused: undefined,
      rejected: false,
    },
  }),
  JobDone: foldJob,
  RollbackStarted: (before, { entry, data }) => ({
    ...before,
    ...withOrder(before, data.rollback, { ...orderStarted, message: entry.reason, from: data.from, to: data.to }),
    seq: entry.seq,
    open: {
      type: 'Rollback',
      id: entry.id,
      seq: entry.seq,
      at: timeOf(entry),
      candidate: candidateOf(entry),
      to: data.to,
      toDigest: data.toDigest,
      from: data.from,
      fromDigest: data.fromDigest,
      cause: entry.reason,
      rollback: data.rollback,
      delivery: data.delivery,
      followsUp: null,
      refused: undefined,
      rejected: before.open?.rejected ?? false,
    },
  }),
  Promoted: (before, { entry, data }) => ({
    ...before,
    seq: entry.seq,
    open: undefined,
    unfinished: data.healthy
      ? undefined
      : { from: data.to, fromDigest: entry.digest, to: data.from, left: data.left.map(({ object }) => object) },
    analysisDue: false,
    production: {
      bundle: data.to,
      digest: entry.digest,
      candidateUid: entry.subject.uid,
      previous: data.from,
      at: timeOf(entry),
      observeUntil: Date.parse(data.observeUntil),
      how: data.healthy ? 'Promoted' : 'Failed',
      ...(before.unfinished === undefined ? {} : { over: before.unfinished.left }),
    },
    history: [data.to, ...before.history.filter((name) => name !== data.to)],
    ran: withRan(before.ran, data.to, { digest: entry.digest, previous: data.from }),
  }),
  RolledBack: (before, { entry, data }) => ({
    ...before,
    seq: entry.seq,
    open: undefined,
    analysisDue: true,
    unfinished:
      data.outcome === 'Complete'
        ? undefined
        : {
            from: data.from,
            fromDigest: data.fromDigest,
            to: data.to,
            left: data.left.map(({ object }) => object),
          },
    ...withOrder(before, data.rollback, {
      state: 'Done',
      decision: data.outcome === 'Failed' ? data.outcome : '',
      message: entry.reason,
      from: data.from,
      to: data.to,
    }),
    lifted: without(before.lifted, data.fromDigest),
    held: new Map(before.held).set(data.fromDigest, {
      name: entryName(entry.seq),
      id: entry.id,
      candidate: candidateOf(entry),
    }),
    production:
      data.to === ''
        ? undefined
        : {
            bundle: data.to,
            digest: data.toDigest,
            candidateUid: '',
            previous: data.previous,
            at: timeOf(entry),
            observeUntil: timeOf(entry),
            how: data.outcome === 'Failed' ? data.outcome : 'RolledBack',
          },
    history: data.to === '' ? before.history : [data.to, ...before.history.filter((name) => name !== data.to)],
  }),
  Refused: (before, { entry, data }) => {
    if (entry.subject.kind === 'Rollback') {
      const order: Order = { state: 'Refused', decision: entry.decision, message: data.message, from: '', to: '' };
      return { ...before, ...withOrder(before, entry.subject.uid, order) };
    }
    // What is in production failed while it was observed, and stays.
    if (data.intent === '' && data.outcome === 'Failed' && before.production?.candidateUid === entry.subject.uid) {
      return { ...before, seq: entry.seq, production: { ...before.production, how: 'Failed' } };
    }
    return before.open !== undefined && before.open.id === data.intent
      ? { ...before, seq: entry.seq, open: { ...before.open, refused: data.message } }
      : before;
  },
  Rejected: (before, { entry }) =>
    before.open?.type === 'Promotion' && before.open.candidate.uid === entry.subject.uid
      ? { ...before, seq: entry.seq, open: { ...before.open, rejected: true } }
      : before,
  HoldLifted: (before, { entry, data }) => {
    const hold = before.held.get(entry.digest);
    return {
      ...before,
      held: without(before.held, entry.digest),
      lifted:
        hold === undefined
          ? before.lifted
          : new Map(before.lifted).set(entry.digest, { ...hold, approval: data.approval }),
    };
  },
  Staged: unchanged,
  Tested: unchanged,
  Signed: unchanged,
  Withdrawn: unchanged,
  Adopted: unchanged,
  Admitted: unchanged,
  Observed: unchanged,
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

/** The package after `entry`. Entries that do not concern a package leave it as it is. */
export const foldPackage = (before: PackageRecord, entry: LedgerEntrySpec, data: EntryData): PackageRecord =>
  foldBy(folds, before, { entry, data });
