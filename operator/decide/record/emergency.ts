/** What the ledger says of the emergencies of one namespace, folded. */
import type { LedgerEntrySpec } from '../../api/ledger.ts';
import type { EntryData } from '../ledger-entry.ts';
import { absent, type ExplainedRecord, type State } from './expected-state.ts';
import { asKey, type Instant, type ObjectKey } from '../objects.ts';
import { foldBy, unchanged, type Folds } from './fold.ts';

type Of<T extends EntryData['type']> = Extract<EntryData, { type: T }>;

export type Drift = Of<'EmergencyAccounted'>['drift'][number];

/** A pod that somebody went into. */
export interface Session {
  readonly pod: string;
  readonly at: Instant;
}

export interface EmergencyRecord {
  readonly uid: string;
  readonly name: string;
  /** Granted: it is being made. Opened: the grantee is let in. Ended: it is being taken away. */
  readonly stage: 'Refused' | 'Granted' | 'Opened' | 'Ended' | 'Accounted' | 'Closed';
  readonly grantee: string;
  readonly grantor: string;
  readonly notAfter: Instant;
  readonly clusterRole: string;
  readonly roleDigest: string;
  /** A word of the catalogue and a sentence: why it was refused, or how it ended. */
  readonly decision: string;
  readonly message: string;
  readonly endedAt: Instant | undefined;
  /** Entries that tell of acts under it, in order, and how many acts those are. */
  readonly entries: readonly { readonly seq: number; readonly hash: string }[];
  readonly actions: number;
  readonly sessions: readonly Session[];
  /** Objects that acts under it were seen to change, with what each held before the first of them. */
  readonly touched: ReadonlyMap<ObjectKey, State>;
  readonly accounted:
    | {
        readonly seq: number;
        readonly digest: string;
        readonly drift: readonly Drift[];
        readonly sessions: Of<'EmergencyAccounted'>['sessions'];
        readonly dueAt: Instant | undefined;
      }
    | undefined;
  /** By object: the follow-up release that says what becomes of it. */
  readonly settled: ReadonlyMap<string, { readonly how: 'Covered' | 'Reverted'; readonly bundle: string }>;
  readonly reviewed: { readonly approval: string; readonly username: string } | undefined;
  readonly overdue: boolean;
}

export interface Emergencies {
  /** Sequence number of the newest entry that moved any of them; the precondition of the next. */
  readonly seq: number;
  /** By uid of the EmergencyAccess, in the order in which they were judged. */
  readonly all: ReadonlyMap<string, EmergencyRecord>;
}

export const noEmergencies: Emergencies = { seq: -1, all: new Map() };

/** Somebody is let in, or about to be. */
export const isLive = ({ stage }: EmergencyRecord): boolean => stage === 'Granted' || stage === 'Opened';

/** How many of them stand how. */
export const countEmergencies = ({ all }: Emergencies) => {
  const each = [...all.values()];
  return {
    live: each.filter(isLive).length,
    reviewOrFollowUpDue: each.filter(({ stage }) => stage === 'Ended' || stage === 'Accounted').length,
    overdue: each.filter(({ overdue }) => overdue).length,
  };
};

/**
 * The accesses as they were before entries that count for nothing. Those that only such entries tell of have ended, so that whatever was made
 * of them is taken away and accounted for. `entry`: by which the record goes on.
 */
export const withoutRefused = (before: Emergencies, after: Emergencies, entry: LedgerEntrySpec): Emergencies => {
  const told = [...after.all].filter(([uid, { stage }]) => !before.all.has(uid) && stage !== 'Refused');
  const ended = told.map(([uid, each]): [string, EmergencyRecord] => [
    uid,
    {
      ...each,
      stage: 'Ended',
      decision: 'AccessChanged',
      message: 'its grant does not follow from the record',
      endedAt: Date.parse(entry.time),
      accounted: undefined,
      reviewed: undefined,
      overdue: false,
    },
  ]);
  return { seq: entry.seq, all: new Map([...before.all, ...ended]) };
};

interface Folding {
  readonly entry: LedgerEntrySpec;
  readonly hash: string;
  readonly data: EntryData;
  /** As it was before this entry. */
  readonly explained: ExplainedRecord;
  /** What the open promotion of the entry's package follows up. */
  readonly followsUp: Of<'PromotionStarted'>['followsUp'];
}

/** What each type of entry makes of the emergencies of a namespace. */
const folds: Folds<Emergencies, Omit<Folding, 'entry' | 'data'>> = {
  EmergencyGranted: (before, { entry, data }) =>
    judged(before, entry, {
      ...begun(entry),
      stage: 'Granted',
      grantee: data.grantee,
      grantor: data.grantor,
      notAfter: Date.parse(data.notAfter),
      clusterRole: data.clusterRole,
      roleDigest: data.roleDigest,
    }),
  EmergencyRefused: (before, { entry, data }) =>
    judged(before, entry, {
      ...begun(entry),
      stage: 'Refused',
      decision: entry.decision,
      message: data.message,
    }),
  EmergencyOpened: (before, { entry }) => changed(before, entry, (each) => ({ ...each, stage: 'Opened' })),
  EmergencyEnded: (before, { entry, data }) =>
    changed(before, entry, (each) => ({
      ...each,
      stage: 'Ended',
      decision: entry.decision,
      message: data.message,
      endedAt: Date.parse(entry.time),
    })),
  EmergencyAccounted: (before, { entry, data }) =>
    changed(before, entry, (each) => ({
      ...each,
      stage: 'Accounted',
      accounted: {
        seq: entry.seq,
        digest: entry.digest,
        drift: data.drift,
        sessions: data.sessions,
        dueAt: data.dueAt === '' ? undefined : Date.parse(data.dueAt),
      },
    })),
  EmergencyReviewed: (before, { entry, data }) =>
    changed(before, entry, (each) => ({
      ...each,
      reviewed: { approval: data.approval.uid, username: data.approval.username },
    })),
  EmergencyOverdue: (before, { entry }) => changed(before, entry, (each) => ({ ...each, overdue: true })),
  EmergencyClosed: (before, { entry }) =>
    changed(before, entry, (each) => ({ ...each, stage: 'Closed', overdue: false })),
  Admitted: (before, given) => acted(before, given, given.data),
  Observed: (before, given) => touched(before, given, given.data),
  Promoted: (before, { data, followsUp }) => (data.healthy ? followedUp(before, followsUp, data.to) : before),
  RolledBack: (before, { data }) => takenBack(before, data.from),
  Staged: unchanged,
  Tested: unchanged,
  JobDone: unchanged,
  Signed: unchanged,
  Rejected: unchanged,
  Withdrawn: unchanged,
  PromotionStarted: unchanged,
  RollbackStarted: unchanged,
  Refused: unchanged,
  Resumed: unchanged,
  Adopted: unchanged,
  HoldLifted: unchanged,
  FindingOpened: unchanged,
  FindingClosed: unchanged,
};

export const foldEmergencies = (before: Emergencies, folding: Folding): Emergencies => foldBy(folds, before, folding);

const begun = ({ subject }: LedgerEntrySpec): EmergencyRecord => ({
  uid: subject.uid,
  name: subject.name,
  stage: 'Granted',
  grantee: '',
  grantor: '',
  notAfter: 0,
  clusterRole: '',
  roleDigest: '',
  decision: '',
  message: '',
  endedAt: undefined,
  entries: [],
  actions: 0,
  sessions: [],
  touched: new Map(),
  accounted: undefined,
  settled: new Map(),
  reviewed: undefined,
  overdue: false,
});

const moved = ({ all }: Emergencies, { seq }: LedgerEntrySpec, after: EmergencyRecord): Emergencies => ({
  seq,
  all: new Map(all).set(after.uid, after),
});

/** Judged once: nobody brings back by another entry what was refused or is over. */
const judged = (before: Emergencies, entry: LedgerEntrySpec, after: EmergencyRecord): Emergencies =>
  before.all.has(after.uid) ? before : moved(before, entry, after);

/** What each entry goes on from. Out of that order it says nothing. */
const stagesBefore: Partial<Record<LedgerEntrySpec['type'], readonly EmergencyRecord['stage'][]>> = {
  EmergencyOpened: ['Granted'],
  EmergencyEnded: ['Granted', 'Opened'],
  EmergencyAccounted: ['Ended'],
  EmergencyReviewed: ['Accounted'],
  EmergencyOverdue: ['Accounted'],
  EmergencyClosed: ['Accounted'],
};

const changed = (
  before: Emergencies,
  entry: LedgerEntrySpec,
  change: (each: EmergencyRecord) => EmergencyRecord,
): Emergencies => {
  const each = before.all.get(entry.subject.uid);
  return each !== undefined && stagesBefore[entry.type]?.includes(each.stage) === true
    ? moved(before, entry, change(each))
    : before;
};

/** What does not move an emergency on does not disturb who decides about them: `seq` stays. */
const noted = ({ seq, all }: Emergencies, after: EmergencyRecord): Emergencies => ({
  seq,
  all: new Map(all).set(after.uid, after),
});

const acted = (before: Emergencies, { entry, hash }: Folding, data: Of<'Admitted'>): Emergencies => {
  const each = before.all.get(data.emergency);
  if (each === undefined) return before;
  const isSession = data.operation === 'CONNECT' || data.subresource === 'ephemeralcontainers';
  const known = each.entries.at(-1)?.seq === entry.seq;
  return noted(before, {
    ...each,
    entries: known ? each.entries : [...each.entries, { seq: entry.seq, hash }],
    actions: each.actions + 1,
    sessions: isSession ? [...each.sessions, { pod: entry.subject.name, at: Date.parse(entry.time) }] : each.sessions,
  });
};

/** Pods come and go with what runs them, and whoever went into one is among the sessions. */
const touched = (before: Emergencies, { explained }: Folding, data: Of<'Observed'>): Emergencies => {
  const attempt = explained.attempts.get(data.admitted);
  const each = attempt === undefined ? undefined : before.all.get(attempt.emergency);
  if (attempt === undefined || each === undefined || !data.happened) return before;
  const key = data.object === '' ? attempt.object : asKey(data.object);
  if (key.startsWith('Pod/') || each.touched.has(key)) return before;
  const { settled, lifetimes } = explained.objects.get(key) ?? { settled: [], lifetimes: [] };
  const state: State = { ...(settled[0] ?? absent), lifetime: explained.measuresLifetimes ? lifetimes[0] : undefined };
  return noted(before, { ...each, touched: new Map(each.touched).set(key, state) });
};

const followedUp = (before: Emergencies, followsUp: Folding['followsUp'], bundle: string): Emergencies => {
  const each = followsUp === null ? undefined : before.all.get(followsUp.emergency);
  if (followsUp === null || each === undefined) return before;
  const settled = new Map(each.settled);
  for (const object of followsUp.covers) settled.set(object, { how: 'Covered', bundle });
  for (const object of followsUp.reverts) settled.set(object, { how: 'Reverted', bundle });
  const isLate = each.overdue && (each.accounted?.drift ?? []).some(({ object }) => !settled.has(object));
  return noted(before, { ...each, settled, overdue: isLate });
};

/** A follow-up that goes back has settled nothing. */
const takenBack = (before: Emergencies, bundle: string): Emergencies => {
  const affected = [...before.all.values()].filter(
    ({ stage, settled }) => stage !== 'Closed' && [...settled.values()].some((each) => each.bundle === bundle),
  );
  return affected.reduce(
    (all, each) =>
      noted(all, { ...each, settled: new Map([...each.settled].filter(([, by]) => by.bundle !== bundle)) }),
    before,
  );
};
