import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { aPolicy } from '../../../test/support/builders/decide.ts';
import { type ClusterReleasePolicy, parseClusterReleasePolicy } from '../../api/cluster-policy.ts';
import { inheritanceProblems } from '../inherited.ts';
import { inheritance } from '../gates/people/inheritance.ts';
import { effectivePolicy, templateChanges } from './effective.ts';
import { policySpecs } from './strictness/policy-arbitrary.ts';
import { policyChanges } from './strictness/changes.ts';

const template = (spec: unknown): ClusterReleasePolicy => {
  const metadata = {
    name: 'house',
    uid: 'uid-house',
    resourceVersion: '7',
    generation: 1,
    creationTimestamp: '2026-01-01T00:00:00Z',
  };
  const parsed = parseClusterReleasePolicy({
    apiVersion: 'countersign.dev/v1alpha1',
    kind: 'ClusterReleasePolicy',
    metadata,
    spec,
  });
  if (!parsed.ok) throw new Error(parsed.problems.join('; '));
  return parsed.value;
};

const heir = (spec: Parameters<typeof aPolicy>[0] = {}) => aPolicy({ ...spec, inherits: 'house' });
const effective = (own: Parameters<typeof aPolicy>[0], of: unknown) => effectivePolicy(heir(own), template(of));

describe('what counts', () => {
  const window = { schedule: '0 9 * * 1', duration: '8h', timeZone: 'UTC' };
  const lane = { soak: '0s', passes: ['Window' as const], approvals: [{ role: 'sre', count: 1, oneFromEach: [] }] };

  test('is the tighter of both, field by field, whatever the defaults of the namespace are', () => {
    const { spec, inherited } = effective(
      { soak: '0s', windows: [], approvalValidFor: '1h', approvals: [{ role: 'tester', count: 1, oneFromEach: [] }] },
      { soak: '2h', approvalValidFor: '24h', windows: [window], approvals: [{ role: 'approver', count: 2 }] },
    );
    expect(spec).toMatchObject({ soak: '2h', approvalValidFor: '1h', windows: [window] });
    expect(spec.approvals.map(({ role, count }) => [role, count])).toEqual([
      ['approver', 2],
      ['tester', 1],
    ]);
    expect(inherited).toMatchObject({ template: 'house', version: '7', problems: [], own: { soak: '0s' } });
  });

  test('a template says nothing of what it leaves out, in objects of fields too', () => {
    const own = heir({ expedited: lane });
    expect(effectivePolicy(own, template({})).spec).toEqual(own.spec);
    const { spec } = effective({ expedited: lane }, { expedited: { soak: '1h' }, health: { observeFor: '2h' } });
    expect(spec.expedited).toEqual({ ...lane, soak: '1h' });
    expect(spec.health).toEqual({ ...own.spec.health, observeFor: '2h' });
  });

  test('what it forbids is not there', () => {
    expect(effective({ expedited: lane }, { forbids: ['expedited'] }).spec.expedited).toBeUndefined();
  });

  test('a missing template lets nothing through, and says who creates it', () => {
    const own = effectivePolicy(heir({ expedited: lane }), undefined);
    expect(own.spec.expedited).toBeUndefined();
    expect(inheritance.judge({ policy: own }, 0)).toMatchObject({
      outcome: 'Blocked',
      reason: 'TemplateMissing',
      remedy: expect.stringContaining('kubectl get clusterreleasepolicy house'),
    });
  });

  test('a policy that was never looked at with its template lets nothing through either', () => {
    expect(inheritance.judge({ policy: heir() }, 0)).toMatchObject({ outcome: 'Blocked', reason: 'TemplateMissing' });
    expect(inheritance.judge({ policy: aPolicy() }, 0)).toMatchObject({
      outcome: 'Passed',
      reason: 'NothingInherited',
    });
  });

  test('a field that the API server reads has to be as tight itself', () => {
    const writer = 'system:serviceaccount:argocd:it';
    const [problem] =
      effective({ gitOpsWriters: [writer, 'other'] }, { gitOpsWriters: [writer] }).inherited?.problems ?? [];
    expect(problem).toMatchObject({ reason: 'LooserThanTemplate', field: 'gitOpsWriters' });
    expect(problem?.remedy).toContain(
      `kubectl patch relpol production -n payments-prod --type=merge -p '{"spec":{"gitOpsWriters":["${writer}"]}}'`,
    );
    expect(effective({ gitOpsWriters: [] }, { gitOpsWriters: [writer] }).inherited?.problems).toEqual([]);
  });

  test('what has no common value waits', () => {
    const other = { ...window, schedule: '0 9 * * 2' };
    expect(effective({ windows: [other] }, { windows: [window] }).inherited?.problems).toMatchObject([
      { reason: 'NothingInCommon', field: 'windows' },
    ]);
  });

  test('nothing in force is looser than the policy of the namespace, or than the template', () => {
    fc.assert(
      fc.property(policySpecs, policySpecs, (mine, theirs) => {
        const { inherits: _, ...said } = theirs;
        const own = { ...aPolicy(), spec: { ...mine, inherits: 'house' } };
        const judged = effectivePolicy(own, { ...template({}), spec: said });
        const isLooser = policyChanges(own.spec, judged.spec).filter(({ is }) => is === 'looser' || is === 'other');
        expect(isLooser.map(({ field }) => field)).toEqual([]);
        const after = templateChanges(said, judged.spec, 0);
        const unmet = new Set([
          'exceptions',
          'expedited',
          'emergency',
          ...inheritanceProblems(judged).map(({ field }) => field ?? ''),
        ]);
        expect(
          after.filter(({ field, is }) => is !== 'tighter' && !unmet.has(field)).map(({ field }) => field),
        ).toEqual([]);
      }),
    );
  });
});

describe('a change of a template', () => {
  const is = (before: unknown, after: unknown, now = 0) =>
    templateChanges(template(before).spec, template(after).spec, now).map((each) => `${each.field} ${each.is}`);
  const freeze = { from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z', reason: 'closing' };

  test.each([
    ['a field that it comes to say', is({}, { soak: '0s' }), ['soak tighter']],
    ['a field that it no longer says', is({ soak: '1h' }, {}), ['soak looser']],
    [
      'exceptions of which it says how long they may last',
      is({}, { exceptions: { maxDuration: '1h' } }),
      ['exceptions tighter'],
    ],
    ['one limit for another', is({ health: { settle: '5s' } }, { health: { nodeGrace: '1s' } }), ['health other']],
    ['the same', is({ soak: '90m' }, { soak: '1h30m' }), []],
    ['what it forbids no longer', is({ forbids: ['emergency'] }, { forbids: [] }), ['forbids looser']],
    [
      'a freeze that is taken away',
      is({ freezes: [freeze] }, { freezes: [] }, Date.parse(freeze.from)),
      ['freezes looser'],
    ],
    ['a freeze that is over', is({ freezes: [freeze] }, { freezes: [] }, Date.parse(freeze.to)), []],
  ])('%s', (_, seen, expected) => expect(seen).toEqual(expected));
});
