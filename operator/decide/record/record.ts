/** What the ledger of one production namespace says, folded: the only memory that decisions trust. */
import type { ApprovalLine } from '../../api/policy-fields.ts';
import type { LedgerDraft } from '../ledger-entry.ts';
import type { CandidateRecord } from './candidate.ts';
import { type Emergencies, noEmergencies } from './emergency.ts';
import { type ExplainedRecord, nothingExplained } from './expected-state.ts';
import { type PackageRecord, untouched } from './package.ts';
import { noPolicyActs, type PolicyActs } from './policy-acts.ts';

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
  /** What was done to the policy where its changes take others. */
  readonly policyActs: PolicyActs;
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

export const packageRecord = (record: NamespaceRecord, name: string): PackageRecord =>
  record.packages.get(name) ?? untouched;

/** Sequence number of the newest entry that moved what a draft is about: the emergencies of the namespace, or a package. */
export const movedAt = (
  record: NamespaceRecord,
  { subject, package: pkg }: Pick<LedgerDraft, 'subject' | 'package'>,
) => (subject.kind === 'EmergencyAccess' ? record.emergencies.seq : packageRecord(record, pkg).seq);

export const emptyRecord: NamespaceRecord = {
  head: { seq: -1, hash: '' },
  packages: new Map(),
  candidates: new Map(),
  explained: nothingExplained,
  emergencies: noEmergencies,
  demanded: [],
  policyActs: noPolicyActs,
  broken: undefined,
};
