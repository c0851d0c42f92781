import type { DroneStage, DroneStep, Filter, LogLine, StageDetail } from '../pipeline/drone.ts';

/** What a lock conflict or success of an update looks like. */
export type Update<T> =
  | { readonly kind: 'updated'; readonly value: T }
  /** A stale version. `afterLostAnswer`: an earlier try of this very call may have been applied. */
  | { readonly kind: 'conflict'; readonly afterLostAnswer: boolean };

/** The lines of a log, part by part, between which other work has its turn; it can be read again from its beginning. */
export type StoredLog = AsyncIterable<readonly LogLine[]> | Iterable<readonly LogLine[]>;

/**
 * The Drone server, as the runner needs it. Every call retries what is safe to retry (drone-rpc §2.0), with back-off, until
 * `signal` is aborted, which rejects with the signal's reason. What can't be mended rejects with a {@link CiServerError}.
 */
export interface CiServer {
  /** One try; rejects with a message that tells a wrong secret (401), no secret (403), a wrong address (404, HTML, 3xx). */
  ping(signal: AbortSignal): Promise<void>;
  /** One long poll of at most 60 s. Not retried: the poller has its own patience. */
  request(filter: Filter, signal: AbortSignal): Promise<DroneStage | undefined>;
  /** Claims an offered stage under `machine`. After a lost answer, a 409 is settled by one look at the detail (drone-rpc §2.2). */
  accept(
    stageId: number,
    machine: string,
    signal: AbortSignal,
  ): Promise<{ kind: 'accepted'; stage: Partial<DroneStage> } | { kind: 'lost' }>;
  /**
   * The stage with its YAML, secrets and netrc. Call it for a started stage only where nothing else can tell how it stands: a Git
   * outage would make the server fail the build.
   *
   * @param how `isRepeated: false`: a 500 is not retried here, because the caller repeats the call (`report/stage-details.ts`)
   */
  detail(stageId: number, signal: AbortSignal, how?: { readonly isRepeated: boolean }): Promise<StageDetail>;
  /**
   * PUT of a stage, start (status running, with steps) or finish alike; the answer has ids and versions. Repeated without end; a finish
   * rejects only for a stage that the server doesn't know.
   */
  updateStage(stage: DroneStage, signal: AbortSignal): Promise<Update<DroneStage>>;
  /** PUT of a step, repeated without end; a 500 that speaks of the optimistic lock is a conflict too (drone-rpc §2.5). */
  updateStep(step: DroneStep, signal: AbortSignal): Promise<Update<DroneStep>>;
  /** One watch of at most 30 s: was the build cancelled? Redis servers' `redis: nil` counts as quiet. Not retried. */
  watch(buildId: number, signal: AbortSignal): Promise<'cancelled' | 'quiet'>;
  /** One batch of live lines; one try, at most 10 s; rejects when it fails. */
  sendLines(stepId: number, lines: readonly LogLine[], signal: AbortSignal): Promise<void>;
  /**
   * The whole log, repeated without end, but for 400, 413 and a database that can't take so much, which are final. `exists`: the server has one already (a lost answer, or
   * another replica's).
   */
  uploadLog(stepId: number, log: StoredLog, signal: AbortSignal): Promise<'stored' | 'exists'>;
  /** A card; servers before 2.5 answer 404, which counts as done. */
  uploadCard(stepId: number, card: { schema: string; data: unknown }, signal: AbortSignal): Promise<void>;
}

/** How databases say, in a server's 500, that a text is larger than they take: MySQL ends at 16 MiB, and at `max_allowed_packet`. */
export const TOO_LARGE_FOR_DATABASE =
  /data too long|max_allowed_packet|packet .*too large|string or blob too big/i;

/** A call that the server refused for good, or that ran out of tries where those are counted. */
export class CiServerError extends Error {
  override readonly name = 'CiServerError';
  readonly call: string;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** What the server asked us to wait (`Retry-After`), in milliseconds; 0 = nothing. */
  readonly retryAfterMs: number;
  /** The server doesn't know what the call is about: it said so for long enough to be certain. */
  readonly unknown: boolean;
  /** It said so once, which an outage of its database may also be. */
  readonly missing: boolean;

  constructor(
    call: string,
    status: number,
    message: string,
    options?: { cause?: unknown; retryAfterMs?: number; unknown?: boolean; missing?: boolean },
  ) {
    super(message, options);
    this.call = call;
    this.status = status;
    this.retryAfterMs = options?.retryAfterMs ?? 0;
    this.unknown = options?.unknown ?? false;
    this.missing = options?.missing ?? false;
  }
}
