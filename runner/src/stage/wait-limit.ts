import type { Deadline } from '@hangar/shared/deadline';
import { PipelineError } from '../pipeline/pipeline-error.ts';

/** Ends a stage's wait for admission, with the text that the author reads. */
export const admissionDeadline = (limitMs: number, signal: AbortSignal): Deadline => ({
  ms: limitMs,
  signal,
  late: () => tooLong(limitMs),
});

function tooLong(ms: number): PipelineError {
  const minutes = Math.round(ms / 60_000);
  const span = minutes > 1 ? `${minutes} minutes` : `${Math.round(ms / 1000)} seconds`;
  return new PipelineError('waited-too-long', `the pipeline was not admitted within ${span}`, {
    blame: 'operator',
  });
}
