import type { BufferRule } from '../forecast/buffer-rule.ts';
import { type BufferOptions, type FreeRoom, learningRule } from '../forecast/live-forecast.ts';
import { bufferOf } from './buffer.ts';
import type { WorkCounts } from './demand.ts';
import { type Floor, floorAt } from './floors.ts';
import { type Guardrails, withFloor } from './guardrails.ts';
import { type ObjectiveNodes, type PoolNeed, type PoolState, poolNeed } from './pool-need.ts';
import type { RecommendedBuffer } from './recommendation.ts';

/** The settings that decide how many nodes a pool needs; `serve` and `replay` read them from the same variables. */
export interface PolicySettings {
  readonly buffer: BufferOptions;
  readonly rails: Guardrails;
  readonly floors: readonly Floor[];
  readonly objectiveMs: number;
  readonly tickMs: number;
}

/** A pool at a tick, and its part of the work. */
export interface PoolShare extends PoolState {
  /** Waiting Pods that are assigned to it, in Pods of the typical request. */
  readonly waitingPods: number;
  /** The part of future arrivals that it gets, 0 to 1. */
  readonly share: number;
  /** Nodes with which the simulated wait meets the objective, given a buffer of this size; undefined: not simulated. */
  readonly objective?: ((bufferPods: number) => ObjectiveNodes) | undefined;
}

/** All that the policy decides from. */
export interface PolicySnapshot {
  readonly nowMs: number;
  /** The expected time from the order of a node until it works. */
  readonly bootSeconds: number;
  readonly work: WorkCounts;
  /** What the learned part of the policy wants; undefined: nothing is learned, and the rule decides. */
  readonly forecast: FreeRoom | undefined;
  readonly pools: readonly PoolShare[];
}

/** The answer of the policy for one snapshot. */
export interface PolicyDecision {
  readonly leadSeconds: number;
  readonly buffer: RecommendedBuffer;
  /** One for each pool of the snapshot, in its order. */
  readonly pools: readonly PoolNeed[];
}

/**
 * How pools are sized: the one policy of `serve`, `replay` and the bench. The learned part ({@link newRule}) is told what happened; {@link decide} turns its answer and the present state into nodes. Who feeds it and who executes its orders differs.
 */
export class CapacityPolicy {
  readonly settings: PolicySettings;

  constructor(settings: PolicySettings) {
    this.settings = settings;
  }

  /** From a change to a working node: the change is seen at the next tick, decided, and a node boots. */
  leadSeconds(bootSeconds: number): number {
    return bootSeconds + (2 * this.settings.tickMs) / 1000;
  }

  /** The learned part, as it is before it has seen anything; undefined: the settings disable it. */
  newRule(bootSeconds: number): BufferRule | undefined {
    const { buffer, objectiveMs } = this.settings;
    if (!buffer.forecast) return undefined;
    return learningRule(this.leadSeconds(bootSeconds), buffer, objectiveMs / 1000);
  }

  /** The guardrails that hold now: a calendar floor is a minimum from one lead time before it begins. */
  railsAt(nowMs: number, leadSeconds: number): Guardrails {
    const { rails, floors } = this.settings;
    return withFloor(rails, floorAt(floors, nowMs, leadSeconds));
  }

  /** Pure: the same snapshot gives the same answer. */
  decide({ nowMs, bootSeconds, work, forecast, pools }: PolicySnapshot): PolicyDecision {
    const leadSeconds = this.leadSeconds(bootSeconds);
    const buffer = bufferOf(work, this.settings.buffer, forecast);
    const rails = this.railsAt(nowMs, leadSeconds);
    const needOf = (pool: PoolShare): PoolNeed => {
      const bufferPods = buffer.pods * pool.share;
      const wanted = {
        waitingPods: pool.waitingPods,
        bufferPods,
        keepPods: (forecast?.keepPods ?? 0) * pool.share,
        // A buffer that is corrected by the waits that were seen needs no simulated ones.
        objective: forecast === undefined ? pool.objective?.(bufferPods) : undefined,
      };
      return poolNeed(pool, wanted, rails, nowMs);
    };
    return { leadSeconds, buffer, pools: pools.map(needOf) };
  }
}
