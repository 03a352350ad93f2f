/** A production namespace, tab by tab. */
import type { CandidateRow, NewsModel, SignableModel, Tone } from './basics.ts';

export interface PackageModel {
  readonly package: string;
  readonly version: string;
  readonly bundle: string;
  readonly digest: string;
  readonly since: string;
  /** It was there before anything was released; nobody signed for it. */
  readonly baseline: boolean;
  readonly candidate?: { readonly namespace: string; readonly name: string } | undefined;
  readonly authors: readonly string[];
  /** Whose signatures counted. */
  readonly signedBy: readonly { readonly who: string; readonly role: string }[];
}

export interface PackagesModel {
  readonly view: 'packages';
  readonly namespace: string;
  /** Why the record is not to be believed; '' = it verifies. */
  readonly wrong: string;
  readonly packages: readonly PackageModel[];
  readonly candidates: readonly CandidateRow[];
}

export interface EmergencyModel {
  readonly name: string;
  readonly grantee: string;
  readonly grantor: string;
  readonly incident: string;
  readonly reason: string;
  readonly state: string;
  readonly tone: Tone;
  readonly created: string;
  readonly notAfter?: string | undefined;
  readonly guarantee: string;
  readonly news: readonly NewsModel[];
  readonly acts: readonly { readonly entry: string; readonly time: string; readonly says: string }[];
  readonly drift: readonly { readonly object: string; readonly change: string; readonly settled: string }[];
  readonly sessions: readonly { readonly pod: string; readonly outcome: string }[];
  readonly followUpDue?: string | undefined;
  /** Present while a review is due. */
  readonly review?: SignableModel | undefined;
  /** What ends it; '' when it is over. */
  readonly ends: string;
}

export interface EmergenciesModel {
  readonly view: 'emergencies';
  readonly namespace: string;
  readonly emergencies: readonly EmergencyModel[];
}

export interface FindingModel extends SignableModel {
  readonly name: string;
  readonly object: string;
  readonly change: string;
  readonly message: string;
  readonly since: string;
}

export interface FindingsModel {
  readonly view: 'findings';
  readonly namespace: string;
  /** What the operator says of production as a whole. */
  readonly explained: string;
  readonly isExplained: boolean;
  readonly findings: readonly FindingModel[];
}

export interface EntryModel {
  readonly name: string;
  readonly time: string;
  readonly type: string;
  readonly who: string;
  readonly subject: string;
  readonly package: string;
  readonly says: string;
  readonly digest: string;
  readonly hash: string;
  /** Acts that one entry tells of together. */
  readonly acts: readonly string[];
}

export interface LedgerModel {
  readonly view: 'ledger';
  readonly namespace: string;
  readonly types: readonly string[];
  /** The newest that match, newest first. */
  readonly entries: readonly EntryModel[];
  readonly matching: number;
  readonly count: number;
  readonly head: string;
  /** What is wrong with the chain; '' = it is whole. */
  readonly wrong: string;
  readonly planted: readonly string[];
}

export interface RuleModel {
  readonly title: string;
  readonly says: readonly string[];
}

export interface PolicyModel {
  readonly view: 'policy';
  readonly namespace: string;
  readonly ready: NewsModel | undefined;
  readonly rules: readonly RuleModel[];
}

/** What the page sends to sign for an access or a finding. */
export interface ReadRequest {
  readonly namespace: string;
  readonly name: string;
  readonly digest: string;
  readonly role: string;
  readonly comment: string;
}
