/** Whom and what an entry is about. */
import type { Approval } from '../../api/approval.ts';
import type { ReleaseCandidate } from '../../api/candidate.ts';
import type { EntryData, LedgerDraft } from '../ledger-entry.ts';

type Subject = LedgerDraft['subject'];

interface ReportedPiece {
  readonly name: string;
  readonly uid: string;
  readonly type: string;
  readonly reporter: { readonly username: string };
  readonly signer: string;
  readonly statement?: {
    readonly builder?: string;
    readonly sources?: readonly { readonly repository: string; readonly revision: string }[];
  };
}

export const candidateSubject = (candidate: { name: string; uid: string; namespace: string }): Subject => ({
  kind: 'ReleaseCandidate',
  name: candidate.name,
  uid: candidate.uid,
  namespace: candidate.namespace,
});

export const subjectOf = ({ metadata }: ReleaseCandidate): Subject => candidateSubject(metadata);

export const signature = ({ metadata, spec }: Approval) => ({
  name: metadata.name,
  uid: metadata.uid,
  role: spec.role,
  username: spec.approver.username,
});

/** A piece of evidence, as entries name it. */
export const reported = ({ name, uid, type, reporter, signer, statement }: ReportedPiece) => ({
  name,
  uid,
  type,
  username: reporter.username,
  ...(signer === '' ? {} : { signer }),
  ...(signer === '' || statement?.builder === undefined ? {} : { builder: statement.builder }),
  ...(signer === '' || statement?.sources === undefined ? {} : { sources: statement.sources.map(sourceText) }),
});

const sourceText = ({ repository, revision }: { readonly repository: string; readonly revision: string }): string =>
  revision === '' ? repository : `${repository}@${revision}`;
interface UsedException {
  readonly exception: {
    readonly metadata: { readonly name: string; readonly uid: string };
    readonly spec: { readonly until: string };
  };
  readonly gates: readonly string[];
  readonly by: readonly string[];
}

/** An exception that a promotion rests on, as entries name it. */
export const excepted = ({ exception: { metadata, spec }, gates, by }: UsedException) => ({
  name: metadata.name,
  uid: metadata.uid,
  gates: [...gates],
  by: [...by],
  until: spec.until,
});

export const namespaceSubject = (namespace: string): Subject => ({
  kind: 'Namespace',
  name: namespace,
  uid: '',
  namespace,
});

/** The subject that an object key names. */
export const objectSubject = (namespace: string, object: string, uid: string): Subject => {
  const slash = object.indexOf('/');
  return { kind: object.slice(0, slash), name: object.slice(slash + 1), uid, namespace };
};

export type Data<T extends EntryData['type']> = Extract<EntryData, { type: T }>;
