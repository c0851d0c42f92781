/** The codes with which every program of Hangar ends; 70, 75 and 78 are those of sysexits(3). */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  bug: 70,
  tryAgain: 75,
  config: 78,
  interrupted: 130,
} as const;

/** How a program ends, by name. */
export type Exit = keyof typeof EXIT;

/** How a program ends, by number. */
export type ExitCode = (typeof EXIT)[Exit];

/** What each code means where a command does not say it more exactly. */
export const EXIT_MEANING: Readonly<Record<Exit, string>> = {
  ok: 'done, or stopped as told',
  failed: 'the work failed, or its outcome is bad: a pipeline failed, a file has problems',
  usage: 'the command line makes no sense, or a file that it names cannot be read',
  bug: 'a bug: the log says more, please report it',
  tryAgain: 'something that it needs is not there now (listen address, Lease, API server): start it again',
  config: 'settings, rights or the pipeline are wrong; all that is wrong is named',
  interrupted: 'ended by a signal before the work was done',
};
