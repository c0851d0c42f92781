import { Adopter } from './adopt/adopter.ts';
import { resume } from './adopt/resume.ts';
import type { JourneyParts } from './journey/journey-parts.ts';
import type { OwnLease } from './lease/own-lease.ts';
import type { Filter } from './pipeline/drone.ts';
import { poll } from './poll/poll.ts';
import { carryOn, take } from './poll/take.ts';

/** What a replica works with: a journey's parts, and a Lease by which others see that it lives. */
export interface RunnerParts extends JourneyParts {
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

/** Beyond what fits, this share of the capacity (at least two) may stand in the line: an accepted stage can't go back. */
const LINE_SHARE = 0.2;
const SHORTEST_LINE = 2;

/**
 * The whole flow. Every accepted stage travels by itself (journey/journey.ts: detail → draft → admit → launch → start → fly → land);
 * this page says what happens around that, from the first call to the hand-over.
 *
 * @param stop aborted: take nothing new, leave every pipeline to whoever comes next, and return within seconds
 * @throws when the cluster or its rights are not there at all; once it runs, it never rejects
 */
export async function run(parts: RunnerParts, options: RunnerOptions, stop: AbortSignal): Promise<void> {
  const { lease, podWatch, roster, line, log, clock } = parts;
  const handOver = AbortSignal.any([stop, lease.lost]);

  // 1. Show that we live, and see what is there.
  const former = await lease.take(stop);
  const keeping = new AbortController();
  const kept = lease.keep(keeping.signal);
  for (const namespace of new Set([...options.namespaces, ...former.namespaces]))
    await podWatch.follow(namespace, handOver);

  // 2. Go on with what a former life or a dead replica left.
  podWatch.listen((change) => change.kind === 'gone' && roster.forget(change.object.metadata?.uid ?? ''));
  const adopter = new Adopter({
    ...parts,
    leaseNamespace: options.leaseNamespace,
    resume: (pod, record) => void resume(parts, pod, record, handOver),
    carryOn: (intent) => void carryOn(parts, intent, handOver),
  });
  await adopter.adoptOwn(former.intents, handOver);
  const adopting = adopter.run(handOver);

  // 3. What becomes free is given to the head of the line.
  podWatch.listen(() => line.turn());
  roster.listen(() => line.turn());

  // 4. Ask for work for as long as there is room.
  log.info({ machine: options.machine, capacity: options.capacity }, 'polling the Drone server');
  const room = (): boolean =>
    roster.entries.length < options.capacity + lineRoom(options.capacity) &&
    line.length < lineRoom(options.capacity) &&
    inWork(parts) < options.capacity + line.length;
  await poll(
    { ...parts, random: options.random },
    {
      filter: options.filter,
      room: (signal) => whenever(room, (look) => roster.listen(look), signal),
      take: (offer) => take(parts, offer, { machine: options.machine, handOver }),
      answered: options.serverAnswered,
    },
    handOver,
  );

  // 5. Hand over: nobody waits for pipelines. Pods and Lease say all that the next one must know.
  await adopting;
  await emptied(parts, clock);
  keeping.abort();
  await kept;
  await lease.release(AbortSignal.timeout(HAND_OVER_MS));
}

/** Journeys stop where they are within this time, whatever they were doing. */
const HAND_OVER_MS = 3_000;

const lineRoom = (capacity: number): number => Math.max(SHORTEST_LINE, Math.floor(capacity * LINE_SHARE));

/** Stages that take a place, waiting ones not counted. */
const inWork = (parts: JourneyParts): number =>
  parts.roster.entries.filter((entry) => entry.phase !== 'waiting').length;

function whenever(
  holds: () => boolean,
  listen: (look: () => void) => () => void,
  signal: AbortSignal,
): Promise<void> {
  if (holds() || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      unlisten();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const unlisten = listen(() => holds() && done());
    signal.addEventListener('abort', done, { once: true });
  });
}

async function emptied(parts: JourneyParts, clock: JourneyParts['clock']): Promise<void> {
  const limit = new AbortController();
  const callOff = clock.after(HAND_OVER_MS, () => limit.abort());
  await whenever(
    () => parts.roster.entries.length === 0,
    (look) => parts.roster.listen(look),
    limit.signal,
  );
  callOff();
}
