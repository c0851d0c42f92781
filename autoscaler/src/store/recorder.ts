import type { Clock } from '@hangar/shared/clock';
import type { Logger } from '@hangar/shared/logger';
import type { Condition } from '../capacity/condition.ts';
import type { AutoscalerMetrics } from '../metrics/autoscaler-metrics.ts';
import type { TraceRecord } from '../trace/pod-record.ts';
import type { TraceMemory } from '../trace/trace-memory.ts';

/** Limit of records that wait for a failing disk; older ones are dropped. */
const MOST_WAITING = 50_000;

const REFUSED =
  'finished Pods cannot be written to HANGAR_AUTOSCALER_DATA_DIR; retrying. Check whether the disk is full or read-only';

/** Writes ended Pods to the store; a failed write is tried again with the next ones. */
export class Recorder {
  readonly #parts: {
    readonly clock: Clock;
    readonly log: Logger;
    readonly memory: TraceMemory;
    readonly metrics: AutoscalerMetrics;
  };
  #waiting: TraceRecord[] = [];
  #refused = false;

  constructor(parts: { clock: Clock; log: Logger; memory: TraceMemory; metrics: AutoscalerMetrics }) {
    this.#parts = parts;
  }

  /** What the operator should fix; empty: nothing. */
  get conditions(): readonly Condition[] {
    const text = `${REFUSED}; ${this.#waiting.length} wait`;
    return this.#refused ? [{ weight: 'note', text }] : [];
  }

  /** The stored records of earlier runs; read errors are logged. Never rejects. */
  async load(): Promise<readonly TraceRecord[]> {
    const { clock, log, memory } = this.#parts;
    const { records, problems } = await memory.load(clock.now());
    for (const problem of problems) log.warn({}, problem);
    return records;
  }

  /** Never rejects. */
  async keep(records: readonly TraceRecord[]): Promise<void> {
    const { clock, log, memory, metrics } = this.#parts;
    metrics.recorded(records.length);
    this.#waiting = [...this.#waiting, ...records].slice(-MOST_WAITING);
    const batch = this.#waiting;
    try {
      await memory.append(batch, clock.now());
      this.#waiting = this.#waiting.slice(batch.length);
      this.#refused = false;
    } catch (error) {
      if (!this.#refused) log.error({ err: error, waiting: batch.length }, REFUSED);
      this.#refused = true;
    }
  }
}
