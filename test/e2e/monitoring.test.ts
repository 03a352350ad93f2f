/** What is counted of real releases, and that dashboard and alerts of the chart ask for what programs really report. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startTimeoutMs } from '../support/cluster/cluster.ts';
import { startSystem, type System } from '../support/cluster/system.ts';
import { end, everybody, release, sign, staged } from '../support/scenario/kit.ts';
import { evaluated, promtool } from '../support/monitoring/promtool.ts';
import { behaving } from '../support/scenario/production.ts';

let system: System;
beforeAll(async () => {
  system = await startSystem();
}, startTimeoutMs * 2);
afterAll(() => system?.stop());

/** Before, while and after something was released. */
const scrapes: string[] = [];

const scrape = async (): Promise<string> => {
  const ours = [system.operator.address, system.gate.address].map(async (address) =>
    (await fetch(`${address}/metrics`)).text(),
  );
  const server = system.controlPlane.client('admin').raw({ method: 'GET', path: '/metrics' });
  return [...(await Promise.all(ours)), (await server).text].join('\n');
};

/** The value of a series; undefined = there is none. */
const valueOf = (text: string, series: string): number | undefined => {
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length));
};

const components = ['ConfigMap/settings', 'Deployment/api'];

test('what is counted begins at 0, for what begins at 1 has no increase; releases, waits, lead time and rollbacks are counted, once each', async () => {
  const world = await system.world('counted');
  const { production: namespace } = world;
  const before = await scrape();
  scrapes.push(before);
  const counters = [
    ...['promoted', 'failed', 'rejected', 'withdrawn', 'expired', 'superseded'].map(
      (outcome) => `countersign_releases_total{namespace="${namespace}",outcome="${outcome}"}`,
    ),
    ...['health', 'ordered', 'rejected'].map(
      (cause) => `countersign_rollbacks_total{namespace="${namespace}",cause="${cause}"}`,
    ),
    ...['tester', 'approver'].map(
      (role) => `countersign_approval_wait_seconds_count{namespace="${namespace}",role="${role}"}`,
    ),
    `countersign_release_lead_time_seconds_count{namespace="${namespace}"}`,
    `countersign_emergencies_opened_total{namespace="${namespace}"}`,
    'countersign_gate_refusals_total{entry="writes",rule="OnlyByRelease"}',
    'countersign_notices_dropped_total{sink="",reason="sink_unknown"}',
    'countersign_ledger_entries_total{type="RolledBack"}',
    'controller_runtime_reconcile_errors_total{controller="policy"}',
    `countersign_releases_stuck{namespace="${namespace}"}`,
  ];
  expect(counters.filter((series) => valueOf(before, series) !== 0)).toEqual([]);
  await world.stage(world.configMap('settings', { level: 'a' }), world.deployment('api', 'a'));
  expect(await release(world, world.candidate('first', components))).toBe('Promoted');
  await world.stage(world.configMap('settings', { level: 'b' }), world.deployment('api', 'b'));
  const overlay = [behaving('Deployment', 'api', 'crash-loop')];
  await world.propose(world.candidate('second', components, { overlay }));
  await staged(world, 'second');
  const waits = await scrape();
  scrapes.push(waits);
  expect(valueOf(waits, `countersign_candidates_waiting{namespace="${namespace}",role="approver"}`)).toBe(1);
  expect(
    valueOf(waits, `countersign_candidates_longest_wait_seconds{namespace="${namespace}",role="tester"}`),
  ).toBeGreaterThanOrEqual(0);
  await sign(world, 'second', ...everybody);
  expect(await end(world, 'second')).toBe('RolledBack');

  const text = await scrape();
  scrapes.push(text);
  expect({
    promoted: valueOf(text, `countersign_releases_total{namespace="${namespace}",outcome="promoted"}`),
    rolledBack: valueOf(text, `countersign_rollbacks_total{namespace="${namespace}",cause="health"}`),
    led: valueOf(text, `countersign_release_lead_time_seconds_count{namespace="${namespace}"}`),
    tester: valueOf(text, `countersign_approval_wait_seconds_count{namespace="${namespace}",role="tester"}`),
    approver: valueOf(text, `countersign_approval_wait_seconds_count{namespace="${namespace}",role="approver"}`),
    waiting: valueOf(text, `countersign_candidates_waiting{namespace="${namespace}",role="approver"}`),
  }).toEqual({ promoted: 1, rolledBack: 1, led: 1, tester: 2, approver: 4, waiting: undefined });
}, 500_000);

const files = join(import.meta.dirname, '..', '..', 'charts', 'countersign', 'files', 'monitoring');

interface Dashboard {
  readonly panels: readonly { readonly targets?: readonly { readonly expr: string }[] }[];
}

const whole = promtool === '' ? test.skip : test;
whole(
  'each query of the dashboard, and each alert, is evaluated by Prometheus over what this run reported',
  async () => {
    const dashboard = JSON.parse(await readFile(join(files, 'dashboard.json'), 'utf8')) as Dashboard; // oxlint-disable-line typescript/no-unsafe-type-assertion -- our own file
    const queries = dashboard.panels.flatMap(({ targets = [] }) =>
      targets.map(({ expr }) => expr.replaceAll('$namespace', '.*')),
    );
    const said = await evaluated([...scrapes, scrapes.at(-1) ?? ''], queries);
    // Of what did not happen in this run there is nothing to count.
    const nothing = /gate_refusals|notices_sent|notices_waiting/;
    expect([...said].filter(([query, got]) => (got === '') !== nothing.test(query))).toEqual([]);
    expect(said.size).toBeGreaterThan(20);
    const alerts = (await readFile(join(files, 'rules.yaml'), 'utf8')).matchAll(/^ {4}expr: (.*)$/gm);
    await evaluated(
      scrapes,
      [...alerts].map(([, expr = '']) => expr),
    );
  },
  300_000,
);

test('every metric that dashboard and alerts ask for is reported', async () => {
  const asked = (
    await Promise.all(['rules.yaml', 'dashboard.json'].map((name) => readFile(join(files, name), 'utf8')))
  ).join('\n');
  const names = [
    ...new Set(
      [...asked.matchAll(/\b(?:countersign|controller_runtime|workqueue|leader_election)_[a-z_]+/g)].map(([name]) =>
        name.replace(/_bucket$/, ''),
      ),
    ),
  ];
  const text = await scrape();
  expect(names.length).toBeGreaterThan(15);
  expect(names.filter((name) => !text.includes(`# TYPE ${name} `))).toEqual([]);
});
