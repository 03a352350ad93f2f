/**
 * Which entry may follow the record as it stands: one row a type. A row says why an entry does not follow; undefined = it does. An entry
 * that does not follow breaks the record, for whoever wrote it knew another history, or made one up.
 */
import { ledgerNameDigits, type LedgerEntrySpec } from '../../api/ledger.ts';
import { whyNotInNameOf } from '../../api/ledger-writers.ts';
import { digest8 } from '../json/canonical.ts';
import type { EmergencyRecord } from './emergency.ts';
import type { EntryData } from '../ledger-entry.ts';
import {
  packageRecord,
  type CandidateRecord,
  type NamespaceRecord,
  type OpenIntent,
  type PackageRecord,
} from './record.ts';

type State = Omit<NamespaceRecord, 'demanded'>;
type Type = EntryData['type'];
type Of<T extends Type> = Extract<EntryData, { type: T }>;

/** Why the entry does not follow; undefined = it does. */
type Wrong = string | undefined;

interface Given<T extends Type> {
  readonly entry: LedgerEntrySpec;
  readonly data: Of<T>;
  readonly state: State;
  /** The package that the entry names. */
  readonly pkg: PackageRecord;
  /** The candidate that is the entry's subject; undefined = the record knows none of that uid. */
  readonly candidate: CandidateRecord | undefined;
  /** The emergency access that is the entry's subject. */
  readonly emergency: EmergencyRecord | undefined;
}

type Row<T extends Type> = (given: Given<T>) => Wrong;

/** The first that is so is what is wrong. */
const firstOf = (...rows: readonly (readonly [isWrong: boolean, why: string])[]): Wrong =>
  rows.find(([isWrong]) => isWrong)?.[1];

// --- candidates ------------------------------------------------------------------------------------------------------

const finished = (candidate: CandidateRecord | undefined) =>
  [candidate?.finished !== undefined, 'its candidate is finished'] as const;
const notStaged = (candidate: CandidateRecord | undefined) =>
  [(candidate?.stagedDigests.size ?? 0) === 0, 'its candidate was never staged'] as const;
const begun = (candidate: CandidateRecord | undefined) =>
  [candidate?.intent !== undefined, 'the promotion of its candidate has begun'] as const;
const isOpenFor = ({ open }: PackageRecord, { subject }: LedgerEntrySpec): boolean =>
  open?.candidate.uid === subject.uid;

/** A signature is entered once, in the name of who gave it. */
const signature = ({ entry, data, candidate }: Given<'Signed'> | Given<'Rejected'>) =>
  [
    [data.approval.username !== entry.actor.username, 'it is in another name than its signature'],
    [candidate?.recordedApprovals.has(data.approval.uid) === true, 'its signature was entered before'],
  ] as const;

const candidates = {
  Staged: ({ entry, candidate }) =>
    firstOf([entry.digest === '', 'it names no digest'], finished(candidate), begun(candidate), [
      candidate?.stagedDigests.has(entry.digest) === true,
      'that content was staged before',
    ]),
  Tested: ({ entry, candidate }) =>
    firstOf(
      finished(candidate),
      [candidate?.stagedDigests.has(entry.digest) !== true, 'that content was never staged'],
      [candidate?.tested === true, 'its candidate was tested before'],
    ),
  Signed: (given) => firstOf(notStaged(given.candidate), finished(given.candidate), ...signature(given)),
  Rejected: (given) =>
    firstOf(
      [given.candidate === undefined, 'the record does not know its candidate'],
      finished(given.candidate),
      [
        given.data.inFlight !== (given.candidate?.intent !== undefined),
        given.data.inFlight ? 'no promotion of its candidate has begun' : 'the promotion of its candidate has begun',
      ],
      ...signature(given),
    ),
  Withdrawn: ({ entry, pkg, candidate }) =>
    firstOf([candidate === undefined, 'the record does not know its candidate'], finished(candidate), [
      candidate?.promoted !== undefined || isOpenFor(pkg, entry),
      'its candidate is in production or on its way there',
    ]),
} satisfies { readonly [T in Type]?: Row<T> };

// --- packages --------------------------------------------------------------------------------------------------------

/** Name of the bundle of what production held of a package before its first promotion. */
const baselineName = (pkg: string, digest: string): string => `${pkg}-baseline-${digest8(digest)}`;

/** What a promotion begins from is what production runs; before the first one, what it held, or nothing. */
const wrongFrom = ({ entry, data, pkg }: Given<'PromotionStarted'>): boolean =>
  pkg.production === undefined
    ? data.from !== (data.fromDigest === '' ? '' : baselineName(entry.package, data.fromDigest))
    : data.from !== pkg.production.bundle || data.fromDigest !== pkg.production.digest;

/** The open intent is the one that the entry ends. */
const notOf = ({ open }: PackageRecord, type: OpenIntent['type'], intent: string) =>
  [open?.type !== type || open.id !== intent, `no ${type.toLowerCase()} ${intent} is open`] as const;

/** Where a package may go back to, by name, with the digest of each. */
const isWhereItCameFrom = ({ open, production }: PackageRecord, to: string): boolean =>
  to === (open?.from ?? production?.previous);

const wrongOrder = ({ entry, data, pkg }: Given<'RollbackStarted'>): Wrong => {
  const isOrdered = data.rollback !== '';
  const byPerson = !entry.actor.username.startsWith('system:');
  return firstOf(
    [isOrdered !== byPerson, isOrdered ? 'it was ordered by no person' : 'nobody ordered it, and it names a person'],
    [isOrdered && pkg.orders.has(data.rollback), 'its order was answered before'],
    [
      !isOrdered && pkg.open === undefined && pkg.production?.how !== 'Promoted',
      'nothing of the package is observed, and nobody ordered it',
    ],
    [
      !isOrdered && !isWhereItCameFrom(pkg, data.to),
      `${data.to === '' ? 'nothing' : data.to} is not what it came from`,
    ],
  );
};

const packages = {
  PromotionStarted: (given) => {
    const { entry, data, pkg, candidate } = given;
    return firstOf(
      [pkg.open !== undefined, 'another promotion or rollback of the package is open'],
      [candidate?.stagedDigests.has(entry.digest) !== true, 'that content was never staged'],
      finished(candidate),
      begun(candidate),
      [pkg.held.has(entry.digest), 'that content is on hold'],
      [wrongFrom(given), `it begins from ${data.from === '' ? 'nothing' : data.from}, which production does not run`],
      [
        (candidate?.bases.get(entry.digest) ?? '') !== (data.fromDigest === '' ? 'none' : data.fromDigest),
        'that content was staged against another base',
      ],
    );
  },
  Promoted: ({ entry, data, pkg }) =>
    firstOf(
      notOf(pkg, 'Promotion', data.intent),
      [!isOpenFor(pkg, entry), 'it is about another candidate than its intent'],
      [data.to !== pkg.open?.to || data.from !== pkg.open.from, 'it is about other bundles than its intent'],
      [entry.digest !== pkg.open?.toDigest, 'it is about other content than its intent'],
      [pkg.open?.rejected === true || pkg.open?.refused !== undefined, 'its promotion was rejected or refused'],
    ),
  RollbackStarted: (given) => {
    const { data, pkg, candidate } = given;
    const from = pkg.open === undefined ? pkg.production?.bundle : pkg.open.to;
    const fromDigest = pkg.open === undefined ? pkg.production?.digest : pkg.open.toDigest;
    const wrong = firstOf(
      [pkg.open?.type === 'Rollback', 'a rollback of the package is open'],
      [data.from !== from || data.fromDigest !== fromDigest, `production does not run ${data.from}`],
      [candidate?.intent?.bundle !== data.from, 'it is about another candidate than production runs'],
      [data.to === data.from, 'it leads to where production is'],
      [data.to !== '' && !isWhereItCameFrom(pkg, data.to) && !pkg.ran.has(data.to), `production never ran ${data.to}`],
      [data.to === '' && !isWhereItCameFrom(pkg, ''), 'production was never without the package'],
      [data.toDigest !== (data.to === '' ? '' : pkg.ran.get(data.to)?.digest), 'it leads to other content than ran'],
    );
    return wrong ?? wrongOrder(given);
  },
  RolledBack: ({ entry, data, pkg }) => {
    const { open } = pkg;
    return firstOf(
      notOf(pkg, 'Rollback', data.intent),
      [!isOpenFor(pkg, entry), 'it is about another candidate than its intent'],
      [data.to !== open?.to || data.from !== open.from, 'it is about other bundles than its intent'],
      [
        data.toDigest !== open?.toDigest || data.fromDigest !== open.fromDigest,
        'it is about other content than its intent',
      ],
      [data.rollback !== open?.rollback, 'it is about another order than its intent'],
      [data.rejected !== open?.rejected, 'it says otherwise whether the candidate was rejected'],
      [Date.parse(data.startedAt) !== open?.at, 'its intent began at another time'],
      [data.previous !== (pkg.ran.get(data.to)?.previous ?? ''), `${data.to} did not come after ${data.previous}`],
    );
  },
  Refused: ({ entry, data, pkg, candidate }) => {
    if (entry.subject.kind === 'Rollback') {
      return firstOf([pkg.orders.has(entry.subject.uid), 'its order was answered before']);
    }
    if (data.intent !== '') {
      return firstOf(notOf(pkg, 'Promotion', data.intent), [
        pkg.open?.refused !== undefined,
        'a write of that promotion was refused before',
      ]);
    }
    if (data.outcome === 'Failed') {
      return firstOf(
        [pkg.open !== undefined, 'a promotion or rollback of the package is open'],
        [pkg.production?.candidateUid !== entry.subject.uid, 'production does not run its candidate'],
        [pkg.production?.how !== 'Promoted', 'what production runs is not observed'],
      );
    }
    return firstOf(finished(candidate), [
      candidate?.promoted !== undefined || isOpenFor(pkg, entry),
      'its candidate is in production or on its way there',
    ]);
  },
} satisfies { readonly [T in Type]?: Row<T> };

// --- what is explained, and findings ---------------------------------------------------------------------------------

const kindOf = (object: string): string => object.slice(0, object.indexOf('/'));

const explained = {
  Adopted: ({ data, state: { explained: known } }) =>
    firstOf(
      [data.kinds.some((kind) => known.adopted.has(kind)), 'it takes up a kind that was taken up before'],
      [
        data.kinds.length > 0 && data.objects.some(({ object }) => known.objects.has(object)),
        'it takes up an object that the record knows',
      ],
      [
        data.kinds.length === 0 && data.objects.some(({ object }) => !known.objects.has(object)),
        'it measures an object again that the record does not know',
      ],
      [
        known.measuresLifetimes && (data.lifetimes ?? []).some(({ object }) => !data.kinds.includes(kindOf(object))),
        'it takes up finalizers and owners of objects whose own were taken up before',
      ],
    ),
  Admitted: ({ entry, data, state }) =>
    firstOf(
      [state.explained.attempts.has(entry.id), 'an act of that id is open'],
      [data.emergency !== '' && !state.emergencies.all.has(data.emergency), 'the record does not know its emergency'],
    ),
  Observed: ({ data, state }) => {
    const attempt = state.explained.attempts.get(data.admitted);
    const isOn =
      data.object === '' ||
      data.object === attempt?.object ||
      // The API server made the name.
      (attempt?.object.endsWith('/') === true && data.object.startsWith(attempt.object));
    return firstOf(
      [attempt === undefined, `no act ${data.admitted} is open`],
      [!isOn, `act ${data.admitted} is about another object`],
    );
  },
  FindingOpened: ({ entry, state }) =>
    firstOf([state.explained.findings.has(entry.id), 'a finding of that id is open']),
  FindingClosed: ({ entry, data, state }) => {
    const finding = state.explained.findings.get(data.finding);
    const release = state.explained.objects.get(finding?.object ?? '')?.release;
    return firstOf(
      [finding === undefined, `no finding ${data.finding} is open`],
      [entry.digest !== finding?.digest, 'it is about another change than the finding'],
      [data.by === 'Signature' && data.approval === '', 'it names no signature'],
      [
        data.by === 'Release' && (data.accepted || release === undefined || release.seq < (finding?.seq ?? 0)),
        'no release covers it',
      ],
    );
  },
} satisfies { readonly [T in Type]?: Row<T> };

// --- emergencies -----------------------------------------------------------------------------------------------------

type About = Pick<Given<Type>, 'emergency'>;

const judgedOnce = ({ emergency }: About): Wrong => firstOf([emergency !== undefined, 'that access was judged before']);

const after =
  (...stages: readonly EmergencyRecord['stage'][]) =>
  ({ emergency }: About): Wrong =>
    emergency === undefined
      ? 'the record does not know that access'
      : firstOf([!stages.includes(emergency.stage), `that access is ${emergency.stage}, not ${stages.join(' or ')}`]);

const emergencies = {
  EmergencyGranted: (given) =>
    judgedOnce(given) ??
    firstOf(
      [given.data.grantor !== given.entry.actor.username, 'it is in another name than that of its grantor'],
      [given.data.grantor === given.data.grantee, 'its grantor grants it to themselves'],
    ),
  EmergencyRefused: judgedOnce,
  EmergencyOpened: after('Granted'),
  EmergencyEnded: after('Granted', 'Opened'),
  EmergencyAccounted: after('Ended'),
  EmergencyReviewed: (given) =>
    after('Accounted')(given) ??
    firstOf(
      [given.emergency?.reviewed !== undefined, 'that access was reviewed before'],
      [given.data.approval.username !== given.entry.actor.username, 'it is in another name than its signature'],
      [given.entry.digest !== given.emergency?.accounted?.digest, 'it is about another account'],
      [
        [given.emergency?.grantor, given.emergency?.grantee].includes(given.entry.actor.username),
        'its reviewer had a part in it',
      ],
    ),
  EmergencyOverdue: (given) =>
    after('Accounted')(given) ?? firstOf([given.emergency?.overdue === true, 'that access is overdue already']),
  EmergencyClosed: (given) =>
    after('Accounted')(given) ?? firstOf([given.emergency?.reviewed === undefined, 'nobody reviewed that access']),
} satisfies { readonly [T in Type]?: Row<T> };

// --- the record itself -----------------------------------------------------------------------------------------------

/** It is about an entry with a place farther on. What stands there, the chain alone does not say. */
const isAhead = ({ seq, subject }: LedgerEntrySpec): boolean =>
  /^\d+$/.test(subject.name) && subject.name.length === ledgerNameDigits && Number(subject.name) > seq;

const itself = {
  Resumed: ({ entry, data, state: { refused, damaged } }) =>
    firstOf(
      [refused === undefined && !isAhead(entry), 'every entry before it follows'],
      [entry.digest === '', 'it names no entry'],
      [damaged === true, 'an entry before it was lost or changed'],
      [
        refused !== undefined && (data.entry !== refused.id || entry.digest !== refused.hash),
        'it is about another entry than the first refused',
      ],
      [data.approval.username !== entry.actor.username, 'it is in another name than its signature'],
    ),
} satisfies { readonly [T in Type]?: Row<T> };

/** Every type has its row: the compiler says so. */
const rows: { readonly [T in Type]: Row<T> } = { ...candidates, ...packages, ...explained, ...emergencies, ...itself };

/** Types about a candidate of one package, and what their subject is otherwise. */
const ofPackages: ReadonlySet<string> = new Set([...Object.keys(candidates), ...Object.keys(packages)]);

const wrongSubject = ({ entry, candidate }: Pick<Given<Type>, 'entry' | 'candidate'>): Wrong => {
  const { type, subject } = entry;
  if (!ofPackages.has(type)) return undefined;
  const isOrder = type === 'Refused' && subject.kind === 'Rollback';
  return firstOf(
    [entry.package === '', 'it names no package'],
    [!isOrder && subject.kind !== 'ReleaseCandidate', `its subject is a ${subject.kind}`],
    [
      candidate !== undefined && candidate.stagedDigests.size > 0 && candidate.package !== entry.package,
      'its candidate is of another package',
    ],
  );
};

/** Calls the row of a type with data of that type. */
const rowSays = <T extends Type>(type: T, given: Given<T>): Wrong => rows[type](given);

/** Why an entry, or one act of an entry for several, does not follow from the record before it; undefined = it does. */
export const whyNotNext = (state: NamespaceRecord, entry: LedgerEntrySpec, data: EntryData): Wrong => {
  const { type, actor, subject } = entry;
  const misnamed = whyNotInNameOf(type, actor.username);
  if (misnamed !== undefined) return misnamed;
  const candidate = subject.kind === 'ReleaseCandidate' ? state.candidates.get(subject.uid) : undefined;
  const given = {
    entry,
    state,
    candidate,
    pkg: packageRecord(state, entry.package),
    emergency: state.emergencies.all.get(subject.uid),
  };
  return wrongSubject(given) ?? rowSays(data.type, { ...given, data });
};
