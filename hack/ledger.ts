/**
 * Verifies exported ledgers, offline: `kubectl get ledger -n payments-prod -o json | node hack/ledger.ts [--head sha256:…]`.
 * Nothing but the export is needed. An entry whose `previous` is another hash is named, and the chain is followed from it: the record may have gone on
 * past it by a signature. `--head` names the hash of an entry noted earlier, which must still be part of the chain: without
 * it, nobody can tell that the newest entries were cut off. Names the first entry that does not follow from those before it, too: what no
 * program of ours would have entered there. Exits with 0 when every chain is whole, 1 when one is not, 2 when asked wrongly.
 */
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';

import { entryName, parseLedgerEntry, type LedgerEntry, type LedgerEntrySpec } from '../operator/api/ledger.ts';
import { actsTogether, verificationOf } from '../cli/record/verification.ts';
import { parseJson } from './controlplane/json.ts';

interface Exported {
  readonly kind?: string;
  readonly items?: readonly unknown[];
}

const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const complain = (line: string): boolean => process.stderr.write(`${line}\n`);

/** @throws an Error that says which item is no entry of a ledger */
const entriesIn = (exported: Exported): LedgerEntry[] =>
  (exported.items ?? [exported]).map((item, index) => {
    const parsed = parseLedgerEntry(item);
    if (!parsed.ok) throw new Error(`item ${index} is no LedgerEntry: ${parsed.problems.join('; ')}`);
    return parsed.value;
  });

const row = ({ seq, time, type, actor, subject, decision, reason }: LedgerEntrySpec): string => {
  const who = actor.username.replace(/^system:serviceaccount:/, '');
  const what = [decision, reason].filter((part) => part !== '').join(': ');
  const told = what.length > 110 ? `${what.slice(0, 109)}…` : what;
  return [
    entryName(seq),
    time.slice(0, 23),
    type.padEnd(16),
    who.padEnd(38),
    subject.name.padEnd(16),
    told.replaceAll(/\s+/g, ' '),
  ]
    .join('  ')
    .trimEnd();
};

/** An entry for several acts is followed by each of them. What it tells is not needed to verify it. */
const rows = (spec: LedgerEntrySpec): readonly string[] => [
  row(spec),
  ...actsTogether(spec).map((act) => `  ${row(act)}`),
];

/** Whether the chain of one namespace is whole; says so. */
const verify = (namespace: string, entries: readonly LedgerEntry[], noted: string | undefined): boolean => {
  const specs = entries.map(({ spec }) => spec);
  for (const spec of specs.toSorted((a, b) => a.seq - b.seq)) rows(spec).forEach(say);
  const { head, count, wrong, planted } = verificationOf(entries, noted);
  for (const why of planted) say(`${namespace}: ${why}`);
  if (wrong !== undefined) complain(`${namespace}: BROKEN: ${wrong}`);
  else say(`${namespace}: ${count} entries, one whole chain. Head: ${head}`);
  return wrong === undefined;
};

const main = async (): Promise<number> => {
  const { values } = parseArgs({ options: { head: { type: 'string' } } });
  const entries = entriesIn(parseJson<Exported>(await text(process.stdin)));
  if (entries.length === 0) throw new Error('there are no entries: is this the namespace, and may you read it?');
  const chains = [...Map.groupBy(entries, ({ metadata }) => metadata.namespace)];
  return chains.map(([namespace, chain]) => verify(namespace, chain, values.head)).every(Boolean) ? 0 : 1;
};

try {
  process.exitCode = await main();
} catch (error) {
  complain(error instanceof Error ? error.message : String(error));
  complain('Usage: kubectl get ledger -n <production namespace> -o json | node hack/ledger.ts');
  process.exitCode = 2;
}
