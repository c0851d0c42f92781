import type { Clock } from '@hangar/shared/clock';
import type { Environment } from '@hangar/shared/config';
import type { Host } from '../config/load.ts';

/** What the process gives to a command; commands touch nothing else of it. */
export interface Surroundings {
  /** Variables, those of `.env` below them. */
  readonly env: Environment;
  readonly host: Host;
  readonly clock: Clock;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  /** One line (or several) on standard output. */
  readonly print: (text: string) => void;
  /** The same on standard error. */
  readonly complain: (text: string) => void;
  /** Text of a file; throws when it can't be read. */
  readonly readFile: (path: string) => string;
  /** Aborted at the first SIGINT or SIGTERM. */
  readonly stop: AbortSignal;
}

/** One sub-command. To add one: a file `command/<name>.ts` and a line in `commands.ts`. */
export interface Command {
  readonly name: string;
  /** How it is called: `daemon [envfile]`. */
  readonly usage: string;
  /** One line for the list. */
  readonly summary: string;
  /** What `<name> --help` teaches, below its usage. */
  readonly help: string;
  /** @returns the exit code; what it rejects with is a bug */
  run(args: readonly string[], surroundings: Surroundings): Promise<number>;
}

/** Exit codes, as sysexits(3) has them where it has one. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 64,
  bug: 70,
  tryAgain: 75,
  config: 78,
} as const;
