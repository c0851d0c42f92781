import type { Clock } from '@hangar/shared/clock';
import { untilTime } from '../supervise/until-time.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';

/** A signal that is aborted, with the text that the author reads, when a stage has waited too long for admission; call it off when it is decided. */
export function waitLimit(clock: Clock, limitMs: number): { signal: AbortSignal; callOff(): void } {
  const limit = new AbortController();
  if (!Number.isFinite(limitMs)) return { signal: limit.signal, callOff: () => undefined };
  const callOff = untilTime(clock, limitMs, () => limit.abort(tooLong(limitMs)));
  return { signal: limit.signal, callOff };
}

function tooLong(ms: number): PipelineError {
  const minutes = Math.round(ms / 60_000);
  const span = minutes > 1 ? `${minutes} minutes` : `${Math.round(ms / 1000)} seconds`;
  return new PipelineError('waited-too-long', `the pipeline was not admitted within ${span}`, {
    blame: 'operator',
  });
}
