/** The objects that documents print for readers to copy are accepted as they stand. */
import { readFileSync } from 'node:fs';
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

const readme = readFileSync(join(import.meta.dirname, '..', '..', 'README.md'), 'utf8');

/** What the API server adds. */
const stored = { uid: '1', resourceVersion: '1', generation: 1, creationTimestamp: '2026-05-04T09:00:00Z' };

const printed = [...readme.matchAll(/^```yaml\n(.*?)^```/gms)]
  .flatMap(([, block = '']) => parseAllDocuments(block).map((document) => document.toJS() as Printed))
  .map((object) => ({
    ...object,
    metadata: { ...object.metadata, ...stored },
    spec: object.kind === 'ReleaseCandidate' ? { ...object.spec, author: { username: 'developer-a' } } : object.spec,
  }));

test.each([
  ['ReleasePolicy', parseReleasePolicy],
  ['ReleaseCandidate', parseReleaseCandidate],
] as const)('the %s of the README is accepted', (kind, parse) => {
  expect(parse(printed.find((object) => object.kind === kind))).toMatchObject({ ok: true });
});
