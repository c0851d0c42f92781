import type { PodRecord } from './pod-record.ts';

/** What was remembered from earlier lives. */
export interface Remembered {
  /** By end. */
  readonly records: readonly PodRecord[];
  /** In words: what was damaged, where it lies now. */
  readonly problems: readonly string[];
}

/** Finished Pods on a disk: memory over restarts, and food of `replay`. */
export interface TraceMemory {
  /** Never rejects: what can't be read is a problem in words. */
  load(nowMs: number): Promise<Remembered>;
  /** Keeps records. Rejects when the disk refuses; the caller tries again with the next ones. */
  append(records: readonly PodRecord[], nowMs: number): Promise<void>;
}

/** A memory that forgets: for a service without a disk. */
export const noMemory: TraceMemory = {
  load: () => Promise.resolve({ records: [], problems: [] }),
  append: () => Promise.resolve(),
};
