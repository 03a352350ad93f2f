/** Alerts and dashboard of the chart ask for metrics that there are, by labels that they have, and every alert has its runbook. */
import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { createDomainMetrics } from './domain.ts';
import { createGateMetrics } from './gate.ts';
import { createMetrics } from './metrics.ts';
import { createNoticeMetrics } from './notices.ts';
import { createReleaseMetrics } from './releases.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (...path: readonly string[]): string => readFileSync(join(root, ...path), 'utf8');

const rules = z
  .object({
    groups: z.array(
      z.object({
        rules: z.array(
          z.object({ alert: z.string(), expr: z.string(), annotations: z.object({ runbook_url: z.string() }) }),
        ),
      }),
    ),
  })
  .parse(parse(read('charts', 'countersign', 'files', 'monitoring', 'rules.yaml')))
  .groups.flatMap((group) => group.rules);

const dashboard = z
  .object({
    panels: z.array(z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })) })),
  })
  .parse(JSON.parse(read('charts', 'countersign', 'files', 'monitoring', 'dashboard.json')));

const metrics = createMetrics();
createDomainMetrics(metrics.registry, {
  findings: () => [],
  emergencies: () => [],
  exceptions: () => [],
  unlistedKinds: () => undefined,
  mutators: () => [],
});
createReleaseMetrics(metrics.registry, {
  waiting: () => [],
  namespaces: () => [],
  roles: () => [],
  stuck: () => [],
});
createNoticeMetrics(metrics.registry, () => []);
createGateMetrics(metrics.registry);
for (const controller of ['candidate']) {
  metrics.queue(controller);
  metrics.reconcile(controller);
}

/** Labels that Prometheus, histograms or the alert itself add. */
const others = new Set(['le', 'pod']);
/** Of the API server. */
const foreign = new Map([['apiserver_validating_admission_policy_check_total', ['policy', 'enforcement_action']]]);

const known = new Map<string, readonly string[]>([
  ...foreign,
  ...metrics.registry.getMetricsAsArray().map((metric) => {
    const { name, labelNames = [] } = metric as unknown as { name: string; labelNames?: readonly string[] };
    return [name, labelNames] as const;
  }),
]);

const words = new Set([
  'by',
  'or',
  'and',
  'sum',
  'max',
  'min',
  'rate',
  'increase',
  'absent',
  'time',
  'histogram_quantile',
]);

/** Names of metrics in an expression, with the labels that it selects by or groups by. */
const asked = (expr: string): { readonly names: readonly string[]; readonly labels: readonly string[] } => {
  const labels = [
    ...[...expr.matchAll(/\{([^}]*)\}/g)].flatMap(([, inside = '']) =>
      [...inside.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"[^"]*"/g)].map(([, label = '']) => label),
    ),
    ...[...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, inside = '']) => inside.split(',').map((each) => each.trim())),
  ];
  const bare = expr
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/\[[^\]]*\]/g, '')
    .replaceAll(/by \([^)]*\)/g, '');
  const names = [...bare.matchAll(/[a-z_][a-z0-9_]*/gi)].map(([word]) => word).filter((word) => !words.has(word));
  return { names, labels };
};

const expressions = [
  ...rules.map(({ alert, expr }) => [alert, expr] as const),
  ...dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
];

describe.each(expressions)('%s: %s', (_, expr) => {
  const { names, labels } = asked(expr);
  test('asks for metrics that there are, by labels that they have', () => {
    const found = names.map((name) => [name, known.get(name.replace(/_bucket$/, ''))] as const);
    expect(found.filter(([, its]) => its === undefined).map(([name]) => name)).toEqual([]);
    const has = new Set([...others, ...found.flatMap(([, its]) => its ?? [])]);
    expect(labels.filter((label) => !has.has(label))).toEqual([]);
    expect(names.length).toBeGreaterThan(0);
  });
});

test('every alert has a section in the runbooks, and every section an alert', () => {
  const sections = [...read('docs', 'runbooks.md').matchAll(/^## (\w+)$/gm)].map(([, title]) => title);
  expect(sections).toEqual(rules.map(({ alert }) => alert));
  expect(rules.map(({ annotations }) => annotations.runbook_url)).toEqual(
    rules.map(({ alert }) => `RUNBOOKS#${alert.toLowerCase()}`),
  );
});
