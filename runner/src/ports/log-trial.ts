import type { LogOrder } from './step-logs.ts';

/** The log that is tried. */
export type TriedLog = Pick<LogOrder, 'namespace' | 'pod' | 'container' | 'nonce' | 'masks'>;

/** Reads the log of an ended container where that harms nobody. */
export interface LogTrial {
  /**
   * Whether a process survives reading this log. Waits while the log can't be read at present; a log that does not exist harms nobody.
   *
   * @throws the reason of `signal` once that is aborted
   */
  isHarmless(log: TriedLog, signal: AbortSignal): Promise<boolean>;
}
