import type { AdviceInputs } from '../advise/advice-sources.ts';
import type { Calibration } from '../calibrate/calibrate.ts';
import type { FreeRoom } from '../forecast/live-forecast.ts';
import type { DroneReading } from '../scrape/drone-server.ts';
import type { PodCounts } from '../capacity/pod-counts.ts';
import type { Pool } from '../capacity/pools.ts';
import type { RunnersView } from '../scrape/runner-book.ts';

/** One watch at the moment of the snapshot. */
export interface WatchView {
  readonly staleMs: number | undefined;
  readonly trouble: string;
}

/** The world at one moment, frozen: everything that is decided in a tick is decided on it. Undefined is unknown. */
export interface CapacitySnapshot extends AdviceInputs {
  readonly nowMs: number;
  /** Undefined: no cluster is watched, or it was never heard. */
  readonly pods: PodCounts | undefined;
  readonly pools: readonly Pool[];
  readonly watches: Readonly<Partial<Record<'pods' | 'nodes' | 'daemonSets' | 'endpointSlices', WatchView>>>;
  /** Undefined: no runner is asked. */
  readonly runners: RunnersView | undefined;
  /** Undefined: the Drone server isn't asked. */
  readonly drone: DroneReading | undefined;
  readonly calibration: Calibration;
  /** Pods that arrived in a second, lately. */
  readonly perSecond: number;
  readonly grewAtMs: ReadonlyMap<string, number>;
  /** What the forecast, or the rule that it is held to, wants kept free; undefined: there is none. */
  readonly forecast: FreeRoom | undefined;
}
