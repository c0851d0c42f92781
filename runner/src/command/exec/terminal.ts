/** What `exec` asks of the terminal beyond what every command is given. */
export interface Terminal {
  /** A person reads standard output as it comes. */
  readonly isTerminal: boolean;
  /** Aborted when the terminal is closed or the reader of our output goes (`exec … | head`): nothing should run on for nobody. */
  readonly gone: AbortSignal;
}

/** The process's own terminal. */
export function processTerminal(): Terminal {
  const gone = new AbortController();
  const leave = (): void => gone.abort(new Error('nobody reads any more'));
  process.once('SIGHUP', leave);
  process.stdout.once('error', leave);
  return { isTerminal: process.stdout.isTTY, gone: gone.signal };
}
