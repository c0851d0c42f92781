import type { WaitingStage } from '@hangar/shared/contract/demand';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_ENGINE_FACTS } from '../advise/engines.ts';
import { podCountsOf } from '../capacity/pod-counts.ts';
import { poolsOf } from '../capacity/pools.ts';
import type { NodeFact } from '../capacity/read-node.ts';
import type { PodFact } from '../capacity/read-pod.ts';
import { MIB } from '../capacity/shape.ts';
import { PUBLISHED_SHAPES } from '../model/shapes.ts';
import type { RunnersView } from '../scrape/runner-book.ts';
import { aWaitingStage } from '../testing/demand-stages.ts';
import { manyPodsSnapshot, oneNode, onePod } from '../testing/many-pods.ts';
import { conditionsOf, isStale } from './conditions.ts';
import { type DecideOptions, decide } from './decide.ts';
import { totalDemand } from './demand.ts';
import { type Guardrails, guarded } from './guardrails.ts';
import type { CapacitySnapshot } from './snapshot.ts';

const REQUEST = { cpuMillicores: 1150, memoryBytes: 1700 * MIB };
const RAILS: Guardrails = {
  minNodes: 0,
  maxNodes: 1000,
  stepUp: 100,
  stepDown: 100,
  coolDownMs: 60_000,
  quota: { cpuMillicores: Infinity, memoryBytes: Infinity },
};
const OPTIONS: DecideOptions = {
  shapes: [],
  daemonSets: { cpuMillicores: 300, memoryBytes: 370 * MIB },
  buffer: { z: 2, floor: 5, quantile: 0.95, forecast: true },
  rails: RAILS,
  floors: [],
  money: { prices: {}, currency: '', maxPerDay: undefined },
  poolOrder: [],
  objectiveMs: 10_000,
  tickMs: 10_000,
  seed: 1,
};

const aPod = onePod;
const aNode = (name: string, change: Partial<NodeFact> = {}): NodeFact =>
  oneNode(name, { pool: 'small', ...change });
const aStage = (stageId: number, change: Partial<WaitingStage> = {}) =>
  aWaitingStage(stageId, { request: REQUEST, ...change });
const runnersWith = (
  known: readonly WaitingStage[] | undefined,
  change: Partial<RunnersView> = {},
): RunnersView => ({
  targets: ['http://r'],
  missing: [],
  answeredLately: 1,
  states: undefined,
  capacityPipelines: undefined,
  known,
  ahead: [],
  problems: [],
  increases: new Map(),
  ...change,
});
const many = (count: number, change: Partial<PodFact> = {}) =>
  Array.from({ length: count }, (_, nth) => aPod(`p${nth}`, { node: `n${Math.floor(nth / 3)}`, ...change }));
const nodes = (count: number) => Array.from({ length: count }, (_, nth) => aNode(`n${nth}`));

function aSnapshot(
  pods: readonly PodFact[],
  there: readonly NodeFact[],
  change: Partial<CapacitySnapshot> = {},
) {
  const overhead = { assumed: { cpuMillicores: 300, memoryBytes: 370 * MIB } };
  return Object.freeze(
    manyPodsSnapshot(pods, 0, { perSecond: 0, pools: poolsOf(there, pods, overhead), ...change }),
  );
}

const shapeIn = (answer: ReturnType<typeof decide>, name: string) => {
  const found = answer.shapes.find(({ shape }) => shape === name);
  if (found === undefined) throw new Error(`${name} is missing`);
  return found;
};

describe('demand', () => {
  const sources = {
    states: undefined,
    capacityPipelines: undefined,
    typical: REQUEST,
    quotaRoomPods: Infinity,
  };

  it('counts a stage whose Pod is seen as that Pod, and a stage without a Pod on its own', () => {
    const demand = totalDemand({
      ...sources,
      pods: podCountsOf(
        [aPod('held', { state: 'held' }), aPod('runs'), aPod('waits', { state: 'pending' })],
        new Set(['held', 'not-seen-yet']),
      ),
      ahead: [],
      pendingJobs: undefined,
      nodeReadyMs: 0,
      known: [aStage(1, { pod: 'held' }), aStage(2), aStage(3, { pod: 'not-seen-yet' })],
    });

    expect(demand).toMatchObject({ runningPods: 1, pendingPods: 2, knownStages: 2, lowerBound: false });
  });

  it('uses metrics where no Pods are watched, and notes what they can not report', () => {
    const of = (stages: number) => ({ stages, cpuMillicores: stages * 500, memoryBytes: stages * 1024 });
    const demand = totalDemand({
      ...sources,
      pods: undefined,
      ahead: [],
      pendingJobs: undefined,
      nodeReadyMs: 0,
      known: undefined,
      states: { waiting: of(4), starting: of(1), running: of(2) },
      capacityPipelines: 7,
    });

    expect(demand).toMatchObject({ runningPods: 3, pendingPods: 0, knownStages: 4, lowerBound: true });
    expect(demand.known[0]?.request.cpuMillicores).toBe(500);
    expect(demand.notes.join(' ')).toContain('Pods are not watched');
    expect(demand.notes.join(' ')).toContain('the runners are at their capacity');
  });
});

describe('decide', () => {
  it('packs what runs and waits, adds the buffer by the rule, and gives reasons for all of it', () => {
    const answer = decide(aSnapshot(many(30), nodes(10)), OPTIONS);

    expect(answer.buffer.pods).toBeCloseTo(2 * Math.sqrt(30) + 5);
    expect(answer.buffer.because).toBe('2·√(30 running + 0 waiting) + 5 = 16.0 Pods');
    expect(shapeIn(answer, '4cpu-8gb')).toMatchObject({ nodesNow: 10, nodesAhead: 16, tooLargeShare: 0 });
    expect(shapeIn(answer, '8cpu-16gb')).toMatchObject({ nodesNow: 5, nodesAhead: 8 });
    expect(answer.pools).toEqual([
      expect.objectContaining({
        pool: 'small',
        actualNodes: 10,
        desiredNodes: 16,
        spareNodes: 6,
        emptyNodes: 0,
      }),
    ]);
  });

  it('gives the same answer for the same snapshot', () => {
    const snapshot = aSnapshot(many(31), nodes(11), { perSecond: 0.1 });

    expect(decide(snapshot, OPTIONS)).toEqual(decide(snapshot, OPTIONS));
  });

  it('counts stages without a Pod before any Pod is there', () => {
    const known = Array.from({ length: 9 }, (_, nth) => aStage(nth));
    const answer = decide(aSnapshot([], [], { runners: runnersWith(known) }), OPTIONS);

    expect(shapeIn(answer, '4cpu-8gb').nodesNow).toBe(3);
    expect(answer.because[0]).toBe('0 Pods are running, 0 are unschedulable, 9 known stages have no Pod yet');
  });

  it('reports the share of the Pods that fit on no node of a shape', () => {
    const large = { cpuMillicores: 5000, memoryBytes: 1700 * MIB };
    const answer = decide(aSnapshot([...many(3), aPod('large', { request: large })], nodes(2)), OPTIONS);

    expect(shapeIn(answer, '4cpu-8gb').tooLargeShare).toBe(0.25);
    expect(shapeIn(answer, '4cpu-8gb').because.join(' ')).toContain('25 % of the Pods do not fit');
    expect(shapeIn(answer, '8cpu-16gb').tooLargeShare).toBe(0);
  });

  it('adds nodes until the simulated wait meets the objective, and reports that', () => {
    const stormy = aSnapshot(many(30), nodes(10), { perSecond: 0.5 });
    const calm = decide(aSnapshot(many(30), nodes(10)), OPTIONS);
    const answer = decide(stormy, OPTIONS);

    expect(shapeIn(answer, '4cpu-8gb').nodesAhead).toBeGreaterThan(shapeIn(calm, '4cpu-8gb').nodesAhead);
    expect(shapeIn(answer, '4cpu-8gb').because.join(' ')).toContain('because the simulated wait');
  });

  it('gives up empty nodes that are not needed, never more than there are', () => {
    const answer = decide(aSnapshot(many(3), nodes(30)), OPTIONS);

    expect(answer.pools[0]).toMatchObject({ actualNodes: 30, emptyNodes: 29, desiredNodes: 4 });
  });

  it('keeps nodes that hold builds, even when they are almost empty', () => {
    const thin = many(10).map((pod, nth) => ({ ...pod, node: `n${nth}` }));

    expect(decide(aSnapshot(thin, nodes(10)), OPTIONS).pools[0]?.desiredNodes).toBe(10);
  });

  it('knows that free room in small pieces holds no large Pod', () => {
    const wide = { cpuMillicores: 3000, memoryBytes: 1700 * MIB };
    const thin = Array.from({ length: 20 }, (_, nth) => aPod(`p${nth}`, { node: `n${nth}` }));
    const waiting = aPod('large', { state: 'pending', node: '', request: wide });
    const free = { ...OPTIONS, buffer: { ...OPTIONS.buffer, z: 0, floor: 0 } };

    expect(decide(aSnapshot(thin, nodes(20)), free).pools[0]?.desiredNodes).toBe(20);
    expect(decide(aSnapshot([...thin, waiting], nodes(20)), free).pools[0]?.desiredNodes).toBe(21);
  });

  it('assigns work to the pool that may take it', () => {
    const arm = aNode('arm', { pool: 'arm', traits: { labels: { 'kubernetes.io/arch': 'arm64' } } });
    const pod = {
      state: 'pending' as const,
      node: '',
      constraints: { nodeSelector: { 'kubernetes.io/arch': 'arm64' } },
    };
    const answer = decide(aSnapshot(many(8, pod), [...nodes(6), arm]), OPTIONS);

    expect(answer.pools.find(({ pool }) => pool === 'arm')?.desiredNodes).toBe(3);
    expect(answer.pools.find(({ pool }) => pool === 'small')?.desiredNodes).toBe(4);
  });

  it('reports how many Pods no pool can take', () => {
    const pod = { state: 'pending' as const, node: '', constraints: { nodeSelector: { gpu: 'yes' } } };

    expect(decide(aSnapshot(many(2, pod), nodes(2)), OPTIONS).because.at(-1)).toContain(
      '2 unschedulable Pods match no pool',
    );
  });

  it('uses the forecast where it differs from the rule, and reports that', () => {
    const answer = decide(
      aSnapshot(many(30), nodes(10), { forecast: { pods: 3, keepPods: 3, isForecast: true } }),
      OPTIONS,
    );

    expect(answer.buffer).toMatchObject({ pods: 3, by: 'forecast' });
  });

  it('keeps a calendar floor and names it, and gives maxNodes precedence', () => {
    const [floor] = [
      { text: '* UTC', days: [0, 1, 2, 3, 4, 5, 6], fromMinute: 0, toMinute: 1440, zone: 'UTC', nodes: 8 },
    ];
    const snapshot = aSnapshot(many(3), nodes(2));
    const answer = decide(snapshot, { ...OPTIONS, floors: [floor] });

    expect(answer.pools[0]).toMatchObject({ desiredNodes: 8 });
    expect(answer.pools[0]?.because.at(-1)).toBe('at least 8 nodes (* UTC)');
    expect(shapeIn(answer, '4cpu-8gb').nodesAhead).toBe(8);
    const tight = { ...OPTIONS, floors: [floor], rails: { ...RAILS, maxNodes: 5 } };
    expect(decide(snapshot, tight).pools[0]?.desiredNodes).toBe(5);
  });

  it('holds pools within the daily spend limit, and reports what is spent', () => {
    const money = { prices: { small: 1 }, currency: 'EUR', maxPerDay: 20 };
    const snapshot = aSnapshot(many(30), nodes(10), {
      nowMs: Date.UTC(2026, 0, 14, 9),
      nodeHours: { byPool: new Map([['small', 8]]), countedFromMs: 0 },
    });
    const answer = decide(snapshot, { ...OPTIONS, money });

    expect(answer.pools[0]).toMatchObject({ desiredNodes: 12, shortNodes: 4 });
    expect(answer.spend).toMatchObject({ perHourNow: 10, today: 8, maxPerDay: 20, unpricedPools: [] });
    expect(decide(snapshot, OPTIONS)).toMatchObject({ spend: undefined, mix: undefined });
  });

  it('has a mix and costs where shapes have prices, and request classes always', () => {
    const money = { prices: { '4cpu-8gb': 0.19, '8cpu-16gb': 0.38 }, currency: 'EUR', maxPerDay: undefined };
    const answer = decide(aSnapshot(many(30), nodes(10)), { ...OPTIONS, money });

    expect(answer.currency).toBe('EUR');
    expect(answer.because.join()).not.toContain('has a price');
    const slip = { ...OPTIONS, money: { ...money, prices: { '4cpu-8g': 0.19, small: 1 } } };
    expect(decide(aSnapshot([], nodes(1)), slip).because.at(-1)).toContain(
      '4cpu-8g has a price, but no shape',
    );
    expect(shapeIn(answer, '4cpu-8gb').cost?.perHour).toBeCloseTo(16 * 0.19);
    expect(answer.mix?.cost.perHour ?? Infinity).toBeLessThanOrEqual(8 * 0.38);
    expect(answer.requestClasses).toMatchObject([{ runningPods: 30, share: 1, fitsPools: ['small'] }]);
  });

  it('orders no nodes for Pods that a quota does not admit', () => {
    const quota = {
      namespace: 'ci',
      hard: { cpuMillicores: Infinity, memoryBytes: Infinity, pods: 5 },
      used: { cpuMillicores: 0, memoryBytes: 0, pods: 3 },
    };
    const known = Array.from({ length: 9 }, (_, nth) => aStage(nth));
    const runners = runnersWith(known);
    const spent = { ...quota, used: { ...quota.used, pods: 5 } };
    const answerTo = (quotas: readonly (typeof quota)[]) =>
      decide(
        aSnapshot(many(3), nodes(1), { runners, surroundings: { ...NO_ENGINE_FACTS, quotas } }),
        OPTIONS,
      );

    expect(answerTo([]).demand).toMatchObject({ knownStages: 9, lowerBound: false });
    expect(answerTo([quota])).toMatchObject({ demand: { knownStages: 2, bufferPods: 0, lowerBound: false } });
    expect(answerTo([spent])).toMatchObject({ demand: { knownStages: 0, bufferPods: 0, lowerBound: true } });
    expect(answerTo([spent]).pools[0]?.desiredNodes).toBe(1);
    expect(answerTo([spent]).because.join('; ')).toContain(
      "a ResourceQuota of the builds' namespaces is exhausted",
    );
  });

  it('learns of a used-up quota from the runner too', () => {
    const reason =
      'pods "drone-1" is forbidden: exceeded quota: builds, requested: pods=1, used: pods=5, limited: pods=5';
    const runners = runnersWith([aStage(1, { reason }), aStage(2)]);
    const answer = decide(aSnapshot(many(3), nodes(1), { runners }), OPTIONS);

    expect(answer.demand).toMatchObject({ knownStages: 1, lowerBound: true });
  });

  it('never wants fewer nodes when there is more work', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.nat(20), (running, more) => {
        const small = decide(aSnapshot(many(running), nodes(25)), OPTIONS);
        const large = decide(aSnapshot(many(running + more), nodes(25)), OPTIONS);
        for (const { name } of PUBLISHED_SHAPES)
          expect(shapeIn(large, name).nodesNow).toBeGreaterThanOrEqual(shapeIn(small, name).nodesNow);
      }),
      { numRuns: 25 },
    );
  });
});

describe('guardrails', () => {
  const standing = {
    nodes: 10,
    grewAtMs: undefined,
    nowMs: 100_000,
    node: { cpuMillicores: 4000, memoryBytes: 8 * 1024 * MIB },
  };
  const tight: Guardrails = { ...RAILS, minNodes: 2, maxNodes: 20, stepUp: 5, stepDown: 3 };

  it.each([
    ['a size within them is unchanged', 12, standing, 12, ''],
    ['growth is limited to one step', 40, standing, 15, 'at most 5 nodes added at once'],
    ['shrinking is limited to one step', 0, standing, 7, 'at most 3 nodes removed at once'],
    [
      'a pool that grew recently does not shrink',
      9,
      { ...standing, grewAtMs: 90_000 },
      10,
      'scale-down is in cooldown for another 50 s',
    ],
    ['a pool that grew long ago shrinks', 9, { ...standing, grewAtMs: 10_000 }, 9, ''],
    [
      'a pool that grew in the future shrinks: the clock was set back',
      9,
      { ...standing, grewAtMs: 500_000 },
      9,
      '',
    ],
    ['minNodes is the lower bound', 0, { ...standing, nodes: 3 }, 2, 'at least 2 nodes'],
    ['maxNodes is the upper bound', 25, { ...standing, nodes: 21 }, 20, 'at most 20 nodes'],
  ])('%s', (...[, wanted, where, want, held]) => {
    const answer = guarded(wanted, where, tight);

    expect(answer.nodes).toBe(want);
    expect(answer.held.join('; ')).toContain(held);
    expect(answer.held.length > 0).toBe(held !== '');
  });

  it('a quota is bounded by its scarcer resource', () => {
    const quota = { cpuMillicores: 48_000, memoryBytes: 1024 * 1024 * MIB };

    expect(guarded(15, standing, { ...RAILS, quota })).toEqual({
      nodes: 12,
      held: ['the quota allows 12 nodes'],
    });
  });

  it('always end within minNodes and maxNodes', () => {
    fc.assert(
      fc.property(
        fc.nat(500),
        fc.nat(500),
        fc.option(fc.nat(200_000), { nil: undefined }),
        (wanted, now, grewAtMs) => {
          const { nodes: held } = guarded(wanted, { ...standing, nodes: now, grewAtMs }, tight);
          expect(held).toBeGreaterThanOrEqual(2);
          expect(held).toBeLessThanOrEqual(20);
        },
      ),
    );
  });
});

describe('conditions', () => {
  const all = { cluster: true, runners: true, staleAfterMs: 180_000 };
  const fine = aSnapshot([], nodes(1), { runners: runnersWith([]) });
  const texts = (snapshot: CapacitySnapshot, expected = all) =>
    conditionsOf(snapshot, expected, RAILS).map(({ weight, text }) => `${weight}: ${text}`);

  it('are none when all is well', () => {
    expect(texts(fine)).toEqual([]);
  });

  it('make everything stale when Pods were never seen, or not for long, with the reason', () => {
    const never = {
      ...fine,
      watches: { ...fine.watches, pods: { staleMs: undefined, trouble: 'pods is forbidden' } },
    };
    const old = { ...fine, watches: { ...fine.watches, nodes: { staleMs: 200_000, trouble: '' } } };
    const nearly = { ...fine, watches: { ...fine.watches, nodes: { staleMs: 179_000, trouble: '' } } };

    expect(texts(never)[0]).toBe(
      'stale: the pods of the cluster have not been listed yet: pods is forbidden. Check that the autoscaler is allowed to list and watch pods',
    );
    expect(texts(old)[0]).toContain('stale: the watch of nodes last received an event 200 s ago');
    expect(isStale(conditionsOf(nearly, all, RAILS))).toBe(false);
  });

  it('name silent runners: data is partial where Pods are watched, and stale where they are not', () => {
    const silent = { ...fine, runners: runnersWith(undefined, { missing: ['http://r'] }) };

    expect(texts(silent)[0]).toContain('partial: 1 of 1 runners are unreachable (http://r)');
    expect(texts(silent, { ...all, cluster: false })[0]).toContain('stale: 1 of 1');
  });

  it('report a pool that vanished, and values that were rejected', () => {
    const problem = { target: 'http://r', problem: 'hangar_runner_stages is NaN', cure: 'look at it' };

    expect(texts(aSnapshot([], [], { runners: runnersWith([]) }))[0]).toContain(
      'note: no node belongs to a pool',
    );
    expect(texts({ ...fine, runners: runnersWith([], { problems: [problem] }) })).toEqual([
      'partial: http://r: hangar_runner_stages is NaN (look at it)',
    ]);
  });
});
