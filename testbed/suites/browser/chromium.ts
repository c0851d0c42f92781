import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

/** A tab and what it has done. */
export interface Tab {
  readonly page: Page;
  /** What the console complained of, and what the page threw. */
  readonly complaints: string[];
  /** Every requested address. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/** Chromium aborts requests when an interface of this machine is added or removed, as by test clusters. */
const NETWORK_CHANGED = 'ERR_NETWORK_CHANGED';
const MOST_TRIES = 5;
/** A clock can only be stopped ahead of the time that it shows. */
const AHEAD_MS = 1_000;

/**
 * Opens an address in a profile of its own and waits until the page has data of its service.
 *
 * @param options `frozen`: its clock is stopped, and advances by `page.clock.runFor` only
 */
export async function openTab(
  browser: Browser,
  address: string,
  options: BrowserContextOptions & { readonly frozen?: boolean } = {},
): Promise<Tab> {
  const { frozen = false, ...rest } = options;
  const context = await browser.newContext(rest);
  const page = await context.newPage();
  const complaints: string[] = [];
  const asked: string[] = [];
  let isDisturbed = false;
  page.on('request', (request) => asked.push(request.url()));
  page.on('requestfailed', (request) => {
    isDisturbed ||= request.failure()?.errorText.includes(NETWORK_CHANGED) ?? false;
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    const isOurs = !message.text().includes(NETWORK_CHANGED);
    if (isOurs && ['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  if (frozen) await page.clock.install();
  for (let nth = 1; ; nth += 1) {
    isDisturbed = false;
    const heard = await hears(page, address);
    if (heard && !isDisturbed) break;
    if (nth === MOST_TRIES || !isDisturbed)
      throw new Error(`the page does not come up: ${complaints.join('; ')}`);
  }
  if (frozen) await page.clock.pauseAt(Date.now() + AHEAD_MS);
  return { page, complaints, asked, close: () => context.close() };
}

async function hears(page: Page, address: string): Promise<boolean> {
  try {
    await page.goto(address);
    await page.locator('#state:not([data-state="loading"])').waitFor({ timeout: 10_000 });
    await page.locator('#what-if-answer table').waitFor({ timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}
