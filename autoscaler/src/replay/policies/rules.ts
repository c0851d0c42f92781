import type { Job } from '../../capacity/job.ts';
import type { BufferRule } from '../../forecast/buffer-rule.ts';

/**
 * The rule without history: `z·√(running + waiting) + floor` free places.
 *
 * @param z how many standard deviations of a Poisson stream to cover; 2 on quiet loads, 3 on harder ones (scheduling-and-scaling
 * §5.2)
 * @param floor places that are free at the quietest hour: one push
 */
export function squareRootRule(z: number, floor: number): BufferRule {
  return {
    name: 'sqrt',
    bufferPods: ({ running, waitingTotal }) => z * Math.sqrt(running.length + waitingTotal) + floor,
  };
}

/** What is known in advance, a part of the rule's buffer for the rest, and the floor. */
export function lookAheadRule(z: number, floor: number): BufferRule {
  return {
    name: 'look-ahead',
    bufferPods: ({ running, waitingTotal, knownAhead }) =>
      Math.max(0, knownAhead + z * Math.sqrt(running.length + waitingTotal) + floor),
  };
}

/**
 * The upper bound: knows every arrival and every run time over the lead time. No real policy can reach it; it shows how much
 * forecasts could still gain.
 *
 * @param jobs the whole trace
 */
export function clairvoyantRule(jobs: readonly Job[], leadSeconds: number): BufferRule {
  const first = Math.floor(jobs[0]?.arrivedAt ?? 0);
  const demand = demandBySecond(jobs, first);
  const peaks = slidingMax(demand, Math.ceil(leadSeconds));
  return {
    name: 'clairvoyant',
    bufferPods: ({ nowSeconds, running, waitingTotal }) => {
      const peak = peaks[Math.floor(nowSeconds) - first] ?? 0;
      return Math.max(0, peak - running.length - waitingTotal);
    },
  };
}

/** How many jobs would run in each second if none ever waited. */
function demandBySecond(jobs: readonly Job[], first: number): Int32Array {
  const end = jobs.reduce((last, job) => Math.max(last, job.arrivedAt + job.durationSeconds), first);
  const demand = new Int32Array(Math.ceil(end) - first + 2);
  for (const { arrivedAt, durationSeconds } of jobs) {
    const from = Math.floor(arrivedAt) - first;
    const to = Math.ceil(arrivedAt + durationSeconds) - first;
    demand[from] = (demand[from] ?? 0) + 1;
    demand[to] = (demand[to] ?? 0) - 1;
  }
  for (let second = 1; second < demand.length; second += 1) {
    demand[second] = (demand[second] ?? 0) + (demand[second - 1] ?? 0);
  }
  return demand;
}

/** The maximum of each value and the `width` values after it, in one pass from the end. */
function slidingMax(values: Int32Array, width: number): Int32Array {
  const peaks = new Int32Array(values.length);
  const valueAt = (index: number): number => values[index] ?? 0;
  /** Indices within the window whose value no later one exceeds; the farthest, which is the largest, first. */
  const falling: number[] = [];
  for (let at = values.length - 1; at >= 0; at -= 1) {
    while (falling.length > 0 && valueAt(falling.at(-1) ?? 0) <= valueAt(at)) falling.pop();
    falling.push(at);
    while ((falling[0] ?? at) > at + width) falling.shift();
    peaks[at] = valueAt(falling[0] ?? at);
  }
  return peaks;
}
