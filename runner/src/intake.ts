import type { Clock } from '@hangar/shared/clock';
import { withDeadline } from '@hangar/shared/deadline';
import type { AdmissionQueue } from './admit/admission-queue.ts';
import type { StageRegistry } from './stage-registry.ts';

/** Beyond what fits, this share of the capacity (at least two) may stand in the line: an accepted stage can't go back. */
const LINE_SHARE = 0.2;
const SHORTEST_LINE = 2;

/** May one more stage be taken on? `capacity`: pipelines at once. */
export function hasRoom(
  capacity: number,
  { registry, line, lease }: { registry: StageRegistry; line: AdmissionQueue; lease: { isFull: boolean } },
): boolean {
  // What can't be recorded must not be accepted.
  if (lease.isFull) return false;
  const longest = Math.max(SHORTEST_LINE, Math.floor(capacity * LINE_SHARE));
  // What only waits to be reported takes no place.
  const held = registry.entries.filter((entry) => entry.phase !== 'reporting');
  const inWork = held.filter((entry) => entry.phase !== 'waiting').length;
  return held.length < capacity + longest && line.length < longest && inWork < capacity + line.length;
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
