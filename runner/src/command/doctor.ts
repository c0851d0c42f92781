import type { Environment } from '@hangar/shared/config';
import { errorText } from '@hangar/shared/error-text';
import { UsageError } from '@hangar/shared/program/command-error';
import type { CommandContext } from '@hangar/shared/program/context';
import { EXIT, type ExitCode } from '@hangar/shared/program/exit-codes';
import type { Values } from '@hangar/shared/program/options';
import { judgeSettings } from '../config/judge.ts';
import { type Loaded, loadConfig } from '../config/load.ts';
import { privilegeLosses, reviewRules } from '../restrict/review.ts';
import { type Check, checkGate, checkKubernetes, checkLookUps, checkServer } from './doctor/checks.ts';
import { readDeployment } from './doctor/deployment.ts';
import { translateValues } from './doctor/helm-values.ts';
import { type Report, reportOf, reportText } from './doctor/report.ts';
import { hostOf, textOf, variablesOf } from './environment.ts';
import type { DOCTOR_OPTIONS } from './options.ts';

type DoctorOptions = Values<typeof DOCTOR_OPTIONS>;

/** `doctor`: how Hangar treats an old runner's settings, and whether server and cluster meet the runner's requirements. */
export async function doctor(options: DoctorOptions, context: CommandContext): Promise<ExitCode> {
  const values = options['helm-values'];
  if (values !== undefined) return printValues(values, context);
  const report = await examine(options, context);
  context.print(options.json ? JSON.stringify(report, null, 2) : reportText(report, context.isColoured));
  return report.ok ? EXIT.ok : EXIT.config;
}

function printValues(file: string, context: CommandContext): ExitCode {
  const { values, remarks } = asFile(file, context, translateValues);
  context.print([...remarks.map((text) => `# ${text}`), values].join('\n'));
  return EXIT.ok;
}

/** @throws {UsageError} if the file can't be read, or is something else */
function asFile<T>(file: string, context: CommandContext, read: (text: string) => T): T {
  const text = textOf(context, file);
  try {
    return read(text);
  } catch (error) {
    throw new UsageError(`${file} cannot be used: ${errorText(error)}`);
  }
}

/** The settings to judge. `elsewhere`: objects of the cluster that hold more of them, which are not read. */
function settingsOf(
  options: DoctorOptions,
  context: CommandContext,
): { readonly env: Environment; readonly elsewhere: readonly string[] } {
  const { deployment, 'env-file': file } = options;
  if (deployment !== undefined) return asFile(deployment, context, readDeployment);
  const env = file === undefined ? context.env : variablesOf(context, notDeployment(file, context));
  return { env, elsewhere: [] };
}

/** Read as an environment file, a Deployment would look like one with few variables. */
function notDeployment(file: string, context: CommandContext): string {
  if (/^\s*"?kind"?:\s*"?Deployment\b/m.test(textOf(context, file)))
    throw new UsageError(`${file} is a Deployment: pass it with --deployment`);
  return file;
}

async function examine(options: DoctorOptions, context: CommandContext): Promise<Report> {
  const { env, elsewhere } = settingsOf(options, context);
  const loaded = loadConfig(env, context.readFile, hostOf(context));
  const all = 'problems' in loaded ? loaded.problems : [];
  // What the file does not have may be in the objects that it names.
  const problems = elsewhere.length === 0 ? all : all.filter((text) => !text.includes(' is not set'));
  const settings = judgeSettings(env, problems);
  const checks = await checksOf(loaded, options.offline ?? elsewhere.length > 0, context);
  const isJudged = (text: string): boolean =>
    settings.some(
      ({ name, verdict }) => ['ignored', 'unknown'].includes(verdict) && text.startsWith(`${name} `),
    );
  const unread = elsewhere.map(notRead);
  if ('problems' in loaded) return reportOf({ settings, checks, rules: [], warnings: unread });
  const { warnings, compile } = loaded.ok;
  return reportOf({
    settings,
    checks,
    rules: reviewRules(compile.restrictions),
    warnings: [...unread, ...warnings.filter((text) => !isJudged(text)), ...privilegeLosses(compile)],
  });
}

const notRead = (what: string): string => `not in the file, so not checked: ${what}`;

async function checksOf(
  loaded: Loaded,
  isOffline: boolean,
  context: CommandContext,
): Promise<readonly Check[]> {
  if ('ok' in loaded && !isOffline)
    return [
      ...(await Promise.all([
        checkServer(loaded.ok, context),
        checkKubernetes(loaded.ok, context),
        checkGate(loaded.ok, context),
      ])),
      checkLookUps(loaded.ok),
    ];
  const why = isOffline ? 'because of --offline' : 'the settings have to be corrected first';
  return (['Drone server', 'Kubernetes', 'Gate image'] as const).map((what) => ({
    what,
    result: 'skipped',
    words: [why],
  }));
}
