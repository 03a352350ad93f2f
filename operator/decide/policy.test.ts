import { expect, test } from '@jest/globals';
import { aNamespace, aPolicy, aRecord, now } from '../../test/builders/decide.ts';
import { planPolicy } from './policy.ts';

const conditionWith = (unlisted: readonly string[] | undefined, spec: Record<string, unknown> = {}) => {
  const plan = planPolicy(
    {
      policy: aPolicy(spec),
      namespace: aNamespace(),
      record: aRecord(),
      unlisted,
      kept: { candidates: [], bundles: [], partUid: () => undefined },
      complete: true,
    },
    now,
  );
  const status = plan.statuses[0]?.status as { conditions: { type: string; message: string }[] } | undefined; // oxlint-disable-line typescript/no-unsafe-type-assertion -- the status of a policy
  return status?.conditions.find(({ type }) => type === 'EveryKindGuarded');
};

test('definitions that have not been read are no answer', () => {
  expect(conditionWith(undefined)).toMatchObject({ status: 'Unknown', reason: 'DefinitionsNotRead' });
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
