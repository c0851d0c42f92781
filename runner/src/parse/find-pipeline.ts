import type { Manifest, Pipeline } from '../pipeline/pipeline.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { DEFAULT_PIPELINE_NAME } from './read-pipeline.ts';

/**
 * The first pipeline with the stage's name; no name is equal to `default` (previous-runner §3.4).
 *
 * @throws {PipelineError} `yaml` with `resource not found`
 */
export function findPipeline(manifest: Manifest, stageName: string): Pipeline {
  const wanted = stageName || DEFAULT_PIPELINE_NAME;
  const found = manifest.pipelines.find((pipeline) => pipeline.name === wanted);
  if (found === undefined) throw new PipelineError('yaml', 'resource not found');
  return found;
}
