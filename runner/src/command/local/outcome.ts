import { errorText } from '@hangar/shared/error-text';
import { PipelineError } from '../../pipeline/pipeline-error.ts';
import type { Surroundings } from '../command.ts';
import { type CommandSpec, type Flags, readFlags, UsageError } from './flags.ts';

/** Exit codes of `exec`, `lint` and `compile`. */
export const EXIT = {
  ok: 0,
  /** The pipeline failed, or (lint) has problems. */
  failed: 1,
  usage: 2,
  /** The pipeline can't be run as it stands. */
  configuration: 78,
  interrupted: 130,
} as const;

/** Reads the flags and runs a command; wrong usage and refused pipelines end the same way in all of them. */
export async function runCommand(
  command: CommandSpec,
  args: readonly string[],
  { complain }: Pick<Surroundings, 'complain'>,
  run: (flags: Flags) => Promise<number>,
): Promise<number> {
  try {
    return await run(readFlags(command, args));
  } catch (error) {
    if (!(error instanceof UsageError) && !(error instanceof PipelineError)) throw error;
    complain(`hangar-runner ${command.name}: ${error.message}`);
    if (error instanceof UsageError) return EXIT.usage;
    return error.blame === 'pipeline' ? EXIT.configuration : EXIT.failed;
  }
}

/** The pipeline file that a command is given; `.drone.yml` when it is given none. @throws {UsageError} for more than one */
export function oneFile(flags: Flags): string {
  const [file = '.drone.yml', ...more] = flags.files;
  if (more.length > 0) throw new UsageError(`one pipeline file at a time, not ${flags.files.join(', ')}`);
  return file;
}

/** Text of a file. @throws {UsageError} when it can't be read */
export function textOf(readFile: Surroundings['readFile'], path: string): string {
  try {
    return readFile(path);
  } catch (error) {
    throw new UsageError(`${path} can't be read: ${errorText(error)}`);
  }
}
