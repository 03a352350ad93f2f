/** A real browser for a Jest suite: Debian's Chromium, or the one that CHROMIUM names. Where there is none, the tests say so and are skipped. */
import { existsSync } from 'node:fs';
import { test } from '@jest/globals';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import type { Command, Running } from '../command/command.ts';

const places = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const program = places.find((path) => path !== undefined && existsSync(path));
if (program === undefined)
  process.stderr.write('There is no Chromium: tests of the page are skipped (apt-get install chromium)\n');

/** `test`, where there is a browser. */
export const pageTest = program === undefined ? test.skip : test;

export interface Visit {
  readonly page: Page;
  readonly running: Running;
  /** What the page must never do: violate its policy, throw, ask somewhere else, or run what is only text. */
  readonly faults: () => readonly string[];
  readonly close: () => Promise<void>;
}

export interface Browsing {
  /** The page of somebody, as they start it and open it. */
  readonly visit: (who: string, args: readonly string[], options?: VisitOptions) => Promise<Visit>;
  readonly close: () => Promise<void>;
}

export type VisitOptions = Parameters<Browser['newContext']>[0];

/** For what never comes. */
const patienceMs = 120_000;

/** A violation of the policy is an event, and not an error. */
const watchPolicy = (context: BrowserContext): Promise<unknown> =>
  context.addInitScript(`addEventListener('securitypolicyviolation', (event) =>
    console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample));`);

const faultsOf = (page: Page, origin: string): string[] => {
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(`threw: ${error.message}`));
  page.on('dialog', (dialog) => (faults.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
  page.on('console', (message) => {
    // A refused signature answers with 422, and the page says why.
    if (message.type() === 'error' && !/status of 422/.test(message.text())) faults.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(origin)) faults.push(`asked ${request.url()}`);
  });
  return faults;
};

/** Starts the browser with the first visit, so that none outlives a suite whose setup ran out of time. */
export const startBrowsing = (command: Command): Browsing => {
  let started: Promise<Browser> | undefined;
  const browserOf = (executablePath: string): Promise<Browser> =>
    (started ??= chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] }));
  const visits = new Set<Visit>();
  return {
    async visit(who, args, options = {}) {
      if (program === undefined) throw new Error('there is no browser');
      const browser = await browserOf(program);
      const running = await command.start(who, ['dashboard', ...args]);
      const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
      context.setDefaultTimeout(patienceMs);
      await watchPolicy(context);
      const page = await context.newPage();
      const faults = faultsOf(page, new URL(running.line).origin);
      await page.goto(running.line);
      const visit: Visit = {
        page,
        running,
        faults: () => faults,
        async close() {
          visits.delete(visit);
          await context.close();
          await running.stop();
        },
      };
      visits.add(visit);
      return visit;
    },
    async close() {
      await Promise.all([...visits].map((visit) => visit.close()));
      await (await started)?.close();
    },
  };
};
