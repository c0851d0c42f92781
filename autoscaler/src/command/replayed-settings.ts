import { readFile } from 'node:fs/promises';
import { parseEnv } from 'node:util';
import { errorText } from '@hangar/shared/error-text';
import { ConfigError, UsageError } from '@hangar/shared/program/command-error';
import type { CommandContext } from '@hangar/shared/program/context';
import { loadReplayedSettings, type ReplayedSettings } from '../config/load.ts';

async function variablesIn(file: string): Promise<NodeJS.Dict<string>> {
  try {
    return parseEnv(await readFile(file, 'utf8'));
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
export async function settingsFrom(
  file: string | undefined,
  { env }: Pick<CommandContext, 'env'>,
): Promise<ReplayedSettings> {
  const given = file === undefined ? {} : await variablesIn(file);
  const loaded = loadReplayedSettings({ ...given, ...env });
  if ('problems' in loaded) throw new ConfigError(loaded.problems);
  return loaded.ok;
}
