import type { Clock } from '@hangar/shared/clock';
import { SURPLUS_TAINT } from '@hangar/shared/contract/object-keys';
import { withDeadline } from '@hangar/shared/deadline';
import type { Cluster } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import type { Condition } from '../capacity/condition.ts';
import { CLOSING_TAINT } from '../capacity/pool-node.ts';
import { unmarkedPodsFor } from '../capacity/pushes.ts';
import type { PoolRules } from '../capacity/read-node.ts';
import type { ActingConfig } from '../config/acting.ts';
import { ActRecorder } from './act-recorder.ts';
import { bufferWithoutToleration, taintsLeft, unknownPools, unmarkedPools } from './acting-conditions.ts';
import type { Actor, ActView, OrderOutcome, PoolOrder } from './actor.ts';
import type { ActOutcome, Actuator } from './actuator.ts';
import type { AuditTrail } from './audit.ts';
import { Eligibility } from './eligibility.ts';
import { fencedCluster } from './fenced-cluster.ts';
import { ObservedPools } from './observed-pools.ts';
import type { Placer } from './placer.ts';
import { PoolActuators } from './pool-actuators.ts';
import { MARK_HYSTERESIS_PODS } from './surplus.ts';

/** How it acts. */
export interface ActingOptions extends ActingConfig {
  readonly rules: PoolRules;
  readonly tickMs: number;
  readonly runnersNamespace: string | undefined;
}

/** What {@link Acting} is made of. */
export interface ActingParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly observed: ObservedPools;
  readonly eligibility: Pick<Eligibility, 'isLeading' | 'leading' | 'missing' | 'run' | 'standby' | 'whyNot'>;
  readonly pools: {
    /** Always the same one for a pool. */
    placer(pool: string): Pick<Placer, 'tick' | 'clear'>;
    actuator(pool: string): Actuator | undefined;
    release(signal: AbortSignal): Promise<void>;
  };
}

const TROUBLED: ReadonlySet<string> = new Set([
  'unserved',
  'absent',
  'refused',
  'foreign-owner',
  'paused',
  'failed',
]);
/** Nodes that were closed and not taken are opened within this time when the process ends. */
const RELEASE_MS = 3_000;

/** Places and scales all pools, one after the other, as the settings say and while this replica may. */
export class Acting implements Actor {
  readonly #parts: ActingParts;
  readonly #options: ActingOptions;
  #outcomes: readonly OrderOutcome[] | undefined;

  constructor(parts: ActingParts, options: ActingOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  get isLeading(): boolean {
    return this.#parts.eligibility.isLeading;
  }

  run(stop: AbortSignal): Promise<void> {
    return this.#parts.eligibility.run(stop, () => this.#release());
  }

  async act(
    orders: readonly PoolOrder[],
    actView: ActView,
    signal: AbortSignal,
  ): Promise<readonly OrderOutcome[]> {
    const { observed, eligibility } = this.#parts;
    this.#outcomes ??= [];
    observed.observe(actView);
    const standby = eligibility.standby();
    const { leading } = eligibility;
    // Nothing is written after the end of leadership.
    const until = leading ? AbortSignal.any([leading, signal]) : signal;
    const outcomes: OrderOutcome[] = [];
    for (const order of orders)
      outcomes.push(
        standby ? { pool: order.pool, ...standby } : await this.#reconcile(order, actView, until),
      );
    this.#outcomes = outcomes;
    return outcomes;
  }

  /** As of the last act. */
  conditions(): readonly Condition[] {
    const { observed, eligibility } = this.#parts;
    const { actuators, rules, dryRun } = this.#options;
    const outcomes = this.#outcomes ?? [];
    const troubled = outcomes.filter(({ outcome }) => TROUBLED.has(outcome));
    const known = new Set(outcomes.map(({ pool }) => pool));
    const texts = [
      ...eligibility.missing,
      ...new Set(troubled.map(({ pool, note }) => `pool ${pool}: ${note}`)),
      ...(this.#outcomes ? unknownPools(actuators, known, rules.label) : []),
      ...(dryRun ? taintsLeft(observed.nodesByPool) : []),
      ...unmarkedPools(this.#options, observed.nodesByPool),
    ];
    return texts.map((text) => ({ weight: 'note', text }));
  }

  async #reconcile(order: PoolOrder, actView: ActView, signal: AbortSignal): Promise<OrderOutcome> {
    const { pool } = order;
    const whyUnscaled = this.#whyUnscaled(pool);
    const actuator = whyUnscaled === undefined ? this.#parts.pools.actuator(pool) : undefined;
    const placed = await this.#place(pool, actuator, actView, signal);
    const isPlaced = placed !== undefined && placed.kind !== 'unchanged';
    const placing = isPlaced ? `; placing: ${placed.text}` : '';
    if (whyUnscaled !== undefined) return { pool, outcome: 'refused', note: `${whyUnscaled}${placing}` };
    if (actuator === undefined) {
      const outcome = isPlaced ? placed.kind : 'dry-run';
      return { pool, outcome, note: `no actuator is configured for this pool${placing}` };
    }
    const { kind, text, trouble } = await scale(actuator, order, actView.uncertain, signal);
    if (trouble === undefined) return { pool, outcome: kind, note: `${text}${placing}` };
    return { pool, outcome: 'unserved', note: `${text}; ${trouble}${placing}` };
  }

  /** Marks surplus nodes, or removes the taints of which nobody takes care any more. Undefined: nodes are left as they are. */
  async #place(
    pool: string,
    actuator: Actuator | undefined,
    { perSecond, waitingPods, emptyAt, uncertain }: ActView,
    signal: AbortSignal,
  ): Promise<ActOutcome | undefined> {
    const nodes = this.#parts.observed.nodes(pool);
    const placer = this.#parts.pools.placer(pool);
    const leftovers = actuator?.meaning === 'total' ? [] : [CLOSING_TAINT];
    switch (this.#marks(pool)) {
      case 'leave':
        return undefined;
      case 'clear':
        return placer.clear(nodes, [SURPLUS_TAINT, ...leftovers], signal);
      case 'mark': {
        const opened = await placer.clear(nodes, leftovers, signal);
        if (opened.kind !== 'unchanged') return opened;
        if (uncertain !== undefined) return undefined;
        const tickSeconds = this.#options.tickMs / 1000;
        const endsKnown = emptyAt !== undefined;
        const openRoom = unmarkedPodsFor({ perSecond, waiting: waitingPods, tickSeconds, endsKnown });
        return placer.tick(nodes, { openRoom, slackRoom: MARK_HYSTERESIS_PODS }, signal);
      }
    }
  }

  /** Which right the actuator of a pool lacks. */
  #whyUnscaled(pool: string): string | undefined {
    const setting = this.#options.actuators.find((one) => one.pool === pool);
    return setting && this.#parts.eligibility.whyNot(setting.kind);
  }

  #marks(pool: string): 'mark' | 'clear' | 'leave' {
    const { place, dryRun } = this.#options;
    if (!dryRun && this.#parts.eligibility.whyNot('place') !== undefined) return 'leave';
    if (place && bufferWithoutToleration(this.#options, pool, this.#parts.observed.nodes(pool)) === undefined)
      return 'mark';
    return dryRun ? 'leave' : 'clear';
  }

  async #release(): Promise<void> {
    const { clock, log, pools } = this.#parts;
    const late = (): Error => new Error('no time left');
    try {
      await withDeadline(clock, { ms: RELEASE_MS, late }, (signal) => pools.release(signal));
    } catch (error) {
      log.warn({ err: error }, 'cordoned nodes could not be uncordoned at shutdown; the next leader does it');
    }
  }
}

/** A static pool is asked for all its nodes, an engine's pool for those that shall stand ready beside its builds. */
async function scale(
  actuator: Actuator,
  { nodes, spareNodes, because }: PoolOrder,
  uncertain: string | undefined,
  signal: AbortSignal,
): Promise<ActOutcome> {
  const desired = actuator.meaning === 'total' ? nodes : spareNodes;
  if (uncertain === undefined) return actuator.set(desired, because, signal);
  const observation = await actuator.observe(signal);
  const least = observation.kind === 'found' ? (observation.nodes ?? 0) : 0;
  if (desired >= least) return actuator.set(desired, because, signal);
  return actuator.set(least, `not lowered to ${desired}: ${uncertain}`, signal);
}

/** Puts acting together; nothing is asked of the cluster yet. */
export function createActing(
  outside: {
    readonly clock: Clock;
    readonly cluster: Cluster;
    readonly log: Logger;
    readonly trail: AuditTrail;
  },
  options: ActingOptions,
): Acting {
  const { clock, log } = outside;
  const observed = new ObservedPools(clock);
  const eligibility = new Eligibility(outside, options);
  const cluster = fencedCluster(outside.cluster, () => eligibility.whyNoWrite());
  const recorder = new ActRecorder({
    ...outside,
    cluster,
    instance: options.lease.replica,
    writesEvents: () => eligibility.mayWriteEvents(),
  });
  const pools = new PoolActuators({ clock, cluster, log, recorder, observed }, options);
  return new Acting({ clock, log, observed, eligibility, pools }, options);
}
