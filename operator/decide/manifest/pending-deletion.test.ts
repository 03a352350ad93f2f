import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { controlPlaneFinalizers } from './pending-deletion.ts';

test('the guard leaves the same finalizers to the control plane', () => {
  const chart = join(import.meta.dirname, '../../../charts/countersign/templates/_guard.tpl');
  const [, list = ''] =
    /define "countersign.guard.controlPlaneFinalizers"[^\n]*\n[^(]*\(list ([^)]*)\)/.exec(
      readFileSync(chart, 'utf8'),
    ) ?? [];
  expect(list.split(' ').map((name) => name.replaceAll('"', ''))).toEqual(controlPlaneFinalizers);
});
