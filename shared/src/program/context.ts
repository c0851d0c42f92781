import type { Clock } from '../clock.ts';
import type { Environment } from '../config.ts';

/** The environment of a command; commands access the process only through it. */
export interface CommandContext {
  readonly env: Environment;
  /** The system clock. */
  readonly hostname: string;
  /** Version of the program. */
  readonly version: string;
  readonly clock: Clock;
  /** Random number, 0 ≤ x < 1. */
  readonly random: () => number;
  /** Writes one line (or several) to standard output: results, which a pipe receives. */
  readonly print: (text: string) => void;
  /** Writes to standard error: problems, for the user. */
  readonly complain: (text: string) => void;
  /** Replaces the progress line of a long operation; empty: removes it. No effect without a terminal. */
  readonly showProgress: (text: string) => void;
  /** Returns the text of a file; throws if it can't be read. */
  readonly readFile: (path: string) => string;
  /** Replaces the text of a file; throws if it can't be written. */
  readonly writeFile: (path: string, text: string) => void;
  /**
   * Aborted at the first SIGINT, SIGTERM or SIGHUP, and when the reader of standard output has closed it. Active only after the first
   * access:
   * a command that never accesses it is ended by a signal at once, also during a long calculation.
   */
  readonly stopSignal: () => AbortSignal;
  /** Standard output is a terminal. */
  readonly isTerminal: boolean;
  /** The terminal supports colours, and NO_COLOR is not set. */
  readonly isColoured: boolean;
}
