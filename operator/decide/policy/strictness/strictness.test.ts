import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { compared, type Order, optional } from './order.ts';
import { fieldArbitraries } from './policy-arbitrary.ts';
import { comparedField, policyFields, strictness } from './strictness.ts';

const orders = policyFields.flatMap((field) => {
  const row = strictness[field];
  return 'free' in row
    ? []
    : [
        {
          field,
          order: optional(row.order as Order<unknown>),
          value: fieldArbitraries[field] as fc.Arbitrary<unknown>,
        },
      ];
});

describe.each(orders)('$field', ({ order, value }) => {
  const is = (before: unknown, after: unknown) => compared(order, before, after);

  test('a value is as tight as itself, and what is as tight as what is as tight is as tight', () => {
    fc.assert(
      fc.property(value, value, value, (a, b, c) => {
        expect(is(a, a)).toBe('equal');
        expect(order.isAsTight(a, b) && order.isAsTight(b, c) && !order.isAsTight(a, c)).toBe(false);
      }),
    );
  });

  test('what is tighter one way is looser the other way', () => {
    const back = { tighter: 'looser', looser: 'tighter', equal: 'equal', other: 'other' } as const;
    fc.assert(fc.property(value, value, (a, b) => expect(is(b, a)).toBe(back[is(a, b)])));
  });

  test('what two have in common is as tight as both, the loosest of these, and the same whichever comes first', () => {
    fc.assert(
      fc.property(value, value, value, (a, b, c) => {
        const [both, turned] = [order.meet(a, b), order.meet(b, a)];
        const meetsBoth = (each: unknown) => both !== undefined && order.isAsTight(each, a) && order.isAsTight(each, b);
        expect({
          none: both === undefined,
          asTight: both === undefined || [a, b].every((each) => order.isAsTight(both.value, each)),
          loosest: !meetsBoth(c) || (both !== undefined && order.isAsTight(c, both.value)),
          oneIsTighter: both === undefined && (order.isAsTight(a, b) || order.isAsTight(b, a)),
        }).toEqual({ none: turned === undefined, asTight: true, loosest: true, oneIsTighter: false });
        expect(both === undefined || turned === undefined || is(both.value, turned.value) === 'equal').toBe(true);
      }),
    );
  });

  test('what a value has in common with itself is the value', () => {
    fc.assert(
      fc.property(value, (a) => {
        const both = order.meet(a, a);
        expect(both).toBeDefined();
        expect(is(a, both?.value)).toBe('equal');
      }),
    );
  });
});

describe('a change of', () => {
  const line = { role: 'approver', count: 2, oneFromEach: ['owners', 'board'] };
  const window = { schedule: '0 9 * * 1', duration: '8h', timeZone: 'UTC' };
  const evidence = {
    type: 'TestReport',
    about: 'Candidate',
    maxAge: '24h',
    most: { failed: 0 },
    when: 'Always',
    unknownAuthors: 'Block',
    bots: new Array<string>(),
  } as const;
  const scale = { kind: 'Deployment', name: 'api', min: 2, max: 4 } as const;

  test.each([
    ['a longer soak', comparedField('soak', '90m', '2h'), 'tighter'],
    ['the same soak in other words', comparedField('soak', '90m', '1h30m'), 'equal'],
    ['one signature fewer', comparedField('approvals', [line], [{ ...line, count: 1 }]), 'looser'],
    ['one role more', comparedField('approvals', [line], [line, { ...line, role: 'tester' }]), 'tighter'],
    ['one role for another', comparedField('approvals', [line], [{ ...line, role: 'tester' }]), 'other'],
    ['one group for another', comparedField('approvals', [line], [{ ...line, oneFromEach: ['a', 'b'] }]), 'other'],
    ['the first window', comparedField('windows', [], [window]), 'tighter'],
    ['the last window taken away', comparedField('windows', [window], []), 'looser'],
    ['a longer window', comparedField('windows', [window], [{ ...window, duration: '9h' }]), 'other'],
    ['a limit taken away', comparedField('evidence', [evidence], [{ ...evidence, most: {} }]), 'looser'],
    ['evidence of another content', comparedField('evidence', [evidence], [{ ...evidence, about: 'Images' }]), 'other'],
    [
      'signed evidence',
      comparedField('evidence', [evidence], [{ ...evidence, signedBy: [{ name: 'a', key: 'k' }] }]),
      'tighter',
    ],
    [
      'exceptions where there were none',
      comparedField('exceptions', undefined, { gates: ['Soak'], maxDuration: '1h', approvals: [line] }),
      'looser',
    ],
    [
      'an account more of one human',
      comparedField('people', [{ name: 'a', identities: ['a@x'] }], [{ name: 'a', identities: ['a@x', 'b@x'] }]),
      'tighter',
    ],
    ['wider bounds', comparedField('operate', { scale: [scale] }, { scale: [{ ...scale, max: 5 }] }), 'looser'],
    [
      'another field that is not ours',
      comparedField(
        'unmanagedFields',
        [{ kind: 'Deployment', name: 'a', group: 'apps', fields: ['spec.x'] }],
        [{ kind: 'Deployment', name: 'a', group: 'apps', fields: ['spec.y'] }],
      ),
      'other',
    ],
    ['a later review', comparedField('reviewBy', '2027-01-01', '2027-01-02'), 'looser'],
    ['another staging namespace', comparedField('sourceNamespace', 'a', 'b'), 'other'],
  ])('%s is seen as such', (_, is, expected) => expect(is).toBe(expected));

  test('no field without a rule for people', () => {
    for (const field of policyFields) {
      const row = strictness[field];
      expect('free' in row ? row.free : row.tighter).toMatch(/./);
    }
  });
});
