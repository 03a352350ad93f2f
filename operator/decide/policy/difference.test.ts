import { describe, expect, it } from '@jest/globals';
import { aPolicy } from '../../../test/support/builders/decide.ts';
import { policyDifference } from './difference.ts';

const { spec } = aPolicy({ soak: '1h' });

describe('the difference of two policies', () => {
  it('is empty when they are equal', () => {
    expect(policyDifference({ spec }, { ...spec })).toEqual({ lines: [], more: 0 });
  });

  it('is that of the policy as it is stored, whatever it inherits', () => {
    const inherited = { template: 'house', version: '1', own: spec, problems: [] };
    const judged = { spec: { ...spec, soak: '24h' }, inherited };
    expect(policyDifference(judged, spec).lines).toEqual([]);
    expect(policyDifference(judged, { ...spec, soak: '2h' }).lines).toEqual(['soak: "1h" → "2h"']);
  });

  it('has a line for each field, with what was and what is to be', () => {
    expect(policyDifference({ spec }, { ...spec, soak: '0s', reviewOverdue: 'Block' }).lines).toEqual([
      'reviewOverdue: "Report" → "Block"',
      'soak: "1h" → "0s"',
    ]);
  });

  it('says what is absent', () => {
    const exceptions = { gates: ['Soak' as const], maxDuration: '24h', approvals: spec.approvals };
    const { lines } = policyDifference({ spec }, { ...spec, exceptions });
    expect(lines).toContain('exceptions.maxDuration: (absent) → "24h"');
    expect(policyDifference({ spec: { ...spec, exceptions } }, spec).lines).toContain(
      'exceptions.maxDuration: "24h" → (absent)',
    );
  });

  it('shows what misleads the eye escaped, and counts what it cuts', () => {
    const people = [{ name: 'a\u202e', identities: ['x'.repeat(500)] }];
    const [line = ''] = policyDifference({ spec: { ...spec, people: [] } }, { ...spec, people }).lines;
    expect(line).toContain(String.raw`\u{202e}`);
    expect(line).toMatch(/… \(\d+ characters more\)$/);
  });

  it('shows where two long texts part, however late that is', () => {
    const rooted = (end: string) => ({ ...spec, trustedRoots: [{ name: 'own', root: `${'r'.repeat(60_000)}${end}` }] });
    const [line = ''] = policyDifference({ spec: rooted('ours') }, rooted('theirs')).lines;
    const [before, after] = line.split(' → ');
    expect(before).toContain('ours');
    expect(after).toContain('theirs');
    expect(line).toContain('characters before');
    expect(line).not.toContain('r'.repeat(1_000));
  });

  it('counts the fields that it does not show', () => {
    const people = Array.from({ length: 250 }, (_, i) => ({ name: `p${i}`, identities: [`u${i}`] }));
    const { lines, more } = policyDifference({ spec: { ...spec, people: [] } }, { ...spec, people });
    expect(lines).toHaveLength(200);
    expect(more).toBeGreaterThan(0);
  });
});
