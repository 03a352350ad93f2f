/** The examples of docs/overlays.md do what the page says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { jsonObject } from '../../api/meta.ts';
import { overlay } from '../../api/overlay.ts';
import { releasePolicy } from '../../api/policy.ts';
import { textAt } from '../json/json.ts';
import { builtInType } from '../schema/field-type.ts';
import { withOverlay } from './overlay.ts';

const page = readFileSync(join(import.meta.dirname, '../../../docs/overlays.md'), 'utf8');
const blocks = [...page.matchAll(/```yaml\n# (\w+)\n([\s\S]*?)```/g)].map(([, sort = '', text = '']) => ({
  sort,
  value: parse(text) as unknown,
}));

/** Each overlay with the object of staging that stands last before it, and the object of production that follows. */
const examples = blocks.flatMap(({ sort, value }, i) => {
  if (sort !== 'overlay') return [];
  const staging = blocks.slice(0, i).findLast((block) => block.sort === 'staging');
  return [{ items: z.array(overlay).parse(value), staging: staging?.value, production: blocks[i + 1] }];
});

test('the page has examples', () => {
  expect(examples).toHaveLength(4);
  expect(page.match(/```yaml/g)).toHaveLength(blocks.length);
});

test.each(examples)(
  '$production.value.kind: the overlay makes what the page shows',
  ({ items, staging, production }) => {
    const before = jsonObject(staging);
    const type = builtInType(textAt(before, 'apiVersion') ?? '', textAt(before, 'kind') ?? '');
    const after = items.reduce(
      (content, item) => withOverlay(content, { by: 'Candidate', namespace: 'payments-prod', item }, type),
      before,
    );
    expect(production?.sort).toBe('production');
    expect(after).toEqual(production?.value);
  },
);

test('the policy of the page is one', () => {
  const policy = blocks.find(({ sort }) => sort === 'policy');
  expect(releasePolicy.shape.spec.parse(policy?.value)).toMatchObject({ overlay: [{ package: 'payments' }] });
});
