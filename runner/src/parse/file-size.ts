import { PipelineError } from '../pipeline/pipeline-error.ts';

/** @throws {PipelineError} `pipeline-too-large`, if a pipeline file has more bytes than the operator allows */
export function checkFileSize(text: string, limitBytes: number): void {
  const bytes = Buffer.byteLength(text);
  if (bytes <= limitBytes) return;
  throw new PipelineError(
    'pipeline-too-large',
    `the pipeline file has ${bytes} bytes, and this runner reads at most ${limitBytes} (HANGAR_PIPELINE_LIMIT); split it, or keep long scripts in the repository`,
  );
}
