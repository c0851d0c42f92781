import type { CommandContext } from '@hangar/shared/program/context';
import { EXIT, type ExitCode } from '@hangar/shared/program/exit-codes';
import type { Values } from '@hangar/shared/program/options';
import { substitutionVariables } from '../compile/stage-environment.ts';
import { loadConfig } from '../config/load.ts';
import type { RunnerConfig } from '../config/runner-config.ts';
import { checkSize } from '../parse/pipeline-file.ts';
import { substituteAll } from '../parse/substitute.ts';
import type { StageDetail } from '../pipeline/drone.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { textOf } from './environment.ts';
import { byPlace, check, type Finding, findingText } from './local/check.ts';
import { detailOf } from './local/detail.ts';
import type { LINT_OPTIONS } from './options.ts';

const USUAL_FILE = '.drone.yml';
const STANDARD_INPUT = '/dev/stdin';
const EXCERPT_CHARS = 120;

type LintOptions = Values<typeof LINT_OPTIONS>;

/**
 * `lint FILE...`: all errors that prevent pipelines of type `kubernetes` from running, without a cluster (previous-runner §3.11, §3.12).
 */
export function lint(options: LintOptions, files: readonly string[], context: CommandContext): ExitCode {
  const named = files.length === 0 ? [USUAL_FILE] : files;
  const texts = named.map((file) => ({ file, text: textOf(context, file === '-' ? STANDARD_INPUT : file) }));
  const config = usualConfig(context);
  const found = texts.flatMap(({ file, text }) =>
    lintText(text, options, config, context.clock.now()).map((finding) => ({ file, text, finding })),
  );
  if (options.json) context.print(JSON.stringify(found.map(({ file, finding }) => ({ file, ...finding }))));
  else report(found, named.length, context);
  return found.some(({ finding }) => finding.severity === 'error') ? EXIT.failed : EXIT.ok;
}

/** A finding with the text of its file. */
interface Found {
  readonly file: string;
  readonly text: string;
  readonly finding: Finding;
}

/** One line for each finding; on a terminal also the place in the text, or that there is no problem. */
function report(found: readonly Found[], files: number, { print, isTerminal }: CommandContext): void {
  for (const { file, text, finding } of found) {
    print(findingText(file, finding));
    if (isTerminal) print(excerpt(text, finding));
  }
  if (isTerminal && found.length === 0) print(`no problems in ${files === 1 ? '1 file' : `${files} files`}`);
}

/** The line with a caret below the column; of a long line the part around it. */
function excerpt(text: string, { line, column }: Finding): string {
  const whole = (text.split('\n')[line - 1] ?? '').replace(/\r$/, '');
  const from = column <= EXCERPT_CHARS ? 0 : column - EXCERPT_CHARS / 2;
  const shown = whole.slice(from, from + EXCERPT_CHARS).replace(/\p{Cc}/gu, ' ');
  return `    ${shown}\n    ${' '.repeat(column - 1 - from)}^`;
}

/** The settings of a runner without any variables, so that a file is judged alike on every machine. */
function usualConfig({ hostname, version }: CommandContext): RunnerConfig {
  const loaded = loadConfig({ DRONE_RPC_HOST: 'none', DRONE_RPC_SECRET: 'none' }, () => '', {
    hostname,
    version,
    namespace: '',
  });
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
  return loaded.ok;
}

/** Findings of one file's text, substitution included. */
function lintText(
  text: string,
  options: LintOptions,
  { compile: settings, pipelines: { limitBytes } }: RunnerConfig,
  nowMs: number,
): readonly Finding[] {
  if (text.trim() === '') return [{ line: 1, column: 1, severity: 'warning', message: 'the file is empty' }];
  try {
    const detail = detailOf(options, {
      yaml: text,
      stageName: '',
      stageId: 1,
      secrets: {},
      timeoutMinutes: 60,
      nowMs,
    });
    checkSize(text, limitBytes);
    const { text: substituted, errors, originOf } = substituteAll(text, variablesOf(detail, nowMs));
    checkSize(substituted, limitBytes);
    const wrong = errors.map(errorFinding);
    const found = check(substituted, {
      trusted: detail.repo.trusted,
      slug: detail.repo.slug,
      namespaceRules: {},
      compile: { detail, settings, nowMs },
    }).map((finding) => ({ ...finding, ...originOf(finding) }));
    const others = found.filter(({ line }) => !wrong.some((one) => one.line === line));
    return [...backslashes(text), ...[...wrong, ...others].toSorted(byPlace)];
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    return [errorFinding(error)];
  }
}

const errorFinding = ({ place, message }: PipelineError): Finding => ({
  ...(place ?? { line: 1, column: 1 }),
  severity: 'error',
  message,
});

/** The old runner changed pairs of backslash and slash outside of expressions (docs/decisions/0016-backslashes.md). */
function backslashes(text: string): readonly Finding[] {
  const pairs = [
    ...text.replace(/\$\{[^}]*\}/g, (expression) => ' '.repeat(expression.length)).matchAll(/\\[\\/]/g),
  ];
  const [first, ...more] = pairs;
  if (first === undefined) return [];
  const before = text.slice(0, first.index).split('\n');
  const others = more.length === 0 ? '' : `, and ${more.length} more`;
  return [
    {
      line: before.length,
      column: (before.at(-1) ?? '').length + 1,
      severity: 'warning',
      message: `\`${first[0]}\` stays unchanged; the previous runner changed it to \`${first[0].slice(1)}\`${others}`,
    },
  ];
}

/** A value that may be part of an image, a name or a path. */
const standIn = (name: string): string => name.toLowerCase().replaceAll('_', '-');

/**
 * Build variables from the options. A variable that they leave empty, or that only tags, pull requests or failures have, is not
 * substituted, so that `image: app:${DRONE_TAG}` stays valid YAML here.
 */
function variablesOf(detail: StageDetail, nowMs: number): Record<string, string> {
  const rare = { event: 'pull_request', ref: 'refs/tags/v1.2.3', status: 'failure' } as const;
  const all = substitutionVariables({ ...detail, build: { ...detail.build, ...rare } }, {}, nowMs);
  const reported = Object.entries(substitutionVariables(detail, {}, nowMs)).filter(
    ([, value]) => value !== '',
  );
  return {
    ...Object.fromEntries(Object.keys(all).map((name) => [name, standIn(name)])),
    ...Object.fromEntries(reported),
  };
}
