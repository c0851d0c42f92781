import { isKubernetesError } from '@hangar/shared/kubernetes/cluster';
import { type FailedTry, type RetryPolicy, retry } from '@hangar/shared/retry';
import { Adopter } from './adopt/adopter.ts';
import { emptied, hasRoom, whenever } from './intake.ts';
import type { PreviousProcess } from './lease/lease-record.ts';
import type { OwnLease } from './lease/own-lease.ts';
import type { ReplicaRecord } from './lease/replica-record.ts';
import type { Filter } from './pipeline/drone.ts';
import { poll } from './poll/poll.ts';
import { carryOn, take } from './poll/take.ts';
import { resume } from './stage/run-stage.ts';
import type { StageParts } from './stage/stage-parts.ts';

/** What a replica works with: the parts of a stage, and its Lease. */
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
  /** Stages that may be accepted and wait (`HANGAR_LOOK_AHEAD`). */
  readonly lookAhead: number;
  /** Where Pods of former processes may be. */
  readonly namespaces: readonly string[];
  readonly leaseNamespace: string;
  readonly random: () => number;
  /** For readiness. */
  serverAnswered(): void;
}

/** Stages stop where they are within this time, whatever they were doing. */
const HAND_OVER_MS = 3_000;
const LISTING: RetryPolicy = { firstDelayMs: 500, maxDelayMs: 30_000 };

/**
 * The whole flow, for as long as the process runs. A Lease that is lost is taken again, however long the API server is away, and what this
 * process had in hand is then adopted like a dead replica's.
 *
 * @param stop aborted: accept nothing new, leave every stage to the other replicas, and return within seconds
 * @throws when a right is missing, or another process holds the Lease
 */
export async function run(parts: RunnerParts, options: RunnerOptions, stop: AbortSignal): Promise<void> {
  const { lease, log } = parts;
  while (!stop.aborted) {
    const former = await lease.take(stop).catch((error: unknown) => {
      if (!stop.aborted) throw error;
      return undefined;
    });
    if (!former) return;
    const { lost } = lease;
    try {
      await runTerm(parts, options, { former, stop, handOver: AbortSignal.any([stop, lost]) });
    } catch (error) {
      if (!stop.aborted && !lost.aborted) throw error;
    }
    if (!stop.aborted) log.warn({ lease: lease.owner }, 'the Lease was lost; acquiring it again');
  }
}

/** From taking the Lease to its loss, or to the end of the process. */
interface Term {
  readonly former: PreviousProcess;
  readonly stop: AbortSignal;
  /** Aborted when every stage is to be left where it is. */
  readonly handOver: AbortSignal;
}

/** Works until the hand-over; then nobody waits for pipelines: Pods and Lease hold all that the next replica must know. */
async function runTerm(parts: RunnerParts, options: RunnerOptions, term: Term): Promise<void> {
  const { lease, registry, clock } = parts;
  const keeping = new AbortController();
  const kept = lease.keep(keeping.signal);
  registry.forgetFinished();
  const stopListening = listen(parts);
  try {
    await work(parts, options, term);
  } finally {
    stopListening();
    await emptied(clock, registry, term.stop.aborted ? HAND_OVER_MS : Number.POSITIVE_INFINITY);
    keeping.abort();
    await kept;
    if (term.stop.aborted) await lease.release(AbortSignal.timeout(HAND_OVER_MS));
  }
}

/** Every accepted stage runs by itself (stage/run-stage.ts); this is what happens around that. */
async function work(parts: RunnerParts, options: RunnerOptions, { former, handOver }: Term): Promise<void> {
  const { namespaces, leaseNamespace } = options;
  // 1. See what is there. A namespace of a former process may be closed to this one, or be gone: that keeps nobody from working.
  for (const namespace of new Set(namespaces)) await follow(parts, namespace, isKubernetesError, handOver);
  for (const namespace of former.namespaces) await follow(parts, namespace, isPassing, handOver);

  // 2. Continue what a former process or a dead replica left.
  const adopter = new Adopter({
    ...parts,
    leaseNamespace,
    resume: (pod, record) => void resume(parts, pod, record, handOver),
    carryOn: (intent) => void carryOn(parts, intent, handOver),
  });
  await adopter.adoptOwn(former, handOver);
  const adopting = adopter.run(handOver);

  // 3. Ask for work for as long as there is room.
  await askForWork(parts, options, { stop: handOver, handOver });
  await adopting;
}

/** Takes stages until `stop`; they run until their end or `handOver`. */
export function askForWork(
  parts: StageParts & { readonly lease: ReplicaRecord },
  options: RunnerOptions,
  { stop, handOver }: { readonly stop: AbortSignal; readonly handOver: AbortSignal },
): Promise<void> {
  const { log, registry } = parts;
  const { capacity, machine, filter, random } = options;
  log.info({ machine, capacity }, 'polling the Drone server');
  return poll(
    { ...parts, random },
    {
      filter,
      room: (signal) => whenever(registry, () => hasRoom(options, parts), signal),
      take: (offer) => take(parts, offer, { machine, handOver }),
      answered: () => options.serverAnswered(),
    },
    stop,
  );
}

/** What becomes free is given to the head of the queue. The returned function ends that. */
export function listen({ podWatch, registry, queue }: StageParts): () => void {
  const all = [
    podWatch.listen(({ kind, object }) => kind === 'gone' && registry.forget(object.metadata?.uid ?? '')),
    podWatch.listen(() => queue.next()),
    registry.listen(() => queue.next()),
  ];
  return () => {
    for (const stop of all) stop();
  };
}

/** Watches the Pods of a namespace; retries the first list, since nobody knows what to continue without it. */
export async function follow(
  { clock, podWatch, log }: StageParts,
  namespace: string,
  shouldRetry: (error: unknown) => boolean,
  signal: AbortSignal,
): Promise<void> {
  const onRetry = ({ error }: FailedTry): void =>
    log.warn({ err: error, namespace }, 'the Pods of a namespace could not be listed; retrying');
  const list = (): Promise<void> => podWatch.follow(namespace, signal);
  try {
    await retry(clock, { ...LISTING, shouldRetry, onRetry }, signal, list);
  } catch (error) {
    signal.throwIfAborted();
    log.warn({ err: error, namespace }, 'the Pods of a namespace cannot be watched');
  }
}

/** Whether a namespace that cannot be listed now may be listed later: it exists, and is not closed to the runner. */
export const isPassing = (error: unknown): boolean =>
  isKubernetesError(error) && !isKubernetesError(error, 403, 404);
