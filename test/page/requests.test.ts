/** Exceptions and changes of the policy by clicking: read, signed by somebody else, refused, and refused to those whose signature could not count. */
import { afterAll, beforeAll, expect } from '@jest/globals';
import type { Page } from 'playwright-core';
import { accepted, startTimeoutMs, waitFor, type Manifest } from '../support/cluster/cluster.ts';
import { bindRole } from '../support/cluster/rights.ts';
import { condition, ours, startSystem, type Reported, type System, type World } from '../support/cluster/system.ts';
import { buildCommand, type Command } from '../support/command/command.ts';
import { pageTest, startBrowsing, type Browsing, type Visit } from '../support/page/browser.ts';
import { faultsOfView, hostile, ran, tabTo } from '../support/page/checks.ts';

let system: System;
let world: World;
let command: Command;
let browsing: Browsing;

const bySecurity = { approvals: [{ role: 'security', count: 1 }] };
/** `owner-a` asks and holds the role in which others sign. */
const bound = { 'owner-a': ['owner', 'admin', 'security'], 'security-a': ['security'] };

beforeAll(async () => {
  system = await startSystem();
  command = await buildCommand(system.controlPlane);
  browsing = startBrowsing(command);
  world = await system.world('asking', {
    exceptions: { gates: ['Window', 'Soak'], maxDuration: '24h', ...bySecurity },
    changes: bySecurity,
  });
  for (const [name, roles] of Object.entries(bound))
    for (const role of roles)
      await bindRole(world.as('installer'), {
        name: `${name}-${role}`,
        namespace: world.production,
        role: `countersign-${role}`,
        subject: { kind: 'User', name },
      });
}, startTimeoutMs * 4);

afterAll(async () => {
  await browsing?.close();
  await command?.remove();
  await system?.stop();
});

const text = hostile(500);

const ask = async (kind: 'PolicyException' | 'PolicyChange', name: string, spec: object): Promise<void> => {
  const metadata = { name, namespace: world.production };
  accepted(await world.as('owner-a').create({ apiVersion: ours, kind, metadata, spec }));
};

const askForException = (name: string, reason: string): Promise<void> =>
  ask('PolicyException', name, {
    gates: ['Soak', 'Window'],
    package: 'payments',
    reason,
    risk: text,
    until: new Date(Date.now() + 3_600_000).toISOString(),
  });

/** Asks for the policy as it is, but for this. */
const askForPolicy = async (name: string, other: object): Promise<void> => {
  const target = world.ref('ReleasePolicy', 'production');
  const { spec } = accepted(await world.as('owner-a').get<Manifest & { readonly spec: object }>(target));
  await ask('PolicyChange', name, { policy: { ...spec, ...other }, reason: text });
};

const isSaid = (kind: 'PolicyException' | 'PolicyChange', name: string, reason: string): Promise<Reported> =>
  waitFor<Reported>(
    world.as('owner-a'),
    world.ref(kind, name),
    (each) => condition(each, kind === 'PolicyChange' ? 'Applied' : 'Granted')?.reason === reason,
  );

const visit = (who: string) => browsing.visit(who, ['-n', world.production]);
const card = (page: Page, name: string) =>
  page.getByRole('listitem').filter({ has: page.getByRole('heading', { level: 3, name: new RegExp(`^${name} `) }) });

const openRequests = async ({ page, running }: Visit): Promise<void> => {
  await page.goto(`${running.line}#/namespace/${world.production}/requests`);
  await page.getByRole('heading', { level: 1, name: /open request/ }).waitFor();
};

/** Nothing is wrong with what is shown, and nothing was with the page so far. */
const isSound = async ({ page, faults }: Visit): Promise<void> => {
  expect(await faultsOfView(page)).toEqual([]);
  expect(faults()).toEqual([]);
  expect(await page.locator('main img, main script, main iframe, main svg').count()).toBe(0);
};

const signs = async (page: Page, name: string, comment: string): Promise<void> => {
  await card(page, name).getByRole('button', { name: 'Sign as security…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(/^sha256:[0-9a-f]{64}$/).waitFor();
  await dialog.getByRole('textbox').fill(comment);
  await dialog.getByRole('button', { name: 'Sign as security' }).click();
};

pageTest(
  'who asks for an exception is told why they cannot sign for it, and somebody else signs by clicking',
  async () => {
    const [owner, security] = [await visit('owner-a'), await visit('security-a')];
    await openRequests(owner);
    await owner.page.getByText(`Nobody asks for anything in ${world.production}.`).waitFor();
    await askForException('night', text);
    const own = card(owner.page, 'night');
    await own.getByText('Your signature would not count for night: you asked for it').waitFor();
    expect(await own.getByRole('button', { name: /^Sign/ }).count()).toBe(0);

    await security.page.getByRole('link', { name: 'Read and sign as security' }).click();
    const seen = card(security.page, 'night');
    await seen.getByText('Soak, Window').waitFor();
    await seen.getByText('every one of payments').waitFor();
    await seen.getByText('0/1 signed').waitFor();
    expect(await seen.getByText('<script>').count()).toBeGreaterThan(1);
    await isSound(security);
    await isSound(owner);
    await signs(security.page, 'night', text);
    await security.page.getByRole('status').getByText('signed as security').waitFor();
    await isSaid('PolicyException', 'night', 'ExceptionGranted');
    // The other session sees it without being loaded again.
    await own.getByText('ExceptionGranted').waitFor();
    await own.getByText('1/1 signed').waitFor();
    await own.locator('q').getByText('<script>').waitFor();
    await isSound(owner);
    expect(await ran(security.page)).toBe(false);
    await owner.close();
    await security.close();
  },
);

pageTest(
  'a change of the policy is read field by field, looser ones first, signed by keyboard, and applied',
  async () => {
    const freezes = [{ from: '2030-12-24T00:00:00Z', to: '2030-12-27T00:00:00Z', reason: hostile(200) }];
    await askForPolicy('shorter', { approvalValidFor: '24h', candidateValidFor: '960h', freezes });
    const security = await visit('security-a');
    const { page } = security;
    await page.getByRole('link', { name: 'Read and sign as security' }).click();
    const seen = card(page, 'shorter');
    await seen.getByText('spec.candidateValidFor').first().waitFor();
    expect(await seen.locator('.change .class').allTextContents()).toEqual(['looser', 'tighter', 'tighter']);
    const told = (await command.as('security-a', ['policy', 'diff', '--change', 'shorter', '-n', world.production]))
      .stdout;
    expect(told).toContain('LOOSER  spec.candidateValidFor');
    for (const line of await seen.locator('.change small').allTextContents()) expect(told).toContain(line);
    await isSound(security);
    await page.emulateMedia({ media: 'print' });
    expect(await seen.getByRole('button', { name: /^Sign/ }).isVisible()).toBe(false);
    expect((await page.pdf()).length).toBeGreaterThan(10_000);
    await page.emulateMedia({ media: 'screen' });
    await tabTo(page, /^Sign as security…$/);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByText('spec.candidateValidFor').first().waitFor();
    await isSound(security);
    await page.keyboard.press('Tab');
    await page.getByRole('dialog').getByRole('button', { name: 'Sign as security' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('status').getByText('signed as security').waitFor();
    await isSaid('PolicyChange', 'shorter', 'PolicyChanged');
    await seen.getByText('PolicyChanged').waitFor();
    await isSound(security);
    await security.close();
  },
);

pageTest(
  'a difference that moved between reading and signing is refused with the reason, and another one is refused by clicking',
  async () => {
    await askForPolicy('first', { soak: '2h' });
    await askForPolicy('second', { candidateValidFor: '480h' });
    const [owner, security] = [await visit('owner-a'), await visit('security-a')];
    const { page } = security;
    await openRequests(owner);
    await openRequests(security);
    await card(page, 'second').getByRole('button', { name: 'Sign as security…' }).click();
    const dialog = page.getByRole('dialog');
    const digest = await dialog.locator('.digest').textContent();
    const other = await command.as('security-a', ['sign', 'change', 'first', '-n', world.production, '--yes']);
    expect(other.stdout).toContain('signed as security');
    await isSaid('PolicyChange', 'first', 'PolicyChanged');
    await dialog.getByRole('button', { name: 'Sign as security' }).click();
    await dialog.getByText(`The policy of ${world.production} was changed while you read second`).waitFor();
    expect(await dialog.locator('.digest').textContent()).toBe(digest);
    await dialog.getByRole('button', { name: 'Cancel' }).click();

    const refuse = card(page, 'second').getByRole('button', { name: 'Refuse…' });
    await refuse.click();
    expect(await dialog.locator('.digest').textContent()).not.toBe(digest);
    await dialog.getByRole('button', { name: 'Refuse as security' }).click();
    // The browser asks for the comment; nothing was sent.
    await dialog.getByRole('textbox').fill(text);
    await dialog.getByRole('button', { name: 'Refuse as security' }).click();
    await isSaid('PolicyChange', 'second', 'PolicyChangeRejected');
    const ended = card(owner.page, 'second');
    await ended.getByText('PolicyChangeRejected').waitFor();
    await ended.locator('q').getByText('<script>').waitFor();
    await owner.page.getByRole('heading', { level: 1, name: '1 open request' }).waitFor();
    expect(await owner.page.getByRole('heading', { level: 3 }).first().textContent()).toContain('night');
    await isSound(owner);
    expect(security.faults()).toEqual([]);
    await owner.close();
    await security.close();
  },
);

pageTest(
  'what is sent for a request that cannot be signed is refused in the words of the command, and signs nothing',
  async () => {
    await askForException('alone', 'nobody else is there');
    const owner = await visit('owner-a');
    const { page } = owner;
    await openRequests(owner);
    // A refusal of somebody who asked is theirs to give; what is sent instead is a signature.
    await page.route('**/request', async (route) => {
      const body = route.request().postDataJSON() as Record<string, string>;
      await route.continue({ postData: JSON.stringify({ ...body, decision: 'Approve' }) });
    });
    await card(page, 'alone').getByRole('button', { name: 'Refuse…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox').fill('no longer needed');
    await dialog.getByRole('button', { name: 'Refuse as security' }).click();
    const words = 'Your signature would not count for alone: you asked for it';
    await dialog.getByText(words).waitFor();
    const typed = await command.as('owner-a', ['sign', 'exception', 'alone', '-n', world.production, '--yes']);
    expect(typed.stderr).toContain(words);
    const next = `kubectl countersign sign exception alone -n ${world.production} --role security`;
    await dialog.getByText(next).first().waitFor();
    expect(typed.stderr).toContain(next);
    const approver = await visit('approver-a');
    await openRequests(approver);
    const lacks = `it waits for 1 security, and you hold none of these roles in ${world.production}`;
    await card(approver.page, 'alone').getByText(lacks).waitFor();
    expect(await approver.page.getByRole('button', { name: /^Sign/ }).count()).toBe(0);
    const without = await command.as('approver-a', ['sign', 'exception', 'alone', '-n', world.production, '--yes']);
    expect(without.stderr).toContain(lacks);
    expect(approver.faults()).toEqual([]);
    await approver.close();
    const signed = await command.shell('security-a', `${next} --yes`);
    expect(signed.stdout).toContain('signed as security');
    expect(owner.faults()).toEqual([]);
    await owner.close();
  },
);
