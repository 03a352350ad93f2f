/** Every view of the page, with hostile text in every field that people or content can fill: it is read, and nothing of it runs. */
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { accepted, startTimeoutMs } from '../support/cluster/cluster.ts';
import { bindRole } from '../support/cluster/rights.ts';
import { image, startSystem, type System, type World } from '../support/cluster/system.ts';
import { buildCommand, type Command } from '../support/command/command.ts';
import { pageTest, startBrowsing, type Browsing, type Visit } from '../support/page/browser.ts';
import { faultsOfView, hostile, picture, ran } from '../support/page/checks.ts';
import { podMaker } from '../support/scenario/findings.ts';
import { everybody } from '../support/scenario/kit.ts';
import { endNow, letIn } from '../support/scenario/night.ts';
import { recorded } from '../support/scenario/production.ts';

let system: System;
let world: World;
let command: Command;
let browsing: Browsing;

beforeAll(async () => {
  system = await startSystem();
  command = await buildCommand(system.controlPlane);
  browsing = startBrowsing(command);
  await system.controlPlane.identity({ name: podMaker });
  world = await system.world('payments', { emergency: { maxDuration: '2h', followUpWithin: '24h' } });
  await world.stage(world.configMap('api-config', { level: 'info' }), world.deployment('api', 'a', { replicas: 2 }));
  await world.release(world.candidate('payments-2.3.0', components, { version: '2.3.0' }));
}, startTimeoutMs * 4);

afterAll(async () => {
  await browsing?.close();
  await command?.remove();
  await system?.stop();
});

const components = ['ConfigMap/api-config', 'Deployment/api'];
const visit = (who: string) => browsing.visit(who, ['-n', world.production]);
const notes = (summary: string) => ({
  summary,
  changes: [summary, 'one'],
  dependencies: [summary],
  installation: summary,
  rollbackPlan: summary,
  analysis: summary,
});

/** Opens a view, as its address says it. */
const open = async ({ page, running }: Visit, place: string, title: RegExp | string): Promise<void> => {
  await page.goto(`${running.line}#/${place}`);
  await page.getByRole('heading', { level: 1, name: title }).waitFor();
};

/** Nothing is wrong with what is shown, and nothing was with the page so far. */
const isSound = async ({ page, faults }: Visit): Promise<void> => {
  expect(await faultsOfView(page)).toEqual([]);
  expect(faults()).toEqual([]);
};

describe('what waits, and a candidate', () => {
  pageTest('a candidate as people write them is read, and can be printed', async () => {
    await world.stage(world.configMap('api-config', { level: 'debug' }), world.deployment('api', 'b', { replicas: 2 }));
    const said = {
      ...notes('Settlements are retried three times'),
      changes: ['Settlements are retried three times', 'The log says why'],
      dependencies: ['none'],
      installation: 'none',
      rollbackPlan: 'automatic',
    };
    await world.propose(world.candidate('payments-2.4.0', components, { version: '2.4.0', notes: said }));
    await world.staged('payments-2.4.0');
    const tester = await visit('tester-a');
    const { page } = tester;
    await page.getByRole('heading', { level: 1, name: '1 thing waits for you' }).waitFor();
    await isSound(tester);
    await picture(page, 'page-waits');
    await open(tester, `candidate/${world.staging}/payments-2.4.0`, 'payments 2.4.0');
    await page.locator('.objects').getByText('debug').first().waitFor();
    await isSound(tester);
    await picture(page, 'page-candidate');
    await page.getByRole('button', { name: /^image/ }).click();
    await page.getByText(/^1 of \d+ changes are shown$/).waitFor();
    await page.getByRole('button', { name: /^image/ }).click();
    await page.getByLabel('Search').fill('level');
    await page.getByText(/^1 of \d+ changes are shown$/).waitFor();
    await page.getByText('The whole object').first().click();
    await page.getByText('Checked against its digest').first().waitFor();
    await isSound(tester);
    await page.getByLabel('Search').fill('');
    await page.emulateMedia({ media: 'print' });
    expect(await page.getByRole('navigation').first().isVisible()).toBe(false);
    expect((await page.pdf()).length).toBeGreaterThan(10_000);
    await page.emulateMedia({ media: 'screen' });
    await page.getByRole('button', { name: /^Sign as/ }).click();
    await page.getByRole('dialog').waitFor();
    await isSound(tester);
    await picture(page, 'page-sign');
    await tester.close();
  });

  pageTest('hostile text in notes, content, comments and names of keys is shown as text', async () => {
    const text = hostile(1000);
    await world.stage(world.configMap('api-config', { level: text, other: `${text}\n${text}\nlast` }));
    const candidate = world.candidate('hostile', components, {
      version: '2.4.1',
      notes: notes(text),
      change: hostile(120),
      incident: hostile(120),
    });
    await world.propose(candidate);
    await world.staged('hostile');
    await command.as('tester-b', ['approve', 'hostile', '--comment', text, '--yes', '-n', world.staging]);
    const approver = await visit('approver-a');
    const { page } = approver;
    await page.getByText('<script>').first().waitFor();
    await isSound(approver);
    await open(approver, `candidate/${world.staging}/hostile`, 'payments 2.4.1');
    await page.locator('.objects').getByText('<script>').first().waitFor();
    await page.locator('q').getByText('<script>').waitFor();
    await page.locator('.timeline').getByText('<script>').first().waitFor();
    await page.getByText('The whole object').first().click();
    await page.getByText('Checked against its digest').first().waitFor();
    await isSound(approver);
    expect(await page.locator('main img, main script, main iframe, main svg').count()).toBe(0);
    const refusing = await visit('approver-b');
    await open(refusing, `candidate/${world.staging}/hostile`, 'payments 2.4.1');
    await refusing.page.getByRole('button', { name: 'Reject…' }).click();
    await refusing.page.getByRole('dialog').getByRole('textbox').fill(text);
    await refusing.page.getByRole('button', { name: 'Reject as approver' }).click();
    await page.locator('.news').getByText('Rejected').first().waitFor();
    await isSound(approver);
    expect(await ran(refusing.page)).toBe(false);
    await refusing.close();
    await approver.close();
  });

  pageTest('an address that names nothing, or something hostile, says so', async () => {
    const tester = await visit('tester-a');
    await open(tester, `candidate/${world.staging}/${encodeURIComponent('<img src=x>')}`, 'This cannot be shown');
    await tester.page.getByText('There is no ReleaseCandidate <img src=x>').waitFor();
    await isSound(tester);
    await tester.close();
  });

  pageTest('a delta of two thousand changes is searched and filtered', async () => {
    const keys = Object.fromEntries(Array.from({ length: 2_000 }, (_, at) => [`key-${at}`, `value ${at}`]));
    await world.stage(world.configMap('api-config', keys));
    await world.propose(world.candidate('large', components, { version: '2.5.0' }));
    await world.staged('large');
    const tester = await visit('tester-a');
    const { page } = tester;
    await open(tester, `candidate/${world.staging}/large`, 'payments 2.5.0');
    await page.getByText(/^All 200\d changes of 2 objects are shown$/).waitFor();
    await page.getByLabel('Search').fill('key-1999');
    await page.getByText(/^1 of 200\d changes are shown$/).waitFor();
    await page.locator('.objects').getByText('value 1999').waitFor();
    await page.getByLabel('Search').fill('');
    await page.getByRole('button', { name: /^image/ }).click();
    await page.getByText(/^1 of 200\d changes are shown$/).waitFor();
    await page.getByRole('button', { name: /^Sign as/ }).click();
    await page
      .getByRole('dialog')
      .getByText(/200\d configuration/)
      .waitFor();
    expect(tester.faults()).toEqual([]);
    await tester.close();
  });
});

describe('a production namespace', () => {
  pageTest('what runs, since when, and who signed for it', async () => {
    const auditor = await visit('auditor-a');
    await open(auditor, `namespace/${world.production}`, `What runs in ${world.production}`);
    await auditor.page.getByText('signed by tester-a, approver-a, approver-b').waitFor();
    await isSound(auditor);
    await open(auditor, `namespace/${world.production}/policy`, `What ${world.production} asks of a release`);
    await auditor.page
      .getByText('2 different people as approver, one of each group: payments-owners, change-board')
      .waitFor();
    await isSound(auditor);
    await auditor.close();
  });

  pageTest('who signed and did not count is not named among those who signed for what runs', async () => {
    await world.stage(world.configMap('api-config', { level: 'trace' }));
    await world.propose(world.candidate('payments-2.3.1', components, { version: '2.3.1' }));
    const ready = await world.staged('payments-2.3.1');
    // An author who was given the role: what they sign is recorded, and worth nothing.
    const author = { name: 'author-signs', namespace: world.production, role: 'countersign-tester' };
    await bindRole(world.as('installer'), { ...author, subject: { kind: 'User', name: 'developer-a' } });
    await world.sign(ready, 'developer-a', 'tester');
    await recorded(world, 'Signed', 'payments-2.3.1');
    accepted(await world.as('installer').delete(world.ref('RoleBinding', author.name)));
    for (const [who, role] of everybody) await world.sign(ready, who, role);
    await world.finished('payments-2.3.1');
    const auditor = await visit('auditor-a');
    await open(auditor, `namespace/${world.production}`, `What runs in ${world.production}`);
    await auditor.page.getByRole('heading', { name: 'payments 2.3.1' }).waitFor();
    const said = await auditor.page.getByText(/signed by /).textContent();
    expect(said).toMatch(/signed by tester-a, approver-a, approver-b;/);
    await isSound(auditor);
    await auditor.close();
  });

  pageTest('an emergency counts down, shows what is done, ends, and is reviewed by somebody else', async () => {
    const text = hostile(500);
    const auditor = await visit('approver-b');
    await open(auditor, `namespace/${world.production}/emergencies`, 'Nobody has emergency access');
    await letIn(world, 'inc-1', { reason: text, incident: hostile(120) });
    await auditor.page.getByRole('timer').waitFor();
    const first = (await auditor.page.getByRole('timer').textContent()) ?? '';
    await auditor.page.getByRole('timer').filter({ hasNotText: first }).waitFor();
    const annotated = await system.controlPlane.kubectl('developer-b', [
      'annotate',
      'configmap',
      'api-config',
      'looked=yes',
      '-n',
      world.production,
    ]);
    expect(annotated.stderr).toBe('');
    await auditor.page.getByText('developer-b UPDATE ConfigMap api-config').waitFor();
    await isSound(auditor);
    await endNow(world, 'inc-1');
    await auditor.page.getByRole('button', { name: 'Review as approver…' }).click();
    await auditor.page.getByRole('dialog').getByRole('button', { name: 'Review as approver' }).click();
    await auditor.page.getByRole('status').getByText('reviewed as approver').waitFor();
    await isSound(auditor);
    const party = await visit('sre-a');
    await open(party, `namespace/${world.production}/emergencies`, 'Nobody has emergency access');
    expect(await party.page.getByRole('button', { name: /^Review/ }).count()).toBe(0);
    await party.close();
    await auditor.close();
  });

  pageTest('a finding appears, and is signed for', async () => {
    const approver = await visit('approver-a');
    await open(approver, `namespace/${world.production}/findings`, 'No findings');
    accepted(
      await world.as(podMaker).create({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'stray', namespace: world.production },
        spec: { containers: [{ name: 'main', image: image('f') }] },
      }),
    );
    await approver.page.getByRole('heading', { name: /^Pod\/stray/ }).waitFor();
    await isSound(approver);
    await approver.page.getByRole('button', { name: 'Sign as approver…' }).click();
    await approver.page.getByRole('dialog').getByRole('button', { name: 'Sign as approver' }).click();
    await approver.page.getByRole('heading', { level: 1, name: 'No findings' }).waitFor();
    await isSound(approver);
    await approver.close();
  });

  pageTest('the ledger is verified, filtered and searched', async () => {
    const auditor = await visit('auditor-a');
    await open(auditor, `namespace/${world.production}/ledger`, `Ledger of ${world.production}`);
    await auditor.page.getByText(/\d+ entries, one whole chain\./).waitFor();
    await auditor.page.getByLabel('Type').selectOption('Signed');
    await auditor.page.getByText('tester-b').first().waitFor();
    expect(await auditor.page.locator('.entry').count()).toBeGreaterThan(3);
    await auditor.page.getByLabel('Search').fill('inc-1');
    await auditor.page.getByLabel('Type').selectOption('EmergencyGranted');
    await auditor.page.getByText('1 of', { exact: false }).first().waitFor();
    await isSound(auditor);
    await auditor.close();
  });
});
