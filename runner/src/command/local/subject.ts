import { DURATION } from '@hangar/shared/config-values';
import { UsageError } from '@hangar/shared/program/command-error';
import type { CommandContext } from '@hangar/shared/program/context';
import { parseSpanMs } from '@hangar/shared/span';
import { substitutionVariables } from '../../compile/stage-environment.ts';
import type { RunnerConfig } from '../../config/runner-config.ts';
import { parseManifest } from '../../parse/manifest.ts';
import { checkSize, type PipelineFile } from '../../parse/pipeline-file.ts';
import { DEFAULT_PIPELINE_NAME } from '../../parse/read-pipeline.ts';
import { substituteAll } from '../../parse/substitute.ts';
import type { StageDetail } from '../../pipeline/drone.ts';
import type { Manifest, Pipeline } from '../../pipeline/pipeline.ts';
import { PipelineError } from '../../pipeline/pipeline-error.ts';
import { textOf, variablesOf } from '../environment.ts';
import type { PipelineOptions } from '../options.ts';
import { check, type Finding } from './check.ts';
import { detailOf } from './detail.ts';

/** One pipeline of a file, checked and ready to be compiled; or its problems. */
export type Subject =
  | {
      readonly kind: 'ready';
      readonly detail: StageDetail;
      readonly manifest: Manifest;
      readonly pipeline: Pipeline;
      /** Where the pipeline is read from, before substitution. */
      readonly file: PipelineFile;
    }
  | { readonly kind: 'refused'; readonly findings: readonly Finding[] };

/** Inputs of a subject. */
export interface SubjectSources {
  readonly file: string;
  readonly options: PipelineOptions;
  readonly config: RunnerConfig;
  /** Default stage number. */
  readonly stageId: number;
  /** Default for cloning. */
  readonly clone: (detail: StageDetail) => boolean;
}

/**
 * Loads one pipeline from a file with options: substitutes, checks, parses, selects the pipeline and its steps.
 *
 * @throws {UsageError} for missing files, pipelines and steps; {PipelineError} for an invalid substitution
 */
export function subjectOf(
  { file, options, config, stageId, clone }: SubjectSources,
  context: Pick<CommandContext, 'readFile' | 'clock'>,
): Subject {
  const nowMs = context.clock.now();
  const detail = detailOf(options, {
    yaml: textOf(context, file),
    stageName: options['stage-name'] || DEFAULT_PIPELINE_NAME,
    stageId,
    secrets: secretsOf(options, context),
    timeoutMinutes: timeoutMinutes(options),
    nowMs,
  });
  const variables = substitutionVariables(detail, config.environment, nowMs);
  const { limitBytes } = config.pipelines;
  const source = { owner: detail.repo.slug, yaml: detail.yaml, variables, limitBytes };
  checkSize(detail.yaml, limitBytes);
  const { text, errors, originOf } = substituteAll(detail.yaml, variables);
  if (errors[0] !== undefined) throw errors[0];
  checkSize(text, limitBytes);
  const findings = check(text, {
    trusted: detail.repo.trusted,
    slug: detail.repo.slug,
    namespaceRules: config.namespaceRules,
  }).map((finding) => ({ ...finding, ...originOf(finding) }));
  const broken = findings.filter(({ severity, pipeline }) => severity === 'error' && pipeline === undefined);
  if (broken.length > 0) return { kind: 'refused', findings: broken };
  const manifest = parseManifest(text);
  const pipeline = choosePipeline(manifest, file, options['stage-name']);
  const problems = findings.filter((one) => one.severity === 'error' && one.pipeline === pipeline.name);
  if (problems.length > 0) return { kind: 'refused', findings: problems };
  const stage = { ...detail.stage, name: pipeline.name };
  const chosen = chooseSteps(pipeline, options, options.clone ?? clone(detail));
  return { kind: 'ready', detail: { ...detail, stage }, manifest, pipeline: chosen, file: source };
}

/** Secrets of `--secret-file`, overridden by those of `--secrets`. */
function secretsOf(
  options: PipelineOptions,
  context: Pick<CommandContext, 'readFile'>,
): Readonly<Record<string, string>> {
  const files = options['secret-file'].map((path) => variablesOf(context, path));
  return Object.assign({}, ...files, options.secrets) as Record<string, string>;
}

/** A duration, or minutes without a unit; `--repo-timeout` is the old name for minutes. */
function timeoutMinutes({ timeout: text, 'repo-timeout': minutes }: PipelineOptions): number {
  if (text === undefined) return minutes || 60;
  const spanMs = parseSpanMs(/^\d+$/.test(text) ? `${text}m` : text);
  if (spanMs !== undefined && spanMs > 0) return spanMs / 60_000;
  throw new UsageError(`--timeout takes ${DURATION.type}, not ${JSON.stringify(text)}`);
}

/** The named pipeline; without a name the one called default, or the only one. */
function choosePipeline({ pipelines }: Manifest, file: string, name: string): Pipeline {
  const found = pipelines.find((one) => one.name === (name || DEFAULT_PIPELINE_NAME));
  const [only] = pipelines;
  if (found) return found;
  if (only && pipelines.length === 1 && !name) return only;
  if (!only) throw new PipelineError('yaml', `${file} has no pipeline of type kubernetes`);
  const names = pipelines.map((one) => JSON.stringify(one.name)).join(', ');
  const wish = name ? `no pipeline ${JSON.stringify(name)} of type kubernetes` : 'several pipelines';
  throw new UsageError(`${file} has ${wish}: choose one with --stage-name; there are ${names}`);
}

/** Matches nothing: such a step never runs, and the order of the others stays (previous-runner §2.3). */
const NEVER: Pipeline['steps'][number]['when'] = { event: { include: [], exclude: ['**'] } };

/** Excludes the unselected steps, by conditions that never match. */
export function chooseSteps(
  pipeline: Pipeline,
  { include, exclude }: Pick<PipelineOptions, 'include' | 'exclude'>,
  clone: boolean,
): Pipeline {
  const names = [...pipeline.services, ...pipeline.steps].map(({ name }) => name);
  for (const name of [...include, ...exclude])
    if (!names.includes(name) && name !== 'clone')
      throw new UsageError(
        `there is no step ${JSON.stringify(name)}; there are ${names.map((one) => JSON.stringify(one)).join(', ')}`,
      );
  const isOut = (name: string): boolean =>
    exclude.includes(name) || (include.length > 0 && name !== 'clone' && !include.includes(name));
  const chosen = (step: Pipeline['steps'][number]): Pipeline['steps'][number] =>
    isOut(step.name) ? { ...step, when: NEVER } : step;
  const disable = pipeline.clone.disable || !clone || exclude.includes('clone');
  return {
    ...pipeline,
    clone: { ...pipeline.clone, disable },
    services: pipeline.services.map(chosen),
    steps: pipeline.steps.map(chosen),
  };
}
