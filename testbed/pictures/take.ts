import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BOARDS } from '@hangar/dashboards/boards';
import type { Clock } from '@hangar/shared/clock';
import type { Browser, Page } from 'playwright-core';
import { runDemo } from '../demo/demo.ts';
import { startPracticeServer } from '../parts/drone/practice-server.ts';
import { loadPrometheus } from '../suites/boards/load.ts';
import { fillDecisions, fillLedger, pool } from '../suites/browser/api-answers.ts';
import { openTab } from '../suites/browser/chromium.ts';
import { reportBuilds } from '../suites/browser/practice-builds.ts';
import { servePage } from '../suites/browser/served-page.ts';
import { boardPage } from './board-page.ts';
import { type Frame, filmOf, thinned } from './film.ts';
import { serveRunnerPage, USER } from './runner-page.ts';
import { Screen } from './screen.ts';

/** What is needed to make pictures. */
export interface Studio {
  readonly clock: Clock;
  readonly browser: Browser;
  /** Where pictures go. */
  readonly folder: string;
}

const SCHEMES = ['light', 'dark'] as const;
const DESKTOP = { width: 1280, height: 1080 };
const PHONE = { width: 390, height: 844 };
const SECRET = 'pictures-secret';
const LOAD_MS = 45_000;
const TERMINAL = { columns: 116, rows: 30 };
const LEAST_FRAME_MS = 250;

/** The autoscaler's page on a working day. */
async function takeAutoscaler({ clock, browser, folder }: Studio): Promise<void> {
  const served = await servePage(clock);
  fillLedger(served.ledger, clock.now(), [
    pool('builds'),
    { ...pool('large', 3, 3), because: ['3 nodes hold its 6 Pods and the buffer'] },
  ]);
  fillDecisions(served.ledger, clock.now(), 5);
  for (const colorScheme of SCHEMES)
    for (const [name, viewport] of [
      ['desktop', DESKTOP],
      ['phone', PHONE],
    ] as const) {
      const tab = await openTab(browser, served.address, { colorScheme, viewport });
      await tab.page.screenshot({ path: join(folder, `autoscaler-${name}-${colorScheme}.png`) });
      await tab.close();
    }
  await served.close();
}

/** The runner's dashboard, and the page of a build that failed. */
async function takeRunner({ clock, browser, folder }: Studio): Promise<void> {
  const served = await serveRunnerPage(clock);
  for (const colorScheme of SCHEMES)
    for (const [name, path, viewport] of [
      ['runner-desktop', '/', { width: 1280, height: 640 }],
      ['runner-phone', '/view?id=412', PHONE],
    ] as const)
      await inPage(browser, { colorScheme, viewport, httpCredentials: USER }, async (page) => {
        await page.goto(`${served.address}${path}`);
        await page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`) });
      });
  await served.close();
}

/** The practice server's page with a build of four stages. */
async function takePractice({ browser, folder }: Studio): Promise<void> {
  const drone = await startPracticeServer({ secret: SECRET, longPollMs: 50 });
  await reportBuilds(drone, SECRET, ['Cloning into /drone/src', '+ git checkout main', 'done']);
  for (const colorScheme of SCHEMES)
    await inPage(browser, { colorScheme, viewport: { width: 1280, height: 640 } }, async (page) => {
      await page.goto(drone.url);
      await page.getByRole('button', { name: 'log of clone' }).first().click();
      await page.locator('pre', { hasText: 'Cloning into' }).waitFor();
      await page.screenshot({ path: join(folder, `practice-desktop-${colorScheme}.png`) });
    });
  await drone.close();
}

/** The first two rows of each board, with data of real programs under load. */
async function takeBoards({ clock, browser, folder }: Studio): Promise<void> {
  const loaded = await loadPrometheus(clock, LOAD_MS);
  try {
    for (const board of BOARDS) {
      const document = await boardPage(loaded, board, 2);
      for (const colorScheme of SCHEMES)
        await inPage(browser, { colorScheme, viewport: { width: 1280, height: 200 } }, async (page) => {
          await page.setContent(document);
          const name = board.uid.replace('hangar-', 'board-');
          await page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`), fullPage: true });
        });
    }
  } finally {
    await loaded.close();
  }
}

async function inPage(
  browser: Browser,
  options: Parameters<Browser['newContext']>[0],
  use: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext(options);
  await use(await context.newPage());
  await context.close();
}

/** What `npm run demo` writes to a terminal, recorded. */
async function takeDemo({ clock, folder }: Studio): Promise<void> {
  const screen = new Screen();
  const frames: Frame[] = [];
  const write = (text: string): void => {
    screen.write(text);
    frames.push({ atMs: clock.now(), lines: screen.lines(TERMINAL.rows) });
  };
  write('$ npm run demo\n');
  const terminal = { write, live: true, isColoured: true, size: () => TERMINAL };
  const parts = { clock, terminal, stop: new AbortController().signal };
  const code = await runDemo(parts, { keep: false, real: false, slow: false, json: false });
  if (code !== 0) throw new Error(`the demo ended with ${code}`);
  const title =
    'npm run demo: pipelines run on an embedded Kubernetes, and a table shows what each of them did';
  writeFileSync(join(folder, 'demo.svg'), filmOf(thinned(frames, LEAST_FRAME_MS), TERMINAL, title));
}

/** By the album's name. */
export const TAKERS: Readonly<Record<string, (studio: Studio) => Promise<void>>> = {
  autoscaler: takeAutoscaler,
  runner: takeRunner,
  practice: takePractice,
  boards: takeBoards,
  demo: takeDemo,
};
