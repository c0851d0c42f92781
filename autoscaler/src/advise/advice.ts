import { percent } from '../capacity/packing.ts';
import type { Pool } from '../capacity/pools.ts';
import type { EngineSettings } from './engines.ts';
import type { Proposal } from './proposals.ts';
import type { SettingsGain } from './settings-gain.ts';

/** What a change brought on the load "table-like" of scheduling-and-scaling §5; {@link PUBLISHED_GAINS}. */
interface Gain {
  /** The setting as it was, in seconds; the better one is 60 s (Cluster Autoscaler) and 0 s (Karpenter). */
  readonly nowSeconds: number;
  readonly nodeHoursShare: number;
  readonly waitP95Seconds: number;
}

/**
 * Replays of 1000 PRs a weekday over 28 days (seed 77), nodes of 4 CPU, boot 180 s: node-hours per 1000 PRs and p95 wait.
 * Cluster Autoscaler unneeded for 600, 180, 60 s: 1108, 1063, 1050 and 57, 68, 72 s. Karpenter after 600, 300, 120, 60, 0 s:
 * 1407, 1333, 1261, 1221, 1095 and 41, 45, 52, 57, 69 s.
 */
export const PUBLISHED_GAINS: Readonly<Record<EngineSettings['engine'], readonly Gain[]>> = {
  'cluster-autoscaler': [
    { nowSeconds: 600, nodeHoursShare: 1 - 1050 / 1108, waitP95Seconds: 57 - 72 },
    { nowSeconds: 180, nodeHoursShare: 1 - 1050 / 1063, waitP95Seconds: 68 - 72 },
  ],
  karpenter: [
    { nowSeconds: 600, nodeHoursShare: 1 - 1095 / 1407, waitP95Seconds: 41 - 69 },
    { nowSeconds: 300, nodeHoursShare: 1 - 1095 / 1333, waitP95Seconds: 45 - 69 },
    { nowSeconds: 120, nodeHoursShare: 1 - 1095 / 1261, waitP95Seconds: 52 - 69 },
    { nowSeconds: 60, nodeHoursShare: 1 - 1095 / 1221, waitP95Seconds: 57 - 69 },
  ],
};

/** Less is not worth a change. */
const LEAST_SHARE = 0.005;

const delayOf = (settings: EngineSettings): number =>
  settings.engine === 'karpenter' ? settings.consolidateAfterSeconds : settings.unneededSeconds;

/** The figures of the nearest setting that is not longer: what is promised is rather too little. */
function publishedGain({ now, better }: NonNullable<Proposal['replay']>): Gain | undefined {
  const [from, to] = [delayOf(now), delayOf(better)];
  if (from === to) return undefined;
  return PUBLISHED_GAINS[now.engine].find(({ nowSeconds }) => nowSeconds <= from);
}

function gainText(share: number, waitP95Seconds: number, source: string): string {
  const hours =
    share >= 0 ? `${percent(share)} of the node-hours` : `costs ${percent(-share)} more node-hours`;
  const wait = Math.round(Math.abs(waitP95Seconds));
  const change =
    wait === 0
      ? 'the wait does not change'
      : waitP95Seconds > 0
        ? `the 95th percentile of the wait becomes ${wait} s shorter`
        : `the 95th percentile of the wait becomes ${wait} s longer, unless a buffer is kept`;
  return `${hours}; ${change} (${source})`;
}

function savesOf(
  { replay, brings }: Proposal,
  compared: SettingsGain | undefined,
): Advice['saves'] | undefined {
  if (replay === undefined)
    return { nodeHoursShare: undefined, waitP95Seconds: undefined, basis: 'none', text: brings };
  if (compared !== undefined) {
    const { nodeHoursShare, waitP95Seconds, jobs, days } = compared;
    if (nodeHoursShare < LEAST_SHARE) return undefined;
    const source = `by a replay of ${jobs} Pods of the last ${Math.max(1, Math.round(days))} days`;
    const text = gainText(nodeHoursShare, waitP95Seconds, source);
    return { nodeHoursShare, waitP95Seconds, basis: 'replay', text };
  }
  const gain = publishedGain(replay);
  if (gain === undefined) return undefined;
  const { nodeHoursShare, waitP95Seconds } = gain;
  const source =
    "by a replay of a synthetic load of 1000 PRs per weekday; this cluster's load is not known yet";
  return {
    nodeHoursShare,
    waitP95Seconds,
    basis: 'published',
    text: gainText(nodeHoursShare, waitP95Seconds, source),
  };
}

/** By which a comparison is remembered: the same settings on the same nodes are the same question. */
export const comparisonKey = ({ replay }: Proposal, { spec }: Pool): string =>
  JSON.stringify([replay, spec.allocatable, spec.daemonSets]);

/**
 * What to change on the engines, and what it brings: by what was compared on remembered Pods, else by the published figures.
 * A change that a replay finds to bring nothing is left out. Pure.
 */
export function adviceOf(
  proposals: readonly Proposal[],
  compared: ReadonlyMap<string, SettingsGain>,
): readonly Advice[] {
  return proposals.flatMap((proposal) => {
    const { engine, pool, setting, now, better, because } = proposal;
    const saves = savesOf(proposal, compared.get(comparisonKey(proposal, pool)));
    return saves === undefined ? [] : { engine, pool: pool.name, setting, now, better, saves, because };
  });
}

/** One thing to change on the engine that scales a pool, and what it brings. */
export interface Advice {
  /** `cluster-autoscaler` or `karpenter`. */
  readonly engine: string;
  readonly pool: string;
  /** Flag or field, as the engine writes it. */
  readonly setting: string;
  readonly now: string;
  readonly better: string;
  readonly saves: {
    /** Share of the node-hours; 0.1: a tenth less, negative: more. Undefined: not known. */
    readonly nodeHoursShare: number | undefined;
    /** Seconds that the 95th percentile of the wait gets shorter. Undefined: not known. */
    readonly waitP95Seconds: number | undefined;
    /** `replay`: of the Pods that were remembered; `published`: of a made-up load; `none`: it is no matter of hours or waits. */
    readonly basis: 'replay' | 'published' | 'none';
    /** The same as a sentence. */
    readonly text: string;
  };
  readonly because: string;
}
