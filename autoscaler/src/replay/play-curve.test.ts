import { describe, expect, it } from 'vitest';
import { MIB } from '../capacity/shape.ts';
import { curveJson } from '../curve/price-curve.ts';
import { generateLoad } from '../trace/generate.ts';
import { playCurve } from './play-curve.ts';
import { JOBS_PER_1000_PRS } from './result.ts';
import { aService, defaultSettings } from './testing/a-service.ts';

const jobs = generateLoad({ load: 'table-like', seed: 4, days: 3, prsPerDay: 30 });
const node = { allocatable: { cpuMillicores: 3920, memoryBytes: 6018 * MIB, pods: 110 } };
const { buffer } = defaultSettings();
const play = (waitPrice: number | undefined) => {
  const waitPrices = waitPrice === undefined ? undefined : { usual: waitPrice, byEvent: {} };
  const settings = aService({ buffer: { ...buffer, waitPrices } });
  return playCurve({ jobs, node, bootSeconds: 180, settings: { ...settings.policy.settings, ...settings } });
};

describe('the curve of cost against waiting', { timeout: 60_000 }, () => {
  const curve = play(50);

  it('has the price of the service beside the usual ones', () => {
    expect(curve.waitPrice).toBe(50);
    expect(curve.points.map(({ waitPrice }) => waitPrice)).toEqual([1, 3, 10, 30, 50, 100, 300]);
  });

  it('has more nodes and less waiting the dearer waiting is', () => {
    const [first, last] = [curve.points[0], curve.points.at(-1)];

    expect(last?.nodeHoursPerDay).toBeGreaterThan(first?.nodeHoursPerDay ?? 0);
    expect(last?.waitMeanSeconds).toBeLessThan((first?.waitMeanSeconds ?? 0) / 2);
  });

  it('shows what one minute more of boot would have cost, in node-hours and waits', () => {
    const { nodeHoursPer1000Prs = 0, waitMeanSeconds = 0 } = curve.bootMinute ?? {};

    // More room may even shorten the waits; together, at the price of 50, it costs more.
    expect(nodeHoursPer1000Prs).toBeGreaterThan(0);
    expect(nodeHoursPer1000Prs + (50 * JOBS_PER_1000_PRS * waitMeanSeconds) / 3600).toBeGreaterThan(0);
  });

  it('has no place for a service without a price', () => {
    const without = play(undefined);

    expect(without.points.map(({ waitPrice }) => waitPrice)).toEqual([1, 3, 10, 30, 100, 300]);
    expect(curveJson(without).waitPrice).toBeNull();
    expect(without.bootMinute).toBeUndefined();
  });
});
