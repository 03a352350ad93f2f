import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import * as z from 'zod';
import { aCandidateRecord, anAdmittedAct, now } from '../../../test/support/builders/decide.ts';
import { longestLedgerData, type LedgerEntrySpec } from '../../api/ledger.ts';
import type { Identity } from '../../api/meta.ts';
import { emptyHead, entryHash, nextEntry } from './chain.ts';
import * as candidateEntries from '../candidate/entries.ts';
import * as findingsEntries from '../findings/entries.ts';
import type { LedgerDraft } from '../ledger-entry.ts';
import { emptyRecord, type NamespaceRecord } from './record.ts';
import { foldEntries } from './follow.ts';
import { actsIn, joined, mayJoin, roomForActs, roomOf, type JointDraft } from './batch.ts';

const place = 'payments-prod';
const self: Identity = { username: 'countersign-gate', uid: '', groups: [] };

const entryOf = (draft: LedgerDraft | JointDraft, id: string): LedgerEntrySpec =>
  nextEntry(emptyHead, draft, { id, now, self });

const fold = (before: NamespaceRecord, entries: readonly LedgerEntrySpec[]): NamespaceRecord =>
  foldEntries(
    before,
    entries.map((entry) => ({ entry, hash: entryHash(entry), broken: undefined })),
  );

const empty: NamespaceRecord = { ...emptyRecord, head: emptyHead };

/** Two acts or more: the first one, and the rest. */
type Several = readonly [LedgerDraft, ...LedgerDraft[]];

const several = <T>(act: fc.Arbitrary<T>): fc.Arbitrary<readonly [T, ...T[]]> =>
  fc.tuple(act, fc.array(act, { minLength: 1, maxLength: 12 })).map(([first, more]) => [first, ...more] as const);

/** Acts of people and programs: explaining ones and others, of kinds that are watched and others, a withdrawal among them. */
const admitted: fc.Arbitrary<LedgerDraft> = fc
  .record({
    decision: fc.constantFrom('Operate', 'PlatformWriter', 'Administer', 'Sign', 'Withdraw'),
    username: fc.constantFrom('sre-a', 'es', 'approver-a'),
    kind: fc.constantFrom('Deployment', 'Secret', 'Approval', 'ReleaseCandidate', 'ResourceQuota'),
    name: fc.constantFrom('api', 'db', ''),
    operation: fc.constantFrom('CREATE', 'UPDATE', 'DELETE', 'CONNECT'),
    subresource: fc.constantFrom('', 'scale'),
    after: fc.constantFrom('', `sha256:${'1'.repeat(64)}`),
    reason: fc.string({ unit: 'grapheme' }),
    package: fc.constantFrom('', 'payments'),
  })
  .map(({ decision, username, kind, name, reason, package: pkg, ...data }) => ({
    ...anAdmittedAct(decision, data),
    actor: { username, uid: '', groups: ['everybody'] },
    subject: { kind, name, uid: `uid-${name}`, namespace: place },
    package: pkg,
    digest: data.after,
    reason,
  }));

const recordsOf = ({ packages, candidates, explained }: NamespaceRecord) => ({ packages, candidates, explained });

test('acts of one entry count as if each had its own', () => {
  fc.assert(
    fc.property(several(admitted), (acts: Several) => {
      const together = fold(empty, [entryOf(joined(place, acts, self), 'id')]);
      const alone = fold(
        empty,
        acts.map((act, i) => entryOf(act, `id-${i + 1}`)),
      );
      expect(recordsOf(together)).toEqual(recordsOf(alone));
    }),
  );
});

test('what came of acts is told of each, whether they were entered alone or together', () => {
  fc.assert(
    fc.property(several(admitted), fc.boolean(), (acts: Several, happened) => {
      const before = fold(empty, [entryOf(joined(place, acts, self), 'id')]);
      const [first, ...more] = [...before.explained.attempts.values()].map((attempt) =>
        findingsEntries.observed(place, attempt, happened ? { object: attempt.object, uid: '' } : undefined),
      );
      if (first === undefined) return;
      const together = fold(before, [entryOf(joined(place, [first, ...more], self), 'seen')]);
      const alone = fold(
        before,
        [first, ...more].map((draft, i) => entryOf(draft, `seen-${i + 1}`)),
      );
      expect(together.explained).toEqual(alone.explained);
      expect(together.explained.attempts.size).toBe(0);
    }),
  );
});

test('each act is told in full, in order, under an id that the API server takes', () => {
  fc.assert(
    fc.property(several(admitted), (acts: Several) => {
      const entry = entryOf(joined(place, acts, self), '1b4e28ba-2fa1-11d2-883f-0016d3cca427');
      const told = actsIn(entry);
      expect(
        told.map(({ actor, subject, decision, reason, digest }) => ({ actor, subject, decision, reason, digest })),
      ).toEqual(
        acts.map(({ actor, subject, decision, reason, digest }) => ({ actor, subject, decision, reason, digest })),
      );
      expect(new Set(told.map(({ id }) => id)).size).toBe(acts.length);
      for (const { id, type, seq } of told) {
        expect(id).toMatch(/^[A-Za-z0-9-]{1,64}$/);
        expect([type, seq]).toEqual(['Admitted', entry.seq]);
      }
    }),
  );
});

test('people read in the reason who did what, and how many more there are when that is too long', () => {
  const scale = { ...anAdmittedAct('Operate', {}), reason: 'replicas 2 to 4' };
  const few = joined(place, [scale, anAdmittedAct('Operate', {})], self);
  expect(few.reason).toBe('2 acts: sre-a Operate Deployment/api (replicas 2 to 4); sre-a Operate Deployment/api');
  const many = Array.from({ length: 200 }, () => scale);
  const { reason } = joined(place, [scale, ...many], self);
  expect(reason).toMatch(/; and \d+ more$/);
  expect(reason.length).toBeLessThanOrEqual(4_096);
});

test('only acts of one sort share an entry, and nothing that others rest on', () => {
  const act = anAdmittedAct('Operate', {});
  const staged = candidateEntries.withdrawn(aCandidateRecord());
  expect(mayJoin(act, act)).toBe(true);
  expect(mayJoin(act, staged)).toBe(false);
  expect(mayJoin(staged, staged)).toBe(false);
  expect(() => joined(place, [staged, staged], self)).toThrow(TypeError);
});

test('acts that fit by their room fit in an entry', () => {
  const act = { ...anAdmittedAct('Operate', {}), reason: 'a "quoted" line\n'.repeat(20) };
  const most = Math.floor(roomForActs / roomOf(act, self));
  const entry = entryOf(joined(place, [act, ...Array.from({ length: most - 1 }, () => act)], self), 'id');
  expect(entry.data.length).toBeLessThanOrEqual(longestLedgerData);
  expect(entry.data.length).toBeGreaterThan(longestLedgerData - 2 * roomOf(act, self));
});

test('an act that has no exact JSON form fits nowhere', () => {
  expect(roomOf({ ...anAdmittedAct('Operate', {}), reason: '\ud800' }, self)).toBe(Infinity);
});

test('an entry of several acts that says something else is not read', () => {
  const entry = entryOf(joined(place, [anAdmittedAct('Operate', {}), anAdmittedAct('Operate', {})], self), 'id');
  const smuggled = entry.data.replaceAll('"operation":"UPDATE"', '"operation":"APPROVE"');
  for (const data of [smuggled, '{}']) expect(() => fold(empty, [{ ...entry, data }])).toThrow(z.ZodError);
});
