import type { Resources } from './shape.ts';

/** One build Pod of the past: what a trace holds and a replay plays. Times in seconds since 1970. */
export interface Job {
  readonly arrivedAt: number;
  readonly durationSeconds: number;
  readonly request: Resources;
  /** When somebody could first have known that it would come; never later than its arrival. */
  readonly knownAt?: number;
  readonly build?: string;
  readonly repo?: string;
  /** What started the build, such as `push` or `cron`. */
  readonly event?: string;
}
