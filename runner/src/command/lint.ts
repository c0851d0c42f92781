import type { CommandContext } from '@hangar/shared/program/context';
import { EXIT, type ExitCode } from '@hangar/shared/program/exit-codes';
import type { Values } from '@hangar/shared/program/options';
import { substitutionVariables } from '../compile/stage-environment.ts';
import { substitute } from '../parse/substitute.ts';
import type { StageDetail } from '../pipeline/drone.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { textOf } from './environment.ts';
import { check, type Finding, findingText } from './local/check.ts';
import { detailOf } from './local/detail.ts';
import type { LINT_OPTIONS } from './options.ts';

type LintOptions = Values<typeof LINT_OPTIONS>;

/**
 * `lint FILE...`: all errors that prevent pipelines of type `kubernetes` from running, without a cluster (previous-runner §3.11, §3.12).
 */
export function lint(options: LintOptions, files: readonly string[], context: CommandContext): ExitCode {
  const { print, clock } = context;
  const texts = files.map((file) => ({ file, text: textOf(context, file) }));
  const found = texts.flatMap(({ file, text }) =>
    lintText(text, options, clock.now()).map((finding) => ({ file, finding })),
  );
  if (options.json) print(JSON.stringify(found.map(({ file, finding }) => ({ file, ...finding }))));
  else for (const { file, finding } of found) print(findingText(file, finding));
  return found.some(({ finding }) => finding.severity === 'error') ? EXIT.failed : EXIT.ok;
}

/** Findings of one file's text, substitution included. */
function lintText(text: string, options: LintOptions, nowMs: number): readonly Finding[] {
  try {
    const trusted = options.trusted ?? options['repo-trusted'] ?? false;
    const detail = detailOf(options, {
      yaml: text,
      stageName: '',
      stageId: 1,
      secrets: {},
      timeoutMinutes: 60,
      nowMs,
    });
    const substituted = substitute(text, variablesOf(detail, nowMs));
    return check(substituted, { trusted, slug: detail.repo.slug, namespaceRules: {} });
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    return [{ line: 1, column: 1, severity: 'error', message: error.message }];
  }
}

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
    ...Object.fromEntries(Object.keys(all).map((name) => [name, name])),
    ...Object.fromEntries(reported),
  };
}
