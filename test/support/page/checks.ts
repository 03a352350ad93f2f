/** What holds on every view of the page: found by axe, readable at 400 %, in light and dark, and nothing runs that is only text. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Page } from 'playwright-core';

/** What hostile texts would set, if one of them ever ran. */
const marker = 'countersignMarker';

/** As much as a field takes of what runs in a page that makes HTML of text. */
export const hostile = (most: number): string =>
  [
    `<img src=x onerror=globalThis.${marker}=1>`,
    `<script>globalThis.${marker}=1</script>`,
    `"'><svg onload=globalThis.${marker}=1>`,
    `javascript:globalThis.${marker}=1`,
    '{{constructor}} ${7*7}',
  ]
    .join(' ')
    .slice(0, most);

/** Whether any of them ran. */
export const ran = (page: Page): Promise<boolean> => page.evaluate<boolean>(`'${marker}' in globalThis`);

/** Goes on by key to what is called so. */
export const tabTo = async (page: Page, name: RegExp): Promise<void> => {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press('Tab');
    const text = await page.evaluate<string>('document.activeElement?.textContent ?? ""');
    if (name.test(text)) return;
  }
  throw new Error(`no key leads to ${String(name)}`);
};

interface Found {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
  }[];
}

const axeFaults = async (page: Page): Promise<readonly string[]> => {
  const { violations } = await page.evaluate<Found>(`${axe.source}; axe.run(document, { preload: false })`);
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary = '' }) => `${id}: ${html} ${failureSummary}`),
  );
};

/** What is wrong with what is shown, in light, dark and on a screen of 320 pixels, which is 1,280 at 400 %. */
export const faultsOfView = async (page: Page): Promise<readonly string[]> => {
  const faults: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    faults.push(...(await axeFaults(page)).map((fault) => `${colorScheme}: ${fault}`));
  }
  await page.emulateMedia({ colorScheme: 'light' });
  const before = page.viewportSize() ?? { width: 1200, height: 900 };
  await page.setViewportSize({ width: 320, height: 800 });
  const width = await page.evaluate<number>('document.documentElement.scrollWidth');
  if (width > 320) faults.push(`at 400 % it is ${width} pixels wide, and 320 are seen`);
  await page.setViewportSize(before);
  if (await ran(page)) faults.push('a text ran');
  return faults;
};

const images = join(import.meta.dirname, '..', '..', '..', 'docs', 'images');

/** A picture for the documentation, made again when UPDATE_DOCS says so. */
export const picture = async (page: Page, name: string): Promise<void> => {
  if (process.env['UPDATE_DOCS'] === undefined) return;
  await mkdir(images, { recursive: true });
  await page.setViewportSize({ width: 1000, height: 760 });
  await page.screenshot({ path: join(images, `${name}.png`), animations: 'disabled', scale: 'css' });
  await page.setViewportSize({ width: 1200, height: 900 });
};
