import { describe, expect, test } from '@jest/globals';
import { aNamespace, aPolicy, aRecord, digestOf, now } from '../../../test/support/builders/decide.ts';
import { planPolicy, type PolicySnapshot } from './plan.ts';
import type { KeptBundle } from './retention.ts';

const conditionWith = (unlisted: readonly string[] | undefined, spec: Record<string, unknown> = {}) =>
  conditionOf('EveryKindGuarded', { unlisted }, spec);

const conditionOf = (
  named: string,
  given: Partial<Pick<PolicySnapshot, 'unlisted' | 'mutators'>>,
  spec: Record<string, unknown> = {},
) => {
  const plan = planPolicy(
    {
      policy: aPolicy(spec),
      namespace: aNamespace(),
      record: aRecord(),
      reviews: [],
      unlisted: [],
      mutators: [],
      ...given,
      kept: { candidates: [], bundles: [], partUid: () => undefined },
      complete: true,
    },
    now,
  );
  const status = plan.statuses[0]?.status as { conditions: { type: string; message: string }[] } | undefined; // oxlint-disable-line typescript/no-unsafe-type-assertion -- the status of a policy
  return status?.conditions.find(({ type }) => type === named);
};

test('definitions that have not been read are no answer', () => {
  expect(conditionWith(undefined)).toMatchObject({ status: 'Unknown', reason: 'DefinitionsNotRead' });
});

test('an entry that names a kind of several groups without one is told, for it counts for nothing', () => {
  const web = { kind: 'Gateway', name: 'web', fields: ['spec.addresses'] };
  expect(conditionOf('Ready', {}, { unmanagedFields: [web] })).toMatchObject({
    status: 'True',
    reason: 'KindUnclear',
    message: expect.stringMatching(
      /spec\.unmanagedFields names Gateway web without a group: gateway\.networking\.k8s\.io or networking\.istio\.io\. Next: .*kubectl edit releasepolicy production -n payments-prod/,
    ),
  });
  const group = 'networking.istio.io';
  expect(conditionOf('Ready', {}, { unmanagedFields: [{ ...web, group }] })).toMatchObject({ reason: 'InForce' });
  const istio = { kind: 'Gateway', name: 'web', apiVersion: 'networking.istio.io/v1', patch: { spec: {} } };
  expect(conditionOf('Ready', {}, { overlay: [{ package: 'payments', ...istio }] })).toMatchObject({
    reason: 'InForce',
  });
});

test('a trusted root that is none is told, for nobody is identified by it', () => {
  expect(conditionOf('Ready', {}, { trustedRoots: [{ name: 'own', root: '{}' }] })).toMatchObject({
    status: 'True',
    reason: 'TrustedRootUnread',
    message: expect.stringMatching(/spec\.trustedRoots own is no trusted root of Sigstore.*kubectl edit releasepolicy/),
  });
});

test('without any kind that nobody listed, every kind is guarded', () => {
  expect(conditionWith([])).toMatchObject({ status: 'True', reason: 'EveryKindListed' });
});

test('kinds that nobody listed are named, and what may become of them', () => {
  expect(conditionWith(['gadgets.example.dev', 'things.example.dev'])).toMatchObject({
    status: 'False',
    message: expect.stringMatching(/2 kinds .*: gadgets\.example\.dev, things\.example\.dev; controllers may write/),
  });
  expect(conditionWith(['gadgets.example.dev'], { unlistedKinds: 'Deny' })?.message).toContain(
    'only the control plane',
  );
});

test('of very many the first are named, and how many more there are', () => {
  const many = Array.from({ length: 30 }, (_, i) => `kind-${i}.example.dev`);
  expect(conditionWith(many)?.message).toContain('and 10 more');
});

describe('on a record that does not verify', () => {
  const old = (name: string, given: Partial<KeptBundle> = {}): KeptBundle => ({
    name,
    uid: `uid-${name}`,
    package: 'payments',
    candidateUid: 'uid-payments-2-4-0',
    baseline: false,
    createdAt: now,
    parts: [],
    ...given,
  });
  const bundles = [old('base', { baseline: true }), old('over'), old('another')];
  const newer = [1, 2].map((age) => old(`newer-${age}`, { createdAt: now + age }));
  const record = (broken?: string) => ({
    ...aRecord({
      candidate: { finished: { reason: 'RolledBack', message: '', at: now } },
      package: { ran: new Map([['over', { digest: digestOf('a'), previous: 'base' }]]) },
    }),
    broken,
  });
  const plan = (broken?: string) =>
    planPolicy(
      {
        policy: aPolicy({ retain: { bundles: 2, candidates: 1 } }),
        namespace: aNamespace(),
        record: record(broken),
        reviews: [],
        unlisted: [],
        mutators: [],
        kept: {
          candidates: [],
          bundles: [...bundles, ...newer],
          partUid: () => undefined,
        },
        complete: true,
      },
      now,
    );

  test('nothing is forgotten, and nobody is told that production is as it should be', () => {
    expect(plan('entry 7 is missing').effects).toEqual([]);
    expect(plan('entry 7 is missing').statuses[0]?.status).toMatchObject({
      conditions: expect.arrayContaining([
        expect.objectContaining({ type: 'Ready', status: 'False', reason: 'LedgerBroken' }),
        expect.objectContaining({ type: 'Explained', status: 'Unknown', reason: 'LedgerBroken' }),
      ]),
    });
  });

  test('otherwise spare bundles are forgotten, but not the release over a baseline that is kept', () => {
    expect(plan().effects).toMatchObject([{ do: 'Remove', name: 'another' }]);
  });
});

test('what of others has not been read is no answer, and without any nothing is foreign', () => {
  expect(conditionOf('NoForeignMutators', { mutators: undefined })).toMatchObject({
    status: 'Unknown',
    reason: 'MutatorsNotRead',
  });
  expect(conditionOf('NoForeignMutators', {})).toMatchObject({ status: 'True', reason: 'NothingForeign' });
});

test('what of others may change a write is named, with digits that change when it does', () => {
  const mutator = (n: number) => ({
    key: `MutatingWebhookConfiguration/m-${n}` as const,
    version: `0000000${n}`,
    reaches: [],
  });
  expect(conditionOf('NoForeignMutators', { mutators: [mutator(1)] })).toMatchObject({
    status: 'False',
    reason: 'ForeignMutators',
    message: expect.stringMatching(
      /^1 other is asked about what is written to payments-prod and may change it on the way: MutatingWebhookConfiguration\/m-1 \(00000001\)\. /,
    ),
  });
  const many = Array.from({ length: 23 }, (_, n) => mutator(n));
  expect(conditionOf('NoForeignMutators', { mutators: many })?.message).toContain(' and 3 more. ');
});
