import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { entryName, type LedgerEntrySpec } from '../../api/ledger.ts';
import { parseData, type LedgerDraft } from '../ledger-entry.ts';
import { emptyHead, entryHash, linksOf, nextEntry, verifyChain, type Head } from './chain.ts';

const self = { username: 'operator', uid: '', groups: [] };

const draft = (reason = 'because'): LedgerDraft => ({
  actor: 'operator',
  subject: { kind: 'ReleaseCandidate', namespace: 's', name: 'c', uid: 'u' },
  package: 'p',
  digest: '',
  decision: '',
  reason,
  data: { type: 'Withdrawn', by: '' },
});

const chainOf = (reasons: readonly string[]): LedgerEntrySpec[] => {
  let head: Head = emptyHead;
  return reasons.map((reason, i) => {
    const entry = nextEntry(head, draft(reason), { id: `id-${i}`, now: i, self });
    head = { seq: entry.seq, hash: entryHash(entry) };
    return entry;
  });
};

const reasonsArbitrary = fc.array(fc.string(), { minLength: 2, maxLength: 12 });

test('a chain verifies whatever order its entries come in', () => {
  fc.assert(
    fc.property(reasonsArbitrary, (reasons) => {
      const entries = chainOf(reasons);
      expect(verifyChain(entries.toReversed())).toEqual(verifyChain(entries));
      expect(verifyChain(entries)).toMatchObject({ entries: reasons.length, broken: undefined });
    }),
  );
});

test('a chain breaks when any entry but the last is edited', () => {
  fc.assert(
    fc.property(reasonsArbitrary, fc.nat(), (reasons, pick) => {
      const entries = chainOf(reasons);
      const edited = pick % (entries.length - 1);
      const forged = entries.map((entry, i) => (i === edited ? { ...entry, reason: `${entry.reason}!` } : entry));
      expect(verifyChain(forged).broken).toContain('does not follow');
    }),
  );
});

test('a chain breaks when any entry but the last is missing', () => {
  fc.assert(
    fc.property(reasonsArbitrary, fc.nat(), (reasons, pick) => {
      const entries = chainOf(reasons);
      const missing = pick % (entries.length - 1);
      expect(verifyChain(entries.filter((_, i) => i !== missing)).broken).toBe(
        `entry ${entryName(missing)} is missing`,
      );
    }),
  );
});

test('a chain is followed past an entry whose previous is another hash, to its end', () => {
  fc.assert(
    fc.property(reasonsArbitrary, fc.nat(), (reasons, pick) => {
      const at = pick % reasons.length;
      let head: Head = emptyHead;
      const entries = reasons.map((reason, i) => {
        const sound = nextEntry(head, draft(reason), { id: `id-${i}`, now: i, self });
        const entry = i === at ? { ...sound, previous: `sha256:${'f'.repeat(64)}` } : sound;
        head = { seq: i, hash: entryHash(entry) };
        return entry;
      });
      expect(linksOf(entries).map(({ broken }) => broken?.how)).toEqual(
        reasons.map((_, i) => (i === at ? 'OtherPrevious' : undefined)),
      );
      expect(verifyChain(entries)).toMatchObject({
        head,
        broken: `entry ${entryName(at)} does not follow the one before it: its previous is another hash; it was planted, or one of the two was altered`,
      });
    }),
  );
});

test('names sort as sequence numbers do', () => {
  expect([entryName(10), entryName(9), entryName(100)].toSorted()).toEqual([
    entryName(9),
    entryName(10),
    entryName(100),
  ]);
});

test('what a draft carries is read back from its entry', () => {
  const [entry] = chainOf(['x']);
  expect(entry && parseData(entry)).toEqual(draft().data);
});
