import type { Environment } from '@hangar/shared/config';
import { DotenvError, parseDotenv } from '../config/dotenv.ts';
import { judgeSettings } from '../config/judge.ts';
import { type Loaded, loadConfig } from '../config/load.ts';
import type { Surroundings } from './command.ts';
import { type Check, checkKubernetes, checkServer } from './doctor/checks.ts';
import { type Report, reportOf, reportText } from './doctor/report.ts';
import { DOCTOR } from './doctor-flags.ts';
import { type Flags, UsageError } from './local/flags.ts';
import { EXIT, runCommand, textOf } from './local/outcome.ts';

/** `doctor`: what becomes of an old runner's settings, and whether server and cluster are as the runner needs them. */
export function doctor(args: readonly string[], surroundings: Surroundings): Promise<number> {
  return runCommand(DOCTOR, args, surroundings, async (flags) => {
    const report = await examine(flags, surroundings);
    surroundings.print(flags.yes('json') ? JSON.stringify(report, null, 2) : reportText(report));
    return report.ok ? EXIT.ok : EXIT.configuration;
  });
}

async function examine(flags: Flags, surroundings: Surroundings): Promise<Report> {
  if (flags.files.length > 0)
    throw new UsageError(`nothing but flags, please: hangar-runner doctor --env-file ${flags.files[0]}`);
  const env = environmentOf(flags, surroundings);
  const loaded = loadConfig(env, surroundings.readFile, surroundings.host);
  const problems = 'problems' in loaded ? loaded.problems : [];
  const settings = judgeSettings(env, problems);
  const checks = await checksOf(loaded, flags, surroundings);
  const isJudged = (text: string): boolean =>
    settings.some(
      ({ name, verdict }) => ['ignored', 'unknown'].includes(verdict) && text.startsWith(`${name} `),
    );
  const warnings = 'problems' in loaded ? [] : loaded.ok.warnings.filter((text) => !isJudged(text));
  return reportOf({ settings, checks, warnings });
}

function environmentOf(flags: Flags, { env, readFile }: Surroundings): Environment {
  const file = flags.text('env-file');
  if (file === undefined) return env;
  const text = textOf(readFile, file);
  try {
    return parseDotenv(text);
  } catch (error) {
    if (error instanceof DotenvError)
      throw new UsageError(`${file} is no environment file: ${error.message}`);
    throw error;
  }
}

async function checksOf(loaded: Loaded, flags: Flags, surroundings: Surroundings): Promise<readonly Check[]> {
  const why = flags.yes('offline')
    ? 'because of --offline'
    : 'problems' in loaded
      ? 'until the settings are right'
      : '';
  if (why !== '' || 'problems' in loaded)
    return (['Drone server', 'Kubernetes'] as const).map((what) => ({
      what,
      result: 'skipped',
      words: [`not asked, ${why}`],
    }));
  return Promise.all([checkServer(loaded.ok, surroundings), checkKubernetes(loaded.ok, surroundings)]);
}
