/**
 * Which entry may follow the record as it stands: one row a type. A row says why an entry does not follow; undefined = it does. An entry
 * that does not follow breaks the record, for whoever wrote it knew another history, or made one up.
 */
import { whyNotInNameOf } from '../../api/ledger-writers.ts';
import { type LedgerEntrySpec, ledgerNameDigits } from '../../api/ledger.ts';
import type { EntryData } from '../ledger-entry.ts';
import { candidates } from './candidate-transitions.ts';
import type { EmergencyRecord } from './emergency.ts';
import { packages } from './package-transitions.ts';
import { type NamespaceRecord, packageRecord } from './record.ts';
import { firstOf, type Given, type Row, type Type, type Wrong } from './transition.ts';

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
export const rows: { readonly [T in Type]: Row<T> } = {
  ...candidates,
  ...packages,
  ...explained,
  ...emergencies,
  ...itself,
};

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
