import { expect, test } from '@jest/globals';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { reasons } from './reasons.ts';

test('every reason is said somewhere', () => {
  const operator = join(import.meta.dirname, '..');
  const source = globSync('{act,decide,gate,observe,run}/**/*.ts', { cwd: operator })
    .filter((file) => !file.endsWith('.test.ts'))
    .map((file) => readFileSync(join(operator, file), 'utf8'))
    .join('\n');
  const words = new Set(source.match(/[A-Za-z]+/g));
  const unsaid = Object.keys(reasons).filter((reason) => !words.has(reason));
  expect(unsaid).toEqual([]);
});
