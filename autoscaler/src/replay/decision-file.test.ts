import { describe, expect, it } from 'vitest';
import { MIB } from '../capacity/shape.ts';
import { FIRST_MONDAY, generateLoad } from '../trace/generate.ts';
import { type ServiceOptions, servicePolicy } from './policies/service.ts';
import { softlyPlaced } from './policies/soft-taints.ts';
import { replay } from './replay.ts';
import { aService, defaultSettings } from './testing/a-service.ts';
import { type DecisionLine, type ExecutedOptions, executed } from './testing/executed.ts';

const DAY_SECONDS = 86_400;
const BOOT_SECONDS = 180;
const PODS_PER_NODE = 3;
const countFrom = FIRST_MONDAY + 3 * DAY_SECONDS;
const LOAD = { load: 'table-like', seed: 3, days: 8, prsPerDay: 300 } as const;
const jobs = generateLoad(LOAD);

function decided(service: ServiceOptions, played = jobs) {
  const decisions: DecisionLine[] = [];
  const claimed = replay({
    ...{ jobs: played, bootSeconds: BOOT_SECONDS, seed: 1, countFrom },
    node: { allocatable: { cpuMillicores: 3920, memoryBytes: 6018 * MIB, pods: 110 } },
    policy: softlyPlaced(servicePolicy(service)),
    onDecision: (at, _wanted, { needNodes: nodes, shrinkToNodes: shrinkTo }) =>
      decisions.push({ at, nodes, shrinkTo }),
  });
  return { claimed, decisions };
}

const execute = (lines: readonly DecisionLine[], over: Partial<ExecutedOptions> = {}) =>
  executed({
    ...{ jobs, decisions: lines, podsPerNode: PODS_PER_NODE, bootSeconds: BOOT_SECONDS, countFrom },
    ...over,
  });

const { buffer } = defaultSettings();

/** Simulates days of builds twice. */
describe.each([
  { by: 'the price of waiting', settings: {} },
  { by: 'the quantile', settings: { buffer: { ...buffer, waitPrices: undefined } } },
])('the decisions of a replay by $by, executed by another simulator', { timeout: 60_000 }, ({ settings }) => {
  const { claimed, decisions } = decided(aService(settings));

  it('cost what the replay claims, within 2 %, and nearly the same waits', () => {
    const { nodeHoursPer1000Jobs, waitP95Seconds, unplaced } = execute(decisions);

    expect(Math.abs(nodeHoursPer1000Jobs / claimed.nodeHoursPer1000Jobs - 1)).toBeLessThan(0.02);
    expect(Math.abs(waitP95Seconds - claimed.waitSeconds.p95)).toBeLessThan(5);
    expect(unplaced).toBeLessThan(jobs.length / 1000);
  });

  it('never let the pool shrink below what it needs', () => {
    expect(decisions.every(({ nodes, shrinkTo }) => shrinkTo >= nodes)).toBe(true);
    expect(decisions.some(({ nodes, shrinkTo }) => shrinkTo > nodes)).toBe(true);
  });

  it('need both numbers: closed down to the need itself, the pool boots the same nodes again, and builds wait', () => {
    const tight = execute(decisions.map((line) => ({ ...line, shrinkTo: line.nodes })));

    expect(tight.waitP95Seconds).toBeGreaterThan(1.5 * execute(decisions).waitP95Seconds);
    if (settings.buffer !== undefined)
      expect(tight.waitP95Seconds).toBeGreaterThan(2 * execute(decisions).waitP95Seconds);
  });
});

it('the decisions where every build is announced a boot before it comes cost what the replay claims, too: idle nodes go at once', () => {
  const announced = generateLoad({ ...LOAD, knownShare: 1, knownSeconds: BOOT_SECONDS });
  const { claimed, decisions } = decided(aService(), announced);
  const { nodeHoursPer1000Jobs, waitP95Seconds } = execute(decisions, { jobs: announced, idleSeconds: 0 });

  expect(Math.abs(nodeHoursPer1000Jobs / claimed.nodeHoursPer1000Jobs - 1)).toBeLessThan(0.02);
  expect(Math.abs(waitP95Seconds - claimed.waitSeconds.p95)).toBeLessThan(5);
}, 60_000);
