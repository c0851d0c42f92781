import { PipelineError } from '../pipeline/pipeline-error.ts';
import type { StageFlow } from './stage-progress.ts';

/** How much longer a stage may wait: in the admission queue, or for room in a quota. */
export const leftMs = ({ parts, beganMs }: StageFlow): number =>
  beganMs + parts.waitLimitMs - parts.clock.monotonicMs();

/** The error that ends a stage's wait for admission, with the text for the author. */
export const waitedTooLong = (limitMs: number): PipelineError =>
  tooLong(`the pipeline was not admitted within ${spanOf(limitMs)}`);

/** The error that ends a stage's wait for room in the quota of its namespace. */
export const quotaTooLong = (limitMs: number, text: string): PipelineError =>
  tooLong(`the quota of the namespace was exhausted for ${spanOf(limitMs)}: ${text}`);

const tooLong = (text: string): PipelineError =>
  new PipelineError('waited-too-long', text, { blame: 'operator' });

function spanOf(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  return minutes > 1 ? `${minutes} minutes` : `${Math.round(ms / 1000)} seconds`;
}
