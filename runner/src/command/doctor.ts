import type { CommandContext } from '@hangar/shared/program/context';
import { EXIT, type ExitCode } from '@hangar/shared/program/exit-codes';
import type { Values } from '@hangar/shared/program/options';
import { judgeSettings } from '../config/judge.ts';
import { type Loaded, loadConfig } from '../config/load.ts';
import { privilegeLosses, reviewRules } from '../restrict/review.ts';
import { type Check, checkKubernetes, checkLookUps, checkServer } from './doctor/checks.ts';
import { type Report, reportOf, reportText } from './doctor/report.ts';
import { hostOf, variablesOf } from './environment.ts';
import type { DOCTOR_OPTIONS } from './options.ts';

type DoctorOptions = Values<typeof DOCTOR_OPTIONS>;

/** `doctor`: how Hangar treats an old runner's settings, and whether server and cluster meet the runner's requirements. */
export async function doctor(options: DoctorOptions, context: CommandContext): Promise<ExitCode> {
  const report = await examine(options, context);
  context.print(options.json ? JSON.stringify(report, null, 2) : reportText(report));
  return report.ok ? EXIT.ok : EXIT.config;
}

async function examine(options: DoctorOptions, context: CommandContext): Promise<Report> {
  const file = options['env-file'];
  const env = file === undefined ? context.env : variablesOf(context, file);
  const loaded = loadConfig(env, context.readFile, hostOf(context));
  const problems = 'problems' in loaded ? loaded.problems : [];
  const settings = judgeSettings(env, problems);
  const checks = await checksOf(loaded, options.offline ?? false, context);
  const isJudged = (text: string): boolean =>
    settings.some(
      ({ name, verdict }) => ['ignored', 'unknown'].includes(verdict) && text.startsWith(`${name} `),
    );
  if ('problems' in loaded) return reportOf({ settings, checks, rules: [], warnings: [] });
  const { warnings, compile } = loaded.ok;
  return reportOf({
    settings,
    checks,
    rules: reviewRules(compile.restrictions),
    warnings: [...warnings.filter((text) => !isJudged(text)), ...privilegeLosses(compile)],
  });
}

async function checksOf(
  loaded: Loaded,
  isOffline: boolean,
  context: CommandContext,
): Promise<readonly Check[]> {
  if ('ok' in loaded && !isOffline)
    return [
      ...(await Promise.all([checkServer(loaded.ok, context), checkKubernetes(loaded.ok, context)])),
      checkLookUps(loaded.ok),
    ];
  const why = isOffline ? 'because of --offline' : 'until the settings are right';
  return (['Drone server', 'Kubernetes'] as const).map((what) => ({
    what,
    result: 'skipped',
    words: [`not asked, ${why}`],
  }));
}
