import { Adopter } from './adopt/adopter.ts';
import { resume } from './adopt/resume.ts';
import { emptied, hasRoom, whenever } from './intake.ts';
import type { OwnLease } from './lease/own-lease.ts';
import type { Filter } from './pipeline/drone.ts';
import { poll } from './poll/poll.ts';
import { carryOn, take } from './poll/take.ts';
import type { StageParts } from './stage/stage-parts.ts';

/** What a replica works with: a journey's parts, and a Lease by which others see that it lives. */
export interface RunnerParts extends StageParts {
  readonly lease: OwnLease;
}

/** What the operator decided about this replica. */
export interface RunnerOptions {
  /** Under this name stages are accepted; unique to the process. */
  readonly machine: string;
  readonly filter: Filter;
  /** Pipelines at once (`DRONE_RUNNER_CAPACITY`). */
  readonly capacity: number;
  /** Where Pods of former lives may be. */
  readonly namespaces: readonly string[];
  readonly leaseNamespace: string;
  readonly random: () => number;
  /** For readiness. */
  serverAnswered(): void;
}

/** Journeys stop where they are within this time, whatever they were doing. */
const HAND_OVER_MS = 3_000;

/**
 * The whole flow. Every accepted stage travels by itself (stage/run-stage.ts: detail → draft → admit → launch → start → fly → land);
 * this page says what happens around that, from the first call to the hand-over.
 *
 * @param stop aborted: take nothing new, leave every pipeline to whoever comes next, and return within seconds
 * @throws when the cluster or its rights are not there at all; once it runs, it never rejects
 */
export async function run(parts: RunnerParts, options: RunnerOptions, stop: AbortSignal): Promise<void> {
  const { lease, podWatch, registry, line, log, clock } = parts;
  const { capacity, machine, filter, random, leaseNamespace } = options;
  const handOver = AbortSignal.any([stop, lease.lost]);

  // 1. Show that we live, and see what is there.
  const former = await lease.take(stop);
  const keeping = new AbortController();
  const kept = lease.keep(keeping.signal);
  try {
    for (const namespace of new Set(options.namespaces)) await podWatch.follow(namespace, handOver);
    for (const namespace of former.namespaces) await lookInto(parts, namespace, handOver);

    // 2. Go on with what a former life or a dead replica left.
    podWatch.listen(({ kind, object }) => kind === 'gone' && registry.forget(object.metadata?.uid ?? ''));
    const adopter = new Adopter({
      ...parts,
      leaseNamespace,
      resume: (pod, record) => void resume(parts, pod, record, handOver),
      carryOn: (intent) => void carryOn(parts, intent, handOver),
    });
    await adopter.adoptOwn(former, handOver);
    const adopting = adopter.run(handOver);

    // 3. What becomes free is given to the head of the line.
    podWatch.listen(() => line.next());
    registry.listen(() => line.next());

    // 4. Ask for work for as long as there is room.
    log.info({ machine, capacity }, 'polling the Drone server');
    await poll(
      { ...parts, random },
      {
        filter,
        room: (signal) => whenever(registry, () => hasRoom(capacity, parts), signal),
        take: (offer) => take(parts, offer, { machine, handOver }),
        answered: () => options.serverAnswered(),
      },
      handOver,
    );

    // 5. Hand over: nobody waits for pipelines. Pods and Lease say all that the next one must know.
    await adopting;
    await emptied(clock, registry, HAND_OVER_MS);
  } finally {
    keeping.abort();
    await kept;
    await lease.release(AbortSignal.timeout(HAND_OVER_MS));
  }
}

/** A former life may have been where we have no rights any more: that keeps nobody from working. */
async function lookInto(
  { podWatch, log }: StageParts,
  namespace: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await podWatch.follow(namespace, signal);
  } catch (error) {
    signal.throwIfAborted();
    log.warn({ err: error, namespace }, 'the Pods of a namespace of before can not be seen');
  }
}
