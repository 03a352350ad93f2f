import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { ApprovalLine } from '../../api/policy-fields.ts';
import { quorum, type Quorum, type Signer } from './quorum.ts';

const role = fc.constantFrom('tester', 'approver', 'sre');
const group = fc.constantFrom('owners', 'board', 'risk');
const groups = fc.uniqueArray(group);

const lines: fc.Arbitrary<ApprovalLine[]> = fc.uniqueArray(
  fc
    .record({ role, more: fc.integer({ min: 0, max: 2 }), oneFromEach: groups })
    .map(({ role, more, oneFromEach }) => ({ role, oneFromEach, count: Math.max(1, oneFromEach.length + more) })),
  { selector: (line) => line.role, minLength: 1 },
);

const signer: fc.Arbitrary<Signer> = fc
  .record({ person: fc.constantFrom('a', 'b', 'c', 'd', 'e'), account: fc.constantFrom('1', '2'), role, groups })
  .map(({ person, account, role, groups }) => ({ person, username: `${person}${account}`, role, groups }));
const signers = fc.array(signer, { maxLength: 8 });

/** As many places as can be filled, by trying every assignment: slow, and obviously right. */
const most = (wanted: readonly ApprovalLine[], all: readonly Signer[]): number => {
  const places = wanted.flatMap(({ role, count, oneFromEach }) =>
    Array.from({ length: count }, (_, index) => ({ role, group: oneFromEach[index] })),
  );
  const tryFrom = (index: number, taken: ReadonlySet<string>): number => {
    const place = places[index];
    if (place === undefined) return 0;
    const fitting = all.filter(
      ({ person, role, groups }) =>
        !taken.has(person) && role === place.role && (place.group === undefined || groups.includes(place.group)),
    );
    const people = [...new Set(fitting.map(({ person }) => person))];
    return Math.max(
      tryFrom(index + 1, taken),
      ...people.map((person) => 1 + tryFrom(index + 1, new Set([...taken, person]))),
    );
  };
  return tryFrom(0, new Set());
};

test('people are placed where they help most', () => {
  fc.assert(
    fc.property(lines, signers, (wanted, all) => {
      expect(quorum(wanted, all).have).toBe(most(wanted, all));
    }),
  );
});

test('one signature more never makes it worse, and one person never counts twice', () => {
  fc.assert(
    fc.property(lines, signers, signer, (wanted, all, another) => {
      const before = quorum(wanted, all).have;
      const after = quorum(wanted, [...all, another]).have;
      expect(after).toBeGreaterThanOrEqual(before);
      expect(after).toBeLessThanOrEqual(before + 1);
      expect(after).toBeLessThanOrEqual(new Set([...all, another].map(({ person }) => person)).size);
    }),
  );
});

/** Everything but who fills a place: where several could, their order may say who. */
const said = ({ have, need, lines }: Quorum) => ({
  have,
  need,
  lines: lines.map(({ role, have, need, missingGroups }) => ({ role, have, need, missingGroups })),
});

test('the order of signatures changes nothing that is reported', () => {
  fc.assert(
    fc.property(lines, signers, fc.nat(), (wanted, all, at) => {
      const turned = [...all.slice(at % 8), ...all.slice(0, at % 8)].toReversed();
      expect(said(quorum(wanted, turned))).toEqual(said(quorum(wanted, all)));
    }),
  );
});

test('a line is met exactly when it says so', () => {
  fc.assert(
    fc.property(lines, signers, (wanted, all) => {
      const { have, need, lines } = quorum(wanted, all);
      expect(lines.reduce((sum, line) => sum + line.have, 0)).toBe(have);
      expect(lines.reduce((sum, line) => sum + line.need, 0)).toBe(need);
      for (const line of lines) {
        expect(line.by).toHaveLength(line.have);
        expect(line.missingGroups.length).toBeLessThanOrEqual(line.need - line.have);
      }
    }),
  );
});
