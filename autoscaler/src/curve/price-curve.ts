import type { Job } from '../capacity/job.ts';
import type { NodeBilling } from '../capacity/node-billing.ts';
import type { NodeSpec } from '../capacity/node-spec.ts';
import type { PolicySettings } from '../decide/capacity-policy.ts';

/** The settings of a service whose pool is replayed. */
export interface CurveSettings extends PolicySettings {
  readonly emptyForMs: number;
  readonly lowerPaceMs: number;
  readonly billing?: NodeBilling;
}

/** Past builds, and the service that they are replayed with at several prices of waiting. */
export interface CurveQuestion {
  /** By arrival. */
  readonly jobs: readonly Job[];
  readonly node: NodeSpec;
  readonly bootSeconds: number;
  readonly settings: CurveSettings;
}

/** What a price of waiting would have cost a day. */
export interface CurvePoint {
  readonly waitPrice: number;
  readonly nodeHoursPerDay: number;
  readonly waitMinutesPerDay: number;
  readonly waitMeanSeconds: number;
  readonly waitP95Seconds: number;
}

/** What one minute more of boot would have cost with the price of the service. */
export interface BootMinute {
  readonly nodeHoursPer1000Prs: number;
  readonly waitMeanSeconds: number;
}

/** Cost against waiting. */
export interface PriceCurve {
  /** Days and builds that are counted; the ones before are for learning. */
  readonly days: number;
  readonly builds: number;
  /** That of the service, which is one of the points; undefined: it has none. */
  readonly waitPrice: number | undefined;
  /** By price, rising. */
  readonly points: readonly CurvePoint[];
  /** Undefined: the service has no price. */
  readonly bootMinute?: BootMinute | undefined;
}

/** Prices that every curve has. */
export const CURVE_PRICES: readonly number[] = [1, 3, 10, 30, 100, 300];

const tenths = (value: number): number => Math.round(value * 10) / 10;

/** The curve as `recommend --json` and the API return it. */
export const curveJson = ({ days, builds, waitPrice, points }: PriceCurve) => ({
  ...{ days: tenths(days), builds, waitPrice: waitPrice ?? null },
  points: points.map((point) => ({
    waitPrice: point.waitPrice,
    nodeHoursPerDay: tenths(point.nodeHoursPerDay),
    waitMinutesPerDay: tenths(point.waitMinutesPerDay),
    waitMeanSeconds: tenths(point.waitMeanSeconds),
    waitP95Seconds: tenths(point.waitP95Seconds),
  })),
});
