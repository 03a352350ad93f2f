/** What somebody can still do who holds one token of our programs, and nothing else: a part of docs/attacks.md. */

interface Token {
  readonly of: string;
  /** What is refused, and by what. */
  readonly refused: string;
  /** What it can still do. */
  readonly can: string;
  /** How that shows. */
  readonly shows: string;
}

const tokens: readonly Token[] = [
  {
    of: 'operator',
    refused:
      'content that nobody signed for, forward (ConsentMissing), back, as a baseline, or as what production holds already (ReturnNotSigned); entries of the gate (EntryByItsWriter), or in the name of a program (EntryActor)',
    can: 'tell a history that follows: end or stage candidates, begin releases and rollbacks of contents that people signed for, at the wrong time; close findings, and take up what production holds as explained, in the name of a person; break the record, which stops releases and rollbacks until somebody signs for going on (or, of an entry with a wrong `previous` or far ahead, until a cluster administrator takes it out: docs/operations.md), and say that somebody did, which brings back only what counted before; write statuses, and beside a bundle a delta that is not its own; delete finished candidates and bundles; read what production namespaces hold; ask for the token of the restorer, and do what that can do',
    shows:
      'the entries stay, and no Approval stands behind them; a record that is broken says so in every condition; the audit log names the token',
  },
  {
    of: 'gate',
    refused:
      'entries of the operator, so that nothing begins, ends or goes back by it (EntryByItsWriter); in production it writes nothing (RBAC)',
    can: 'say of an act that it was admitted, so that the watch takes a change that somebody else brought past the gate for explained; break the record, which stops releases and rollbacks until somebody signs for going on (or, of an entry with a wrong `previous` or far ahead, until a cluster administrator takes it out: docs/operations.md); read what consent rests on',
    shows:
      'an Admitted entry whose review is in no audit event of the API server; a record that is broken says so in every condition',
  },
  {
    of: 'restorer',
    refused:
      'entries of every type (RBAC); writes without a rollback under way (NoReleaseUnderWay), and of content that nobody signed for (ReturnNotSigned)',
    can: 'carry out a rollback that is under way, as the operator would; while no gate answers, write what the guard leaves to it, and delete pods of StatefulSets that are not ready',
    shows: 'a change that no rollback explains is a finding within seconds, whether a gate was up or not',
  },
];

/** Lines of the page. */
export const tokenLines: readonly string[] = [
  '## Stolen tokens of our own programs',
  '',
  'Each alone. `test/security/attacks/record-types.test.ts` shows which entries each may append, and in whose name; `test/security/attacks/record-tokens.test.ts`, with operator and gate running, that a history which any of them',
  'invents brings no content into production that people did not sign for, that a real rollback passes, and that the forged one succeeds without the gate; `test/security/attacks/gate.test.ts`, the same for forged promotions.',
  '',
  '| token of the | refused | can still | how that shows |',
  '| --- | --- | --- | --- |',
  ...tokens.map(({ of, refused, can, shows }) => `| ${[of, refused, can, shows].join(' | ')} |`),
  '',
];
