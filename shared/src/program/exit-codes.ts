/** Exit codes of every Hangar program; 70, 75 and 78 are those of sysexits(3). */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  bug: 70,
  tryAgain: 75,
  config: 78,
  interrupted: 130,
} as const;

/** Exit code by name. */
export type Exit = keyof typeof EXIT;

/** A numeric exit code. */
export type ExitCode = (typeof EXIT)[Exit];

/** The meaning of each code, unless a command describes it more exactly. */
export const EXIT_MEANING: Readonly<Record<Exit, string>> = {
  ok: 'done, or stopped by a signal',
  failed: 'the work failed, or its outcome is bad: a pipeline failed, a file has problems',
  usage: 'the command line is invalid, or a file that it names cannot be read',
  bug: 'a bug: see the log, please report it',
  tryAgain: 'a dependency is not available (such as the listen address or the API server): start it again',
  config: 'settings, permissions or the pipeline are invalid; all problems are listed',
  interrupted: 'ended by a signal before the work was done',
};
