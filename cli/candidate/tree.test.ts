import { expect, test } from '@jest/globals';
import { aCandidate, now } from '../../test/support/builders/decide.ts';
import { lineWidth, textOf } from '../output/parts.ts';
import { candidateTree, treeLines } from './tree.ts';

const gate = (message: string, remedy: string) => ({
  name: 'StagingReferences',
  outcome: 'Blocked' as const,
  reason: 'StagingNamed' as const,
  message,
  remedy,
});

const printed = (message: string, remedy: string, columns = Infinity): readonly string[] => {
  const candidate = aCandidate();
  const status = { gates: [gate(message, remedy)], conditions: [], approvalManifests: {} };
  const story = {
    candidate: { ...candidate, status: { ...candidate.status, ...status } },
    policy: undefined,
    bundle: undefined,
    approvals: [],
  };
  return treeLines(candidateTree(story as never, { seen: undefined, whole: false, now }), columns).map((line) =>
    line.map(textOf).join(''),
  );
};

test('a remedy of several lines is printed as lines, so that an overlay in it can be copied', () => {
  const lines = printed('it names staging', 'Add to spec.overlay:\n- kind: Deployment\n  name: api');
  expect(lines.every((line) => !line.includes('\n'))).toBe(true);
  const first = lines.findIndex((line) => line.includes('Add to spec.overlay:'));
  expect(lines[first + 1]).toMatch(/- kind: Deployment$/);
  expect(lines[first + 2]).toMatch(/ {2}name: api$/);
});

test('in a narrow terminal text goes on below itself, inside of the tree; commands, and what is to be copied, stay whole', () => {
  const command = `kubectl countersign approve ${'x'.repeat(60)} -n payments-staging`;
  const copied = `- kind: Deployment # ${'y '.repeat(40)}`;
  const lines = printed('one word after the other '.repeat(8).trim(), `Sign: ${command}\n${copied}`, 60);
  const [wide, narrow] = [60, 80].map((columns) => lines.filter((line) => lineWidth([line]) > columns));
  expect(narrow?.map((line) => line.replace(/^[│└├─→ ]*/, ''))).toEqual([`Sign: ${command}`, copied]);
  expect(wide).toEqual(narrow);
  expect(lines.join(' ').replaceAll(/[│└├─ ]+/g, ' ')).toContain('one word after the other '.repeat(8).trim());
  const first = lines.findIndex((line) => line.includes('StagingReferences'));
  expect(lines[first + 1]).toMatch(/^[│ ] {5}│ {2}word/);
});

test('characters of two columns count as two', () => {
  expect([lineWidth(['修正 🚀']), lineWidth(['e\u0301'])]).toEqual([7, 1]);
});
