import { substitutionVariables } from '../compile/stage-environment.ts';
import { substitute } from '../parse/substitute.ts';
import type { StageDetail } from '../pipeline/drone.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import type { Surroundings } from './command.ts';
import { LINT } from './lint-flags.ts';
import { check, type Finding, findingText } from './local/check.ts';
import { type Flags, UsageError } from './local/flags.ts';
import { detailOf } from './local/metadata-flags.ts';
import { EXIT, runCommand, textOf } from './local/outcome.ts';

/** `lint FILE...`: all that keeps pipelines of type `kubernetes` from running, without any cluster (previous-runner §3.11, §3.12). */
export function lint(args: readonly string[], surroundings: Surroundings): Promise<number> {
  return runCommand(LINT, args, surroundings, (flags) => Promise.resolve(lintFiles(flags, surroundings)));
}

function lintFiles(flags: Flags, surroundings: Surroundings): number {
  const { readFile, print, clock } = surroundings;
  if (flags.files.length === 0)
    throw new UsageError('name the files to look at: hangar-runner lint .drone.yml');
  const texts = flags.files.map((file) => ({ file, text: textOf(readFile, file) }));
  const found = texts.flatMap(({ file, text }) =>
    lintText(text, flags, clock.now()).map((finding) => ({ file, finding })),
  );
  if (flags.yes('json')) print(JSON.stringify(found.map(({ file, finding }) => ({ file, ...finding }))));
  else for (const { file, finding } of found) print(findingText(file, finding));
  return found.some(({ finding }) => finding.severity === 'error') ? EXIT.failed : EXIT.ok;
}

/** Findings of one file's text, substitution included. */
export function lintText(text: string, flags: Flags, nowMs: number): readonly Finding[] {
  try {
    const trusted = flags.yes('trusted') ?? flags.yes('repo-trusted') ?? false;
    const detail = detailOf(flags, {
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
 * What the flags tell of the build. A variable that they leave empty, or that only tags, pull requests or failures have, stands for
 * itself, so that `image: app:${DRONE_TAG}` is no broken YAML here.
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
