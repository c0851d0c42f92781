import { errorText } from '@hangar/shared/error-text';
import { parseDotenv, withDotenv } from '../config/dotenv.ts';
import { type Loaded, loadConfig } from '../config/load.ts';
import type { Surroundings } from './command.ts';

/**
 * The configuration as `daemon` and every other command reads it (previous-runner §1.1): variables, below them `.env` (already in
 * `surroundings.env`), below that the named file.
 *
 * @param envFile path; undefined = none. A named file that can't be read is a problem: it was named for a reason
 */
export function readConfig(surroundings: Surroundings, envFile: string | undefined): Loaded {
  const { env, readFile, host } = surroundings;
  if (envFile === undefined) return loadConfig(env, readFile, host);
  try {
    return loadConfig(withDotenv(env, parseDotenv(readFile(envFile))), readFile, host);
  } catch (error) {
    return {
      problems: [`the environment file ${envFile} can't be used: ${errorText(error)}. Name another or none`],
    };
  }
}

/** All problems together, for standard error. */
export function problemsText(problems: readonly string[], subject = 'the configuration'): string {
  const head =
    problems.length === 1
      ? `hangar-runner: one thing is wrong with ${subject}:`
      : `hangar-runner: ${problems.length} things are wrong with ${subject}:`;
  return [head, ...problems.map((problem) => `  - ${problem}`)].join('\n');
}
