import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PracticeServer, startPracticeServer } from '../../parts/drone/practice-server.ts';
import { launchChromium } from '../../parts/launch-chromium.ts';
import { contrasts, overhangPx } from './look.ts';
import { reportBuilds } from './practice-builds.ts';

/** For people to look at; each run overwrites them. */
const PICTURES = join(tmpdir(), 'hangar-practice-page');
const FOUL = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>';
const LONG = 'a-line-that-is-very-long-'.repeat(20);
const SECRET = 'practice-page-secret';

describe("the practice server's page", () => {
  let browser: Browser;
  let drone: PracticeServer;

  beforeAll(async () => {
    mkdirSync(PICTURES, { recursive: true });
    browser = await launchChromium();
    drone = await startPracticeServer({ secret: SECRET, longPollMs: 50 });
    await reportBuilds(drone, SECRET, ['Cloning into /drone/src', FOUL, LONG]);
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await drone.close();
  });

  /** The page in a profile of its own; it must complain of nothing, and run nothing that a pipeline has printed. */
  async function look(options: BrowserContextOptions, use: (page: Page) => Promise<void>): Promise<void> {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    try {
      await page.goto(drone.url);
      await page.locator('#builds table').first().waitFor();
      await use(page);
      expect(complaints).toEqual([]);
      expect(await page.title()).toBe('Drone (practice)');
      expect(await page.locator('main img, main script').count()).toBe(0);
    } finally {
      await context.close();
    }
  }

  it.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 360],
    ['dark', 360],
  ] as const)(
    'in %s at %i px can be read with an open log, without scrolling sideways',
    async (colorScheme, width) => {
      await look({ colorScheme, viewport: { width, height: 900 } }, async (page) => {
        await page.getByRole('button', { name: 'log of clone' }).first().click();
        await page.locator('pre', { hasText: 'Cloning into' }).waitFor();
        expect(await overhangPx(page)).toBe(0);
        const all = await contrasts(page);
        expect(all.length).toBeGreaterThan(15);
        expect(all.filter(({ ratio, least }) => ratio < least)).toEqual([]);
        await page.screenshot({ path: join(PICTURES, `${colorScheme}-${width}.png`) });
      });
    },
  );

  it('opens a log below its step, keeps it open while the page refreshes, and closes it', async () => {
    await look({}, async (page) => {
      const row = page.locator('tr', { has: page.getByRole('button', { name: 'log of clone' }) }).first();
      await row.getByRole('button').click();
      const log = page.locator('tr.log').first();
      await log.locator('pre', { hasText: FOUL }).waitFor();
      const [above, below] = await Promise.all(
        [page.locator('#builds tr').first(), log].map((one) => one.boundingBox()),
      );
      expect(above?.y).toBeLessThan(below?.y ?? 0);
      await page.waitForResponse('**/api/builds?limit=50');
      await page.waitForResponse('**/api/builds?limit=50');
      expect(await page.locator('tr.log').count()).toBe(1);
      await page.getByRole('button', { name: 'hide log of clone' }).click();
      await expect.poll(() => page.locator('tr.log').count()).toBe(0);
    });
  });

  it('shows stages as a graph, and times finer than a second', async () => {
    await look({}, async (page) => {
      expect(await page.locator('.graph .box').count()).toBe(4);
      expect(await page.locator('.graph .arrow').count()).toBe(4);
      expect(await page.locator('.graph').getAttribute('aria-label')).toContain('deploy after unit, browser');
      const xs = await page
        .locator('.graph .box')
        .evaluateAll((all) => all.map((one) => one.getAttribute('x')));
      expect(new Set(xs).size).toBe(3);
      expect(await page.locator('td.number').first().innerText()).toMatch(/^\d\.\d\d s$/);
    });
  });
});
