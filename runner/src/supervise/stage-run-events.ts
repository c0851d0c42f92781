import type { Conclusion } from '../pipeline/stage-state.ts';
import type { Trouble } from '../watch/trouble.ts';

/** Receives the events of stage runs, for metrics and for the status of running stages. All calls are cheap and never throw. */
export interface StageRunEvents {
  /** A step's program started this long after the step was due. */
  stepStarted(engine: 'gate' | 'swap', latencyMs: number): void;
  /** Called once per stage. */
  concluded(conclusion: Conclusion, trouble: Trouble | undefined): void;
}
