import { parseEnv } from 'node:util';
import { errorText } from '@hangar/shared/error-text';
import { ConfigError, UsageError } from '@hangar/shared/program/command-error';
import type { CommandContext } from '@hangar/shared/program/context';
import { loadReplayedSettings, type ReplayedSettings } from '../config/load.ts';
import { withCalendar } from '../config/with-calendar.ts';

type Settings = Pick<CommandContext, 'env' | 'readFile'>;

function variablesIn(file: string, { readFile }: Settings): NodeJS.Dict<string> {
  try {
    return parseEnv(readFile(file));
  } catch (error) {
    throw new UsageError(`cannot read the settings ${file}: ${errorText(error)}`);
  }
}

/**
 * The settings of the service that is replayed: those of a file, overridden by the environment.
 *
 * @param file undefined: the environment alone
 * @throws {UsageError} when the file can't be read
 * @throws {ConfigError} when a setting is invalid
 */
export function settingsFrom(file: string | undefined, context: Settings): ReplayedSettings {
  const given = file === undefined ? {} : variablesIn(file, context);
  const loaded = loadReplayedSettings({ ...given, ...context.env });
  if ('problems' in loaded) throw new ConfigError(loaded.problems);
  return withCalendar(loaded.ok, context.readFile);
}
