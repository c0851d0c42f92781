import type { Conclusion } from '../pipeline/stage-state.ts';
import type { Trouble } from '../watch/trouble.ts';

/** Who counts what flights do: metrics, and the picture of what is running now. All calls are cheap and never throw. */
export interface StageRunEvents {
  /** A step's program began this long after its turn had come. */
  stepStarted(engine: 'gate' | 'swap', latencyMs: number): void;
  /** Once a stage. */
  concluded(conclusion: Conclusion, trouble: Trouble | undefined): void;
}
