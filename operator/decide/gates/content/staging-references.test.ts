import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { aBundle, aGateSnapshot, aPolicy, now } from '../../../../test/support/builders/decide.ts';
import type { StagingReference } from '../../bundle.ts';
import { stagingReferences } from './staging-references.ts';

const reference = (given: Partial<StagingReference> = {}): StagingReference => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name: 'settings',
  path: 'data.DB',
  found: 'db.payments-staging.svc',
  fix: '{op: replace, path: "/data/DB", value: "db.payments-prod.svc"}',
  ...given,
});

const judged = (found: readonly StagingReference[], spec: Record<string, unknown> = {}) =>
  stagingReferences.judge(aGateSnapshot({ bundle: aBundle({ stagingReferences: found }), policy: aPolicy(spec) }), now);

test('content that does not name staging passes', () => {
  expect(judged([])).toMatchObject({ outcome: 'Passed', reason: 'NoStagingReferences' });
});

test('every place is named, with one entry of an overlay for each object', () => {
  const other = reference({ path: 'data.URL', fix: '{op: replace, path: "/data/URL", value: "x"}' });
  const { outcome, message, remedy } = judged([reference(), other]);
  expect(outcome).toBe('Blocked');
  expect(message).toContain('ConfigMap settings data.DB: db.payments-staging.svc; ConfigMap settings data.URL');
  expect(remedy).toContain(
    '- {kind: ConfigMap, name: settings, jsonPatch: [{op: replace, path: "/data/DB", value: "db.payments-prod.svc"}, {op: replace, path: "/data/URL", value: "x"}]}',
  );
});

test('a place that only people can correct is named without an overlay', () => {
  const { remedy } = judged([reference({ fix: '' })]);
  expect(remedy).not.toContain('jsonPatch');
  expect(remedy).toContain('Of ConfigMap settings data.DB write the whole value in the overlay');
});

test('an argument says what the policy must allow', () => {
  const inArgs = reference({ kind: 'Deployment', path: 'spec.template.spec.containers[0].args[0]' });
  expect(judged([inArgs]).remedy).toContain('overlayMay: [Command]');
  expect(judged([reference()]).remedy).not.toContain('overlayMay');
});

test('a policy that only reports lets it pass, and says so', () => {
  expect(judged([reference()], { stagingReferences: 'Report' })).toMatchObject({
    outcome: 'Passed',
    reason: 'StagingReferencesReported',
    message: expect.stringContaining('data.DB'),
  });
});

test('many long places are named as far as there is room, whole, with how many are left and the ways out of it', () => {
  const places = Array.from({ length: 200 }, (_, i) =>
    reference({
      name: `settings-${i % 3}`,
      path: `data.URL_${i}`,
      found: 'x'.repeat(300),
      fix: `{op: replace, path: "/data/URL_${i}", value: "${'y'.repeat(900)}"}`,
    }),
  );
  const { message, remedy } = judged(places);
  expect(Math.max(message.length, remedy.length)).toBeLessThan(32_768);
  const [, named = ''] = /with spec\.overlay:\n([^]*?)\n: kubectl create/.exec(remedy) ?? [];
  const operations = (parse(named) as { jsonPatch: unknown[] }[]).flatMap(({ jsonPatch }) => jsonPatch);
  expect(operations.length).toBeGreaterThan(5);
  expect(remedy).toContain(`${200 - operations.length} more places are named once these are in the overlay`);
  expect(remedy).toContain('stagingReferences: Report');
  const said = message.match(/ConfigMap settings-/g)?.length ?? 0;
  expect(message).toMatch(new RegExp(`x{300}; and ${200 - said} more places$`));
});
