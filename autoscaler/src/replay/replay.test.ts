import { describe, expect, it } from 'vitest';
import type { Job } from '../capacity/job.ts';
import { newNodesFor } from '../capacity/packing.ts';
import { GIB, MIB } from '../capacity/shape.ts';
import { FIRST_MONDAY, generateLoad } from '../trace/generate.ts';
import { clusterAutoscalerPolicy } from './policies/cluster-autoscaler.ts';
import { karpenterBufferPolicy, karpenterPolicy } from './policies/karpenter.ts';
import { clairvoyantRule, lookAheadRule, squareRootRule } from './policies/rules.ts';
import { ServedBuffer } from './policies/served-buffer.ts';
import { ReplayedDecisions, ruledPolicy, servicePolicy } from './policies/service.ts';
import { softlyPlaced } from './policies/soft-taints.ts';
import { staticPolicy } from './policies/static.ts';
import type { ScalingPolicy } from './policy.ts';
import { replay } from './replay.ts';
import type { ReplayResult } from './result.ts';
import { aService } from './testing/a-service.ts';

const DAY = 86_400;
const node = { allocatable: { cpuMillicores: 3920, memoryBytes: 6018 * MIB, pods: 110 } };
const jobs = generateLoad({ load: 'table-like', seed: 5, days: 4, prsPerDay: 120 });
const bufferOfService = (service = aService()): ServedBuffer =>
  new ServedBuffer(new ReplayedDecisions(service.policy), service);
const forecast = (): ScalingPolicy => softlyPlaced(servicePolicy(aService()));
const policies: Readonly<Record<string, () => ScalingPolicy>> = {
  'cluster-autoscaler': () => clusterAutoscalerPolicy(),
  karpenter: () => karpenterPolicy(),
  sqrt: () => softlyPlaced(ruledPolicy(squareRootRule(2, 5), aService())),
  'look-ahead': () => softlyPlaced(ruledPolicy(lookAheadRule(0, 5), aService())),
  'forecast without marks': () => servicePolicy(aService()),
  'cluster-autoscaler with marks': () => softlyPlaced(clusterAutoscalerPolicy()),
  'karpenter-buffer': () => softlyPlaced(karpenterBufferPolicy(bufferOfService())),
  forecast,
};

function play(
  policy: ScalingPolicy,
  on: readonly Job[] = jobs,
): { result: ReplayResult; decisions: [number, number][] } {
  const decisions: [number, number][] = [];
  const result = replay({
    jobs: on,
    node,
    bootSeconds: 180,
    policy,
    seed: 9,
    countFrom: FIRST_MONDAY + 2 * DAY,
    onDecision: (at, nodes) => decisions.push([at, nodes]),
  });
  return { result, decisions };
}

/** Each test simulates days of builds, some of them several times: this takes seconds, and several times that with coverage. */
describe('replay', { timeout: 30_000 }, () => {
  it('reports the worst hour of a quiet trace too', () => {
    const request = { cpuMillicores: 3000, memoryBytes: MIB };
    const arrivedAt = FIRST_MONDAY + 2 * DAY;
    const quiet = [0, 1, 2].map((nth) => ({ arrivedAt: arrivedAt + nth, durationSeconds: 100, request }));

    expect(play(staticPolicy(1), quiet).result.worstHourP95).toBe(198);
  });

  it('reports the forecast error of the counted days, and of no other', () => {
    const first = jobs.filter(({ arrivedAt }) => arrivedAt < FIRST_MONDAY + 1.9 * DAY);
    const twoDays = play(forecast(), first).result.forecastError;
    const fourDays = play(forecast()).result.forecastError;

    expect(twoDays).toBeNull();
    expect(fourDays).toBeGreaterThan(0);
  });

  const counted = jobs.filter(({ arrivedAt }) => arrivedAt >= FIRST_MONDAY + 2 * DAY);

  it.each(Object.keys(policies))(
    '%s places every job, and costs at least the node-hours of the work itself',
    (name) => {
      const { result } = play(policies[name]?.() ?? forecast());
      const pureHours = counted.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0) / 3 / 3600;

      expect(result).toMatchObject({ jobs: counted.length, unplaced: 0, tooLarge: 0, evicted: 0 });
      expect(result.nodeHours).toBeGreaterThan(pureHours * 0.95);
      expect(result.waitSeconds.max).toBeLessThanOrEqual(200);
    },
  );

  it('gives the same result for the same seed', () => {
    expect(play(forecast())).toEqual(play(forecast()));
  });

  it.each(Object.keys(policies))(
    '%s does not see the future: later arrivals and run times change no earlier decision',
    (name) => {
      const turn = FIRST_MONDAY + 2.6 * DAY;
      const changed = jobs
        .filter(({ arrivedAt }, index) => arrivedAt < turn || index % 3 === 0)
        .map((job) =>
          job.arrivedAt + job.durationSeconds < turn
            ? job
            : { ...job, durationSeconds: Math.max(turn - job.arrivedAt, 1) + 77 },
        );
      const before = (on: readonly Job[]): string =>
        JSON.stringify(play(policies[name]?.() ?? forecast(), on).decisions.filter(([at]) => at < turn));

      expect(before(changed)).toBe(before(jobs));
      expect(before(jobs).length).toBeGreaterThan(1000);
    },
  );

  it('counts every node of a static pool from the start of the counted days to the last arrival', () => {
    const { result } = play(staticPolicy(40));
    const hours = ((jobs.at(-1)?.arrivedAt ?? 0) - FIRST_MONDAY - 2 * DAY) / 3600;

    expect(result.nodeHours).toBeCloseTo(40 * hours, 6);
    expect(result.boots).toBe(0);
  });

  it('lets jobs wait when the static pool is too small, and never loses one', () => {
    const { result } = play(staticPolicy(8));

    expect(result.unplaced).toBe(0);
    expect(result.waitSeconds.p95).toBeGreaterThan(300);
  });

  it('rejects and counts what is larger than a node', () => {
    const giant = {
      arrivedAt: FIRST_MONDAY + 3 * DAY,
      durationSeconds: 1,
      request: { cpuMillicores: 9000, memoryBytes: GIB },
    };
    const on = [...jobs, giant].sort((one, other) => one.arrivedAt - other.arrivedAt);

    expect(play(karpenterPolicy(), on).result).toMatchObject({ tooLarge: 1, jobs: counted.length });
  });

  it('has shorter waits with the forecast than with Karpenter, and hardly any with the clairvoyant', () => {
    const p95 = (policy: ScalingPolicy): number => play(policy).result.waitSeconds.p95;
    const best = p95(ruledPolicy(clairvoyantRule(jobs, 190), aService()));

    expect(best).toBeLessThan(1);
    expect(p95(forecast())).toBeLessThan(p95(karpenterPolicy()) / 2);
  });

  it('costs less for any policy where surplus nodes are marked, and no job waits longer because of a mark', () => {
    const plain = play(karpenterPolicy()).result;
    const marked = play(softlyPlaced(karpenterPolicy())).result;

    expect(marked.nodeHours).toBeLessThan(plain.nodeHours);
    expect(marked.waitSeconds.max).toBeLessThanOrEqual(200);
  });

  it.each([
    ['the first build', undefined, 0],
    ['a lead-in before it', 73.5, -73.5],
  ])('has its ticks from %s on', (_, leadInSeconds, want) => {
    const ticks: number[] = [];
    const policy = karpenterPolicy();
    const [first] = jobs;
    const arrivedAt = first?.arrivedAt ?? 0;
    replay({
      ...{ jobs: jobs.slice(0, 1), node, bootSeconds: 180, seed: 9, countFrom: 0 },
      ...(leadInSeconds === undefined ? {} : { leadInSeconds }),
      policy: { ...policy, tick: (view) => (ticks.push(view.nowSeconds - arrivedAt), policy.tick(view)) },
    });

    expect(ticks.slice(0, 2)).toEqual([want, want + 5]);
  });

  it('uses what is known in advance', () => {
    const known = generateLoad({ load: 'table-like', seed: 5, days: 4, prsPerDay: 120, knownSeconds: 190 });
    const blind = play(ruledPolicy(lookAheadRule(0, 5), aService()));

    expect(play(ruledPolicy(lookAheadRule(0, 5), aService()), known).result.waitSeconds.p95).toBeLessThan(
      blind.result.waitSeconds.p95,
    );
  });

  it('keeps nodes that are billed by the hour to the end of one, and costs less so', () => {
    const hour = 3_600_000;
    const billed = (unitMs: number): number => {
      const service = aService({ billing: { unitMs, leastLifeMs: 0 } });
      return replay({
        ...{ jobs, node, bootSeconds: 180, seed: 9, countFrom: FIRST_MONDAY + 2 * DAY, billingUnitMs: hour },
        policy: softlyPlaced(servicePolicy(service)),
      }).billedNodeHours;
    };

    expect(billed(hour)).toBeLessThan(0.97 * billed(1000));
  });

  it('removes no node before its least life', () => {
    const ages: number[] = [];
    const leastLifeMs = 1_800_000;
    replay({
      ...{ jobs, node, bootSeconds: 180, seed: 9, countFrom: FIRST_MONDAY + 2 * DAY },
      policy: servicePolicy(aService({ billing: { unitMs: 1000, leastLifeMs } })),
      onNodeGone: (orderedAt, goneAt) => ages.push(goneAt - orderedAt),
    });

    expect(Math.min(...ages)).toBeGreaterThanOrEqual(leastLifeMs / 1000);
  });

  it('simulates nothing without jobs', () => {
    expect(play(karpenterPolicy(), []).result).toMatchObject({
      jobs: 0,
      nodeHours: 0,
      nodeHoursPer1000Jobs: 0,
    });
  });
});

describe('newNodesFor', () => {
  const pods = (cpuMillicores: number, count: number) => ({
    request: { cpuMillicores, memoryBytes: GIB },
    count,
  });

  it.each([
    { why: 'three fit on a node', waiting: [pods(1150, 4)], booting: 0, want: 2 },
    { why: 'a booting node takes its share', waiting: [pods(1150, 4)], booting: 1, want: 1 },
    { why: 'enough is on its way', waiting: [pods(1150, 3)], booting: 1, want: 0 },
    {
      why: 'the largest go first and the small fill up',
      waiting: [pods(900, 2), pods(2800, 2)],
      booting: 0,
      want: 2,
    },
    { why: 'what never fits needs nothing', waiting: [pods(9000, 5)], booting: 0, want: 0 },
  ])('$why: $want', ({ waiting, booting, want }) => {
    expect(newNodesFor(waiting, booting, node)).toBe(want);
  });
});
