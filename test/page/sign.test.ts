/** The story by clicking: what waits, read, signed by people in sessions of their own, refused when it moved. */
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import type { Page } from 'playwright-core';
import { accepted, startTimeoutMs } from '../support/cluster/cluster.ts';
import { startSystem, type System, type World } from '../support/cluster/system.ts';
import { buildCommand, type Command } from '../support/command/command.ts';
import { pageTest, startBrowsing, type Browsing } from '../support/page/browser.ts';
import { tabTo } from '../support/page/checks.ts';
import { amendPolicy } from '../support/scenario/kit.ts';

let system: System;
let world: World;
let command: Command;
let browsing: Browsing;

beforeAll(async () => {
  system = await startSystem();
  command = await buildCommand(system.controlPlane);
  browsing = startBrowsing(command);
  world = await system.world('page');
  await world.stage(world.configMap('api-config', { level: 'info' }), world.deployment('api', 'a', { replicas: 2 }));
}, startTimeoutMs * 4);

afterAll(async () => {
  await browsing?.close();
  await command?.remove();
  await system?.stop();
});

const components = ['ConfigMap/api-config', 'Deployment/api'];
const staging = (): readonly string[] => ['-n', world.staging];
const visit = (who: string) => browsing.visit(who, ['-n', world.production]);
const approvals = async (): Promise<number> =>
  accepted(await world.as('auditor-a').list(world.ref('Approval'))).items.length;

const signButton = (page: Page) => page.getByRole('button', { name: /^Sign as .*…$/ });

/** From what waits to a signature. */
const signs = async (page: Page, role: string, comment = ''): Promise<void> => {
  await page.getByRole('link', { name: `Read and sign as ${role}` }).click();
  await page.getByRole('heading', { level: 1, name: 'payments 1.0.0' }).waitFor();
  await signButton(page).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(/sha256:[0-9a-f]{64}/).waitFor();
  await dialog.getByRole('textbox').fill(comment);
  await dialog.getByRole('button', { name: `Sign as ${role}` }).click();
  await page.getByRole('status').getByText(`signed as ${role}`).waitFor();
};

describe('the story', () => {
  pageTest(
    'a candidate that is staged appears, people sign in sessions of their own, and production runs it',
    async () => {
      const tester = await visit('tester-a');
      await tester.page.getByRole('heading', { level: 1, name: 'Nothing waits for you' }).waitFor();
      await world.propose(world.candidate('first', components));
      await tester.page.getByRole('heading', { level: 1, name: '1 thing waits for you' }).waitFor();
      await tester.page.getByText(`kubectl countersign approve first -n ${world.staging} --role tester`).waitFor();
      const approver = await visit('approver-a');
      await approver.page.getByRole('link', { name: 'Read and sign as approver' }).waitFor();

      await signs(tester.page, 'tester', 'tested');
      // The other session sees it without being loaded again.
      await signs(approver.page, 'approver');
      await approver.page.getByRole('strong').getByText('tester-a').waitFor();
      await approver.page.locator('q', { hasText: 'tested' }).waitFor();
      await approver.page.getByText('1 approver').first().waitFor();

      // Somebody who may read production sees it arrive there.
      const sre = await visit('sre-a');
      await sre.page.getByRole('link', { name: 'first', exact: true }).click();
      const second = await visit('approver-b');
      await signs(second.page, 'approver');
      await second.page.getByText('Finished: Promoted').waitFor();
      await sre.page.getByText('2/2 ready').waitFor();
      await tester.page.getByText('Finished: Promoted').waitFor();
      for (const each of [tester, approver, sre, second]) {
        expect(each.faults()).toEqual([]);
        await each.close();
      }
    },
  );

  pageTest('the author sees who can sign, and no place to sign', async () => {
    await world.stage(world.configMap('api-config', { level: 'debug' }));
    await world.propose(world.candidate('second', components, { version: '1.0.1' }));
    await world.staged('second');
    const { page, faults, close } = await visit('developer-a');
    await page.getByRole('link', { name: 'second' }).click();
    await page.getByText('You hold none of the roles that this release waits for: tester, approver.').waitFor();
    expect(await signButton(page).count()).toBe(0);
    await page.locator('.objects').getByText('debug').first().waitFor();
    expect(faults()).toEqual([]);
    await close();
  });
});

describe('a delta that moves between reading and signing', () => {
  const overlay = (level: string) => [
    { package: 'payments', kind: 'ConfigMap', name: 'api-config', patch: { data: { level } } },
  ];

  pageTest('is said at once, cannot be signed, and can be read again', async () => {
    const { page, faults, close } = await visit('tester-a');
    await page.getByRole('link', { name: 'Read and sign as tester' }).click();
    await signButton(page).waitFor();
    const digest = await page.locator('.decide .digest').first().textContent();
    await amendPolicy(world, { overlay: overlay('warn') });
    await page.getByText('The content changed while you read it.').waitFor();
    expect(await signButton(page).isDisabled()).toBe(true);
    expect(await page.locator('.decide .digest').first().textContent()).toBe(digest);
    await page.getByRole('button', { name: 'Read what it is now' }).click();
    await page.locator('.objects').getByText('warn').first().waitFor();
    expect(await page.locator('.decide .digest').first().textContent()).not.toBe(digest);
    expect(await signButton(page).isDisabled()).toBe(false);
    expect(faults()).toEqual([]);
    await close();
  });

  pageTest('is refused by the command with the reason where the page was not told yet', async () => {
    const { page, faults, close } = await visit('tester-a');
    await page.getByRole('link', { name: 'Read and sign as tester' }).click();
    await signButton(page).waitFor();
    const before = await approvals();
    await signButton(page).click();
    // What is sent is what was read: of a digest that is no longer there.
    await page.route('**/sign', async (route) => {
      const body = route.request().postDataJSON() as Record<string, string>;
      await route.continue({ postData: JSON.stringify({ ...body, digest: `sha256:${'0'.repeat(64)}` }) });
    });
    await page.getByRole('dialog').getByRole('button', { name: 'Sign as tester' }).click();
    await page
      .getByRole('dialog')
      .getByText('The content changed while you read it, so the signature would not count')
      .waitFor();
    expect(await approvals()).toBe(before);
    expect(faults()).toEqual([]);
    await close();
  });
});

pageTest('a rejection needs a reason, is final, and is seen by the author', async () => {
  const author = await visit('developer-a');
  await author.page.getByRole('link', { name: 'second' }).click();
  const { page, faults, close } = await visit('approver-a');
  await page.getByRole('link', { name: 'Read and sign as approver' }).click();
  await page.getByRole('button', { name: 'Reject…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Reject as approver' }).click();
  // The browser asks for the comment; nothing was sent.
  await dialog.getByRole('textbox').fill('the settlement test fails');
  await dialog.getByRole('button', { name: 'Reject as approver' }).click();
  await page.getByText('Finished: Rejected').waitFor();
  await author.page.getByText('the settlement test fails').first().waitFor();
  expect(faults()).toEqual([]);
  await close();
  await author.close();
});

pageTest('by keyboard alone: found, read and signed', async () => {
  await world.propose(world.candidate('third', components, { version: '1.0.2' }));
  await world.staged('third');
  const { page, faults, close } = await visit('tester-a');
  await page.getByRole('link', { name: 'Read and sign as tester' }).waitFor();
  await tabTo(page, /^Read and sign as tester$/);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'payments 1.0.2' }).waitFor();
  await signButton(page).waitFor();
  await tabTo(page, /^Sign as tester…$/);
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await tabTo(page, /^Sign as tester$/);
  await page.keyboard.press('Enter');
  await page.getByRole('status').getByText('signed as tester').waitFor();
  expect((await command.as('developer-a', ['get', 'third', ...staging()])).stdout).toContain('✓ tester-a as tester');
  expect(faults()).toEqual([]);
  await close();
});

pageTest(
  'five tabs are open: the first rests, every other one is live, people still sign, and the first goes on when they come back',
  async () => {
    await world.propose(world.candidate('fourth', components, { version: '1.0.3' }));
    await world.staged('fourth');
    const first = await visit('tester-b');
    const isLive = (page: Page, line: 'live' | 'paused') => page.locator(`main[data-line=${line}]`).waitFor();
    await isLive(first.page, 'live');
    const others: Page[] = [];
    for (let tabs = 2; tabs <= 5; tabs += 1) {
      const page = await first.page.context().newPage();
      await page.goto(first.running.line);
      await isLive(page, 'live');
      others.push(page);
    }
    await isLive(first.page, 'paused');
    await first.page.getByText('this one rests').waitFor();
    for (const page of others) await isLive(page, 'live');
    const last = others.at(-1) ?? first.page;
    await last.getByRole('link', { name: 'Read and sign as tester' }).click();
    await last.getByRole('heading', { level: 1, name: 'payments 1.0.3' }).waitFor();
    await signButton(last).click();
    await last.getByRole('dialog').getByRole('button', { name: 'Sign as tester' }).click();
    await last.getByRole('status').getByText('signed as tester').waitFor();
    await first.page.evaluate("globalThis.dispatchEvent(new Event('focus'))");
    await isLive(first.page, 'live');
    await first.page.getByRole('heading', { level: 1, name: 'Nothing waits for you' }).waitFor();
    expect(first.faults()).toEqual([]);
    await first.close();
  },
);
