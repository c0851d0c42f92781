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
  ok: 'done, or stopped as told',
  failed: 'the work failed, or its outcome is bad: a pipeline failed, a file has problems',
  usage: 'the command line makes no sense, or a file that it names cannot be read',
  bug: 'a bug: the log says more, please report it',
  tryAgain: 'something that it needs is not there now (listen address, Lease, API server): start it again',
  config: 'settings, rights or the pipeline are wrong; all that is wrong is named',
  interrupted: 'ended by a signal before the work was done',
};
