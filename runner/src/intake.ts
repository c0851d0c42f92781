import type { Clock } from '@hangar/shared/clock';
import { withDeadline } from '@hangar/shared/deadline';
import type { AdmissionQueue } from './admit/admission-queue.ts';
import type { StageRegistry } from './stage-registry.ts';

/** Without a setting, this share of the capacity (at least two) may wait beyond what fits: an accepted stage can't go back. */
const USUAL_SHARE = 0.2;
const LEAST_LOOK_AHEAD = 2;

/** How many stages may be accepted and wait. */
export const usualLookAhead = (capacity: number): number =>
  Math.max(LEAST_LOOK_AHEAD, Math.floor(capacity * USUAL_SHARE));

/** May one more stage be accepted? `capacity`: pipelines at once; `lookAhead`: stages that may wait beyond those. */
export function hasRoom(
  { capacity, lookAhead }: { readonly capacity: number; readonly lookAhead: number },
  { registry, queue, lease }: { registry: StageRegistry; queue: AdmissionQueue; lease: { isFull: boolean } },
): boolean {
  // What can't be recorded must not be accepted.
  if (lease.isFull || capacity === 0) return false;
  // What only waits to be reported takes no place.
  const held = registry.size - registry.countIn('reporting');
  const inWork = held - registry.countIn('waiting');
  return held < capacity + lookAhead && queue.length < lookAhead && inWork < capacity + queue.length;
}

/** Resolves when it holds, looking again at each change of the roster, or when the signal is aborted. */
export function whenever(registry: StageRegistry, holds: () => boolean, signal: AbortSignal): Promise<void> {
  if (holds() || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      unlisten();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const unlisten = registry.listen(() => holds() && done());
    signal.addEventListener('abort', done, { once: true });
  });
}

/** Resolves when nothing is in hand any more, at the latest after `limitMs`. */
export async function emptied(clock: Clock, registry: StageRegistry, limitMs: number): Promise<void> {
  await withDeadline(clock, { ms: limitMs }, (signal) => whenever(registry, () => registry.isQuiet, signal));
}
