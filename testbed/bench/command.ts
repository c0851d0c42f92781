/** What a bench may use of the process. */
export interface Terminal {
  /** To standard output: results. */
  readonly print: (text: string) => void;
  /** To standard error: progress and complaints. */
  readonly complain: (text: string) => void;
  /** Aborted: tidy up and return. */
  readonly stop: AbortSignal;
}

/** One word after `npm run bench --`. */
export interface BenchCommand {
  readonly name: string;
  /** Half a line for the overview. */
  readonly what: string;
  readonly help: string;
  /** Gives the exit code: 0 unless something did not work, whatever the timings. */
  run(args: readonly string[], terminal: Terminal): Promise<number>;
}
