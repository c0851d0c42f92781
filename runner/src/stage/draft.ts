import { type AccessLimits, isAllowed } from '../admit/access.ts';
import { substitutionVariables } from '../compile/stage-environment.ts';
import { lintPipeline } from '../lint/lint.ts';
import type { NamespaceRules } from '../lint/namespace-rules.ts';
import { findPipeline } from '../parse/find-pipeline.ts';
import type { PipelineFile, PipelineParser } from '../parse/pipeline-file.ts';
import type { Compiled } from '../pipeline/compiled.ts';
import type { StageDetail } from '../pipeline/drone.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { type CompileParts, compilePipeline } from './compile-pipeline.ts';

/** The dependencies of a draft. */
export interface DraftParts extends CompileParts {
  readonly access: AccessLimits;
  readonly namespaceRules: NamespaceRules;
  readonly parser: PipelineParser;
  /** Largest pipeline file, before and after substitution. */
  readonly fileLimitBytes: number;
}

/**
 * Turns a stage's details into the objects to create in the cluster: allowed? → substitute → parse → find → lint → prepare → compile.
 *
 * @throws {PipelineError} with the text for the author of the pipeline
 */
export async function draft(parts: DraftParts, detail: StageDetail, signal: AbortSignal): Promise<Compiled> {
  if (!isAllowed(parts.access, detail))
    throw new PipelineError('not-allowed', 'insufficient permission to run the pipeline', {
      blame: 'operator',
    });
  const variables = substitutionVariables(detail, parts.prepare.environment, parts.clock.now());
  const { yaml, repo } = detail;
  const file = { owner: repo.slug, yaml, variables, limitBytes: parts.fileLimitBytes };
  const manifest = await parts.parser.parse(file, signal);
  const pipeline = findPipeline(manifest, detail.stage.name);
  const problem = lintPipeline(pipeline, {
    trusted: detail.repo.trusted,
    slug: detail.repo.slug,
    namespaceRules: parts.namespaceRules,
  });
  if (problem) throw new PipelineError('lint', problem.message);
  try {
    return await compilePipeline(parts, { detail, manifest, pipeline }, signal);
  } catch (error) {
    throw await withPlaces(error, { parser: parts.parser, file, pipeline: pipeline.name }, signal);
  }
}

/** Where a refused pipeline is read again. */
interface RefusedFile extends Pick<DraftParts, 'parser'> {
  readonly file: PipelineFile;
  readonly pipeline: string;
}

/** The error with the place of each refused value; as it is, if it lists none or they can't be found. */
async function withPlaces(
  error: unknown,
  { parser, file, pipeline }: RefusedFile,
  signal: AbortSignal,
): Promise<unknown> {
  if (!(error instanceof PipelineError) || error.refused === undefined) return error;
  const paths = error.refused.values.map(({ at }) => at);
  const places = await parser.places(file, { pipeline, paths }, signal).catch(() => []);
  signal.throwIfAborted();
  return PipelineError.placed(error, places);
}
