import { describe, expect, it } from 'vitest';
import { type BoundState } from '../forecast/wait-bound.ts';
import { MANY_PODS_OPTIONS, manyPodsSnapshot, onePod } from '../testing/many-pods.ts';
import { conditionsOf } from './conditions.ts';

const CLUSTER = { cluster: true, runners: false, staleAfterMs: 180_000 };
const { rails } = MANY_PODS_OPTIONS;

/** Ten running builds and two that wait, on nodes that hold as many usual Pods as the calibration says. */
const PODS = [
  ...Array.from({ length: 10 }, (_, nth) => onePod(`p${nth}`, { node: `n${nth % 5}` })),
  ...['w1', 'w2'].map((name) => onePod(name, { state: 'pending', node: '', boundMs: undefined })),
];

function conditions(bound: Partial<BoundState> | undefined, maximum: Partial<typeof rails> = {}) {
  const forecast = {
    ...{ pods: 0, keepPods: 0, isForecast: true },
    bound: bound && { seconds: 30, pods: 6, lateShare: undefined, ...bound },
  };
  return conditionsOf(manyPodsSnapshot(PODS, 5, { forecast }), CLUSTER, { ...rails, ...maximum });
}
/** Pods of the usual size on a node of the pool. */
const PODS_PER_NODE = 3;

describe('the condition WaitBoundHeld', () => {
  it('is not listed while the bound is held, or where there is none', () => {
    expect(conditions({ lateShare: 0.05 })).toEqual([]);
    expect(conditions(undefined, { maxNodes: 1 })).toEqual([]);
  });

  it('is False where builds and the room that the bound requires exceed the maximum, with both numbers and the remedy', () => {
    const six = { pods: 6 };

    expect(conditions(six, { maxNodes: 18 / PODS_PER_NODE })).toEqual([]);
    expect(conditions(six, { maxNodes: 18 / PODS_PER_NODE - 1 })).toEqual([
      {
        ...{ weight: 'note', type: 'WaitBoundHeld', reason: 'PoolMaximum' },
        text: 'WaitBoundHeld is False (PoolMaximum): 12 builds are running or waiting, a wait of at most 30 s requires room for 6 more, and the pools hold 15 at their maximum. Raise HANGAR_AUTOSCALER_MAX_NODES, HANGAR_AUTOSCALER_QUOTA_CPU or HANGAR_AUTOSCALER_QUOTA_MEMORY, or the bound',
      },
    ]);
  });

  it('counts the quota of the pools as their maximum', () => {
    const quota = { cpuMillicores: 5 * 3920, memoryBytes: Infinity };

    expect(conditions({}, { quota }).map(({ reason }) => reason)).toEqual(['PoolMaximum']);
    expect(conditions({}, { quota: { ...quota, cpuMillicores: 6 * 3920 } })).toEqual([]);
  });

  it('is False where more than 5 % of the builds waited longer, with the share', () => {
    const [first, ...others] = conditions({ lateShare: 0.062 });

    expect(first).toMatchObject({ weight: 'note', type: 'WaitBoundHeld', reason: 'Exceeded' });
    expect(first?.text).toContain(
      'WaitBoundHeld is False (Exceeded): 6.2 % of the builds of the last two weeks waited longer than 30 s',
    );
    expect(others).toEqual([]);
  });

  it('names the maximum where it is the reason why the bound is exceeded', () => {
    expect(conditions({ lateShare: 0.062 }, { maxNodes: 5 }).map(({ reason }) => reason)).toEqual([
      'PoolMaximum',
    ]);
  });
});
