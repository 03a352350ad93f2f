/** What a row of the table of transitions is given, and how it says what is wrong. */
import type { LedgerEntrySpec } from '../../api/ledger.ts';
import type { EntryData } from '../ledger-entry.ts';
import type { CandidateRecord } from './candidate.ts';
import type { EmergencyRecord } from './emergency.ts';
import type { PackageRecord } from './package.ts';
import type { NamespaceRecord } from './record.ts';

type State = Omit<NamespaceRecord, 'demanded'>;
export type Type = EntryData['type'];
type Of<T extends Type> = Extract<EntryData, { type: T }>;

/** Why the entry does not follow; undefined = it does. */
export type Wrong = string | undefined;

export interface Given<T extends Type> {
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

export type Row<T extends Type> = (given: Given<T>) => Wrong;

/** The first that is so is what is wrong. */
export const firstOf = (...rows: readonly (readonly [isWrong: boolean, why: string])[]): Wrong =>
  rows.find(([isWrong]) => isWrong)?.[1];

export const finished = (candidate: CandidateRecord | undefined) =>
  [candidate?.finished !== undefined, 'its candidate is finished'] as const;
export const notStaged = (candidate: CandidateRecord | undefined) =>
  [(candidate?.stagedDigests.size ?? 0) === 0, 'its candidate was never staged'] as const;
export const begun = (candidate: CandidateRecord | undefined) =>
  [candidate?.intent !== undefined, 'the promotion of its candidate has begun'] as const;
export const isOpenFor = ({ open }: PackageRecord, { subject }: LedgerEntrySpec): boolean =>
  open?.candidate.uid === subject.uid;

/** A signature is entered once, in the name of who gave it. */
export const signature = ({ entry, data, candidate }: Given<'Signed'> | Given<'Rejected'>) =>
  [
    [data.approval.username !== entry.actor.username, 'it is in another name than its signature'],
    [candidate?.recordedApprovals.has(data.approval.uid) === true, 'its signature was entered before'],
  ] as const;
