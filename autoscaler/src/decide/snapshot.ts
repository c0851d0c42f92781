import type { AdviceInputs } from '../advise/advice-sources.ts';
import type { Calibration } from '../calibrate/calibrate.ts';
import type { PodCounts } from '../capacity/pod-counts.ts';
import type { Pool } from '../capacity/pools.ts';
import type { FreeRoom } from '../forecast/live-forecast.ts';
import type { DroneReading } from '../scrape/drone-server.ts';
import type { RunnersView } from '../scrape/runner-book.ts';

/** One watch at the moment of the snapshot. */
export interface WatchView {
  readonly staleMs: number | undefined;
  readonly trouble: string;
}

/** The state of the cluster at one time, frozen: every decision of a tick uses it. Undefined means unknown. */
export interface CapacitySnapshot extends AdviceInputs {
  readonly nowMs: number;
  /** Undefined: no cluster is watched, or the watch has never delivered. */
  readonly pods: PodCounts | undefined;
  readonly pools: readonly Pool[];
  readonly watches: Readonly<Partial<Record<'pods' | 'nodes' | 'daemonSets' | 'endpointSlices', WatchView>>>;
  /** Undefined: no runner is queried. */
  readonly runners: RunnersView | undefined;
  /** Undefined: the Drone server isn't queried. */
  readonly drone: DroneReading | undefined;
  readonly calibration: Calibration;
  /** Pods that arrived per second, recently. */
  readonly perSecond: number;
  readonly grewAtMs: ReadonlyMap<string, number>;
  /** The free room wanted by the forecast or its fallback rule; undefined: there is none. */
  readonly forecast: FreeRoom | undefined;
}
