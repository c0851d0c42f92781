import type { Job } from '../capacity/job.ts';
import type { NodeSpec } from '../capacity/node-spec.ts';
import type { EngineSettings } from './engines.ts';

/** Past Pods, and two ways to have sized a pool for them. */
export interface SettingsComparison {
  /** By arrival. */
  readonly jobs: readonly Job[];
  readonly node: NodeSpec;
  readonly bootSeconds: number;
  readonly now: EngineSettings;
  readonly better: EngineSettings;
}

/** What the better settings would have changed. */
export interface SettingsGain {
  /** Share of the node-hours that is saved; negative: more is used. */
  readonly nodeHoursShare: number;
  /** Seconds that the 95th percentile of the wait gets shorter; negative: longer. */
  readonly waitP95Seconds: number;
  readonly jobs: number;
  readonly days: number;
}
