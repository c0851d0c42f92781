import type { Job } from '@hangar/autoscaler/capacity/job';
import { leastThat } from '../least-that.ts';

/** The p95 wait that a fixed pool must hold in the training days. */
const OBJECTIVE_P95_SECONDS = 60;

/** The p95 wait of jobs of one size on so many places, first come, first served. */
function waitP95(jobs: readonly Job[], places: number): number {
  const freeAt = new Float64Array(places);
  const waits = jobs.map(({ arrivedAt, durationSeconds }) => {
    const first = freeAt[0] ?? 0;
    const begins = Math.max(arrivedAt, first);
    sink(freeAt, begins + durationSeconds);
    return begins - arrivedAt;
  });
  waits.sort((one, other) => one - other);
  return waits[Math.max(0, Math.ceil(0.95 * waits.length) - 1)] ?? 0;
}

/** Replaces the least value of a binary heap. */
function sink(heap: Float64Array, value: number): void {
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    if (left >= heap.length) break;
    const right = left + 1;
    const child = right < heap.length && (heap[right] ?? 0) < (heap[left] ?? 0) ? right : left;
    if ((heap[child] ?? 0) >= value) break;
    heap[at] = heap[child] ?? 0;
    at = child;
  }
  heap[at] = value;
}

/**
 * The smallest fixed pool whose p95 wait was at most 60 s in the training days; 1 where nothing arrived.
 *
 * @param jobs of the training days, by arrival, all of one size
 * @param podsPerNode places on a node
 */
export function staticSize(jobs: readonly Job[], podsPerNode: number): number {
  return leastThat(1, (nodes) => waitP95(jobs, nodes * podsPerNode) <= OBJECTIVE_P95_SECONDS);
}
