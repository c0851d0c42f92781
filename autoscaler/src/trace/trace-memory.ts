import type { TraceRecord } from './pod-record.ts';

/** The stored records of earlier runs. */
export interface LoadedRecords {
  /** By end. */
  readonly records: readonly TraceRecord[];
  /** What was damaged, and where it was moved, as text. */
  readonly problems: readonly string[];
}

/** Stores ended Pods on a disk: for restarts, and as input of `replay`. */
export interface TraceMemory {
  /** Never rejects: what can't be read is reported as a problem. */
  load(nowMs: number): Promise<LoadedRecords>;
  /** Stores records. Rejects when the write fails; the caller tries again together with the next ones. */
  append(records: readonly TraceRecord[], nowMs: number): Promise<void>;
}

/** Stores nothing: for a service without a disk. */
export const noMemory: TraceMemory = {
  load: () => Promise.resolve({ records: [], problems: [] }),
  append: () => Promise.resolve(),
};
