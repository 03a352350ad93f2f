/** What the ledger of one production namespace says, folded: the only memory that decisions trust. */
import type { ApprovalLine } from '../../api/policy-fields.ts';
import { ledgerNameDigits, type LedgerEntrySpec } from '../../api/ledger.ts';
import { whyNotInNameOf } from '../../api/ledger-writers.ts';
import { type Delivery, type EntryData, type LedgerDraft, parseData } from '../ledger-entry.ts';
import { foldEmergencies, noEmergencies, withoutRefused, type Emergencies } from './emergency.ts';
import { foldExplained, nothingExplained, type ExplainedRecord } from './expected-state.ts';
import type { Instant } from '../objects.ts';
import { actsIn } from './batch.ts';

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
  /** The `Rollback` object that ordered it; '' for none. */
  readonly rollback: string;
  readonly delivery: Delivery;
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
  /** `Failed`: it failed, and the candidate said to page instead of going back. Nothing is observed, nothing pruned. */
  readonly how: 'Promoted' | 'Failed' | 'RolledBack';
}

export interface Order {
  readonly state: 'Started' | 'Done' | 'Refused';
  /** A word of the catalogue when refused; '' otherwise. */
  readonly decision: string;
  readonly message: string;
  readonly from: string;
  readonly to: string;
}

export interface PackageRecord {
  /** Sequence number of the newest entry that moved this package; the precondition of the next intent. */
  readonly seq: number;
  readonly production: ProductionFact | undefined;
  readonly open: OpenIntent | undefined;
  /** Digests that were taken back: refused until a new candidate. */
  readonly held: ReadonlySet<string>;
  /** A rollback happened and nothing has been promoted since: the next candidate explains it. */
  readonly analysisDue: boolean;
  /** Rollbacks that somebody ordered, by uid, and what came of each. */
  readonly orders: ReadonlyMap<string, Order>;
  /** Names of bundles that were in production, newest first. */
  readonly history: readonly string[];
  /** Bundles that were in production, and the baseline, by name: the content of each, and what it came after; '' = nothing. */
  readonly ran: ReadonlyMap<string, { readonly digest: string; readonly previous: string }>;
}

export interface CandidateRecord {
  readonly uid: string;
  readonly stagedDigests: ReadonlySet<string>;
  /** By staged digest, that of what production ran when it was staged; `none` = nothing. */
  readonly bases: ReadonlyMap<string, string>;
  /** Who proposed it, and who had a hand in any content that was staged for it. */
  readonly authors: ReadonlySet<string>;
  /** Soak and tester lines were met once for this content: staging may move on. */
  readonly tested: boolean;
  /** Who had had a hand in the content by then: what staging says afterwards is about other releases. */
  readonly authorsWhenTested: readonly string[];
  /** What its promotion began with, and where; undefined = it has not begun. */
  readonly intent:
    { readonly bundle: string; readonly digest: string; readonly quorum: string; readonly seq: number } | undefined;
  /** Set when its promotion completed. */
  readonly promoted: ProductionFact | undefined;
  /** Approval uids already entered as Signed or Rejected. */
  readonly recordedApprovals: ReadonlySet<string>;
  readonly finished: { readonly reason: FinishedReason; readonly message: string; readonly at: Instant } | undefined;
  readonly name: string;
  readonly namespace: string;
  readonly package: string;
}

export type FinishedReason = 'Promoted' | 'RolledBack' | 'Rejected' | 'Withdrawn' | 'Expired' | 'Superseded' | 'Failed';

export interface NamespaceRecord {
  /** Sequence number and hash of the newest entry; seq −1 for an empty ledger. */
  readonly head: { readonly seq: number; readonly hash: string };
  readonly packages: ReadonlyMap<string, PackageRecord>;
  /** By candidate uid. */
  readonly candidates: ReadonlyMap<string, CandidateRecord>;
  /** What production is explained to hold. */
  readonly explained: ExplainedRecord;
  readonly emergencies: Emergencies;
  /** What the policy demanded before each act that was to change it, by the place of that act, oldest first. */
  readonly demanded: readonly { readonly seq: number; readonly lines: readonly ApprovalLine[] }[];
  /** Why the chain does not verify; undefined = it does. Nothing is promoted on a broken chain. */
  readonly broken: string | undefined;
  /** Entries are missing or were written over: no signature repairs that. */
  readonly damaged?: boolean | undefined;
  /**
   * Entries that stand ahead of the newest one, with free places before them, the farthest first: they count for nothing. Without those of
   * `passed`, and only as `Records` knows them.
   */
  readonly ahead?: readonly RefusedEntry[] | undefined;
  /** Hashes of entries ahead without which somebody signed for going on: where the chain comes to them, it is followed through them. */
  readonly passed?: ReadonlySet<string> | undefined;
  /** The first entry that does not follow from those before it: it and what comes after count for nothing, until somebody signs for going on. */
  readonly refused?: RefusedEntry | undefined;
}

export interface RefusedEntry {
  /** Of the object: its place in the chain. */
  readonly name: string;
  /** `spec.id`; with the hash, what a signature for going on is about. */
  readonly id: string;
  readonly hash: string;
  /** As they were before it. */
  readonly emergencies: Emergencies;
}

const untouched: PackageRecord = {
  seq: -1,
  production: undefined,
  open: undefined,
  held: new Set(),
  analysisDue: false,
  orders: new Map(),
  history: [],
  ran: new Map(),
};

export const packageRecord = (record: NamespaceRecord, name: string): PackageRecord =>
  record.packages.get(name) ?? untouched;

/** Sequence number of the newest entry that moved what a draft is about: the emergencies of the namespace, or a package. */
export const movedAt = (
  record: NamespaceRecord,
  { subject, package: pkg }: Pick<LedgerDraft, 'subject' | 'package'>,
) => (subject.kind === 'EmergencyAccess' ? record.emergencies.seq : packageRecord(record, pkg).seq);

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

const including = <T>(set: ReadonlySet<T>, value: T): ReadonlySet<T> => new Set([...set, value]);

/** The package after `entry`. Entries that do not concern a package leave it as it is. */
const foldPackage = (before: PackageRecord, entry: LedgerEntrySpec, data: EntryData): PackageRecord => {
  const at = Date.parse(entry.time);
  const candidate = { name: entry.subject.name, uid: entry.subject.uid, namespace: entry.subject.namespace };
  switch (data.type) {
    case 'PromotionStarted':
      return {
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
          at,
          candidate,
          to: data.to,
          toDigest: entry.digest,
          from: data.from,
          fromDigest: data.fromDigest,
          cause: '',
          rollback: '',
          delivery: data.delivery,
          followsUp: data.followsUp,
          refused: undefined,
          rejected: false,
        },
      };
    case 'RollbackStarted':
      return {
        ...before,
        ...withOrder(before, data.rollback, {
          state: 'Started',
          decision: '',
          message: entry.reason,
          from: data.from,
          to: data.to,
        }),
        seq: entry.seq,
        open: {
          type: 'Rollback',
          id: entry.id,
          seq: entry.seq,
          at,
          candidate,
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
      };
    case 'Promoted':
      return {
        ...before,
        seq: entry.seq,
        open: undefined,
        analysisDue: false,
        production: {
          bundle: data.to,
          digest: entry.digest,
          candidateUid: candidate.uid,
          previous: data.from,
          at,
          observeUntil: Date.parse(data.observeUntil),
          how: data.healthy ? 'Promoted' : 'Failed',
        },
        history: [data.to, ...before.history.filter((name) => name !== data.to)],
        ran: withRan(before.ran, data.to, { digest: entry.digest, previous: data.from }),
      };
    case 'RolledBack':
      return {
        ...before,
        seq: entry.seq,
        open: undefined,
        analysisDue: true,
        ...withOrder(before, data.rollback, {
          state: 'Done',
          decision: '',
          message: entry.reason,
          from: data.from,
          to: data.to,
        }),
        held: including(before.held, data.fromDigest),
        production:
          data.to === ''
            ? undefined
            : {
                bundle: data.to,
                digest: data.toDigest,
                candidateUid: '',
                previous: data.previous,
                at,
                observeUntil: at,
                how: 'RolledBack',
              },
        history: data.to === '' ? before.history : [data.to, ...before.history.filter((name) => name !== data.to)],
      };
    case 'Refused':
      if (entry.subject.kind === 'Rollback') {
        const order: Order = { state: 'Refused', decision: entry.decision, message: data.message, from: '', to: '' };
        return { ...before, ...withOrder(before, entry.subject.uid, order) };
      }
      // What is in production failed while it was observed, and stays.
      if (data.intent === '' && data.outcome === 'Failed' && before.production?.candidateUid === candidate.uid) {
        return { ...before, seq: entry.seq, production: { ...before.production, how: 'Failed' } };
      }
      return before.open !== undefined && before.open.id === data.intent
        ? { ...before, seq: entry.seq, open: { ...before.open, refused: data.message } }
        : before;
    case 'Rejected':
      return before.open?.type === 'Promotion' && before.open.candidate.uid === candidate.uid
        ? { ...before, seq: entry.seq, open: { ...before.open, rejected: true } }
        : before;
    case 'Staged':
    case 'Tested':
    case 'Signed':
    case 'Withdrawn':
    case 'Adopted':
    case 'Admitted':
    case 'Observed':
    case 'FindingOpened':
    case 'FindingClosed':
    case 'EmergencyGranted':
    case 'EmergencyRefused':
    case 'EmergencyOpened':
    case 'EmergencyEnded':
    case 'EmergencyAccounted':
    case 'EmergencyReviewed':
    case 'EmergencyOverdue':
    case 'EmergencyClosed':
    case 'Resumed':
      return before;
  }
};

const unseen = (entry: LedgerEntrySpec): CandidateRecord => ({
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
  finished: undefined,
});

const finish = (before: CandidateRecord, reason: FinishedReason, entry: LedgerEntrySpec, message: string) =>
  before.finished === undefined ? { ...before, finished: { reason, message, at: Date.parse(entry.time) } } : before;

const foldCandidate = (before: CandidateRecord, entry: LedgerEntrySpec, data: EntryData): CandidateRecord => {
  switch (data.type) {
    case 'Staged':
      return {
        ...before,
        name: entry.subject.name,
        namespace: entry.subject.namespace,
        package: entry.package,
        stagedDigests: including(before.stagedDigests, entry.digest),
        bases: new Map(before.bases).set(entry.digest, data.base),
        authors: new Set([...before.authors, entry.actor.username, ...data.authors]),
      };
    case 'Tested':
      return { ...before, tested: true, authorsWhenTested: data.authors };
    case 'Signed':
      return { ...before, recordedApprovals: including(before.recordedApprovals, data.approval.uid) };
    case 'Rejected': {
      const noted = { ...before, recordedApprovals: including(before.recordedApprovals, data.approval.uid) };
      return data.inFlight ? noted : finish(noted, 'Rejected', entry, entry.reason);
    }
    case 'Withdrawn':
      return finish(before, 'Withdrawn', entry, entry.reason);
    case 'Refused':
      return data.intent === '' ? finish(before, data.outcome, entry, data.message) : before;
    case 'Promoted': {
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
    }
    case 'RolledBack': {
      const settled = before.promoted !== undefined && before.promoted.observeUntil <= Date.parse(data.startedAt);
      return settled
        ? finish(before, 'Promoted', entry, 'observed to the end')
        : finish(before, data.rejected ? 'Rejected' : 'RolledBack', entry, entry.reason);
    }
    case 'PromotionStarted':
      return { ...before, intent: { bundle: data.to, digest: entry.digest, quorum: data.quorum, seq: entry.seq } };
    case 'RollbackStarted':
    case 'Adopted':
    case 'Admitted':
    case 'Observed':
    case 'FindingOpened':
    case 'FindingClosed':
    case 'EmergencyGranted':
    case 'EmergencyRefused':
    case 'EmergencyOpened':
    case 'EmergencyEnded':
    case 'EmergencyAccounted':
    case 'EmergencyReviewed':
    case 'EmergencyOverdue':
    case 'EmergencyClosed':
    case 'Resumed':
      return before;
  }
};

export const emptyRecord: NamespaceRecord = {
  head: { seq: -1, hash: '' },
  packages: new Map(),
  candidates: new Map(),
  explained: nothingExplained,
  emergencies: noEmergencies,
  demanded: [],
  broken: undefined,
};

/** An entry, with what the chain says of it. */
export interface Link {
  readonly entry: LedgerEntrySpec;
  /** Hash of the entry: the `previous` of its successor. */
  readonly hash: string;
  /** How it does not continue the chain; undefined = it does. */
  readonly broken: Break | undefined;
}

/**
 * How an entry does not continue the chain. `Missing`: entries before it are not there. `OtherPrevious`: it stands at the next place, and its
 * `previous` is not the hash of the entry before it.
 */
export interface Break {
  readonly how: 'Missing' | 'OtherPrevious';
  /** For people; names the entry. */
  readonly why: string;
}

/** The same link for each act that its entry tells of. */
const actByAct = (link: Link): Link[] => actsIn(link.entry).map((entry) => ({ ...link, entry }));

/** Folds entries one after the other, in maps of its own. */
const folding = (before: NamespaceRecord) => {
  const packages = new Map(before.packages);
  const candidates = new Map(before.candidates);
  let { explained, emergencies, demanded } = before;
  const moveEmergencies = ({ entry, hash }: Link, data: EntryData): void => {
    const { followsUp = null } = packages.get(entry.package)?.open ?? {};
    emergencies = foldEmergencies(emergencies, { entry, hash, data, explained, followsUp });
  };
  return {
    /** As it is now; the maps are the same ones that go on. */
    now: () => ({ packages, candidates, explained, emergencies, demanded }),
    fold(link: Link, data: EntryData): void {
      const { entry } = link;
      moveEmergencies(link, data);
      if (entry.package !== '') {
        packages.set(entry.package, foldPackage(packages.get(entry.package) ?? untouched, entry, data));
      }
      if (entry.subject.kind === 'ReleaseCandidate') {
        const { uid } = entry.subject;
        candidates.set(uid, foldCandidate(candidates.get(uid) ?? unseen(entry), entry, data));
      }
      explained = foldExplained(explained, entry, data);
      if (data.type === 'Admitted' && data.demanded !== null) {
        demanded = [...demanded, { seq: entry.seq, lines: data.demanded }];
      }
    },
    moveEmergencies,
    /** Remembers what acts may change; the result puts it back as it was. */
    before(acts: readonly Link[]): () => void {
      const were = { explained, emergencies, demanded };
      const ofPackages = acts.map(({ entry }) => [entry.package, packages.get(entry.package)] as const);
      const ofCandidates = acts.map(({ entry }) => [entry.subject.uid, candidates.get(entry.subject.uid)] as const);
      return () => {
        ({ explained, emergencies, demanded } = were);
        for (const [name, known] of ofPackages) putBack(packages, name, known);
        for (const [uid, known] of ofCandidates) putBack(candidates, uid, known);
      };
    },
    /** Nothing of what came since counts. */
    resume({ emergencies: before }: RefusedEntry, { entry }: Link): void {
      emergencies = withoutRefused(before, emergencies, entry);
    },
  };
};

const putBack = <T>(map: Map<string, T>, key: string, known: T | undefined): void => {
  if (known === undefined) map.delete(key);
  else map.set(key, known);
};

/**
 * The record after more entries, in the order of the chain, whatever they say. Pure, so that a ledger read from the start and one followed by
 * watch give the same record.
 */
export const foldEntries = (before: NamespaceRecord, links: readonly Link[]): NamespaceRecord => {
  const state = folding(before);
  let { head, broken } = before;
  for (const link of links.flatMap(actByAct)) {
    state.fold(link, parseData(link.entry));
    head = { seq: link.entry.seq, hash: link.hash };
    broken ??= link.broken?.why;
  }
  return { ...state.now(), head, broken };
};

/** Why an entry may not stand where it stands; undefined = it may. */
export type WhyNot = (record: NamespaceRecord, entry: LedgerEntrySpec, data: EntryData) => string | undefined;

/**
 * `foldEntries`, but an entry that `whyNot` refuses breaks the record: neither it nor what comes after it counts, but that emergency accesses
 * are known, so that what they are made of is taken away. Of an entry for several acts all follow, or none counts: it is one write of one
 * program. An entry with another `previous` is refused whatever it says. An entry by which somebody signed for going on ends that; about an
 * entry ahead, it has that one passed over. After a gap, or an entry that was written over, what follows is read all the same.
 */
export const followEntries = (before: NamespaceRecord, links: readonly Link[], whyNot: WhyNot): NamespaceRecord => {
  const state = folding(before);
  let { head, broken, damaged, refused, passed } = before;
  const count = (act: Link, data: EntryData): void => {
    if (refused === undefined) {
      state.fold(act, data);
      if (data.type === 'Resumed') passed = new Set([...(passed ?? []), act.entry.digest]);
    } else if (data.type === 'Resumed') {
      state.resume(refused, act);
      broken = undefined;
      refused = undefined;
    } else if (data.type.startsWith('Emergency')) state.moveEmergencies(act, data);
  };
  const whyRefused = (link: Link): string | undefined => {
    if (link.broken?.how === 'OtherPrevious') return link.broken.why;
    const why = whyNotRead(link);
    return why === undefined ? undefined : `entry ${nameOf(link)} (${link.entry.type}) ${why}`;
  };
  const whyNotRead = (link: Link): string | undefined => {
    const acts = orUndefined(() => actByAct(link));
    if (acts === undefined) return unreadable;
    const misnamed = whyNotInNameOf(link.entry.type, link.entry.actor.username);
    if (misnamed !== undefined) return `does not follow: ${misnamed}`;
    const undo = state.before(acts);
    for (const act of acts) {
      const data = orUndefined(() => parseData(act.entry));
      const wrong = data && whyNot({ ...state.now(), head, broken, damaged, refused }, act.entry, data);
      if (data === undefined || wrong !== undefined) {
        undo();
        return data === undefined ? unreadable : `does not follow: ${wrong}`;
      }
      count(act, data);
    }
    return undefined;
  };
  for (const link of links) {
    if (passed?.has(link.hash) === true) {
      if (link.broken?.how !== 'Missing') head = { seq: link.entry.seq, hash: link.hash };
      continue;
    }
    if (link.broken?.how === 'Missing') {
      broken ??= link.broken.why;
      damaged = true;
    }
    const why = whyRefused(link);
    if (why !== undefined) {
      broken ??= why;
      refused ??= { name: nameOf(link), id: link.entry.id, hash: link.hash, emergencies: state.now().emergencies };
    }
    head = { seq: link.entry.seq, hash: link.hash };
  }
  return { ...state.now(), head, broken, damaged, refused, passed };
};

/** Written by somebody who does not know the entries: what it says cannot be told, so nothing after it can be trusted. */
const unreadable = 'cannot be read';

const orUndefined = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch {
    return undefined;
  }
};

const nameOf = ({ entry }: Link): string => String(entry.seq).padStart(ledgerNameDigits, '0');
