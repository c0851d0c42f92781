import type { Measured } from '../measure/row.ts';
import type { Track } from './track.ts';

/** One question about how steps run, answered by measurement. */
export interface Bench {
  /** For `--only`. */
  readonly name: string;
  readonly what: string;
  /** Rejects when something didn't work; a slow machine is no such thing. */
  run(track: Track): Promise<readonly Measured[]>;
}
