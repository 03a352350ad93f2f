import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { anAdmittedAct } from '../../test/support/builders/decide.ts';
import { entryName, longestLedgerData, type LedgerEntrySpec } from '../api/ledger.ts';
import { digestOf } from '../decide/json/canonical.ts';
import type { LedgerDraft } from '../decide/ledger-entry.ts';
import { actsIn } from '../decide/record/batch.ts';
import { BrokenLedger, createAppend, Overtaken, pauseMs, type LedgerStore } from './append.ts';
import { entryHash, verifyChain } from '../decide/record/chain.ts';
import { Records } from './records.ts';

const program = (name: string) => ({
  username: `system:serviceaccount:countersign-system:countersign-${name}`,
  uid: '',
  groups: [],
});

/** Content of a name of its own is staged: that follows whatever is there. */
const draft = (name: string): LedgerDraft => ({
  actor: { username: 'developer-a', uid: '', groups: [] },
  subject: { kind: 'ReleaseCandidate', namespace: 's', name, uid: name },
  package: 'p',
  digest: digestOf(name),
  decision: '',
  reason: name,
  data: { type: 'Staged', bundle: name, base: 'none', authors: [] },
});

const moving = (name: string): LedgerDraft => ({
  ...draft(name),
  actor: program('operator'),
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
    followsUp: null,
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
      create: (namespace, spec) => {
        const name = entryName(spec.seq);
        if (stored.has(name)) return Promise.resolve(false);
        stored.set(name, spec);
        if (lose(name)) return Promise.resolve(false);
        records.seen(namespace, spec);
        return Promise.resolve(true);
      },
      catchUp: (namespace, seq) => {
        const spec = stored.get(entryName(seq));
        if (spec === undefined) return Promise.reject(new Error('nothing there'));
        records.seen(namespace, spec);
        return Promise.resolve(spec.id);
      },
    };
    const tag = Math.random().toString(36).slice(2);
    const append = createAppend({
      store,
      now: () => 0,
      pause: () => Promise.resolve(),
      newId: () => `${tag}-${(nextId += 1)}`,
      self: program('gate'),
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

test('an entry whose answer was lost is recognized, not written twice', async () => {
  const { stored, writer } = cluster();
  const { append } = writer((name) => name === entryName(0));

  await append('n', draft('first'));

  expect([...stored.values()].map(({ reason }) => reason)).toEqual(['first']);
});

test('an intent that another one overtook is not appended', async () => {
  const { stored, writer } = cluster();
  const [one, two] = [writer(), writer()];
  for (const name of ['a', 'b']) await one.append('n', draft(name));
  await one.append('n', moving('a'), -1);

  await expect(two.append('n', moving('b'), -1)).rejects.toBeInstanceOf(Overtaken);

  expect(stored.size).toBe(3);
});

test('an entry that does not follow from those before it is not appended', async () => {
  const { stored, writer } = cluster();
  const { append, records } = writer();
  await append('n', draft('a'));

  await expect(append('n', moving('b'))).rejects.toThrow('that content was never staged');

  expect(stored.size).toBe(1);
  expect(records.get('n').broken).toBeUndefined();
});

test('an entry about another package overtakes nothing', async () => {
  const { stored, writer } = cluster();
  const [one, two] = [writer(), writer()];
  await one.append('n', { ...draft('a'), package: 'other' });
  await one.append('n', draft('b'));
  await one.append('n', { ...moving('a'), package: 'other' });

  await two.append('n', moving('b'), -1);

  expect(stored.size).toBe(4);
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

test('an entry with another previous at the next place is refused, and what was signed for goes on past it', async () => {
  const { stored, writer } = cluster();
  const { append, records } = writer();
  await append('n', draft('first'));
  const [first] = stored.values();
  if (first === undefined) throw new Error('nothing is stored');
  const planted = { ...first, seq: 1, id: 'planted', previous: digestOf('another') };
  stored.set(entryName(1), planted);

  // Whoever writes next finds it there.
  await expect(append('n', draft('second'))).rejects.toBeInstanceOf(BrokenLedger);
  expect(records.get('n')).toMatchObject({
    damaged: undefined,
    refused: { name: entryName(1), id: 'planted', hash: entryHash(planted) },
  });
  await append('n', {
    ...draft('on'),
    actor: { username: 'tester-a', uid: '', groups: [] },
    subject: { kind: 'LedgerEntry', namespace: 'n', name: entryName(1), uid: 'planted' },
    package: '',
    digest: entryHash(planted),
    data: {
      type: 'Resumed',
      entry: 'planted',
      approval: { name: 'signed', uid: 'signed', role: 'tester', username: 'tester-a' },
    },
  });
  await append('n', draft('second'));

  expect(records.get('n')).toMatchObject({ broken: undefined, refused: undefined, head: { seq: 3 } });
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

  expect(records.get('n').broken).toContain(`entry ${entryName(1)} is missing, and 1 entry stands behind the gap`);
});

/** A cluster that answers in any order. Of each call it is drawn when it happens, and when whoever asked hears of it. */
const scheduled = (scheduler: fc.Scheduler, fails: (spec: LedgerEntrySpec) => boolean) => {
  const stored = new Map<string, LedgerEntrySpec>();
  const watching: ((namespace: string, spec: LedgerEntrySpec) => Promise<void>)[] = [];
  const writer = (tag: string) => {
    const records = new Records(() => {});
    watching.push(async (namespace, spec) => {
      await scheduler.schedule(Promise.resolve(), `${tag} is told of ${spec.seq}`);
      records.seen(namespace, spec);
    });
    let ids = 0;
    const store: LedgerStore = {
      record: (namespace) => records.get(namespace),
      async create(namespace, spec) {
        const name = entryName(spec.seq);
        await scheduler.schedule(Promise.resolve(), `${tag} creates ${name}`);
        if (fails(spec)) throw new Error('etcd is away');
        if (stored.has(name)) return false;
        stored.set(name, spec);
        // The watch may tell others before the answer comes, or long after.
        for (const other of watching) void other(namespace, spec);
        await scheduler.schedule(Promise.resolve(), `${tag} hears of ${name}`);
        records.seen(namespace, spec);
        return true;
      },
      async catchUp(namespace, seq) {
        const known = records.idAt(namespace, seq);
        if (known !== undefined) return known;
        await scheduler.schedule(Promise.resolve(), `${tag} reads ${seq}`);
        const spec = stored.get(entryName(seq));
        if (spec === undefined) throw new Error('nothing there');
        records.seen(namespace, spec);
        return spec.id;
      },
    };
    return createAppend({
      store,
      now: () => 0,
      pause: () => scheduler.schedule(Promise.resolve(), `${tag} lets others go`),
      newId: () => `${tag}-${(ids += 1)}`,
      self: program('gate'),
    });
  };
  return { stored, writer };
};

const act = (reason: string): LedgerDraft => ({ ...anAdmittedAct('Operate', {}), reason });

/** What the chain tells, one by one, in its order. */
const toldBy = (stored: ReadonlyMap<string, LedgerEntrySpec>): readonly LedgerEntrySpec[] =>
  [...stored.values()].toSorted((a, b) => a.seq - b.seq).flatMap(actsIn);

/** Who asks, what for, and whether they wait for the scheduler before. */
const asked = fc.array(
  fc.record({ writer: fc.nat(2), sort: fc.constantFrom('Act', 'Act', 'Act', 'Entry'), later: fc.boolean() }),
  { minLength: 1, maxLength: 24 },
);

test('whoever appends what, alone and together: one unbroken chain, nothing lost, nothing twice, each writer in order of asking', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), asked, async (scheduler, all) => {
      const { stored, writer } = scheduled(scheduler, () => false);
      const writers = ['a', 'b', 'c'].map(writer);
      const names = all.map(({ writer }, i) => `${writer}:${i}`);
      const tooEarly: string[] = [];
      const asking = (async () => {
        const waits: Promise<void>[] = [];
        for (const [i, { writer, sort, later }] of all.entries()) {
          if (later) await scheduler.schedule(Promise.resolve(), 'somebody asks');
          const name = names[i] ?? '';
          const wait = writers[writer]?.('n', sort === 'Act' ? act(name) : draft(name));
          if (wait === undefined) continue;
          waits.push(
            wait.then(() => {
              if (!reasons(stored).includes(name)) tooEarly.push(name);
            }),
          );
        }
        await Promise.all(waits);
      })();
      await scheduler.waitFor(asking);

      expect(verifyChain([...stored.values()]).broken).toBeUndefined();
      expect(tooEarly).toEqual([]);
      expect(reasons(stored).toSorted()).toEqual(names.toSorted());
      for (const prefix of ['0:', '1:', '2:']) {
        const own = (reason: string): boolean => reason.startsWith(prefix);
        expect(reasons(stored).filter(own)).toEqual(names.filter(own));
      }
    }),
  );
});

const reasons = (stored: ReadonlyMap<string, LedgerEntrySpec>): readonly string[] =>
  toldBy(stored).map(({ reason }) => reason);

test('a write that fails fails all acts of its entry, and none of the others', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.nat(4), fc.integer({ min: 1, max: 8 }), async (scheduler, bad, count) => {
      let written = 0;
      const { stored, writer } = scheduled(scheduler, () => (written += 1) === bad + 1);
      const append = writer('a');
      const names = Array.from({ length: count }, (_, i) => `act-${i}`);
      const asking = (async () => {
        const waits = [];
        for (const name of names) {
          waits.push(append('n', act(name)));
          await scheduler.schedule(Promise.resolve(), 'somebody asks');
        }
        return Promise.allSettled(waits);
      })();
      const ends = await scheduler.waitFor(asking);

      expect(verifyChain([...stored.values()]).broken).toBeUndefined();
      expect(reasons(stored)).toEqual(names.filter((_, i) => ends[i]?.status === 'fulfilled'));
    }),
  );
});

test('the longer an entry of a burst takes, the longer others are let in before the next one', async () => {
  const { stored, writer } = cluster();
  const { records } = writer();
  let at = 0;
  const pauses: number[] = [];
  const append = createAppend({
    store: {
      record: (namespace) => records.get(namespace),
      create: (namespace, spec) => {
        at += 120;
        stored.set(entryName(spec.seq), spec);
        records.seen(namespace, spec);
        return Promise.resolve(true);
      },
      catchUp: () => Promise.reject(new Error('nothing there')),
    },
    now: () => at,
    pause: (tookMs) => Promise.resolve(void pauses.push(tookMs)),
    newId: () => `id-${at}`,
    self: program('gate'),
  });
  const long = 'x'.repeat(4_000);
  await Promise.all(Array.from({ length: 100 }, (_, i) => append('n', act(`${i} ${long}`))));

  expect(pauses).toEqual([120]);
  expect([0, 3, 120, 10_000].map(pauseMs)).toEqual([5, 6, 240, 400]);
});

const goingBack: LedgerDraft = {
  ...draft('a'),
  actor: program('operator'),
  data: {
    type: 'RollbackStarted',
    from: 'a',
    fromDigest: digestOf('a'),
    to: '',
    toDigest: '',
    rollback: '',
    overwrites: [],
    writes: [],
    removes: [],
    delivery: 'Countersign',
  },
};

test('a rollback goes before everything that waits for its place in the chain', async () => {
  const { stored, writer } = cluster();
  const { append } = writer();
  for (const each of [draft('a'), moving('a')]) await append('n', each);

  await Promise.all([...['b', 'c', 'd'].map((name) => append('n', draft(name))), append('n', goingBack)]);

  expect([...stored.values()].map(({ type, reason }) => `${type} ${reason}`).slice(2)).toEqual([
    'RollbackStarted a',
    'Staged b',
    'Staged c',
    'Staged d',
  ]);
});

test('a rollback does not wait while acts of a burst let others in between', async () => {
  const { stored, writer } = cluster();
  const { records } = writer();
  const paused = Promise.withResolvers<void>();
  const pauses: string[] = [];
  let ids = 0;
  const append = createAppend({
    store: {
      record: (namespace) => records.get(namespace),
      create: (namespace, spec) => {
        stored.set(entryName(spec.seq), spec);
        records.seen(namespace, spec);
        return Promise.resolve(true);
      },
      catchUp: () => Promise.reject(new Error('nothing there')),
    },
    now: () => 0,
    // The first one would last for ever.
    pause: () => (pauses.push('pause') > 1 ? Promise.resolve() : new Promise(() => paused.resolve())),
    newId: () => `id-${(ids += 1)}`,
    self: program('gate'),
  });
  for (const each of [draft('a'), moving('a')]) await append('n', each);
  const acts = Array.from({ length: 100 }, (_, i) => append('n', act(`${i} ${'x'.repeat(4_000)}`)));
  await paused.promise;

  await append('n', goingBack);
  await Promise.all(acts);

  expect([...stored.values()].map(({ type }) => type).slice(2)).toEqual([
    'AdmittedTogether',
    'RollbackStarted',
    'AdmittedTogether',
  ]);
});

test('acts that wait for one another share entries, as far as they fit', async () => {
  const { stored, writer } = cluster();
  const { append } = writer();
  const long = 'x'.repeat(4_000);

  await Promise.all(Array.from({ length: 100 }, (_, i) => append('n', act(`${i} ${long}`))));

  const told = toldBy(stored);
  expect(told.map(({ reason }) => Number.parseInt(reason, 10))).toEqual(Array.from({ length: 100 }, (_, i) => i));
  expect(stored.size).toBe(2);
  for (const { data } of stored.values()) expect(data.length).toBeLessThanOrEqual(longestLedgerData);
});

test('an act that waits for nobody has an entry of its own', async () => {
  const { stored, writer } = cluster();
  const { append } = writer();

  await append('n', act('first'));
  await append('n', act('second'));

  expect([...stored.values()].map(({ type }) => type)).toEqual(['Admitted', 'Admitted']);
});

test('an act that cannot be written down fails alone', async () => {
  const { stored, writer } = cluster();
  const { append } = writer();

  const unwritable = anAdmittedAct('Operate', { detail: '\ud800' });
  const ends = await Promise.allSettled([act('first'), unwritable, act('third')].map((each) => append('n', each)));

  expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(reasons(stored)).toEqual(['first', 'third']);
});

test('a record knows whose the newest entries are', async () => {
  const { stored, writer } = cluster();
  const { append, records } = writer();
  for (const name of ['a', 'b']) await append('n', draft(name));

  expect([0, 1, 2].map((seq) => records.idAt('n', seq))).toEqual([
    ...[...stored.values()].map(({ id }) => id),
    undefined,
  ]);
  expect(records.idAt('elsewhere', 0)).toBeUndefined();
});
