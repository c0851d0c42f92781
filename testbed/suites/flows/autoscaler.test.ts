import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '@hangar/autoscaler/config';
import { httpMetricsSource } from '@hangar/autoscaler/metrics-http';
import { readPageFile } from '@hangar/autoscaler/page';
import { createService, type Service } from '@hangar/autoscaler/service';
import { TraceStore } from '@hangar/autoscaler/trace-store';
import { systemClock } from '@hangar/shared/clock';
import { parseExposition } from '@hangar/shared/exposition/parse';
import { type Connection, connectByText } from '@hangar/shared/kubernetes/connection';
import { HttpCluster } from '@hangar/shared/kubernetes/http-cluster';
import { silentLogger } from '@hangar/shared/logger';
import { serviceFaults } from '@hangar/shared/testing/api-faults';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PracticeServer, startPracticeServer } from '../../parts/drone/practice-server.ts';
import type { EmbeddedCluster } from '../../parts/embedded/cluster.ts';
import { until as eventually } from '../../parts/until.ts';
import { pipeline, step } from './pipelines.ts';
import { type ProgramProcess, startRunnerProcess } from './program-process.ts';
import { startEmbedded } from './start-embedded.ts';

const TIMEOUT_MS = 60_000;
const SECRET = 'flow-secret';
const BUILDS = 6;
/** One core each: four nodes of four hold all of them, and the buffer needs more. */
const HUNGRY = 'resources:\n  requests:\n    cpu: 1000\n    memory: 512MiB\n';
const YAML = pipeline(step('work', ['sleep 6']), HUNGRY);

interface Answer {
  readonly at: string;
  readonly stale: boolean;
  readonly demand: {
    readonly runningPods: number;
    readonly pendingPods: number;
    readonly knownStages: number;
  };
  readonly shapes: readonly {
    readonly shape: string;
    readonly nodesNow: number;
    readonly nodesAhead: number;
  }[];
  readonly pools: readonly {
    readonly pool: string;
    readonly actualNodes: number;
    readonly desiredNodes: number;
  }[];
  readonly because: readonly string[];
}

const node = (name: string) => ({
  name,
  cpu: '4',
  memory: '8Gi',
  labels: { 'node.kubernetes.io/instance-type': 'builds-4' },
});

/** Runner, cluster, Drone and the capacity service: the recommendation follows the builds. */
describe('the capacity service beside a runner', () => {
  let cluster: EmbeddedCluster;
  let drone: PracticeServer;
  let runner: ProgramProcess;
  let connection: Connection;
  let service: Service;
  let folder: string;
  let running: Promise<void>;
  const stop = new AbortController();
  const source = httpMetricsSource();

  beforeAll(async () => {
    const made = await startEmbedded({ nodes: [node('a'), node('b'), node('c')] });
    cluster = made.cluster;
    drone = await startPracticeServer({ secret: SECRET, longPollMs: 5_000 });
    const { kubeconfig, namespace, env } = made.access;
    runner = await startRunnerProcess({
      folder: cluster.folder,
      kubeconfig,
      droneHost: drone.host,
      secret: SECRET,
      env: { DRONE_NAMESPACE_DEFAULT: namespace, HANGAR_LEASE_NAMESPACE: namespace, ...env },
    });
    const loaded = loadConfig({
      HANGAR_AUTOSCALER_RUNNERS: runner.address,
      HANGAR_AUTOSCALER_TICK: '200ms',
      HANGAR_AUTOSCALER_BOOT_TIME: '60s',
      HANGAR_AUTOSCALER_COOL_DOWN: '1s',
    });
    if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
    connection = await connectByText(kubeconfig);
    const clock = systemClock();
    folder = join(cluster.folder, 'trace');
    const memory = new TraceStore({ folder, retentionMs: 10 * 86_400_000, mostRecords: 1_000 });
    const watched = new HttpCluster(clock, connection);
    service = createService(
      { clock, log: silentLogger, source, cluster: watched, memory, version: 'test', page: readPageFile() },
      loaded.ok,
    );
    running = service.autoscaler.run(stop.signal);
  });

  afterAll(async () => {
    stop.abort();
    await running;
    await service.http.close();
    await runner.end();
    await drone.close();
    await Promise.all([connection.close(), source.close()]);
    await cluster.close();
  });

  const answer = async (): Promise<Answer | undefined> => {
    const { statusCode, json } = await service.http.inject('/api/v1/recommendations').then((one) => ({
      statusCode: one.statusCode,
      json: () => one.json<Answer>(),
    }));
    return statusCode === 200 ? json() : undefined;
  };

  const until = async (sentence: string, holds: (answer: Answer) => boolean): Promise<Answer> => {
    let last: Answer | undefined;
    return eventually(sentence, TIMEOUT_MS, async () => {
      last = await answer();
      if (last && holds(last)) return last;
      throw new Error(`the last answer: ${JSON.stringify(last)}`);
    });
  };

  const nodes = ({ shapes }: Answer, name: string) => {
    const found = shapes.find(({ shape }) => shape === name);
    if (found === undefined) throw new Error(`${name} is missing`);
    return found;
  };
  const wanted = ({ pools }: Answer): number =>
    pools.find(({ pool }) => pool === 'builds-4')?.desiredNodes ?? -1;
  const work = ({ runningPods, pendingPods, knownStages }: Answer['demand']): number =>
    runningPods + pendingPods + knownStages;

  it('follows the builds, gives reasons, and keeps them', async () => {
    const quiet = await until('it sees three idle nodes', (one) => one.pools[0]?.actualNodes === 3);
    expect(quiet.demand).toMatchObject({ runningPods: 0, pendingPods: 0, knownStages: 0 });
    expect(quiet.shapes.map(({ shape }) => shape)).toEqual(['4cpu-8gb', '8cpu-16gb']);

    const ids = Array.from(
      { length: BUILDS },
      () => drone.createBuild({ yaml: YAML, event: 'pull_request' }).id,
    );
    const busy = await until('it sees all builds', ({ demand }) => work(demand) >= BUILDS);

    expect(nodes(busy, '4cpu-8gb').nodesNow).toBeGreaterThan(nodes(quiet, '4cpu-8gb').nodesNow);
    expect(nodes(busy, '4cpu-8gb').nodesAhead).toBeGreaterThan(nodes(quiet, '4cpu-8gb').nodesAhead);
    expect(nodes(busy, '8cpu-16gb').nodesAhead).toBeGreaterThan(0);
    expect(wanted(busy)).toBeGreaterThan(wanted(quiet));
    expect(busy.because.join(' ')).toMatch(/Pods? (are|is) running.*(are|is) unschedulable.*no Pod yet/);
    for (const id of ids) await drone.waitForBuild(id, { timeoutMs: TIMEOUT_MS });

    const after = await until('it is quiet again', ({ demand }) => work(demand) === 0);
    expect(nodes(after, '4cpu-8gb').nodesNow).toBe(0);
    const lines = await remembered();
    expect(lines).toHaveLength(BUILDS);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ repo: 'acme/widget', cpuMillis: 1000 });
  });

  /** Lines of the trace, when there are enough. */
  async function remembered(): Promise<readonly string[]> {
    const read = (): readonly string[] =>
      readdirSync(folder).flatMap((name) => readFileSync(join(folder, name), 'utf8').trim().split('\n'));
    await eventually('all lines', TIMEOUT_MS, () => read().length >= BUILDS);
    return read();
  }

  it('times the boot of a node for which a build waits, by phase', async () => {
    const id = drone.createBuild({ yaml: `${YAML}\nnode_selector:\n  boot: observed\n` }).id;
    const { at } = await until('the build waits', ({ demand }) => demand.pendingPods > 0);
    // The API has whole seconds: only a node of a later one was created for the build.
    await until('a second has passed', (later) => Date.parse(later.at) - Date.parse(at) >= 1_000);
    cluster.addNode({ ...node('d'), labels: { ...node('d').labels, boot: 'observed' }, ready: false });
    await until('it sees the node', ({ pools }) => pools[0]?.actualNodes === 4);
    cluster.setNodeReady('d', true);
    await drone.waitForBuild(id, { timeoutMs: TIMEOUT_MS });
    const phases = async (): Promise<readonly string[]> => {
      const answer = await service.http.inject('/api/v1/boots');
      return answer.json<{ phases: { phase: string }[] }>().phases.map(({ phase }) => phase);
    };

    await eventually('all phases', TIMEOUT_MS, async () => (await phases()).length === 3);
    expect(await phases()).toEqual(['machine', 'kubelet', 'image']);
  });

  it('answers what if with the published numbers', async () => {
    const reported = (await service.http.inject('/api/v1/what-if?prsPerDay=500')).json<{ shapes: unknown }>();

    expect(reported.shapes).toEqual({
      '4cpu-8gb': { low: 87, high: 121 },
      '8cpu-16gb': { low: 45, high: 62 },
    });
  });

  it('answers as both programs describe themselves', async () => {
    const ofService = await serviceFaults(async (path) => {
      const { statusCode, headers, body } = await service.http.inject(path);
      return { statusCode, contentType: String(headers['content-type']), body };
    });
    // It has no dashboard.
    const withoutDashboard = (path: string) => !['/', '/view', '/logs'].includes(path);
    const ofRunner = await serviceFaults(async (path) => {
      const answer = await fetch(new URL(path, runner.address));
      const contentType = answer.headers.get('content-type') ?? '';
      return { statusCode: answer.status, contentType, body: await answer.text() };
    }, withoutDashboard);

    expect([ofService, ofRunner]).toEqual([[], []]);
  });

  it('serves a self-contained page, health, and metrics that Prometheus can read', async () => {
    const page = await service.http.inject('/');
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.body).not.toMatch(/(src|href)="(https?:)?\/\//);
    const script = await service.http.inject('/page/page.js');
    expect([script.statusCode, script.headers['content-type']]).toEqual([
      200,
      'text/javascript; charset=utf-8',
    ]);

    expect((await service.http.inject('/livez')).statusCode).toBe(200);
    expect((await service.http.inject('/readyz')).json()).toMatchObject({ ok: true, reasons: [] });
    const text = parseExposition((await service.http.inject('/metrics')).body);
    expect(text.problems).toEqual([]);
    expect(text.families.get('hangar_autoscaler_targets')?.samples.map(({ value }) => value)).toEqual([1, 0]);
  });
});
