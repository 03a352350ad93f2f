import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  aBundle,
  aCandidate,
  aDeployment,
  aGateSnapshot,
  anApproval,
  aPolicy,
  aRecord,
  digestOf,
  holding,
  hour,
  now,
  timestamp,
} from '../../../test/support/builders/decide.ts';
import type { Approval } from '../../api/approval.ts';
import { conditionMeanings } from '../../api/conditions.ts';
import { reasons, type GateName } from '../../api/reasons.ts';
import { gateNames, gates, judge, judgeAtAdmission, wouldPass } from './gates.ts';
import type { GateSnapshot } from './gate.ts';
import type { Instant } from '../objects.ts';
import { approvalSummary } from '../people/approvals.ts';
import type { Verdict } from './verdict.ts';

const passes = (s: GateSnapshot, at: Instant = now): boolean =>
  judge(s, at).every(({ outcome }) => outcome === 'Passed');
const verdictOf = (s: GateSnapshot, name: GateName, at: Instant = now) =>
  judge(s, at).find((verdict) => verdict.name === name)?.outcome;

// --- what may be signed, by whom, and when ---

const usernames = [
  'tester-a',
  'tester-b',
  'approver-a',
  'approver-b',
  'APPROVER-A',
  'sre-a',
  'developer-a',
  'system:admin',
];
interface Signature {
  readonly username: string;
  readonly role: string;
  readonly groups: readonly string[];
  readonly digest: string;
  /** In hours. */
  readonly age: number;
  readonly right: boolean | undefined;
  readonly decision: 'Approve' | 'Reject';
}

const signature: fc.Arbitrary<Signature> = fc.record({
  username: fc.constantFrom(...usernames),
  role: fc.constantFrom('tester', 'approver', 'sre', 'security'),
  groups: fc.subarray(['payments-owners', 'change-board']),
  digest: fc.constantFrom(digestOf('d'), digestOf('d'), digestOf('d'), digestOf('c')),
  age: fc.integer({ min: 0, max: 80 }),
  right: fc.constantFrom(true, true, true, false, undefined),
  decision: fc.constantFrom('Approve' as const),
});
/** The signatures that the policy asks for, so that a fair share of the snapshots passes. */
const needed: readonly Signature[] = [
  { username: 'tester-a', role: 'tester', groups: [] },
  { username: 'approver-a', role: 'approver', groups: ['payments-owners'] },
  { username: 'approver-b', role: 'approver', groups: ['change-board'] },
  { username: 'sre-a', role: 'sre', groups: [] },
].map((given) => ({ ...given, digest: digestOf('d'), age: 1, right: true, decision: 'Approve' as const }));

const signatures: fc.Arbitrary<readonly Signature[]> = fc
  .tuple(fc.subarray([...needed]), fc.array(signature, { maxLength: 4 }))
  .map(([some, others]) => [...some, ...others]);

const signed = (all: readonly Signature[]): Pick<GateSnapshot, 'approvals' | 'rights'> => {
  const approvals = all.map(({ username, role, groups, digest, decision, age }, index): Approval =>
    anApproval(username, { role, groups, digest, decision, createdAt: now - age * hour, name: `signature-${index}` }),
  );
  return { approvals, rights: new Map(approvals.map(({ metadata }, index) => [metadata.uid, all[index]?.right])) };
};

const expedited = { soak: '0s', passes: ['Window', 'Freeze'], approvals: [{ role: 'sre', count: 1 }] };
const policies = fc
  .record({
    stagingHold: fc.constantFrom('UntilTested', 'UntilPromoted'),
    soak: fc.constantFrom('0s', '1h', '24h'),
    windows: fc.subarray([
      { schedule: '0 9 * * 1-5', duration: '8h', timeZone: 'America/New_York' },
      { schedule: '30 2 * * *', duration: '30m', timeZone: 'Europe/Berlin' },
    ]),
    freezes: fc.subarray([
      { from: timestamp(now - hour), to: timestamp(now + hour), reason: 'audit' },
      { from: timestamp(now + 9 * hour), to: timestamp(now + 99 * hour), reason: 'year-end' },
    ]),
    people: fc.subarray([{ name: 'bo', identities: ['approver-b', 'sre-a'] }]),
  })
  .chain((spec) => fc.constantFrom(spec, { ...spec, expedited }))
  .map((spec) => aPolicy(spec));

const candidates = fc.constantFrom(
  aCandidate(),
  aCandidate({ notes: {} }),
  aCandidate({ urgency: 'Expedited', incident: 'INC-1' }),
  aCandidate({ author: { username: 'system:serviceaccount:ci:bot' } }),
);

const bundles = fc.constantFrom(
  aBundle(),
  aBundle({
    objects: [
      aDeployment('api', { containers: [{ name: 'app', image: 'api:1', envFrom: [{ secretRef: { name: 'db' } }] }] }),
    ],
  }),
);

const snapshots: fc.Arbitrary<GateSnapshot> = fc
  .record({
    policy: policies,
    candidate: candidates,
    bundle: bundles,
    all: signatures,
    record: fc.constantFrom(
      aRecord(),
      aRecord({ candidate: { tested: true } }),
      aRecord({ package: { analysisDue: true, held: holding(digestOf('d')) }, broken: 'entry 7 is missing' }),
    ),
    soakingSince: fc.constantFrom(undefined, now - 2 * hour, now - 30 * hour),
    preflight: fc.constantFrom([], [], undefined, [{ object: 'Deployment/api' as const, message: 'no' }]),
    changed: fc.constantFrom(
      {},
      {},
      { stagedNow: new Map([['Deployment/api' as const, undefined]]), stagedHealth: new Map() },
    ),
  })
  .map(({ all, changed, ...given }) => aGateSnapshot({ ...given, ...changed, ...signed(all) }));

test('what passes every gate passes', () => {
  expect(judge(aGateSnapshot(), now).filter(({ outcome }) => outcome !== 'Passed')).toEqual([]);
});

test('every gate is asked, in the order in which they are shown', () => {
  expect(judge(aGateSnapshot({ approvals: [] }), now).map(({ name }) => name)).toEqual([...gateNames]);
});

test.each(gates)('gate $name asks a question', ({ asks }) => {
  expect(asks).toMatch(/^[A-Z].*\?$/);
});

const notRejudged = gates.filter(({ rejudgedAtAdmission }) => rejudgedAtAdmission !== true);
test.each(notRejudged)('gate $name says in a sentence why admission does not judge it again', (gate) => {
  expect(gate.rejudgedAtAdmission).toMatch(/^[A-Z].*\.$/);
});

test.each(gates.map(({ name }) => name))('gate %s can say that it has passed, and why it has not', (gate) => {
  const own = Object.values(reasons).filter(({ at }) => at.includes(gate));
  expect(own.some(({ remedy }) => remedy === '')).toBe(true);
  expect(own.some(({ remedy }) => remedy !== '')).toBe(true);
});

test('reasons are said by gates and conditions that exist', () => {
  const conditions = Object.values(conditionMeanings).flatMap((meanings) => Object.keys(meanings));
  const said = Object.values(reasons).flatMap(({ at }) => at);
  expect(new Set(said)).toEqual(new Set([...gateNames, ...conditions]));
});

/** The snapshot, which notes what is read of it. */
const watched = (s: GateSnapshot, read: Set<string>): GateSnapshot =>
  new Proxy(s, {
    get: (target, field: keyof GateSnapshot) => {
      read.add(field);
      return target[field];
    },
  });

test('a gate looks at what it names, and at nothing else', () => {
  const seen = new Map(gates.map(({ name }) => [name, new Set<string>()]));
  fc.assert(
    fc.property(snapshots, (s) => {
      for (const { name, judge: ask } of gates) ask(watched(s, seen.get(name) ?? new Set()), now);
    }),
  );
  for (const { name, reads } of gates)
    expect([name, [...reads]]).toEqual([name, expect.arrayContaining([...(seen.get(name) ?? [])])]);
});

test('gates that are judged again at admission say there what they said before', () => {
  const again = new Set(gates.flatMap(({ name, rejudgedAtAdmission }) => (rejudgedAtAdmission === true ? [name] : [])));
  fc.assert(
    fc.property(snapshots, ({ candidate, policy, target, record, bundle, bundles, ...s }) => {
      const { hands, approvals, rights, integrity, evidence, mayReport, signerOf, changes, exceptions, reviews } = s;
      const { sourceAuthors } = s;
      const people = { hands, sourceAuthors, approvals, rights, evidence, mayReport, signerOf, exceptions, reviews };
      const facts = { candidate, policy, target, record, bundle, bundles, ...people, changes, integrity };
      expect(judgeAtAdmission(facts, now)).toEqual(
        judge({ ...s, ...facts }, now).filter(({ name }) => again.has(name)),
      );
    }),
  );
});

test('whether a candidate would pass under assumptions is what judging all gates under them says', () => {
  fc.assert(
    fc.property(snapshots, (s) => {
      const assumed = { rights: new Map(s.approvals.map(({ metadata }) => [metadata.uid, true])), preflight: [] };
      expect(wouldPass(judge(s, now), s, assumed, now)).toBe(passes({ ...s, ...assumed }));
    }),
    { numRuns: 300 },
  );
});

test('who does not pass is told what to do, and only they; each reason is one of the gate', () => {
  fc.assert(
    fc.property(snapshots, (s) => {
      for (const { name, outcome, reason, message, remedy } of judge(s, now)) {
        expect([name, remedy === '']).toEqual([name, outcome === 'Passed']);
        expect([name, reason, reasons[reason].at]).toEqual([name, reason, expect.arrayContaining([name])]);
        expect(message).toMatch(/^\S.*[^\s.]$/);
      }
    }),
  );
});

const said = ({ outcome, reason, message, remedy }: Verdict) => ({ outcome, reason, message, remedy });

test('nothing is said anew while nothing has happened and nothing was announced', () => {
  fc.assert(
    fc.property(
      snapshots,
      fc.integer({ min: -100, max: 100 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (s, hours, part) => {
        const at = now + hours * hour;
        const before = judge(s, at);
        const wakeAt = Math.min(at + 200 * hour, ...before.flatMap((verdict) => verdict.wakeAt ?? []));
        const later = at + Math.floor((wakeAt - 1 - at) * part);
        expect(wakeAt).toBeGreaterThan(at);
        expect(judge(s, later).map(said)).toEqual(before.map(said));
      },
    ),
    { numRuns: 300 },
  );
});

test('taking a signature away lets nothing pass', () => {
  fc.assert(
    fc.property(snapshots, fc.nat(), (s, which) => {
      const fewer = {
        ...s,
        approvals: s.approvals.filter((_, index) => index !== which % Math.max(1, s.approvals.length)),
      };
      expect(passes(fewer) && !passes(s)).toBe(false);
      expect([verdictOf(fewer, 'Approvals'), verdictOf(s, 'Approvals')]).not.toEqual([
        'Passed',
        expect.not.stringMatching('Passed'),
      ]);
    }),
    { numRuns: 300 },
  );
});

test('enough signatures stay enough whatever else is signed', () => {
  fc.assert(
    fc.property(fc.array(signature, { maxLength: 5 }), (others) => {
      expect(passes(aGateSnapshot(signed([...needed, ...others])))).toBe(true);
    }),
  );
});

test('one rejection by somebody who may, or may perhaps, is enough', () => {
  fc.assert(
    fc.property(signatures, signature, (all, rejection) => {
      const human = { ...rejection, username: 'security-a', decision: 'Reject' as const };
      const s = aGateSnapshot(signed([...needed, ...all, human]));
      expect(verdictOf(s, 'Approvals')).toBe(
        { true: 'Blocked', false: 'Passed', undefined: 'Unknown' }[String(human.right)],
      );
    }),
  );
});

test('the order of signatures does not matter', () => {
  fc.assert(
    fc.property(snapshots, (s) => {
      const turned = { ...s, approvals: s.approvals.toReversed() };
      expect(judge(turned, now)).toEqual(judge(s, now));
      expect(approvalSummary(turned, now)).toEqual(approvalSummary(s, now));
    }),
  );
});

test('accounts that turn out to be of one person never make more signatures', () => {
  fc.assert(
    fc.property(signatures, fc.subarray(usernames, { minLength: 2 }), (all, identities) => {
      const apart = approvalSummary(aGateSnapshot(signed(all)), now).have;
      const policy = aPolicy({ people: [{ name: 'one', identities }] });
      const together = approvalSummary(aGateSnapshot({ ...signed(all), policy }), now).have;
      expect(together).toBeLessThanOrEqual(apart);
    }),
  );
});

test('no person signs for two places, and no author for any', () => {
  fc.assert(
    fc.property(snapshots, (s) => {
      const by = approvalSummary(s, now).lines.flatMap((line) => line.by);
      expect(new Set(by.map((username) => username.toLowerCase())).size).toBe(by.length);
      expect(by).not.toContain('developer-a');
      expect(by).not.toContain('system:admin');
    }),
  );
});

test('to be expedited never needs fewer people', () => {
  fc.assert(
    fc.property(policies, signatures, (policy, all) => {
      const normal = approvalSummary(aGateSnapshot({ policy, ...signed(all) }), now);
      const candidate = aCandidate({ urgency: 'Expedited', incident: 'INC-1' });
      const urgent = approvalSummary(aGateSnapshot({ policy, candidate, ...signed(all) }), now);
      expect(urgent.need).toBeGreaterThanOrEqual(normal.need);
      expect(urgent.have === urgent.need && normal.have < normal.need).toBe(false);
    }),
  );
});
