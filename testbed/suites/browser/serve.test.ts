import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../../parts/launch-chromium.ts';
import { type ProgramProcess, startProgram } from '../flows/program-process.ts';
import { openTab } from './chromium.ts';

/** A runner with a number of running stages. */
class FakeRunner {
  running = 0;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      const isDemand = request.url === '/demand';
      response.setHeader('content-type', isDemand ? 'application/json' : 'text/plain; version=0.0.4');
      response.end(isDemand ? '{"waiting":[]}' : this.#metrics());
    });
  }

  #metrics(): string {
    return [
      'hangar_runner_stages{state="waiting"} 0',
      'hangar_runner_stages{state="starting"} 0',
      `hangar_runner_stages{state="running"} ${this.running}`,
      `hangar_runner_requested_cpu_cores{state="running"} ${this.running}`,
      `hangar_runner_requested_memory_bytes{state="running"} ${this.running * 2 ** 30}`,
      'hangar_runner_capacity_pipelines 100',
      '',
    ].join('\n');
  }

  listen(): Promise<string> {
    return new Promise((resolve) => {
      this.#server.listen(0, '127.0.0.1', () => {
        resolve(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`);
      });
    });
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

describe('hangar-autoscaler serve, as a process, in a browser', () => {
  const runner = new FakeRunner();
  let browser: Browser;
  let child: ProgramProcess;
  let address: string;

  beforeAll(async () => {
    browser = await launchChromium();
    child = await startProgram({
      program: 'autoscaler',
      command: 'serve',
      env: {
        HANGAR_AUTOSCALER_RUNNERS: await runner.listen(),
        HANGAR_AUTOSCALER_KUBERNETES: 'off',
        HANGAR_AUTOSCALER_LISTEN: '127.0.0.1:0',
        HANGAR_AUTOSCALER_TICK: '1s',
        HANGAR_AUTOSCALER_STALE_AFTER: '2s',
      },
    });
    address = `${child.address}/`;
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    await child.end();
    runner.close();
  });

  it('follows the runner without a reload, and reports when the runner is gone', async () => {
    const tab = await openTab(browser, address);
    const { page, asked } = tab;
    const now = page.locator('[data-now="4cpu-8gb"]');
    await now.filter({ hasText: /^0$/ }).waitFor();

    runner.running = 40;
    await now.filter({ hasText: /^[1-9]/ }).waitFor();
    const work = page.locator('#why li', { hasText: '40 Pods are running' });
    await work.waitFor();
    const grown = await now.innerText();

    runner.close();
    await page.locator('#state[data-state="stale"]').waitFor();
    expect(await page.getByRole('alert').innerText()).toMatch(/Stale[^]*1 of 1 runners are unreachable/);
    expect(await now.innerText()).toBe(grown);
    expect(asked.filter((at) => !at.startsWith(address) && !at.startsWith('data:'))).toEqual([]);
    await tab.close();
  });
});
