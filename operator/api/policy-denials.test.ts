import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, policyDenials } from './policy-denials.ts';

const root = join(import.meta.dirname, '../..');
const rendered = readFileSync(join(root, 'test/golden/chart/full.golden'), 'utf8');
/** The codes with which messages of the rendered policies begin, in either way in which a message is written. */
const said = new Set(rendered.match(/(?<=messageExpression: .?'|messageExpression: >-\n\s+')[A-Z]\w+(?=: )/g));

test('every refusal of the catalogue is said by a policy of the chart', () => {
  const unsaid = Object.keys(policyDenials).filter((name) => !said.has(codeOf(name)));
  expect(unsaid).toEqual([]);
});

test('the policies say no refusal that is not in the catalogue', () => {
  const codes = new Set(Object.keys(policyDenials).map(codeOf));
  expect([...said].filter((code) => !codes.has(code))).toEqual([]);
});

test('a refusal has no apostrophe outside its expressions: it would end the text in CEL', () => {
  const texts = Object.entries(policyDenials).map(([name, { says, next }]) => [name, says, next] as const);
  const torn = texts.filter(([, says, next]) => `${says}${next}`.replaceAll(/\{[^{}]*\}/g, '').includes("'"));
  expect(torn).toEqual([]);
});
