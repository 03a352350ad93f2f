/** Policies as property tests make them: few values a field, so that two of them often have something in common. */
import * as fc from 'fast-check';
import { exceptableGates } from '../../../api/exceptable-gates.ts';
import type { ReleasePolicySpec } from '../../../api/policy.ts';
import { significantClasses } from '../../../api/policy-evidence.ts';

type Spec = ReleasePolicySpec;
export type Arbitraries<T> = { readonly [K in keyof T]-?: fc.Arbitrary<T[K]> };

const some = <T>(...items: readonly T[]): fc.Arbitrary<T[]> => fc.subarray([...items]);
const one = <const T>(...items: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...items);
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const time = one('0s', '90m', '1h30m', '2h', '24h');
const count = fc.integer({ min: 1, max: 3 });

const lines = fc
  .uniqueArray(fc.record({ role: one('tester', 'approver', 'ops'), count, oneFromEach: some('g1', 'g2') }), {
    selector: ({ role }) => role,
    minLength: 1,
  })
  .map((all) => all.map((line) => ({ ...line, count: Math.max(line.count, line.oneFromEach.length) })));

/** Without the members that are undefined, as JSON has them. */
const present = <T extends object>(value: T): T =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is left out was undefined
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;

const evidenceLine = fc
  .record({
    type: one('TestReport', 'Provenance'),
    about: one('Candidate', 'Images'),
    maxAge: time,
    most: fc.dictionary(one('critical', 'high'), fc.nat({ max: 2 })),
    when: one('Always', 'NewOrSignificant', 'ImagesChanged'),
    signedBy: maybe(some({ name: 'ci', key: 'a' }, { name: 'scanner', key: 'b' })),
    builders: maybe(some('x', 'y')),
    sources: maybe(some('x', 'y')),
    unknownAuthors: one('Block', 'Report'),
    bots: some('x', 'y'),
  })
  .map(present) as fc.Arbitrary<Spec['evidence'][number]>;

const freezes = [1, 2, 3].map((day) => ({
  from: `2027-01-0${day}T00:00:00Z`,
  to: `2027-02-0${day}T00:00:00Z`,
  reason: 'closing',
}));
const windows = [1, 2, 3].map((day) => ({ schedule: `0 9 * * ${day}`, duration: '8h', timeZone: 'UTC' }));
const scaled = fc
  .record({ kind: one('Deployment'), name: one('api', 'web'), min: fc.nat({ max: 5 }), max: fc.nat({ max: 5 }) })
  .map((each) => ({ ...each, min: Math.min(each.min, each.max), max: Math.max(each.min, each.max) }));

const health = fc
  .record({
    progressTimeout: time,
    rollbackTimeout: maybe(time),
    observeFor: time,
    settle: time,
    nodeGrace: time,
    restarts: fc.record({ most: fc.nat({ max: 3 }), within: maybe(time) }).map(present),
    checks: some({ name: 'smoke', http: { url: 'http://a/', status: 200, interval: '5s', failures: 2 } }),
  })
  .map(present) as fc.Arbitrary<Spec['health']>;

/** One for each field: a field of the policy without one does not compile. */
export const fieldArbitraries: Arbitraries<Spec> = {
  inherits: maybe(one('house', 'bank')),
  sourceNamespace: one('staging', 'other'),
  deliveredBy: one('Countersign', 'GitOps'),
  gitOpsWriters: some('argo', 'flux', 'other'),
  trustedAutomation: some('a', 'b'),
  approvals: lines,
  approvalValidFor: time,
  candidateValidFor: time,
  people: fc.uniqueArray(
    fc.record({
      name: one('alice', 'bob', 'carol'),
      identities: fc.subarray(['a@x', 'b@x', 'A@x', 'bob', 'c'], { minLength: 1 }),
    }),
    { selector: ({ name }) => name },
  ),
  notes: one('Required', 'Optional'),
  changeTicket: fc.record({ mode: one('Required', 'Optional'), pattern: maybe(one('^CHG', '^OPS')) }).map(present),
  soak: time,
  stagingHold: one('UntilTested', 'UntilPromoted'),
  restartOnConfigChange: fc.boolean(),
  images: one('PinFromStaging', 'DigestRequired'),
  injected: some(...['a', 'b'].map((name) => ({ kind: 'Deployment', name, group: 'apps', container: 'proxy' }))),
  overlay: some({ package: 'p', kind: 'ConfigMap', name: 'c', group: '', patch: { data: { a: 'b' } } }),
  overlayMay: some('Image', 'Command'),
  evidence: fc.array(evidenceLine, { maxLength: 3 }),
  trustedRoots: some({ name: 'a', root: 'x' }, { name: 'b', root: 'x' }),
  minor: some(...significantClasses),
  exceptions: maybe(fc.record({ gates: some(...exceptableGates), maxDuration: time, approvals: lines })),
  changes: maybe(fc.record({ approvals: lines })),
  windows: some(...windows),
  freezes: some(...freezes),
  expedited: maybe(fc.record({ soak: time, passes: some('Window', 'Freeze'), approvals: lines })),
  unmanagedFields: fc.uniqueArray(
    fc.record({
      kind: one('Deployment'),
      name: one('a', 'b'),
      group: one('apps'),
      fields: fc.subarray(['spec.x', 'spec.y'], { minLength: 1 }),
    }),
    { selector: ({ name }) => name },
  ),
  platformWriters: fc.array(
    fc.record({ identity: one('eso', 'cert'), kind: one('Secret'), names: fc.subarray(['a', 'b'], { minLength: 1 }) }),
    { maxLength: 3 },
  ),
  stagingReferences: one('Block', 'Report'),
  unlistedKinds: one('Report', 'Deny'),
  operate: fc.record({ scale: fc.uniqueArray(scaled, { selector: ({ name }) => name }) }),
  health,
  emergency: maybe(
    fc.record({
      maxDuration: time,
      clusterRole: one('a', 'b'),
      followUpWithin: time,
      maxActive: count,
      endSessions: one('Evict', 'Report'),
    }),
  ),
  notify: maybe(fc.record({ remindAfter: time, routes: fc.constant([]) })),
  retain: fc.record({ bundles: count, candidates: count }),
  reviewOverdue: one('Report', 'Block'),
  reviewBy: one('2027-01-01', '2028-01-01'),
};

export const policySpecs = fc.record(fieldArbitraries).map(present) as fc.Arbitrary<Spec>;
