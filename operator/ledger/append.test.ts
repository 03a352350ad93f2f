import { expect, test } from '@jest/globals';
import type { LedgerEntrySpec } from '../api/ledger.ts';
import type { LedgerDraft } from '../decide/entries.ts';
import { BrokenLedger, createAppend, Overtaken, type LedgerStore } from './append.ts';
import { entryName, verifyChain } from './chain.ts';
import { Records } from './records.ts';

const draft = (name: string): LedgerDraft => ({
  actor: 'operator',
  subject: { kind: 'ReleaseCandidate', namespace: 's', name, uid: name },
  package: 'p',
  digest: '',
  decision: '',
  reason: name,
  data: { type: 'Staged', bundle: name, base: 'none', authors: [] },
});

const moving = (name: string): LedgerDraft => ({
  ...draft(name),
  data: {
    type: 'PromotionStarted',
    to: name,
    from: '',
    fromDigest: '',
    quorum: '',
    approvals: [],
    writes: [],
    removes: [],
    delivery: 'Countersign',
  },
});

/** A cluster that keeps entries by name. `lose`: the answer to the create is lost once. */
const cluster = () => {
  const stored = new Map<string, LedgerEntrySpec>();
  const writer = (lose: (name: string) => boolean = () => false) => {
    const records = new Records(() => {});
    let nextId = 0;
    const store: LedgerStore = {
      record: (namespace) => records.get(namespace),
      create: (namespace, name, spec) => {
        if (stored.has(name)) return Promise.resolve(false);
        stored.set(name, spec);
        if (lose(name)) return Promise.resolve(false);
        records.seen(namespace, spec);
        return Promise.resolve(true);
      },
      catchUp: (namespace, name) => {
        const spec = stored.get(name);
        if (spec === undefined) throw new Error('nothing there');
        records.seen(namespace, spec);
        return Promise.resolve(spec.id);
      },
    };
    const tag = Math.random().toString(36).slice(2);
    const append = createAppend({
      store,
      now: () => 0,
      newId: () => `${tag}-${(nextId += 1)}`,
      self: { username: 'o', uid: '', groups: [] },
    });
    return { append, records };
  };
  return { stored, writer };
};

test('two writers make one chain, whoever comes first', async () => {
  const { stored, writer } = cluster();
  const [one, two] = [writer(), writer()];

  await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? one : two).append('n', draft(`entry-${i}`))));

  expect(verifyChain([...stored.values()])).toMatchObject({ entries: 20, broken: undefined });
});

test('an entry whose answer was lost is recognised, not written twice', async () => {
  const { stored, writer } = cluster();
  const { append } = writer((name) => name === entryName(0));

  await append('n', draft('first'));

  expect([...stored.values()].map(({ reason }) => reason)).toEqual(['first']);
});

test('an intent that another one overtook is not appended', async () => {
  const { stored, writer } = cluster();
  const [one, two] = [writer(), writer()];
  await one.append('n', moving('a'), -1);

  await expect(two.append('n', moving('b'), -1)).rejects.toBeInstanceOf(Overtaken);

  expect(stored.size).toBe(1);
});

test('an entry about another package overtakes nothing', async () => {
  const { stored, writer } = cluster();
  const [one, two] = [writer(), writer()];
  await one.append('n', { ...moving('a'), package: 'other' });

  await two.append('n', moving('b'), -1);

  expect(stored.size).toBe(2);
});

test('a broken ledger takes no entries', async () => {
  const { writer } = cluster();
  const { append, records } = writer();
  await append('n', draft('first'));
  records.gone('n', 0);

  await expect(append('n', draft('second'))).rejects.toBeInstanceOf(BrokenLedger);
});

test('an entry that is written over with something else breaks the record, and one that is only touched does not', async () => {
  const { stored, writer } = cluster();
  const { append, records } = writer();
  await append('n', draft('first'));
  const entries = [...stored.values()];

  for (const entry of entries) expect(records.changed('n', entry, { ...entry })).toBe(false);
  expect(records.get('n').broken).toBeUndefined();
  for (const entry of entries) expect(records.changed('n', entry, { ...entry, reason: 'another' })).toBe(true);
  expect(records.get('n').broken).toBe('entry 000000000000 was changed');
});

test('an entry that cannot be read breaks the record', async () => {
  const { writer, stored } = cluster();
  const { append, records } = writer();
  await append('n', draft('first'));
  const strange = new Records(() => {});

  for (const entry of stored.values()) strange.seen('n', { ...entry, data: '{"bundle":7}' });

  expect(strange.get('n').broken).toContain('cannot be read');
  expect(records.get('n').broken).toBeUndefined();
});

test('a record tells each entry once, in the order of the chain', async () => {
  const { stored, writer } = cluster();
  const { append } = writer();
  for (const name of ['a', 'b', 'c']) await append('n', draft(name));
  const told: string[] = [];
  const late = new Records((_, { reason }) => told.push(reason));

  for (const entry of [...stored.values()].toReversed()) late.seen('n', entry);
  for (const entry of stored.values()) late.seen('n', entry);

  expect(told).toEqual(['a', 'b', 'c']);
});

test('a gap that is still there when the copy is complete breaks the record', async () => {
  const { stored, writer } = cluster();
  const { append } = writer();
  for (const name of ['a', 'b', 'c']) await append('n', draft(name));
  const records = new Records(() => {});
  for (const [name, entry] of stored) if (name !== entryName(1)) records.seen('n', entry);

  records.complete();

  expect(records.get('n').broken).toBe(`entry ${entryName(1)} is missing`);
});
