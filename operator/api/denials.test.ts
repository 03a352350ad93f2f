import { expect, test } from '@jest/globals';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { denialText } from './denial-text.ts';
import { denials } from './denials.ts';

const operator = join(import.meta.dirname, '..');
const source = globSync('{decide,gate}/**/*.ts', { cwd: operator })
  .filter((file) => !file.endsWith('.test.ts'))
  .map((file) => readFileSync(join(operator, file), 'utf8'))
  .join('\n');

test('every refusal of the catalogue is said by the gate', () => {
  const unsaid = Object.keys(denials).filter((code) => !source.includes(`'${code}'`));
  expect(unsaid).toEqual([]);
});

test('the gate says no refusal that is not in the catalogue', () => {
  const uncatalogued = source.match(/`[A-Z][A-Za-z]+: \$\{[^`]*may not/g) ?? [];
  expect(uncatalogued).toEqual([]);
});

test('a refusal says who may not do what, why, and what to do next', () => {
  const known = { caller: 'developer-a', object: 'deployments/scale api', place: 'payments-prod' };
  expect(denialText('ScaleOutOfBounds', known, { to: '9', min: '1', max: '5' })).toBe(
    'ScaleOutOfBounds: developer-a may not scale deployments/scale api in payments-prod to 9: the policy allows 1 to 5. Next: choose a number within, or have a platform admin widen spec.operate.scale: kubectl edit relpol production -n payments-prod',
  );
});

test('what a caller is called is never taken for a fact of the message', () => {
  const said = denialText('GuardNeverLoosened', { caller: '{{place}}', place: 'payments-prod' }, {});
  expect(said).toContain('{{place}} may not');
});
