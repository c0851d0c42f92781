import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@hangar/shared/clock';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { launchChromium } from '../../parts/launch-chromium.ts';
import { fillActs, fillDecisions, fillLedger, pool } from './api-answers.ts';
import { openTab, type Tab } from './chromium.ts';
import { contrasts, overhangPx } from './look.ts';
import { type ServedPage, servePage } from './served-page.ts';

/** The twelve published numbers: PRs a day → low and high of both shapes. */
const PUBLISHED = [
  [100, ['19', '26', '11', '15']],
  [500, ['87', '121', '45', '62']],
  [1000, ['172', '239', '89', '123']],
] as const;

/** For people to look at; each run overwrites them. */
const PICTURES = join(tmpdir(), 'hangar-page');
const FOUL = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>';
const SLOW = { ...pool('large', 3, 3), waitP95Seconds: 12.25 };
const LONG = 'a-pool-with-a-very-long-name-'.repeat(9);

describe('the page', () => {
  let browser: Browser;
  let served: ServedPage;
  const tabs: Tab[] = [];
  const clock = systemClock();

  beforeAll(async () => {
    mkdirSync(PICTURES, { recursive: true });
    browser = await launchChromium();
  }, 60_000);
  afterAll(() => browser.close());
  beforeEach(async () => {
    served = await servePage(clock);
  });
  afterEach(async () => {
    for (const tab of tabs.splice(0)) {
      expect(tab.complaints).toEqual([]);
      expect(tab.asked.filter((at) => !at.startsWith(served.address) && !at.startsWith('data:'))).toEqual([]);
      await tab.close();
    }
    await served.close();
  });

  const open = async (options: Parameters<typeof openTab>[2] = {}): Promise<Tab> => {
    const tab = await openTab(browser, served.address, options);
    tabs.push(tab);
    return tab;
  };
  const text = (tab: Tab, selector: string): Promise<string> => tab.page.locator(selector).innerText();

  it('shows at one glance how many nodes of each shape, now and next, and why', async () => {
    fillLedger(served.ledger, clock.now());
    const tab = await open();

    expect(await text(tab, '[data-now="4cpu-8gb"]')).toBe('21');
    expect(await text(tab, '[data-next="4cpu-8gb"]')).toBe('27');
    expect(await text(tab, '[data-now="8cpu-16gb"]')).toBe('11');
    expect(await text(tab, '[data-next="8cpu-16gb"]')).toBe('14');
    const answer = await text(tab, '#answer');
    for (const part of [
      '4 CPU / 8 GB',
      '8 CPU / 16 GB',
      'Expected wait 3.4 s (p95), within the objective of 10 s',
      'Expected wait 12.3 s (p95), beyond the objective of 10 s',
      '12.5 % of the Pods do not fit',
      '48 Pods are running, 5 are unschedulable',
      'within 3 min 20 s',
    ])
      expect(answer).toContain(part);
    expect(await text(tab, '#state')).toBe('live');
    for (const id of ['changes', 'shapes', 'demand']) {
      const box = await tab.page.locator(`#${id}`).boundingBox();
      expect(box?.y ?? Number.NaN, `#${id} is on the first screen`).toBeLessThan(720);
    }
  });

  it('leads with the pools, those that change first, each with the reason', async () => {
    fillLedger(served.ledger, clock.now(), [SLOW, pool('builds'), pool('one', 0, 1)]);
    const tab = await open();

    const lines = await tab.page.locator('#changes li').allInnerTexts();
    expect(lines.map((line) => line.split(/\n+/).slice(0, 2))).toEqual([
      ['builds', '22 → 26 nodes'],
      ['one', '0 → 1 node'],
      ['large', '3 nodes, unchanged'],
    ]);
    expect(lines[0]).toContain('because with 3 Pods per node, 4 more nodes are needed');
    expect(await text(tab, '#news')).toContain('builds: 22 nodes, 26 desired');
    const [changes, shapes] = await Promise.all(
      ['#changes', '#shapes'].map((id) => tab.page.locator(id).boundingBox()),
    );
    expect(changes?.y).toBeLessThan(shapes?.y ?? 0);
  });

  it('zooms into the time that is dragged over, in every plot, and back', async () => {
    fillLedger(served.ledger, clock.now());
    const tab = await open({ frozen: true });
    const plot = tab.page.locator('#plot-demand svg');
    const times = () => tab.page.locator('#plot-pool svg text[text-anchor="middle"]').allTextContents();
    const before = await times();
    const drag = async (px: number): Promise<void> => {
      await plot.scrollIntoViewIfNeeded();
      const box = await plot.boundingBox();
      if (box === null) throw new Error('there is no plot');
      await tab.page.mouse.move(box.x + 200, box.y + 100);
      await tab.page.mouse.down();
      await tab.page.mouse.move(box.x + 200 + px, box.y + 100);
      await tab.page.mouse.up();
    };
    await drag(4);
    expect(await tab.page.locator('#unzoom').isVisible()).toBe(false);
    await drag(60);
    await tab.page.locator('#unzoom').waitFor();
    expect(await times()).not.toEqual(before);
    // A refresh keeps it.
    await tab.page.clock.runFor(5_000);
    expect(await times()).not.toEqual(before);
    await tab.page.getByRole('button', { name: 'Show the whole time' }).click();
    expect(await times()).toEqual(before);
  });

  it('names the unit on every axis', async () => {
    fillLedger(served.ledger, clock.now());
    const tab = await open();
    const units = await tab.page.locator('#demand .unit, #pools .unit').allTextContents();
    expect(units).toEqual(['Pods', 'seconds', 'nodes']);
  });

  it('hides what is not learned yet', async () => {
    fillLedger(served.ledger, clock.now());
    const tab = await open();

    expect(await tab.page.locator('#curve').isVisible()).toBe(false);
    expect(await text(tab, '#model')).toContain('Nothing has been learned from this cluster yet');
    expect(await tab.page.locator('#model tbody tr').first().isVisible()).toBe(false);
    expect(await text(tab, '#what-if-answer thead')).not.toContain('learned');
  });

  it('draws the curve of cost against waiting when it is learned, with where the service stands', async () => {
    fillLedger(served.ledger, clock.now());
    const tab = await open({ frozen: true });
    const point = (waitPrice: number, nodeHoursPerDay: number, waitMeanSeconds: number) => ({
      ...{ waitPrice, nodeHoursPerDay, waitMeanSeconds },
      ...{ waitMinutesPerDay: waitMeanSeconds * 10, waitP95Seconds: waitMeanSeconds * 4 },
    });
    const points = [point(1, 96.1, 41), point(30, 110.9, 2), point(300, 131.2, 0.1)];
    const curve = { days: 6.9, builds: 4_211, waitPrice: 30, points };
    await tab.page.route('**/api/v1/forecast', (route) => route.fulfill({ json: { curve } }));
    await tab.page.clock.runFor(5_000);
    await tab.page.locator('#curve').waitFor();

    expect(await tab.page.locator('#plot-curve circle').count()).toBe(3);
    expect(await tab.page.locator('#plot-curve .own title').textContent()).toContain('price 30: 110.9');
    expect(await text(tab, '#plot-curve figcaption')).toContain('The present price is 30');
    expect(await tab.page.locator('#plot-curve .unit').allTextContents()).toEqual([
      'mean wait in seconds',
      'node-hours a day',
    ]);
    await tab.page.locator('#plot-curve summary').click();
    expect(await tab.page.locator('#plot-curve tbody tr').count()).toBe(3);
  });

  it('shows the phases of a boot when one was observed, with cost and advice', async () => {
    fillLedger(served.ledger, clock.now());
    const tab = await open({ frozen: true });
    expect(await tab.page.locator('#boots').isVisible()).toBe(false);
    const machine = { phase: 'machine', meaning: 'until its Node object exists', seconds: 125, boots: 9 };
    const phases = [{ ...machine, nodeHoursPer1000Prs: 41.7, advice: 'use a warm pool' }];
    const minute = { nodeHoursPer1000Prs: 20, waitMeanSeconds: -0.4 };
    await tab.page.route('**/api/v1/boots', (route) =>
      route.fulfill({ json: { bootSeconds: 180, minute, phases } }),
    );
    await tab.page.clock.runFor(5_000);
    await tab.page.locator('#boots').waitFor();

    expect(await text(tab, '#boots p')).toContain(
      'costs 20 node-hours per 1000 PRs and 0.4 s less mean wait',
    );
    const cells = await tab.page.locator('#boots tbody td').allTextContents();
    expect(cells).toEqual(['2 min 5 s', '9', '41.7', 'until its Node object exists', 'use a warm pool']);
  });

  it('shows tables as cards on a phone, each value with its title', async () => {
    fillLedger(served.ledger, clock.now(), [pool('builds'), SLOW]);
    const tab = await open({ viewport: { width: 360, height: 800 } });
    const row = tab.page.locator('#pool-table tbody tr').first();
    const cells = row.locator('td');
    const boxes = await Promise.all([0, 1, 2].map((nth) => cells.nth(nth).boundingBox()));

    expect(boxes.map((box) => box?.x)).toEqual(Array(3).fill(boxes[0]?.x));
    const title = await cells.nth(1).evaluate((one) => getComputedStyle(one, '::before').content);
    expect(title).toContain('desired');
    expect(await tab.page.getByRole('cell', { name: '26' }).count()).toBe(1);
    const scroll = await tab.page
      .locator('#pool-table .scroll')
      .evaluate((one) => one.scrollWidth - one.clientWidth);
    expect(scroll).toBe(0);
  });

  it('shows pools, decisions with reasons, money, sizes and advice', async () => {
    fillLedger(served.ledger, clock.now(), [pool('builds'), SLOW]);
    fillDecisions(served.ledger, clock.now(), 3);
    const tab = await open();

    const rows = await tab.page.locator('#pool-table tbody tr').allInnerTexts();
    expect(rows.map((row) => row.split(/\s+/).slice(0, 4))).toEqual([
      ['builds', '22', '26', '+4'],
      ['large', '3', '3', 'unchanged'],
    ]);
    expect(rows.map((row) => /[\d.]+ s, (within|beyond) 10 s|not simulated/.exec(row)?.[0])).toEqual([
      '2 s, within 10 s',
      '12.3 s, beyond 10 s',
    ]);
    await tab.page.locator('#pool-choice').selectOption('large');
    expect(await text(tab, '#plot-pool h3')).toBe('Nodes of large');
    expect(await tab.page.locator('#decision-table tbody tr').count()).toBe(3);
    await tab.page.locator('#decision-table summary').first().click();
    expect(await text(tab, '#decision-table')).toContain('required: capacity for 79 Pods');
    const money = await text(tab, '#money');
    for (const part of [
      '19 × 4 CPU / 8 GB + 3 × 8 CPU / 16 GB',
      '114.00 EUR a day',
      '37.62 EUR',
      '150.00 EUR',
    ])
      expect(money).toContain(part);
    expect(await text(tab, '#sizes')).toMatch(/5 CPU, 9 GiB[^]*12\.5 %[^]*4cpu-8gb/);
    expect(await text(tab, '#advice')).toContain('21 % of the node-hours');
  });

  it('shows what was done to pools, and what was refused how often', async () => {
    fillLedger(served.ledger, clock.now());
    fillActs(served.ledger, clock.now());
    const tab = await open();

    const rows = await tab.page.locator('#act-table tbody tr').allInnerTexts();
    expect(rows.map((row) => row.replace(/\s+/g, ' '))).toEqual([
      expect.stringMatching(/paused 22 → 26 the pool is paused by its annotation \(3 times until/),
      expect.stringMatching(/set 22 → 26 scaled NodePool builds with 3 Pods/),
    ]);
  });

  it('leaves out acts, money, sizes and advice where there are none', async () => {
    fillLedger(served.ledger, clock.now());
    const { recommendation } = served.ledger;
    if (recommendation === undefined) throw new Error('nothing was told');
    const shapes = recommendation.shapes.map((one) => ({ ...one, cost: undefined }));
    const pools = recommendation.pools.map((one) => ({ ...one, waitP95Seconds: undefined }));
    const less = { requestClasses: [], mix: undefined, spend: undefined, advice: [], pools };
    served.ledger.decided({ ...recommendation, ...less, shapes }, []);
    const tab = await open();

    for (const id of ['acts', 'money', 'sizes', 'advice', 'to-money'])
      expect(await tab.page.locator(`#${id}`).isVisible(), id).toBe(false);
    expect(await text(tab, '#pool-table tbody tr')).toContain('not simulated');
  });

  it('plots demand with its band and waits with the objective, each with a table of the same data', async () => {
    fillLedger(served.ledger, clock.now());
    const tab = await open();

    for (const [id, marks] of [
      ['plot-demand', '.area.c2, .line.c1, .line.c3'],
      ['plot-waits', '.dot.c4, .bound'],
      ['plot-pool', '.line.c1, .line.c2'],
    ]) {
      expect(await tab.page.locator(`#${id} svg :is(${marks})`).count(), id).toBeGreaterThan(1);
      expect(await tab.page.locator(`#${id} svg`).getAttribute('aria-label')).toMatch(/, in \w+\. Now: .*\d/);
      await tab.page.locator(`#${id} summary`).click();
      const cells = await tab.page.locator(`#${id} tbody td`).allInnerTexts();
      expect(cells.length, id).toBeGreaterThan(20);
      expect(cells.join(), id).toMatch(/^[–\d., ]+$/);
    }
    await tab.page.locator('#plot-demand svg').hover();
    expect(await text(tab, '#plot-demand .readout')).toMatch(/running, unschedulable or known \d+/);
  });

  it('answers what if by the keyboard alone with the twelve published numbers', async () => {
    fillLedger(served.ledger, clock.now());
    const tab = await open();
    const { page } = tab;
    const slide = page.getByRole('slider', { name: 'Pull requests a day' });
    await slide.focus();
    await page.keyboard.press('Home');
    let at = 0;
    for (const [prs, want] of PUBLISHED) {
      for (; at < prs; at += 50) await page.keyboard.press('ArrowRight');
      await page
        .locator('#what-if-note', { hasText: new RegExp(`^${prs.toLocaleString('en')} pull`) })
        .waitFor();
      const cells = await page.locator('#what-if-answer tbody td').allInnerTexts();
      expect(cells).toEqual(want);
      expect(await page.locator('#prs').inputValue()).toBe(String(prs));
    }
    expect(await slide.getAttribute('aria-valuetext')).toBe('1000 pull requests a day');
  });

  it('explains an invalid number of PRs, and accepts a valid one afterwards', async () => {
    fillLedger(served.ledger, clock.now());
    const tab = await open();
    await tab.page.locator('#prs').fill('-3');
    await tab.page.locator('#what-if-note', { hasText: 'prsPerDay must be one number' }).waitFor();
    await tab.page.locator('#prs').fill('7500');
    await tab.page.locator('#what-if-note', { hasText: /^7,500 pull requests/ }).waitFor();
    // The browser itself logs the refused request.
    expect(tab.complaints.splice(0)).toEqual([expect.stringContaining('400')]);
  });

  it.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 360],
    ['dark', 360],
  ] as const)('in %s at %i px all can be read, and nobody scrolls sideways', async (colorScheme, width) => {
    fillLedger(served.ledger, clock.now(), [pool('builds'), SLOW]);
    fillDecisions(served.ledger, clock.now(), 5);
    served.ledger.conditions = [{ weight: 'partial', text: '1 of 3 runners does not answer' }];
    const tab = await open({ colorScheme, viewport: { width, height: 800 } });

    expect(await overhangPx(tab.page)).toBe(0);
    const all = await contrasts(tab.page);
    expect(all.length).toBeGreaterThan(100);
    expect(all.filter(({ ratio, least }) => ratio < least)).toEqual([]);
    await tab.page.screenshot({ path: join(PICTURES, `${colorScheme}-${width}.png`), fullPage: true });
  });

  it('has landmarks, and a name for everything that can be used', async () => {
    fillLedger(served.ledger, clock.now(), [pool('builds'), pool('large', 3, 3)]);
    fillDecisions(served.ledger, clock.now(), 60);
    const tab = await open();
    for (const role of ['banner', 'main', 'contentinfo', 'navigation'] as const)
      expect(await tab.page.getByRole(role).count(), role).toBe(1);

    const tree = await tab.page.locator('body').ariaSnapshot();
    const usable = tree
      .split('\n')
      .filter((line) =>
        /^\s*- (link|button|slider|spinbutton|combobox|region|table|figure|img)\b/.test(line),
      );
    expect(usable.length).toBeGreaterThan(25);
    expect(usable.filter((line) => !/^\s*- \w+ "[^"]|^\s*- (figure|table):?$/.test(line))).toEqual([]);
    const levels = await tab.page
      .locator('h1, h2, h3')
      .evaluateAll((all) => all.map((one) => Number(one.tagName[1])));
    expect(levels[0]).toBe(1);
    expect(levels.every((level, nth) => level <= (levels[nth - 1] ?? level) + 1)).toBe(true);
    await tab.page.keyboard.press('Tab');
    expect(await tab.page.evaluate(() => document.activeElement?.textContent)).toBe(
      'Skip to the recommendation',
    );
  });

  it('shows any name as text, whatever it contains and however long it is', async () => {
    fillLedger(served.ledger, clock.now(), [pool(FOUL), pool(LONG, 1, 2)]);
    served.ledger.conditions = [{ weight: 'note', text: FOUL }];
    served.ledger.decisions.push({
      ...{
        atMs: clock.now(),
        pool: FOUL,
        fromNodes: 1,
        toNodes: 2,
        needNodes: 2,
        shrinkToNodes: 2,
        outcome: FOUL,
        note: FOUL,
      },
      because: [FOUL],
    });
    const tab = await open({ viewport: { width: 360, height: 800 } });

    expect(await tab.page.locator('#pool-table .name').allInnerTexts()).toEqual([FOUL, LONG]);
    expect(await tab.page.title()).toBe('Hangar capacity');
    expect(await tab.page.locator('main img, main script').count()).toBe(0);
    expect(await overhangPx(tab.page)).toBe(0);
    await tab.page.locator('#pool-choice').selectOption(LONG);
    expect(await text(tab, '#plot-pool h3')).toBe(`Nodes of ${LONG}`);
    expect(await overhangPx(tab.page)).toBe(0);
  });

  it('alerts that an answer is stale, since when and why, and announces politely when it is current again', async () => {
    fillLedger(served.ledger, clock.now());
    served.ledger.stale(clock.now() - 120_000, [
      { weight: 'stale', text: 'the watch of pods last received an event 300 s ago' },
    ]);
    const tab = await open({ frozen: true });

    const alarm = await tab.page.getByRole('alert').innerText();
    expect(alarm).toMatch(/^Stale since (\d+ \w+ )?\d\d:\d\d:\d\d: these are the last valid numbers/);
    expect(alarm).toContain('the watch of pods last received an event 300 s ago');
    expect(await text(tab, '#state')).toBe('stale');
    expect(await text(tab, '[data-next="4cpu-8gb"]')).toBe('27');
    await tab.page.screenshot({ path: join(PICTURES, 'stale.png') });

    const { recommendation } = served.ledger;
    if (recommendation) served.ledger.decided({ ...recommendation, atMs: clock.now() }, []);
    await tab.page.clock.runFor(5_000);
    await tab.page.locator('#state[data-state="live"]').waitFor();
    expect(await tab.page.getByRole('alert').innerText()).toBe('');
  });

  it('lists what is missing while there is no answer, and updates without a reload when there is one', async () => {
    served.ledger.stale(clock.now(), [
      { weight: 'stale', text: 'check that the autoscaler is allowed to list pods' },
    ]);
    const tab = await open({ frozen: true });
    expect(await text(tab, '#state')).toBe('no answer yet');
    expect(await text(tab, '#conditions')).toContain('check that the autoscaler is allowed to list pods');
    expect(await text(tab, '#plot-demand')).toContain('No data for this time yet.');
    expect(await text(tab, '#decision-table')).toContain('No decision yet');
    await tab.page.screenshot({ path: join(PICTURES, 'nothing-yet.png') });
    // The browser itself logs the 503.
    expect(tab.complaints.splice(0)).toEqual([expect.stringContaining('503')]);

    fillLedger(served.ledger, clock.now());
    await tab.page.clock.runFor(5_000);
    await tab.page.locator('[data-next="4cpu-8gb"]', { hasText: '27' }).waitFor();
    expect(await text(tab, '#news')).toContain('4 CPU / 8 GB: 21 nodes now, 27 next');
  });

  it('keeps what is open and focused while numbers change under it', async () => {
    fillLedger(served.ledger, clock.now());
    const tab = await open({ frozen: true });
    const why = tab.page.locator('#shapes summary').first();
    await why.focus();
    await tab.page.keyboard.press('Enter');
    const { recommendation } = served.ledger;
    if (recommendation === undefined) throw new Error('nothing was told');
    const shapes = recommendation.shapes.map((one) => ({ ...one, nodesAhead: 99 }));
    served.ledger.decided({ ...recommendation, shapes }, []);
    await tab.page.clock.runFor(5_000);
    await tab.page.locator('[data-next="4cpu-8gb"]', { hasText: '99' }).waitFor();

    expect(await tab.page.locator('#shapes details').first().getAttribute('open')).toBe('');
    expect(await why.evaluate((one) => one === document.activeElement)).toBe(true);
  });

  it('shows the latest of very many decisions, and more on request', async () => {
    fillLedger(served.ledger, clock.now());
    fillDecisions(served.ledger, clock.now(), 1_000);
    const tab = await open();
    const rows = tab.page.locator('#decision-table tbody tr');

    expect(await rows.count()).toBe(20);
    await tab.page.getByRole('button', { name: 'Show more (480 older)' }).click();
    expect(await rows.count()).toBe(120);
  });

  it('backs off when the service is gone, and reports that', async () => {
    fillLedger(served.ledger, clock.now());
    const tab = await open({ frozen: true });
    // The first refresh must not be one of those that fail.
    await tab.page.locator('#state[data-state="live"]').waitFor();
    await tab.page.route('**/api/v1/**', (route) => route.abort());
    // One of the four requests of a refresh: the others may be seen after the first was aborted.
    const refreshes = (): number => tab.asked.filter((at) => at.endsWith('/recommendations')).length;
    const before = refreshes();
    await tab.page.clock.runFor(5_000);
    await tab.page.locator('#state[data-state="lost"]').waitFor();
    expect(refreshes() - before).toBe(1);
    expect(await text(tab, '#as-of')).toMatch(/does not answer .* may be old\. Retrying in 10 s\./);
    expect(await text(tab, '[data-next="4cpu-8gb"]')).toBe('27');
    await tab.page.clock.runFor(9_000);
    expect(refreshes() - before).toBe(1);
    await tab.page.clock.runFor(1_500);
    await tab.page.locator('#as-of', { hasText: 'Retrying in 20 s' }).waitFor();
    tab.complaints.splice(0);

    await tab.page.unroute('**/api/v1/**');
    await tab.page.clock.runFor(20_000);
    await tab.page.locator('#state[data-state="live"]').waitFor();
  });

  it('sends no requests while it is hidden, and one at once when it is shown', async () => {
    fillLedger(served.ledger, clock.now());
    const tab = await open({ frozen: true });
    const setHidden = (isHidden: boolean): Promise<void> =>
      tab.page.evaluate((value) => {
        Object.defineProperty(document, 'hidden', { configurable: true, value });
        document.dispatchEvent(new Event('visibilitychange'));
      }, isHidden);
    await setHidden(true);
    const before = tab.asked.length;
    await tab.page.clock.runFor(120_000);
    expect(tab.asked.length).toBe(before);
    const asks = tab.page.waitForRequest('**/api/v1/recommendations');
    await setHidden(false);
    await asks;
  });

  it('the page about the API is readable too, without any script', async () => {
    const context = await browser.newContext({
      javaScriptEnabled: false,
      viewport: { width: 360, height: 800 },
    });
    const page = await context.newPage();
    await page.goto(`${served.address}api`);
    expect(await page.locator('h3', { hasText: 'GET /api/v1/what-if' }).count()).toBe(1);
    await page.screenshot({ path: join(PICTURES, 'api-360.png') });
    await context.close();
  });
});
