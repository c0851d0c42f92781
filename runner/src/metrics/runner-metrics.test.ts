import { type MetricSpec, RUNNER_METRICS } from '@hangar/shared/contract/runner-metrics';
import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { WAIT_REASONS } from '../admit/admit.ts';
import { type Picture, RunnerMetrics } from './runner-metrics.ts';
import { anEntry, changed } from './testing/an-entry.ts';

const QUIET: Picture = {
  stages: [],
  unschedulablePods: 0,
  orphanedPods: 0,
  watchStaleMs: 0,
  pollAgeMs: 0,
  eventLoopLagMs: 0,
};

function start(clock = new FakeClock()): RunnerMetrics {
  return new RunnerMetrics(clock, { version: '1.2.3', machine: 'm1', capacity: 5 });
}

interface Exposed {
  readonly kinds: ReadonlyMap<string, string>;
  /** `name{labels}` → value. */
  readonly samples: ReadonlyMap<string, number>;
}

async function exposed(metrics: RunnerMetrics, picture: Partial<Picture> = {}): Promise<Exposed> {
  const lines = (await metrics.text({ ...QUIET, ...picture })).split('\n');
  const kinds = lines.flatMap((line): [string, string][] => {
    const [, name = '', kind = ''] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    return name ? [[name, kind]] : [];
  });
  const samples = lines.flatMap((line): [string, number][] => {
    const [, series = '', value = ''] = /^([a-z_]+(?:\{.*\})?) (\S+)$/.exec(line) ?? [];
    return series ? [[series, Number(value)]] : [];
  });
  return { kinds: new Map(kinds), samples: new Map(samples) };
}

function labelsOf(series: string): string[] {
  const names = [...series.matchAll(/([a-z_]+)="/g)].map(([, name = '']) => name);
  return names.filter((name) => name !== 'le').sort();
}

/** Everything that can be told, once. */
function tellAll(metrics: RunnerMetrics): void {
  metrics.buildSeen(1, 'push');
  metrics.waited('capacity', 1000);
  metrics.launched(10);
  metrics.finished(1000);
  metrics.failedEarly('yaml', 'pipeline');
  metrics.stepStarted('swap', 5);
  metrics.concluded({ kind: 'completed' }, undefined);
  metrics.after({ verb: 'get', resource: 'pods' }, 200, 3);
  metrics.droneCalled('ping', 200);
  metrics.held(1);
  for (const entry of [anEntry({ adopted: true }), anEntry({ stageId: 2 })])
    metrics.registryChanged(changed(entry));
}

describe('RunnerMetrics', () => {
  it('exposes exactly the names and kinds of the contract', async () => {
    const { kinds } = await exposed(start());

    const specs: readonly MetricSpec[] = Object.values(RUNNER_METRICS);
    expect([...kinds].sort()).toEqual(specs.map((spec) => [spec.name, spec.kind]).sort());
  });

  it('exposes each metric with exactly the labels of the contract, once everything was told', async () => {
    const metrics = start();
    tellAll(metrics);

    const { samples } = await exposed(metrics);

    for (const { name, labels } of Object.values(RUNNER_METRICS) as MetricSpec[]) {
      const own = [...samples.keys()].filter((series) =>
        [name, `${name}_bucket`, `${name}_sum`, `${name}_count`].includes(series.replace(/\{.*/, '')),
      );
      expect(own, name).not.toEqual([]);
      for (const series of own) expect(labelsOf(series), series).toEqual([...labels].sort());
    }
  });

  it('says when it began, so that its counters are not taken for those of a former life', async () => {
    const clock = new FakeClock();
    const metrics = start(clock);
    await clock.step(60_000);

    expect((await exposed(metrics)).samples.get('process_start_time_seconds')).toBe(
      (clock.now() - 60_000) / 1000,
    );
  });

  it('begins series that can be known beforehand at 0, so that the first of each kind is an increase', async () => {
    const { samples } = await exposed(start());

    expect(samples.get('hangar_runner_builds_total{event="pull_request"}')).toBe(0);
    expect(samples.get('hangar_runner_stages_ended_total{result="broken"}')).toBe(0);
    expect(samples.get('hangar_runner_failures_total{class="evicted",blame="cluster"}')).toBe(0);
    for (const reason of WAIT_REASONS)
      expect(samples.get(`hangar_runner_admission_waits_total{reason="${reason}"}`), reason).toBe(0);
  });

  it('names every resource that the Kubernetes client knows, and logs', async () => {
    const metrics = start();
    const known = [...Object.values(RESOURCE).map(({ plural }) => plural), 'pods/log'];
    for (const resource of known) metrics.after({ verb: 'list', resource }, 200, 1);

    const { samples } = await exposed(metrics);

    for (const resource of known)
      expect(
        samples.get(`hangar_runner_kubernetes_requests_total{verb="list",resource="${resource}",code="200"}`),
        resource,
      ).toBe(1);
  });

  it('counts what only waits to be reported apart: it is in no state, and asks for nothing', async () => {
    const stages = [anEntry(), ...[2, 3].map((stageId) => anEntry({ stageId, phase: 'reporting' as const }))];
    const { samples } = await exposed(start(), { stages });

    expect(samples.get('hangar_runner_unreported_stages')).toBe(2);
    expect(samples.get('hangar_runner_stages{state="running"}')).toBe(1);
    expect(samples.get('hangar_runner_requested_cpu_cores{state="running"}')).toBe(1);
  });

  it('counts a build once, however many of its stages come, and another one anew', async () => {
    const metrics = start();
    metrics.buildSeen(1, 'push');
    metrics.buildSeen(1, 'push');
    metrics.buildSeen(2, 'push');

    expect((await exposed(metrics)).samples.get('hangar_runner_builds_total{event="push"}')).toBe(2);
  });

  it('makes no series of what outsiders make up', async () => {
    const metrics = start();
    for (const odd of ['a', 'b', 'c']) {
      metrics.buildSeen(odd.charCodeAt(0), `event-${odd}`);
      metrics.failedEarly(`code-${odd}`, `blame-${odd}`);
      metrics.after({ verb: 'get', resource: odd }, 7000 + odd.charCodeAt(0), 1);
    }

    const { samples } = await exposed(metrics);

    expect(samples.get('hangar_runner_builds_total{event="other"}')).toBe(3);
    expect(samples.get('hangar_runner_failures_total{class="other",blame="other"}')).toBe(3);
    expect(
      samples.get('hangar_runner_kubernetes_requests_total{verb="get",resource="other",code="other"}'),
    ).toBe(3);
  });

  it('draws stages and what they ask for by state; one whose details are fetched waits', async () => {
    const stages = [
      anEntry({
        stageId: 1,
        phase: 'preparing',
        asks: { pipelines: 0, pods: 0, cpuMillicores: 0, memoryBytes: 0 },
      }),
      anEntry({ stageId: 2, phase: 'waiting' }),
      anEntry({ stageId: 3, phase: 'running' }),
      anEntry({ stageId: 4, phase: 'running' }),
    ];

    const { samples } = await exposed(start(), { stages });

    expect(samples.get('hangar_runner_stages{state="waiting"}')).toBe(2);
    expect(samples.get('hangar_runner_stages{state="starting"}')).toBe(0);
    expect(samples.get('hangar_runner_requested_cpu_cores{state="running"}')).toBe(2);
    expect(samples.get('hangar_runner_requested_memory_bytes{state="waiting"}')).toBe(2 ** 30);
  });

  it('counts the request of a Pod when its stage is admitted, once; not while it waits, nor of a Pod taken over', async () => {
    const metrics = start();
    for (const phase of ['waiting', 'starting', 'running'] as const)
      for (const entry of [anEntry({ phase }), anEntry({ stageId: 2, adopted: true })])
        metrics.registryChanged(changed(entry));

    const { samples } = await exposed(metrics);

    expect(samples.get('hangar_runner_pod_request_cpu_cores_count')).toBe(1);
    expect(samples.get('hangar_runner_pod_request_memory_bytes_sum')).toBe(2 ** 30);
    expect(samples.get('hangar_runner_adopted_pods_total')).toBe(1);
  });

  it.each([
    ['a completed one has no failure', { kind: 'completed' } as const, undefined, []],
    ['a cancelled one has none either', { kind: 'cancelled' } as const, undefined, []],
    ['a time-out is the pipeline’s', { kind: 'timed-out' } as const, undefined, ['timed-out', 'pipeline']],
    [
      'a broken one has that of its trouble',
      { kind: 'broken', text: 'gone' } as const,
      { code: 'node-lost', blame: 'cluster', text: 'gone' } as const,
      ['node-lost', 'cluster'],
    ],
  ])('counts how a stage ended: %s', async (_sentence, conclusion, trouble, [code, blame]) => {
    const metrics = start();
    metrics.concluded(conclusion, trouble);

    const { samples } = await exposed(metrics);

    expect(samples.get(`hangar_runner_stages_ended_total{result="${conclusion.kind}"}`)).toBe(1);
    const failures = [...samples].filter(([series, value]) => series.includes('failures_total') && value > 0);
    const want =
      code === undefined ? [] : [[`hangar_runner_failures_total{class="${code}",blame="${blame}"}`, 1]];
    expect(failures).toEqual(want);
  });

  it('counts a wait by its reason, and does not call finding room at once a wait', async () => {
    const metrics = start();
    metrics.waited('budget-cpu', 2000);
    metrics.waited('queue', 0);

    const { samples } = await exposed(metrics);

    expect(samples.get('hangar_runner_admission_waits_total{reason="budget-cpu"}')).toBe(1);
    expect(samples.get('hangar_runner_admission_waits_total{reason="queue"}')).toBe(0);
    expect(samples.get('hangar_runner_wait_seconds_count')).toBe(2);
  });

  it('tells spans in seconds, and no latency for a call without an answer', async () => {
    const metrics = start();
    metrics.after({ verb: 'list', resource: 'pods' }, 0, 30_000);

    const { samples } = await exposed(metrics, { watchStaleMs: 1500, pollAgeMs: 2500, eventLoopLagMs: 4 });

    expect(samples.get('hangar_runner_watch_staleness_seconds')).toBe(1.5);
    expect(samples.get('hangar_runner_last_poll_age_seconds')).toBe(2.5);
    expect(samples.get('hangar_runner_event_loop_lag_seconds')).toBe(0.004);
    expect(samples.get('hangar_runner_kubernetes_requests_total{verb="list",resource="pods",code="0"}')).toBe(
      1,
    );
    expect(samples.has('hangar_runner_kubernetes_request_seconds_count{verb="list"}')).toBe(false);
  });

  it('shows the peak of the log’s delay for a while, then forgets it', async () => {
    const clock = new FakeClock();
    const metrics = start(clock);
    metrics.logRead(3000);
    metrics.logRead(20);
    const lag = async (): Promise<number | undefined> =>
      (await exposed(metrics)).samples.get('hangar_runner_log_lag_seconds');

    expect(await lag()).toBe(3);
    await clock.step(30_000);
    expect(await lag()).toBe(3);
    await clock.step(30_000);
    expect(await lag()).toBe(0);
  });

  it('keeps two runners of one process apart', async () => {
    const [one, two] = [start(), start()];
    one.launched(1);

    expect((await exposed(two)).samples.get('hangar_runner_launch_seconds_count')).toBe(0);
  });
});
