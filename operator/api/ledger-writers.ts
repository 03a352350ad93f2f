/** Which program writes which type of entry, and in whose name: the one table that lock A and the fold of the record are made from. */
import type { LedgerType } from './ledger.ts';

/** A program that appends to the record, by the ServiceAccount that it runs under. */
export type LedgerWriter = 'operator' | 'gate';

/**
 * Whom `actor` may name. `Self`: the program that writes it. `Person`: a person, never a system identity. `PersonOrSelf`: a person who
 * signed or ordered it, or the program itself where nobody did. `Other`: whose act it tells of, a person or a program that is none of ours.
 */
export type LedgerActor = 'Self' | 'Person' | 'PersonOrSelf' | 'Other';

export const ledgerWriters: Readonly<
  Record<LedgerType, { readonly writer: LedgerWriter; readonly actor: LedgerActor }>
> = {
  // A trusted automation may be the author.
  Staged: { writer: 'operator', actor: 'Other' },
  Tested: { writer: 'operator', actor: 'Self' },
  Signed: { writer: 'operator', actor: 'Person' },
  Rejected: { writer: 'operator', actor: 'Person' },
  Withdrawn: { writer: 'operator', actor: 'Self' },
  PromotionStarted: { writer: 'operator', actor: 'Self' },
  JobDone: { writer: 'operator', actor: 'Self' },
  Promoted: { writer: 'operator', actor: 'Self' },
  RollbackStarted: { writer: 'operator', actor: 'PersonOrSelf' },
  RolledBack: { writer: 'operator', actor: 'Self' },
  HoldLifted: { writer: 'operator', actor: 'Person' },
  Refused: { writer: 'operator', actor: 'PersonOrSelf' },
  Adopted: { writer: 'operator', actor: 'Self' },
  Admitted: { writer: 'gate', actor: 'Other' },
  AdmittedTogether: { writer: 'gate', actor: 'Self' },
  Observed: { writer: 'operator', actor: 'Self' },
  ObservedTogether: { writer: 'operator', actor: 'Self' },
  FindingOpened: { writer: 'operator', actor: 'Self' },
  FindingClosed: { writer: 'operator', actor: 'PersonOrSelf' },
  EmergencyGranted: { writer: 'operator', actor: 'Person' },
  EmergencyRefused: { writer: 'operator', actor: 'Person' },
  EmergencyOpened: { writer: 'operator', actor: 'Self' },
  EmergencyEnded: { writer: 'operator', actor: 'Self' },
  EmergencyAccounted: { writer: 'operator', actor: 'Self' },
  EmergencyReviewed: { writer: 'operator', actor: 'Person' },
  EmergencyOverdue: { writer: 'operator', actor: 'Self' },
  EmergencyClosed: { writer: 'operator', actor: 'Self' },
  Resumed: { writer: 'operator', actor: 'Person' },
};

/** ServiceAccounts whose names end so are ours, whatever the release namespace is called. Lock A knows the whole name. */
const programs: Readonly<Record<LedgerWriter | 'restorer', RegExp>> = {
  operator: /^system:serviceaccount:[^:]+:countersign-operator$/,
  gate: /^system:serviceaccount:[^:]+:countersign-gate$/,
  restorer: /^system:serviceaccount:[^:]+:countersign-restorer$/,
};

/** Why an entry of a type may not name an actor; undefined = it may. */
export const whyNotInNameOf = (type: LedgerType, username: string): string | undefined => {
  const should = wrongActor(type, username);
  return should === undefined
    ? undefined
    : `it is in the name of ${username}, and such an entry is in that of ${should}`;
};

/** The actor that an entry of a type should name, as a message says it; undefined = the one it names may be it. */
const wrongActor = (type: LedgerType, username: string): string | undefined => {
  const { writer, actor } = ledgerWriters[type];
  const isSelf = programs[writer].test(username);
  const isPerson = username !== '' && !username.startsWith('system:');
  switch (actor) {
    case 'Self':
      return isSelf ? undefined : `countersign-${writer} itself`;
    case 'Person':
      return isPerson ? undefined : 'a person';
    case 'PersonOrSelf':
      return isPerson || isSelf ? undefined : `a person, or countersign-${writer} itself`;
    case 'Other':
      return Object.values(programs).some((each) => each.test(username)) ? 'somebody else than Countersign' : undefined;
  }
};
