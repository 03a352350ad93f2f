/** What the overlay of a candidate may hold: rows of the table of custody. */
import { overlayBounds } from '../../../operator/api/overlay.ts';
import { candidate, policy, type Sent } from '../../support/attack/objects.ts';
import { targetOf, type Answer } from '../../support/cluster/cluster.ts';
import { quiet, type Kit, type Row } from './custody-kit.ts';

/** As many levels as that, a list in each when it is asked for. */
const nested = (levels: number, inLists = false, innermost: unknown = {}): unknown => {
  let inner = innermost;
  for (let level = 1; level < levels; level += 1)
    inner = inLists && (levels - level) % 2 === 0 ? [inner] : { a: inner };
  return inner;
};

const withOverlay = (...patches: readonly unknown[]): Sent =>
  candidate({ spec: { overlay: patches.map((patch, i) => ({ kind: 'ConfigMap', name: `settings-${i}`, patch })) } });

/** A policy with the same. */
const policyWith = (...patches: readonly unknown[]): Sent =>
  policy({
    metadata: { namespace: quiet },
    spec: {
      overlay: patches.map((patch, i) => ({ package: 'payments', kind: 'ConfigMap', name: `settings-${i}`, patch })),
    },
  });

const operated = (operation: object): Sent =>
  candidate({ spec: { overlay: [{ kind: 'ConfigMap', name: 'settings', jsonPatch: [operation] }] } });

const ownOperation = (operation: object): Sent =>
  policy({
    metadata: { namespace: quiet },
    spec: { overlay: [{ package: 'payments', kind: 'ConfigMap', name: 'settings', jsonPatch: [operation] }] },
  });

const keysOf = (count: number, value = ''): Readonly<Record<string, string>> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, value]));

const itemsOf = <T>(length: number, item: T): readonly T[] => Array.from({ length }, () => item);

/** A patch of that many characters, keys and all. */
const text = (length: number) => ({ data: { k: 'x'.repeat(length - 'datak'.length) } });

/** What an overlay holds, past each of its bounds, and just within. */
export function overlayRows({ as, stored }: Pick<Kit, 'as' | 'stored'>): readonly Row[] {
  const { levels, items, values, characters } = overlayBounds;
  const row = (rule: string, given: string, past: readonly unknown[], within: readonly unknown[]): Row => ({
    policy: 'countersign-releasecandidates',
    rule,
    given: `an overlay ${given}`,
    refused: () => as('developer-a').create(withOverlay(...past)),
    caller: 'developer-a',
    next: 'spec.overlay',
    twin: () => as('developer-a').create(withOverlay(...within)),
  });
  /** Production's own overlay is bounded alike. */
  const own = (rule: string, given: string, past: unknown, within: unknown): Row => ({
    policy: 'countersign-releasepolicies',
    rule,
    given: `a policy whose overlay ${given}`,
    refused: () => as('admin').create(policyWith(past), { dryRun: 'All' }),
    caller: 'admin',
    next: 'spec.overlay',
    twin: () => as('admin').create(policyWith(within), { dryRun: 'All' }),
  });
  const changed = async (operation: object): Promise<Answer<unknown>> => {
    const made = await stored.releasepolicies();
    return as('admin').patch(targetOf(made), 'merge', { spec: ownOperation(operation).spec }, { dryRun: 'All' });
  };
  return [
    own('OverlayNotTooDeep', 'is nested one level too deep', nested(levels + 1), nested(levels)),
    own(
      'OverlayNotTooLong',
      'has a list of one item too many',
      { args: itemsOf(items + 1, '') },
      { args: itemsOf(items, '') },
    ),
    own('OverlayNotTooMany', 'has one value too many', { data: keysOf(values - 1) }, { data: keysOf(values - 2) }),
    own('OverlayNotTooLarge', 'has one character too many', text(characters + 1), text(characters)),
    ...(['add', 'replace', 'test'] as const).map((op) => ({
      policy: 'countersign-releasepolicies',
      rule: 'OverlayOperationWhole',
      given: `a policy whose overlay says ${op} without a value`,
      refused: () => as('admin').create(ownOperation({ op, path: '/data/a' }), { dryRun: 'All' }),
      caller: 'admin',
      next: 'write value with add',
      twin: () => as('admin').create(ownOperation({ op, path: '/data/a', value: 'b' }), { dryRun: 'All' }),
    })),
    {
      policy: 'countersign-releasepolicies',
      rule: 'OverlayOperationWhole',
      given: 'a policy that is given such an overlay later',
      refused: () => changed({ op: 'add', path: '/data/a' }),
      caller: 'admin',
      next: 'write value with add',
      twin: () => changed({ op: 'add', path: '/data/a', value: 'b' }),
    },
    {
      policy: 'countersign-releasecandidates',
      rule: 'OverlayOperationWhole',
      given: 'an overlay that replaces a field by nothing',
      refused: () => as('developer-a').create(operated({ op: 'replace', path: '/data/a' })),
      caller: 'developer-a',
      next: 'write value with add, replace and test',
      twin: () => as('developer-a').create(operated({ op: 'replace', path: '/data/a', value: 'b' })),
    },
    {
      policy: 'countersign-releasecandidates',
      rule: 'OverlayOperationWhole',
      given: 'an overlay that removes a field and gives it a value',
      refused: () => as('developer-a').create(operated({ op: 'remove', path: '/data/a', value: 'b' })),
      caller: 'developer-a',
      next: 'and with nothing else',
      twin: () => as('developer-a').create(operated({ op: 'remove', path: '/data/a' })),
    },
    row('OverlayNotTooDeep', 'is nested one level too deep', [{ x: 1 }, nested(levels + 1)], [nested(levels)]),
    row('OverlayNotTooDeep', 'is nested too deep in lists', [nested(levels + 1, true)], [nested(levels, true)]),
    row('OverlayNotTooDeep', 'is nested two thousand levels deep', [nested(2_000)], [nested(2)]),
    row(
      'OverlayNotTooLong',
      'has a list of one item too many',
      [{ args: itemsOf(items + 1, '') }],
      [{ args: itemsOf(items, '') }],
    ),
    row(
      'OverlayNotTooLong',
      'has one at the deepest level',
      [nested(levels, false, itemsOf(items + 1, ''))],
      [nested(levels, false, itemsOf(items, ''))],
    ),
    row(
      'OverlayNotTooLarge',
      'has a text at the deepest level',
      [nested(levels, false, ['x'.repeat(characters)])],
      [nested(levels, false, ['x'.repeat(characters - levels)])],
    ),
    row(
      'OverlayNotTooLong',
      'has a list of as many lists',
      [{ a: { args: itemsOf(items + 1, []) } }],
      [{ a: { args: itemsOf(items, []) } }],
    ),
    row(
      'OverlayNotTooMany',
      'has a list of a hundred thousand items',
      [{ args: itemsOf(100_000, 1) }],
      [{ args: [1] }],
    ),
    row('OverlayNotTooMany', 'has one value too many', [{ data: keysOf(values - 1) }], [{ data: keysOf(values - 2) }]),
    row(
      'OverlayNotTooMany',
      'has many maps of many values',
      [{ a: Object.fromEntries(Object.keys(keysOf(1_000)).map((key) => [key, keysOf(100)])) }],
      [{ a: Object.fromEntries(Object.keys(keysOf(18)).map((key) => [key, keysOf(100)])) }],
    ),
    row(
      'OverlayNotTooMany',
      'has too many values in several patches',
      [{ data: keysOf(values / 2) }, { data: keysOf(values / 2) }],
      [{ data: keysOf(values / 2) }, { data: keysOf(values / 2 - 4) }],
    ),
    row('OverlayNotTooLarge', 'has one character too many', [text(characters + 1)], [text(characters)]),
    row(
      'OverlayNotTooLarge',
      'has long names and items',
      [{ ['x'.repeat(characters / 2)]: ['y'.repeat(characters / 2), 'z'] }],
      [{ ['x'.repeat(characters / 2)]: ['y'.repeat(characters / 2)] }],
    ),
  ];
}
