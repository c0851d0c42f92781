import type { Clock } from '@hangar/shared/clock';

/** The endpoints by one word each (drone-rpc §2). */
export const ENDPOINTS = [
  'request',
  'accept',
  'detail',
  'stage-update',
  'step-update',
  'watch',
  'log-batch',
  'log-upload',
  'card',
  'ping',
] as const;

/** One endpoint of the runner's RPC. */
export type Endpoint = (typeof ENDPOINTS)[number];

/** `unknown` is a path under /rpc/v2 that no endpoint has. */
export type CalledEndpoint = Endpoint | 'unknown';

/** A call as it was seen; it stays the same object and is completed at its end. */
export interface RecordedCall {
  readonly endpoint: CalledEndpoint;
  readonly method: string;
  readonly path: string;
  /** The id in the path; 0 if there is none. */
  readonly pathId: number;
  readonly startedAtMs: number;
  /** Order of beginnings and ends among all calls, free of the clock's grain. */
  readonly startedTick: number;
  endedTick?: number;
  durationMs?: number;
  /** The HTTP status sent; 0 if the connection was cut, undefined while it runs. */
  status?: number;
  /** The decoded body of updates, filters and cards; logs are left out. */
  body?: Readonly<Record<string, unknown>>;
  /** What the call updates, such as `stage:63` or `step:202`. */
  object?: string;
  /** Lines in a batch or upload. */
  lines?: number;
  /** The machine of an accept. */
  machine?: string;
}

/** Every call in order, the oldest forgotten beyond a limit. */
export class Calls {
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #changed: () => void;
  readonly #kept: RecordedCall[] = [];
  #tick = 0;

  constructor(clock: Clock, limit: number, changed: () => void) {
    this.#clock = clock;
    this.#limit = limit;
    this.#changed = changed;
  }

  /** All kept calls, oldest first. */
  get all(): readonly RecordedCall[] {
    return this.#kept;
  }

  /** The kept calls of one endpoint. */
  of(endpoint: CalledEndpoint): readonly RecordedCall[] {
    return this.#kept.filter((call) => call.endpoint === endpoint);
  }

  /** Begins the record of a call. */
  begin(call: Pick<RecordedCall, 'endpoint' | 'method' | 'path' | 'pathId'>): RecordedCall {
    const record: RecordedCall = {
      ...call,
      startedAtMs: this.#clock.now(),
      startedTick: this.#tick++,
    };
    this.#kept.push(record);
    if (this.#kept.length > this.#limit) this.#kept.splice(0, this.#kept.length - this.#limit);
    this.#changed();
    return record;
  }

  /** Completes the record; only the first end counts. */
  end(record: RecordedCall, status: number): void {
    if (record.endedTick !== undefined) return;
    record.endedTick = this.#tick++;
    record.status = status;
    record.durationMs = this.#clock.now() - record.startedAtMs;
    this.#changed();
  }

  /** Throws, naming the pair, if two updates of one object were ever in flight together (drone-rpc §3.12). */
  assertNoOverlap(): void {
    const last = new Map<string, RecordedCall>();
    for (const call of this.#kept) {
      if (call.object === undefined) continue;
      const earlier = last.get(call.object);
      if (earlier !== undefined && endOf(earlier) > call.startedTick)
        throw new Error(
          `two updates of ${call.object} overlap: call ${earlier.startedTick} had not ended when call ${call.startedTick} began`,
        );
      last.set(call.object, call);
    }
  }
}

function endOf({ endedTick }: RecordedCall): number {
  return endedTick ?? Number.POSITIVE_INFINITY;
}
