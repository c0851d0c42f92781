import { parseManifest } from '../../parse/manifest.ts';
import type { Compiled } from '../../pipeline/compiled.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import { PipelineError } from '../../pipeline/pipeline-error.ts';
import { type CompileInput, compile } from '../compile.ts';
import { aCompileInput, anImage, aPreparation } from './a-pipeline.ts';

export { compileSettings, pipelines } from './arbitrary-pipelines.ts';

/** What became of each pipeline of a text, or of the text; errors other than PipelineError are rethrown. */
export function outcomes(
  text: string,
  changes: Partial<CompileInput>,
): readonly (Compiled | PipelineError)[] {
  const images = { 'docker.io/library/known:latest': anImage(), 'docker.io/drone/git:latest': anImage() };
  const prepared = aPreparation({ images, secrets: { known: 'multi\nline' } });
  const attempt = <T>(make: () => readonly T[]): readonly (T | PipelineError)[] => {
    try {
      return make();
    } catch (error) {
      if (error instanceof PipelineError) return [error];
      throw error;
    }
  };
  const compiled = (pipeline: Pipeline) =>
    attempt(() => [compile(aCompileInput({ pipeline, prepared, ...changes }))]);
  return attempt(() => parseManifest(text).pipelines.flatMap(compiled));
}
