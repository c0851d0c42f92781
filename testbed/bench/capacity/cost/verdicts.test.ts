import { describe, expect, it } from 'vitest';
import { playCell, totalCost } from './cell.ts';
import { OTHERS } from './contenders.ts';
import { costMarkdown } from './cost-report.ts';
import { paretoFront, paretoSvg } from './pareto-plot.ts';
import { staticSize } from './static-size.ts';
import { TRACES } from './traces.ts';
import {
  gapClosed,
  isHeld,
  medianBelowEngines,
  type TraceRuns,
  type Verdict,
  verdictsOf,
} from './verdicts.ts';

const runs = (
  policy: string,
  side: TraceRuns['side'],
  nodeMinutes: { readonly training: number; readonly counted: number },
): TraceRuns => ({
  ...{ trace: 'nightly', policy, side, price: side === 'ours' ? 30 : undefined },
  runs: [
    {
      policy,
      training: { nodeMinutes: nodeMinutes.training, waitMinutes: 0 },
      counted: { nodeMinutes: nodeMinutes.counted, waitMinutes: 1 },
      ...{ jobs: 10, waitP95Seconds: 6, boots: 3 },
    },
  ],
});

describe('verdictsOf', () => {
  const all = [
    runs('price', 'ours', { training: 100, counted: 100 }),
    runs('karpenter', 'other', { training: 110, counted: 140 }),
    runs('rule', 'other', { training: 120, counted: 90 }),
    runs('clairvoyant', 'bound', { training: 50, counted: 70 }),
  ];

  it('judges by the policy that was cheapest in training, not by the one that turned out to be', () => {
    expect(verdictsOf(all)).toEqual([
      expect.objectContaining({
        price: 30,
        ours: 130,
        chosen: 'karpenter',
        chosenCost: 170,
        best: 'rule',
        bestCost: 120,
      }),
    ]);
  });

  it('judges nothing where ours was not played', () => {
    expect(verdictsOf(all.slice(1))).toEqual([]);
  });

  it('is written as a table and a picture', () => {
    expect(costMarkdown(all, verdictsOf(all))).toContain('| nightly | 30 | 130 | karpenter 170 | 0.765 |');
    const picture = paretoSvg(all);
    expect(picture).toContain('karpenter: 2.00 × the bound');
    expect(picture).toContain('font-size="9">30</text>');
    expect(picture.match(/<polyline/g)).toHaveLength(2);
  });
});

describe('the limits', () => {
  const verdict = (over: Partial<Verdict>): Verdict => ({
    ...{ trace: 't', price: 1, ours: 103, chosen: 'a', chosenCost: 100, best: 'b', bestCost: 94 },
    ...{ engineCost: 200, boundCost: 50 },
    ...over,
  });

  it.each([
    { title: 'three percent above the choice of the training days', over: {}, held: true },
    { title: 'a little more', over: { ours: 103.1 }, held: false },
    { title: 'more than ten percent above the best in hindsight', over: { bestCost: 93 }, held: false },
  ])('$title: $held', ({ over, held }) => {
    expect(isHeld(verdict(over))).toBe(held);
  });

  it('counts the closed share of the gap from the better engine to the bound', () => {
    expect(gapClosed(verdict({ ours: 125 }))).toBe(0.5);
  });

  it('takes the median over all cells', () => {
    expect(medianBelowEngines([verdict({ ours: 100 }), verdict({ ours: 190 }), verdict({ ours: 20 })])).toBe(
      0.5,
    );
    expect(medianBelowEngines([verdict({ ours: 100 }), verdict({ ours: 150 })])).toBe(0.375);
  });
});

describe('paretoFront', () => {
  it('leaves out what another beats in both', () => {
    const point = (nodes: number, waitSeconds: number) => ({ nodes, waitSeconds });

    expect(paretoFront([point(2, 10), point(1, 90), point(3, 11), point(3, 5)])).toEqual([
      point(1, 90),
      point(2, 10),
      point(3, 5),
    ]);
  });
});

describe('staticSize', () => {
  const request = { cpuMillicores: 1, memoryBytes: 1 };
  const atOnce = (count: number) =>
    Array.from({ length: count }, () => ({ arrivedAt: 0, durationSeconds: 61, request }));

  it('is the smallest pool in which no more than a twentieth waits for longer than a minute', () => {
    expect(staticSize(atOnce(9), 3)).toBe(3);
    expect(staticSize(atOnce(10), 3)).toBe(4);
    expect(staticSize([], 3)).toBe(1);
  });
});

describe('a cell', () => {
  const nightly = TRACES.find(({ name }) => name === 'nightly');
  const karpenter = OTHERS.find(({ name }) => name === 'karpenter');

  it('counts all waiting and all nodes, in training and after it', () => {
    if (nightly === undefined || karpenter === undefined)
      throw new Error('the nightly trace under Karpenter is gone');
    const { counted, training, jobs } = playCell(nightly, karpenter, 1);

    expect(jobs).toBe(14 * 20);
    // Every build waits for a boot of three minutes, and the tick before it.
    expect(counted.waitMinutes / jobs).toBeCloseTo(3.05, 1);
    expect(training.waitMinutes / jobs).toBeCloseTo(3.05, 1);
    expect(totalCost(counted, 30)).toBeCloseTo(counted.nodeMinutes + 30 * counted.waitMinutes, 6);
  });

  it.each(TRACES.filter(({ isLarge }) => !isLarge).map((trace) => ({ name: trace.name, trace })))(
    '$name is by arrival, and the same for the same seed',
    ({ trace }) => {
      const jobs = trace.jobs(3);

      expect(jobs.every((job, nth) => nth === 0 || job.arrivedAt >= (jobs[nth - 1]?.arrivedAt ?? 0))).toBe(
        true,
      );
      expect(trace.jobs(3).slice(0, 50)).toEqual(jobs.slice(0, 50));
    },
  );
});
