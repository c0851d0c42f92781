import { loadConfig } from '@hangar/autoscaler/config';
import { createService } from '@hangar/autoscaler/service';
import { noMemory } from '@hangar/autoscaler/trace/trace-memory';
import { createHttp } from '@hangar/runner/http';
import { WELL } from '@hangar/runner/http-testing';
import { silentLogger } from '@hangar/shared/logger';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { blocksOf } from './blocks.ts';
import { readDocument } from './pages.ts';

const PAGE = readDocument('docs/api.md');
/** The answers that the page shows, in its order. */
const [unready, stages, problem] = blocksOf(PAGE)
  .filter(({ language }) => language === 'json')
  .map(({ text }) => JSON.parse(text) as unknown);

type HttpParts = Parameters<typeof createHttp>[0];

const WAITING: ReturnType<HttpParts['stages']>[number] = {
  stageId: 2,
  buildId: 10,
  buildNumber: 7,
  repo: 'acme/widget',
  stageName: 'default',
  event: 'push',
  phase: 'waiting',
  sinceMs: Date.parse('2026-01-14T10:35:00Z'),
  reason: '5 of 5 pipelines are in use',
  pod: '',
  adopted: false,
  asks: { pipelines: 1, pods: 1, cpuMillicores: 500, memoryBytes: 512 * 2 ** 20 },
};

const runner = (pollAgeMs = 0) =>
  createHttp({
    clock: new FakeClock(),
    stages: () => [WAITING],
    ahead: () => [],
    signs: () => ({ ...WELL, pollAgeMs }),
    metrics: { contentType: 'text/plain', text: () => Promise.resolve('') },
    about: { machine: 'm', version: '0', capacity: 5 },
    ui: undefined,
    dashboard: undefined,
    token: undefined,
  });

function autoscaler() {
  const loaded = loadConfig({
    HANGAR_AUTOSCALER_KUBERNETES: 'off',
    HANGAR_AUTOSCALER_RUNNERS: 'http://127.0.0.1:1',
  });
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
  const source = { get: () => Promise.reject(new Error('nobody is asked')) };
  const clock = new FakeClock();
  const parts = { clock, log: silentLogger, source, cluster: undefined, memory: noMemory };
  return createService({ ...parts, version: '0', page: new Map() }, loaded.ok).http;
}

describe('docs/api.md shows what the runner answers', () => {
  it('when it is not ready', async () => {
    expect((await runner(200_000).inject('/readyz')).json()).toEqual(unready);
  });

  it('at /stages', async () => {
    expect((await runner().inject('/stages')).json()).toEqual(stages);
  });
});

describe('docs/api.md shows what the autoscaler answers', () => {
  it('to an invalid request', async () => {
    expect((await autoscaler().inject('/api/v1/what-if')).json()).toEqual(problem);
  });

  it('at paths that are there', async () => {
    const [, section = ''] = PAGE.split('## The autoscaler');
    const paths = [...section.matchAll(/`GET (\/[^`, ]*)`/g)].map(
      ([, path = '']) => path.split('?')[0] ?? '',
    );
    const http = autoscaler();
    await http.ready();
    const known = paths.filter((path) => path === '/' || http.hasRoute({ method: 'GET', url: path }));
    expect(known).toEqual(paths);
    expect(paths).toContain('/api/v1/recommendations');
  });
});
