import type { Environment } from '@hangar/shared/config';

/** What a command needs of the outside; `main.ts` gives the real one, tests their own. */
export interface Terminal {
  /** Writes the answer: what a pipe should get. */
  out(text: string): void;
  /** Writes what only a person should see: problems and progress. */
  err(text: string): void;
  /** The program's version, for `--version`. */
  readonly version: string;
  /** The process's environment: where settings come from. */
  readonly env: Environment;
  /** True when a person watches, so that progress may be shown. */
  readonly interactive: boolean;
}

/** How a command ends: done, failed at its work, called wrongly, or configured wrongly. */
export type ExitCode = 0 | 1 | 2 | 78;

/** A command that was called wrongly: the text names the mistake and the cure. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** One command of the program. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** The page that `--help` shows. */
  readonly help: string;
  /**
   * Does the work.
   *
   * @throws {UsageError} when the arguments make no sense; the caller prints it and ends with 2
   */
  run(args: readonly string[], terminal: Terminal): Promise<ExitCode>;
}
