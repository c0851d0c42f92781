import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StageHistory } from '@hangar/runner/stage-history';
import { aStageReport, aStepReport, linesFrom } from '@hangar/runner/testing/a-report';
import { anEntry, changed, left } from '@hangar/runner/testing/an-entry';
import { systemClock } from '@hangar/shared/clock';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../../parts/launch-chromium.ts';
import { serveDashboard, USER } from '../../pictures/runner-page.ts';
import { contrasts, overhangPx } from './look.ts';

/** For people to look at; each run overwrites them. */
const PICTURES = join(tmpdir(), 'hangar-runner-page');
const FOUL = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>';
const LONG = 'a-repository-with-a-very-long-name-'.repeat(6);
const BUILDS = 200;

const RECORDS = [
  {
    level: 'info',
    text: 'listening for HTTP requests',
    fields: { address: 'http://[::]:3000', version: '0.1.0' },
  },
  {
    level: 'warn',
    text: 'no step ran in the Pod of the pipeline: creating another Pod',
    fields: { stageId: 200, reason: 'node n1 ended the Pod' },
  },
  { level: 'error', text: FOUL, fields: { stageId: 200, err: { message: FOUL } } },
].map((record) => ({ time: new Date().toISOString(), ...record }));

const statusOf = (id: number): 'failure' | 'error' | 'success' => {
  if (id % 7 === 4) return 'failure';
  return id === 198 ? 'error' : 'success';
};

/** 200 builds that have ended, one that runs and one that waits. */
function filled(nowMs: number): StageHistory {
  const history = new StageHistory();
  const at = (index: number): number => Math.floor(nowMs / 1000) - (BUILDS - index) * 60;
  for (let id = 1; id <= BUILDS; id += 1) {
    const status = statusOf(id);
    const repo = id === 199 ? LONG : `acme/${['widget', 'gadget', 'pump'][id % 3] ?? ''}`;
    const evicted = status === 'error' ? { failure: 'evicted' } : {};
    const entry = anEntry({ stageId: id, buildNumber: id, repo, ...evicted });
    history.registryChanged(changed(entry));
    const steps = ['clone', 'build', id === 200 ? FOUL : 'test', 'deploy'].map((name, n) =>
      aStepReport({
        ...{
          id: id * 10 + n,
          stageId: id,
          number: n + 1,
          name,
          image: 'docker.io/library/golang:1.24-alpine',
        },
        ...{ started: at(id) + n * 9, stopped: at(id) + n * 9 + 8 },
        ...(status === 'failure' && n === 2 ? { status: 'failure', exitCode: 2 } : { status: 'success' }),
      }),
    );
    const error =
      status === 'error' ? 'the Pod was evicted from its node: The node was low on resource: memory' : '';
    history.stageReported(aStageReport({ id, started: at(id), steps }));
    history.linesSent(id * 10 + 2, linesFrom(0, '=== RUN   TestPump', FOUL, '\u001b[32mok\u001b[0m  ', LONG));
    history.stageReported(aStageReport({ id, started: at(id), stopped: at(id) + 36, status, error, steps }));
    history.registryChanged(left(entry));
  }
  const running = anEntry({ stageId: 301, buildNumber: 301, sinceMs: nowMs - 42_000 });
  const reason = '12 of 12 pipelines are in use';
  const waiting = anEntry({
    stageId: 302,
    buildNumber: 302,
    phase: 'waiting',
    reason,
    pod: '',
    sinceMs: nowMs,
  });
  for (const entry of [running, waiting]) history.registryChanged(changed(entry));
  history.stageReported(aStageReport({ id: 301, started: Math.floor(nowMs / 1000) - 42 }));
  return history;
}

describe("the runner's dashboard with 200 pipelines in its history", () => {
  let browser: Browser;
  let served: Awaited<ReturnType<typeof serveDashboard>>;
  let address: string;
  const clock = systemClock();
  const history = filled(clock.now());

  beforeAll(async () => {
    mkdirSync(PICTURES, { recursive: true });
    browser = await launchChromium();
    served = await serveDashboard(clock, { history, log: { records: RECORDS } });
    ({ address } = served);
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await served.close();
  });

  /** The page in a profile of its own; it must load nothing but itself and complain of nothing. */
  async function look(
    path: string,
    options: BrowserContextOptions,
    use: (page: Page) => Promise<void>,
  ): Promise<void> {
    const context = await browser.newContext({ httpCredentials: USER, ...options });
    const page = await context.newPage();
    const [complaints, requested]: [string[], string[]] = [[], []];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('request', (request) => requested.push(request.url()));
    try {
      await page.goto(`${address}${path}`);
      await use(page);
      expect(complaints).toEqual([]);
      expect(requested.filter((url) => !url.startsWith(address) && !url.startsWith('data:'))).toEqual([]);
      expect(await page.title()).not.toBe('owned');
      expect(await page.locator('script, img').count()).toBe(0);
    } finally {
      await context.close();
    }
  }

  const looks = (['light', 'dark'] as const).flatMap((scheme) =>
    [1280, 360].flatMap((width) =>
      [
        ['index', '/'],
        ['failed', '/view?id=200&step=3'],
        ['evicted', '/view?id=198'],
        ['log', '/logs'],
      ].map(([name, path]) => [name, path, scheme, width] as [string, string, typeof scheme, number]),
    ),
  );

  it.each(looks)(
    '%s (%s) in %s at %i px can be read without scrolling sideways, and runs nothing that an author wrote',
    async (name, path, colorScheme, width) => {
      await look(path, { colorScheme, viewport: { width, height: 800 } }, async (page) => {
        expect(await overhangPx(page)).toBe(0);
        const all = await contrasts(page);
        expect(all.length).toBeGreaterThan(15);
        expect(all.filter(({ ratio, least }) => ratio < least)).toEqual([]);
        await page.screenshot({ path: join(PICTURES, `${name}-${colorScheme}-${width}.png`) });
      });
    },
  );

  it('leads from the list to a pipeline, to the log of another step, and back', async () => {
    await look('/', {}, async (page) => {
      expect(await page.locator('section[aria-labelledby=past] tbody tr').count()).toBe(BUILDS);
      await page.getByRole('link', { name: 'acme/pump: default' }).first().click();
      await page.locator('h2', { hasText: 'Log of step' }).waitFor();
      await page.getByRole('link', { name: 'clone', exact: true }).click();
      await page.locator('h2', { hasText: 'Log of step clone' }).waitFor();
      await page.getByRole('link', { name: 'Pipelines' }).click();
      await page.locator('h2', { hasText: 'Recent pipelines' }).waitFor();
    });
  });
});
