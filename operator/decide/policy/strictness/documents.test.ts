import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { strictness } from './strictness.ts';

test('the page of inherited policies says of every field what tighter means, as the table does', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../../docs/policy-inheritance.md'), 'utf8');
  const said = new Map(
    [...page.matchAll(/^\| `(\w+)` +\| ([^|]*?) +\| ([^|]*?) *\|$/gm)].map(
      ([, field = '', tighter = '', template = '']) => [field, { tighter, template }] as const,
    ),
  );
  const wanted = Object.fromEntries(
    Object.entries(strictness).map(([field, row]) => [
      field,
      'free' in row
        ? { tighter: `no direction: ${row.free}`, template: 'no' }
        : { tighter: row.tighter, template: row.notOfTemplates === undefined ? 'yes' : `no: ${row.notOfTemplates}` },
    ]),
  );
  expect(Object.fromEntries(Object.keys(wanted).map((field) => [field, said.get(field)]))).toEqual(wanted);
});
