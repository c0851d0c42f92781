import { PipelineError } from '../pipeline/pipeline-error.ts';
import type { StageFlow } from './stage-progress.ts';

/** How long a stage that is not admitted may wait from now on: in the line, or for room in a quota. */
export const leftMs = ({ parts, beganMs }: StageFlow): number =>
  beganMs + parts.waitLimitMs - parts.clock.monotonicMs();

/** Ends a stage's wait for admission, with the text that the author reads. */
export const waitedTooLong = (limitMs: number): PipelineError =>
  tooLong(`the pipeline was not admitted within ${spanOf(limitMs)}`);

/** Ends a stage's wait for room in the quota of its namespace. */
export const quotaTooLong = (limitMs: number, text: string): PipelineError =>
  tooLong(`the quota of the namespace had no room within ${spanOf(limitMs)}: ${text}`);

const tooLong = (text: string): PipelineError =>
  new PipelineError('waited-too-long', text, { blame: 'operator' });

function spanOf(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  return minutes > 1 ? `${minutes} minutes` : `${Math.round(ms / 1000)} seconds`;
}
