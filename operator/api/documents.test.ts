/** The objects that documents print for readers to copy are accepted as they stand. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';

import { parseReleaseCandidate } from './candidate.ts';
import { parseReleasePolicy } from './policy.ts';

interface Printed {
  readonly kind: string;
  readonly metadata: object;
  readonly spec: object;
}

const root = join(import.meta.dirname, '..', '..');

/** What the API server adds. */
const stored = { uid: '1', resourceVersion: '1', generation: 1, creationTimestamp: '2026-05-04T09:00:00Z' };

const objectsIn = (text: string): readonly Printed[] =>
  parseAllDocuments(text)
    .map((document) => document.toJS() as Printed)
    .map((object) => ({ ...object, metadata: { ...object.metadata, ...stored } }));

test('the ReleasePolicy of the README is accepted', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const printed = [...readme.matchAll(/^```yaml\n(.*?)^```/gms)].flatMap(([, block = '']) => objectsIn(block));
  expect(parseReleasePolicy(printed.find(({ kind }) => kind === 'ReleasePolicy'))).toMatchObject({ ok: true });
});

const demo = join(root, 'hack', 'demo');
const versions = readdirSync(demo).filter((name) => /^\d/.test(name));

test.each(versions)('the candidate of the sample %s is accepted', (version) => {
  const [candidate] = objectsIn(readFileSync(join(demo, version, 'candidate.yaml'), 'utf8'));
  const spec = { ...candidate?.spec, author: { username: 'developer-a' } };
  expect(parseReleaseCandidate({ ...candidate, spec })).toMatchObject({ ok: true });
});
