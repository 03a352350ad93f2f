/** Entries that somebody plants ahead of the record, with a stolen token of ours. */
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { digestOf } from '../decide/json/canonical.ts';
import { entryName, type LedgerEntrySpec } from '../api/ledger.ts';
import type { LedgerDraft } from '../decide/ledger-entry.ts';
import { emptyHead, linksOf, nextEntry } from '../decide/record/chain.ts';
import { emptyRecord, type NamespaceRecord } from '../decide/record/record.ts';
import { followEntries } from '../decide/record/follow.ts';
import { whyNotNext } from '../decide/record/transitions.ts';
import { program } from '../../test/support/builders/record.ts';
import { Records } from './records.ts';

const place = 'payments-prod';

/** Content of its own is staged: that follows whatever is there. */
const staging = (name: string): LedgerDraft => ({
  actor: { username: 'developer-a', uid: '', groups: [] },
  subject: { kind: 'ReleaseCandidate', namespace: 's', name, uid: name },
  package: 'p',
  digest: digestOf(name),
  decision: '',
  reason: name,
  data: { type: 'Staged', bundle: name, base: 'none', authors: [] },
});

const goingOn = ({ seq, id }: LedgerEntrySpec, hash: string): LedgerDraft => ({
  ...staging('on'),
  actor: { username: 'tester-a', uid: '', groups: [] },
  subject: { kind: 'LedgerEntry', namespace: place, name: entryName(seq), uid: id },
  package: '',
  digest: hash,
  data: {
    type: 'Resumed',
    entry: id,
    approval: { name: 'signed', uid: 'signed', role: 'tester', username: 'tester-a' },
  },
});

const forged = (seq: number): LedgerEntrySpec => ({
  ...nextEntry({ seq: seq - 1, hash: digestOf('nobody knows') }, staging(`forged-${seq}`), {
    id: `forged-${seq}`,
    now: 0,
    self: program('operator'),
  }),
});

/** A ledger, and a program that follows it. */
class Ledger {
  readonly stored = new Map<number, LedgerEntrySpec>();
  readonly told: string[] = [];
  /** Why the record was broken after each entry. */
  readonly seen: (string | undefined)[] = [];
  records = this.#start();
  #next = 0;

  #start(): Records {
    const records = new Records(
      // What an entry moved is looked at the moment it is told.
      (namespace) => this.seen.push(records.get(namespace).broken),
      (namespace) => this.told.push(namespace),
    );
    for (const entry of this.stored.values()) records.seen(place, entry);
    records.complete();
    return records;
  }

  /** Another process reads it from the start. */
  restart(): void {
    this.records = this.#start();
  }

  get record(): NamespaceRecord {
    return this.records.get(place);
  }

  /** As a program of ours appends: at the next place, and not while the record is broken. */
  append(draft: LedgerDraft = staging(`honest-${this.#next}`)): void {
    this.#next += 1;
    const { head, broken } = this.record;
    if (broken !== undefined && draft.data.type !== 'Resumed') throw new Error(broken);
    const entry = nextEntry(head, draft, { id: `id-${this.#next}`, now: 0, self: program('operator') });
    if (this.stored.has(entry.seq)) throw new Error(`${entry.seq} is taken`);
    this.plant(entry);
  }

  plant(entry: LedgerEntrySpec): void {
    this.stored.set(entry.seq, entry);
    this.records.seen(place, entry);
  }

  /** Somebody signs for going on without what the record says. */
  sign(): void {
    const { refused = this.record.ahead?.[0] } = this.record;
    if (refused === undefined) throw new Error('there is nothing to sign for');
    this.append(goingOn(forgedAt(this.stored, refused.name), refused.hash));
  }
}

const forgedAt = (stored: ReadonlyMap<number, LedgerEntrySpec>, name: string): LedgerEntrySpec => {
  const entry = stored.get(Number(name));
  if (entry === undefined) throw new Error(`${name} is not there`);
  return entry;
};

const ofTwo = (): Ledger => {
  const ledger = new Ledger();
  for (let i = 0; i < 2; i += 1) ledger.append();
  return ledger;
};

const far = 999_999_999_999;

describe('an entry ahead of the record', () => {
  test('counts for nothing while the record is followed, and is named: the record goes on', () => {
    const ledger = ofTwo();
    ledger.plant(forged(far));

    expect(ledger.record).toMatchObject({ broken: undefined, head: { seq: 1 }, ahead: [{ name: entryName(far) }] });
    expect([...ledger.record.candidates.keys()]).toEqual(['honest-0', 'honest-1']);
    expect(ledger.told).toEqual([place]);
    ledger.append();
    expect(ledger.record).toMatchObject({ broken: undefined, head: { seq: 2 } });
  });

  test('is named no more once somebody signed for it, also by a program that starts', () => {
    const ledger = ofTwo();
    ledger.plant(forged(far));
    ledger.sign();
    for (let restarts = 0; restarts < 2; restarts += 1) {
      expect(ledger.record).toMatchObject({ broken: undefined });
      expect(ledger.record.ahead ?? []).toEqual([]);
      ledger.restart();
    }
    // Offline too.
    const links = linksOf([...ledger.stored.values()]);
    expect(followEntries({ ...emptyRecord, head: emptyHead }, links, whyNotNext)).toMatchObject({ broken: undefined });
  });

  test('is refused where the chain comes to it, and passed over where somebody signed before', () => {
    const unsigned = ofTwo();
    unsigned.plant(forged(4));
    unsigned.append();
    unsigned.append();
    expect(unsigned.record).toMatchObject({ damaged: undefined, refused: { name: entryName(4) }, head: { seq: 4 } });
    expect(unsigned.record.broken).toContain('its previous is another hash');
    unsigned.sign();
    expect(unsigned.record).toMatchObject({ broken: undefined });

    const signed = ofTwo();
    signed.plant(forged(4));
    signed.sign();
    signed.append();
    expect(signed.record).toMatchObject({ broken: undefined, head: { seq: 4 } });
    signed.append();
    expect([...signed.record.candidates.keys()]).not.toContain('forged-4');
    const known = signed.record;
    signed.restart();
    expect(signed.record).toEqual(known);
  });

  test('stops a program that starts, which cannot know what is missing, until somebody signs for the farthest', () => {
    const ledger = ofTwo();
    ledger.plant(forged(far));
    ledger.plant(forged(far - 1));
    ledger.restart();

    expect(ledger.record).toMatchObject({ refused: { name: entryName(far) }, head: { seq: 1 } });
    expect(ledger.record.broken).toBe(
      'entry 000000000002 is missing, and 2 entries stand behind the gap, the last one at 999999999999: what is missing was deleted, or what stands behind was planted',
    );
    expect(() => ledger.append()).toThrow('is missing');
    ledger.sign();
    expect(ledger.seen.at(-1)).toBeUndefined();
    expect(ledger.record).toMatchObject({ broken: undefined, ahead: [{ name: entryName(far - 1) }] });
  });

  test('that a cluster admin takes out leaves the record whole', () => {
    const ledger = ofTwo();
    ledger.plant(forged(far));
    ledger.records.gone(place, far);
    expect(ledger.record).toMatchObject({ broken: undefined });
    expect(ledger.record.ahead ?? []).toEqual([]);
  });
});

test('whatever is planted ahead, and whoever starts again: production should be what honest entries say, and a signature leads on', () => {
  const act = fc.oneof(
    { weight: 4, arbitrary: fc.constant('Append' as const) },
    { weight: 2, arbitrary: fc.integer({ min: 2, max: 6 }) },
    { weight: 1, arbitrary: fc.constantFrom('Sign' as const, 'Restart' as const) },
  );
  fc.assert(
    fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
      const ledger = ofTwo();
      const isClear = (): boolean => ledger.record.refused === undefined && (ledger.record.ahead ?? []).length === 0;
      for (const each of acts) {
        const { broken, head } = ledger.record;
        if (each === 'Append' && broken === undefined) ledger.append();
        if (each === 'Restart') ledger.restart();
        if (each === 'Sign' && !isClear()) ledger.sign();
        if (typeof each === 'number' && !ledger.stored.has(head.seq + each)) ledger.plant(forged(head.seq + each));
        expect(ledger.record.damaged).toBeUndefined();
        const names = [...ledger.record.candidates.keys()];
        expect(names.filter((name) => name.startsWith('forged'))).toEqual([]);
        const honest = [...ledger.stored.values()].filter(({ reason }) => reason.startsWith('honest'));
        expect(names).toHaveLength(honest.length);
      }
      for (let left = ledger.stored.size; !isClear(); left -= 1) {
        expect(left).toBeGreaterThan(0);
        ledger.sign();
      }
      ledger.append();
      ledger.restart();
      expect(ledger.record.broken).toBeUndefined();
    }),
    { numRuns: 300 },
  );
});
