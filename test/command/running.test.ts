/** Who signed for what runs, where somebody tells it otherwise: with a stolen token of ours, in the record itself. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { serviceAccountToken } from '../../hack/controlplane/chart.ts';
import { parseData } from '../../operator/decide/ledger-entry.ts';
import { appendAs } from '../support/attack/history.ts';
import { startTimeoutMs, waitFor, type ApiClient, type KubeObject } from '../support/cluster/cluster.ts';
import { startSystem, type Condition, type System, type World } from '../support/cluster/system.ts';
import { buildCommand, type Command } from '../support/command/command.ts';
import { release } from '../support/scenario/kit.ts';

let system: System;
let command: Command;
let world: World;
let stolen: ApiClient;

beforeAll(async () => {
  system = await startSystem();
  command = await buildCommand(system.controlPlane);
  stolen = system.as('installer').withToken(await serviceAccountToken(system.controlPlane, 'countersign-operator'));
  world = await system.world('told');
  await world.stage(world.configMap('settings', { level: 'info' }));
  expect(await release(world, world.candidate('first', ['ConfigMap/settings']))).toBe('Promoted');
}, startTimeoutMs * 2);

afterAll(async () => {
  stolen?.close();
  await command?.remove();
  await system?.stop();
});

interface Policy extends KubeObject {
  readonly status?: { readonly conditions?: readonly Condition[]; readonly packages?: readonly unknown[] };
}

const policySays = (predicate: (policy: Policy) => boolean): Promise<Policy> =>
  waitFor<Policy>(world.as('auditor-a'), world.ref('ReleasePolicy', 'production'), predicate, 120_000);

const running = (...args: readonly string[]) => command.as('auditor-a', ['running', '-n', world.production, ...args]);

test('a promotion that was entered with a stolen token names no signer: nobody is told who signed until the record is whole', async () => {
  await policySays(({ status }) => status?.packages?.length === 1);
  expect((await running()).stdout).toMatch(/ tester-a as tester, approver-a as approver, approver-b as approver$/m);

  const started = (await world.ledger()).find(({ type }) => type === 'PromotionStarted');
  if (started === undefined) throw new Error('nothing was promoted');
  const { subject, package: pkg, digest, decision, reason } = started;
  const data = parseData(started);
  if (data.type !== 'PromotionStarted') throw new Error('another entry');
  const [approval] = data.approvals;
  if (approval === undefined) throw new Error('nobody signed');
  const forged = { ...data, approvals: [{ ...approval, username: 'mallory' }] };
  const answer = await appendAs(
    world,
    { client: stolen, as: 'operator' },
    { actor: 'operator', subject, package: pkg, digest, decision, reason, data: forged },
  );
  expect(answer.ok).toBe(true);

  await policySays(
    ({ status }) =>
      status?.conditions?.some(({ type, reason }) => type === 'Ready' && reason === 'LedgerBroken') === true,
  );
  for (const format of [[], ['-o', 'json']]) {
    const { code, stdout, stderr } = await running(...format);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`The record of ${world.production} does not verify`);
    expect(stderr).not.toContain('mallory');
  }
});
