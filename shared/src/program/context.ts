import type { Clock } from '../clock.ts';
import type { Environment } from '../config.ts';

/** What the process gives to a command; commands touch nothing else of it. */
export interface CommandContext {
  readonly env: Environment;
  /** The machine's. */
  readonly hostname: string;
  /** Of the program. */
  readonly version: string;
  readonly clock: Clock;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  /** Writes one line (or several) to standard output: the answer, which a pipe should get. */
  readonly print: (text: string) => void;
  /** The same to standard error: problems, which a person should see. */
  readonly complain: (text: string) => void;
  /** Replaces the line that shows how far long work is; empty: removes it. Does nothing where nobody watches. */
  readonly showProgress: (text: string) => void;
  /** Text of a file; throws when it can't be read. */
  readonly readFile: (path: string) => string;
  /**
   * Aborted at the first SIGINT, SIGTERM or SIGHUP, and when nobody reads standard output any more. Only from the first call on:
   * a command that never asks is ended by a signal at once, also in the middle of a long calculation.
   */
  readonly stopSignal: () => AbortSignal;
  /** A person reads standard output as it comes. */
  readonly isTerminal: boolean;
  /** That person's terminal shows colours, and nobody said NO_COLOR. */
  readonly isColoured: boolean;
}
