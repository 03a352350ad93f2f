/** Gates, where there are exceptions. */
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  aCandidate,
  aGateSnapshot,
  anException,
  anExceptionSignature,
  aPolicy,
  enoughApprovals,
  hour,
  now,
} from '../../../test/support/builders/decide.ts';
import { exceptableGates } from '../../api/exceptable-gates.ts';
import type { PolicyException } from '../../api/exception.ts';
import type { GateName } from '../../api/reasons.ts';
import { exceptionsUsed, gates, judge } from './gates.ts';
import type { GateSnapshot } from './gate.ts';
import type { NamedVerdict } from './verdict.ts';

const offered = { gates: exceptableGates, maxDuration: '72h', approvals: [{ role: 'risk', count: 1 }] };
/** Of every gate that may be passed but two, something is missing. */
const strict = {
  exceptions: offered,
  soak: '3h',
  changeTicket: { mode: 'Required' },
  evidence: [{ type: 'TestReport', maxAge: '24h' }],
  windows: [{ schedule: '0 0 1 1 *', duration: '1h', timeZone: 'UTC' }],
  freezes: [{ from: '2020-01-01T00:00:00Z', to: '2040-01-01T00:00:00Z', reason: 'year-end' }],
};
const failing = ['ChangeTicket', 'Evidence', 'Freeze', 'Soak', 'Window'];

const seen = (exceptions: readonly PolicyException[], given: Partial<GateSnapshot> = {}): GateSnapshot => {
  const approvals = enoughApprovals();
  const known = exceptions.map((exception) => ({ exception, approvals: [anExceptionSignature(exception, 'risk-a')] }));
  const all = [...approvals, ...known.flatMap((each) => each.approvals)];
  return aGateSnapshot({
    policy: aPolicy(strict),
    soakingSince: now - 2 * hour,
    approvals,
    exceptions: known,
    rights: new Map(all.map(({ metadata }) => [metadata.uid, true])),
    ...given,
  });
};

const named = (verdicts: readonly NamedVerdict[], holds: (verdict: NamedVerdict) => boolean): readonly GateName[] =>
  verdicts
    .filter(holds)
    .map(({ name }) => name)
    .toSorted();
const passedByException = (s: GateSnapshot, at = now) =>
  named(judge(s, at), ({ reason }) => reason === 'PassedByException');
const open = (s: GateSnapshot, at = now) => named(judge(s, at), ({ outcome }) => outcome !== 'Passed');

test('the list of the API is that of the gates that say so', () => {
  expect(gates.filter(({ exceptable }) => exceptable === true).map(({ name }) => name)).toEqual(exceptableGates);
});

test.each(gates.filter(({ exceptable }) => exceptable !== true))('$name says why no exception passes it', (gate) => {
  expect(gate.exceptable).toMatch(/^[A-Z].*\.$/);
});

test('without an exception each says how to ask for one, and who signs', () => {
  const verdicts = judge(seen([]), now);
  expect(named(verdicts, ({ outcome }) => outcome !== 'Passed')).toEqual(failing);
  for (const { name, outcome, remedy } of verdicts) {
    expect([name, remedy.includes('asks for an exception, for which 1 risk sign: echo ')]).toEqual([
      name,
      outcome !== 'Passed',
    ]);
  }
});

test('where the policy offers none, nothing is said of exceptions', () => {
  const verdicts = judge(seen([], { policy: aPolicy({ ...strict, exceptions: undefined }) }), now);
  expect(verdicts.some(({ remedy }) => remedy.includes('exception'))).toBe(false);
});

test('one that is granted passes its gate until its end, and names who signed', () => {
  const verdict = judge(seen([anException('hurry')]), now).find(({ name }) => name === 'Window');
  expect(verdict).toMatchObject({
    outcome: 'Passed',
    reason: 'PassedByException',
    message: expect.stringMatching(/^No window is open: .*; exception hurry passes it until .*Z, signed by risk-a$/),
    remedy: '',
    wakeAt: now + 23 * hour,
  });
});

test('one that waits is signed by the command that the gate names', () => {
  const exception = anException('hurry');
  const verdict = judge(seen([], { exceptions: [{ exception, approvals: [] }] }), now).find(
    ({ name }) => name === 'Window',
  );
  expect(verdict?.remedy).toContain(
    'kubectl get polex hurry -n payments-prod -o jsonpath={.status.approvalManifests.risk} | kubectl create -f -',
  );
});

test.each<[string, PolicyException]>([
  ['another package', anException('e', { package: 'billing' })],
  ['another candidate', anException('e', { candidate: { name: 'payments-2.3.0', uid: 'uid-payments-2-3-0' } })],
  ['an earlier candidate of its name', anException('e', { candidate: { name: 'payments-2.4.0', uid: 'uid-old' } })],
  ['the uid of it under another name', anException('e', { candidate: { name: 'other', uid: 'uid-payments-2-4-0' } })],
])('an exception for %s passes nothing', (_, exception) => {
  expect(passedByException(seen([exception]))).toEqual([]);
});

test('an exception of another production namespace passes nothing', () => {
  const exception = anException('e');
  const elsewhere = { ...exception, metadata: { ...exception.metadata, namespace: 'other-prod' } };
  expect(passedByException(seen([elsewhere]))).toEqual([]);
});

test('what is not known is passed by none', () => {
  const s = seen([anException('e', { gates: ['StagingHealthy'] })], {
    bundle: aGateSnapshot().bundle,
    stagedHealth: new Map(),
  });
  const verdict = judge(s, now).find(({ name }) => name === 'StagingHealthy');
  expect(verdict?.outcome === 'Unknown' || verdict?.reason !== 'PassedByException').toBe(true);
});

test('an author of the release signs for no exception of it', () => {
  const candidate = aCandidate();
  const s = seen([anException('e')], {
    candidate: { ...candidate, spec: { ...candidate.spec, onBehalfOf: ['risk-a'] } },
  });
  expect(passedByException(s)).toEqual([]);
});

test('the promotion names each exception once, with the gates that it passed', () => {
  const s = seen([
    anException('long', { gates: ['Window', 'Freeze'] }),
    anException('other', { gates: ['Soak', 'Notes'] }),
  ]);
  const used = exceptionsUsed(s, judge(s, now), now);
  expect(used.map(({ exception, gates, by }) => ({ name: exception.metadata.name, gates, by }))).toEqual([
    { name: 'other', gates: ['Soak'], by: ['risk-a'] },
    { name: 'long', gates: ['Window', 'Freeze'], by: ['risk-a'] },
  ]);
});

const anyException = fc
  .record({
    gates: fc.subarray([...exceptableGates], { minLength: 1 }),
    hours: fc.integer({ min: -2, max: 30 }),
    package: fc.constantFrom('payments', 'payments', 'billing'),
    candidate: fc.constantFrom(
      undefined,
      { name: 'payments-2.4.0', uid: 'uid-payments-2-4-0' },
      { name: 'x', uid: 'y' },
    ),
  })
  .map(({ hours, candidate, ...spec }) => ({
    ...spec,
    ...(candidate === undefined ? {} : { candidate }),
    until: new Date(now + hours * hour).toISOString(),
  }));
const some = fc.array(anyException, { maxLength: 4 }).map((all) => all.map((spec, at) => anException(`e-${at}`, spec)));

test('a gate is passed by an exception exactly where one of them names it, for this release, within its time', () => {
  fc.assert(
    fc.property(some, fc.integer({ min: 0, max: 30 }), (exceptions, hours) => {
      const at = now + hours * hour;
      const reach: ReadonlySet<string> = new Set(
        exceptions
          .filter(
            ({ spec }) =>
              spec.package === 'payments' &&
              at < Date.parse(spec.until) &&
              (spec.candidate === undefined || spec.candidate.uid === 'uid-payments-2-4-0'),
          )
          .flatMap(({ spec }) => spec.gates),
      );
      const without = open(seen([]), at);
      expect(passedByException(seen(exceptions), at)).toEqual(without.filter((name) => reach.has(name)));
    }),
  );
});

test('removing an exception opens no gate', () => {
  fc.assert(
    fc.property(some, fc.nat(3), (exceptions, at) => {
      const fewer = exceptions.filter((_, place) => place !== at);
      expect(open(seen(fewer))).toEqual(expect.arrayContaining([...open(seen(exceptions))]));
    }),
  );
});
