import { expect, test } from '@jest/globals';
import { aCandidate, anApproval, aPolicy, digestOf, now } from '../../test/support/builders/decide.ts';
import { aPlace } from '../../test/support/builders/place.ts';
import { entryAfter, program } from '../../test/support/builders/record.ts';
import type { ReleaseCandidate } from '../api/candidate.ts';
import { inFlightFinalizer } from '../api/kinds.ts';
import type { LedgerDraft } from '../decide/ledger-entry.ts';
import { PackedValues } from '../kube/packed.ts';
import type { FamilySpec, Reflectors } from '../kube/reflectors.ts';
import { Store, type ChangeHandler } from '../kube/store.ts';
import { Records } from '../ledger/records.ts';
import { createCaches } from '../observe/caches.ts';
import { changesOf, ownSignals } from '../observe/changes.ts';
import type { Facts } from '../observe/facts.ts';
import { keyText } from './keys.ts';
import type { Shell } from './reconcile.ts';
import { runControllers } from './running.ts';

/** Copies that hold what a test puts there, by the plural of their resource. */
const filledReflectors = () => {
  const stores = new Map<string, Store<never>>();
  let version = 0;
  const family = <T>(spec: FamilySpec<T>) => {
    const handlers: ChangeHandler<T>[] = [];
    const store = new Store<T>(spec.indexes ?? {}, (key, change) => {
      for (const handler of handlers) handler(key, change);
    });
    stores.set(spec.resource.plural, store as unknown as Store<never>); // oxlint-disable-line typescript/no-unsafe-type-assertion -- `put` below says what is in which
    const copy = {
      list: () => store.values(),
      get: (key: string) => store.get(key),
      byIndex: (name: string, key: string) => store.byIndex(name, key),
      countBy: (name: string, key: string) => store.countBy(name, key),
    };
    return { in: () => copy, onChange: (handler: ChangeHandler<T>) => handlers.push(handler) };
  };
  return {
    reflectors: { family } as unknown as Reflectors, // oxlint-disable-line typescript/no-unsafe-type-assertion -- as much of them as routes use
    put(plural: string, value: { readonly metadata: { readonly namespace: string; readonly name: string } }): void {
      version += 1;
      const { namespace, name } = value.metadata;
      stores
        .get(plural)
        ?.put(`${namespace}/${name}`, { uid: name, resourceVersion: String(version), value: value as never }); // oxlint-disable-line typescript/no-unsafe-type-assertion -- a value of that resource
    },
  };
};

const prod = 'payments-prod';

const setUp = () => {
  const { reflectors, put } = filledReflectors();
  const added: string[] = [];
  const soon: string[] = [];
  const caches = createCaches(reflectors, {
    digestKey: 'key',
    guarded: [],
    place: aPlace(),
    large: new PackedValues<object>(Infinity),
  });
  const own = ownSignals();
  const records = new Records((namespace, entry) => own.records.emit({ namespace, entry }));
  const facts = { ...caches, records, followed: { isClusterRead: () => true } } as unknown as Facts; // oxlint-disable-line typescript/no-unsafe-type-assertion -- as much of them as triggers use
  const controllers = runControllers({ facts, shell: {} as Shell }); // oxlint-disable-line typescript/no-unsafe-type-assertion -- nothing is worked on
  const on = changesOf(caches, own);
  for (const each of Object.values(controllers)) {
    each.connect(on, (wake) => (wake.soon === true ? soon : added).push(`${wake.priority} ${keyText(wake.key)}`));
  }
  put('releasepolicies', aPolicy());
  return {
    put,
    /** What an act has looked at at once, and what a moment later. */
    after(act: () => void): { readonly added: readonly string[]; readonly soon: readonly string[] } {
      added.length = 0;
      soon.length = 0;
      act();
      return { added: [...new Set(added)].toSorted(), soon: [...new Set(soon)].toSorted() };
    },
    enter: (draft: LedgerDraft): void => records.seen(prod, entryAfter(records.get(prod), draft, { at: now })),
  };
};

const subject = (name: string) => ({
  kind: 'ReleaseCandidate' as const,
  namespace: 'payments-staging',
  name,
  uid: aCandidate({}, name).metadata.uid,
});

const staged = (name: string): LedgerDraft => ({
  actor: { username: 'developer-a', uid: '', groups: [] },
  subject: subject(name),
  package: 'payments',
  digest: digestOf('d'),
  decision: '',
  reason: '',
  data: { type: 'Staged', bundle: name, base: 'none', authors: [] },
});

const started = (name: string): LedgerDraft => ({
  ...staged(name),
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

const looksAt = (name: string): string => `Normal candidate/payments-staging/${name}`;

test('a candidate that is staged has itself looked at, and those that spec.replaces ties to it, but no release', () => {
  const { put, after, enter } = setUp();
  for (const [name, replaces] of [
    ['one', ''],
    ['two', 'one'],
    ['three', ''],
  ] as const)
    put('releasecandidates', aCandidate({ replaces }, name));

  expect(after(() => enter(staged('one')))).toEqual({
    added: [looksAt('one'), looksAt('two')],
    soon: ['Resync policy/payments-prod'],
  });
});

test('a promotion that begins has its release looked at, and every candidate of the package', () => {
  const { put, after, enter } = setUp();
  for (const name of ['one', 'two', 'three']) put('releasecandidates', aCandidate({}, name));
  enter(staged('one'));

  expect(after(() => enter(started('one'))).added).toEqual([
    ...['one', 'three', 'two'].map(looksAt),
    'Rollback release/payments-prod/payments',
  ]);
});

test('a new candidate has nobody looked at but itself, and those that wait to replace it', () => {
  const { put, after } = setUp();
  for (const [name, replaces] of [
    ['one', ''],
    ['two', 'three'],
  ] as const)
    put('releasecandidates', aCandidate({ replaces }, name));

  expect(after(() => put('releasecandidates', aCandidate({}, 'three'))).added).toEqual([
    looksAt('three'),
    looksAt('two'),
  ]);
});

test('a signature has its candidate looked at at once, until nothing hangs on it any more', () => {
  const { put, after, enter } = setUp();
  put('releasecandidates', aCandidate({}, 'one'));
  const sign = (name: string, decision: 'Approve' | 'Reject') => () =>
    put('approvals', anApproval('approver-a', { name, decision, subject: subject('one') }));

  expect(after(sign('first', 'Approve')).added).toEqual(['Promotion candidate/payments-staging/one']);

  enter(staged('one'));
  enter(started('one'));
  expect(after(sign('second', 'Approve')).added).toEqual([]);
  // It takes back what is on its way.
  expect(after(sign('third', 'Reject')).added).toEqual(['Promotion candidate/payments-staging/one']);
});

test('a candidate whose end is in the record is looked at until its status and finalizers say so, too', () => {
  const { put, after, enter } = setUp();
  const one = aCandidate({}, 'one');
  const waiting = { type: 'Finished', status: 'False', reason: 'InProgress', message: '' };
  const reported = (finished: object): ReleaseCandidate => ({
    ...one,
    status: { conditions: [{ ...finished, lastTransitionTime: new Date(now).toISOString() }] } as never, // oxlint-disable-line typescript/no-unsafe-type-assertion -- as much of it as is read
  });
  put('releasecandidates', reported(waiting));
  enter(staged('one'));
  enter({ ...staged('one'), actor: program('operator'), data: { type: 'Withdrawn', by: '' } });
  let generation = 1;
  const policyChanges = () => {
    const policy = aPolicy();
    generation += 1;
    return { ...policy, metadata: { ...policy.metadata, generation } };
  };

  expect(after(() => put('releasepolicies', policyChanges())).added).toContain(looksAt('one'));

  put('releasecandidates', reported({ ...waiting, status: 'True', reason: 'Withdrawn' }));
  expect(after(() => put('releasepolicies', policyChanges())).added).not.toContain(looksAt('one'));

  const held = { metadata: { ...one.metadata, finalizers: [inFlightFinalizer] } };
  put('releasecandidates', { ...reported({ ...waiting, status: 'True', reason: 'Withdrawn' }), ...held });
  expect(after(() => put('releasepolicies', policyChanges())).added).toContain(looksAt('one'));
});

test('of very many signatures under one candidate not each has it looked at', () => {
  const { put, after } = setUp();
  put('releasecandidates', aCandidate({}, 'one'));
  const sign = (i: number) =>
    put('approvals', anApproval('approver-a', { name: `sign-${i}`, subject: subject('one') }));
  for (let i = 0; i < 100; i += 1) sign(i);

  expect(after(() => sign(100))).toEqual({ added: [], soon: ['Promotion candidate/payments-staging/one'] });
});
