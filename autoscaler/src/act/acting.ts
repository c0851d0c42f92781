import type { Clock } from '@hangar/shared/clock';
import { PAUSED_ANNOTATION, SURPLUS_TAINT } from '@hangar/shared/contract/object-keys';
import { withDeadline } from '@hangar/shared/deadline';
import type { Cluster } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import type { ActingConfig } from '../config/acting.ts';
import type { ActuatorSetting } from '../config/actuators.ts';
import type { Condition } from '../capacity/condition.ts';
import { Leadership } from '../lead/leadership.ts';
import { NodeBoard } from './node-board.ts';
import { openRoomFor, SLACK_ROOM } from './open-room.ts';
import { CLOSING_TAINT, carries, type PoolNode } from '../capacity/pool-node.ts';
import type { Actor, ActView, OrderOutcome, PoolOrder } from './actor.ts';
import type { PoolRules } from '../capacity/read-node.ts';
import { Announcer } from './announcer.ts';
import type { AuditTrail } from './audit.ts';
import { PoolWorker, type PoolWorkerView } from './pool-worker.ts';
import { fencedCluster } from './fenced-cluster.ts';
import { Rights } from './rights.ts';
import { Actuators } from './actuators.ts';

/** What acting is made of. */
export interface ActingParts {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly log: Logger;
  readonly trail: AuditTrail;
}

/** How it acts. */
export interface ActingOptions extends ActingConfig {
  readonly rules: PoolRules;
  readonly tickMs: number;
  readonly runnersNamespace: string | undefined;
}

/** Why nothing is done for any pool now. */
interface Standby {
  readonly outcome: 'starting' | 'refused' | 'follower' | 'paused';
  readonly note: string;
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
const LET_GO_MS = 3_000;

/**
 * Places and scales, as the settings say: reviews its rights, stands for leadership, and works on all pools as long as this replica
 * leads. In a dry run it leads nothing and writes nothing.
 */
export class Acting implements Actor {
  readonly #parts: ActingParts;
  readonly #options: ActingOptions;
  readonly #rights: Rights;
  readonly #leadership: Leadership;
  readonly #board: NodeBoard;
  readonly #actuators: Actuators;
  readonly #worker: PoolWorker;
  #nodes: ReadonlyMap<string, readonly PoolNode[]> = new Map();
  #outcomes: readonly OrderOutcome[] = [];
  #hasLooked = false;

  constructor(parts: ActingParts, options: ActingOptions) {
    const { clock, cluster, log } = parts;
    this.#parts = parts;
    this.#options = options;
    this.#rights = new Rights(parts, { ...options, leaseNamespace: options.lease.namespace });
    this.#leadership = new Leadership({ clock, cluster, log }, options.lease);
    this.#board = new NodeBoard(clock);
    const fenced = fencedCluster(cluster, () => this.#whyNoWrite());
    const writesEvents = (): boolean =>
      !options.dryRun && this.#leadership.isLeading && this.#rights.whyNot('events') === undefined;
    const { replica: instance } = options.lease;
    const announcer = new Announcer({ ...parts, cluster: fenced, instance, writesEvents });
    this.#actuators = new Actuators({ clock, log, cluster: fenced, announcer }, options, {
      nodes: (pool) => this.#nodes.get(pool) ?? [],
    });
    this.#worker = new PoolWorker({
      placer: (pool) => this.#actuators.placer(pool),
      actuator: (pool) =>
        this.#whyUnscaled(pool) === undefined ? this.#actuators.actuator(pool) : undefined,
      whyNot: (pool) => this.#whyUnscaled(pool),
      marks: (pool) => this.#marks(pool),
    });
  }

  /** Does this replica lead? In a dry run nobody does. */
  get isLeading(): boolean {
    return this.#leadership.isLeading;
  }

  async run(stop: AbortSignal): Promise<void> {
    if (this.#options.dryRun) return this.#rights.run(stop);
    const resigned = new AbortController();
    const reviewing = this.#rights.run(stop);
    const leading = this.#leadership.run(() => Promise.resolve(), resigned.signal);
    await untilAborted(stop);
    await this.#release();
    resigned.abort(new Error('told to stop'));
    await Promise.all([reviewing, leading]);
  }

  async act(
    orders: readonly PoolOrder[],
    actView: ActView,
    signal: AbortSignal,
  ): Promise<readonly OrderOutcome[]> {
    this.#hasLooked = true;
    this.#outcomes = await this.#act(orders, actView, signal);
    return this.#outcomes;
  }

  /** As of the last act. */
  conditions(): readonly Condition[] {
    const reported = this.#outcomes.filter(({ outcome }) => TROUBLED.has(outcome));
    const texts = [
      ...this.#rights.missing,
      ...new Set(reported.map(({ pool, note }) => `pool ${pool}: ${note}`)),
      ...this.#unknownPools(),
      ...this.#leftBehind(),
      ...this.#unmarked(),
    ];
    return texts.map((text) => ({ weight: 'note', text }));
  }

  async #act(
    orders: readonly PoolOrder[],
    actView: ActView,
    signal: AbortSignal,
  ): Promise<readonly OrderOutcome[]> {
    this.#nodes = this.#board.read({ ...actView, typical: actView.typicalPod });
    this.#actuators.seen(actView);
    const standby = this.#standby();
    if (standby) return orders.map(({ pool }) => ({ pool, ...standby }));
    const leading = this.#leadership.leading;
    const until = leading ? AbortSignal.any([leading, signal]) : signal;
    return this.#worker.act(orders, this.#view(actView), until);
  }

  #view({ perSecond, waitingPods, uncertain }: ActView): PoolWorkerView {
    const openRoom = openRoomFor({
      perSecond,
      waiting: waitingPods,
      tickSeconds: this.#options.tickMs / 1000,
    });
    return { nodes: this.#nodes, surplus: { openRoom, slackRoom: SLACK_ROOM }, uncertain };
  }

  #standby(): Standby | undefined {
    if (this.#options.dryRun) return undefined;
    if (!this.#rights.isKnown) return { outcome: 'starting', note: 'the rights are being reviewed' };
    const mayNot = this.#rights.whyNot('lead');
    if (mayNot !== undefined) return { outcome: 'refused', note: mayNot };
    const { isLeading, isPaused, holder } = this.#leadership;
    if (!isLeading)
      return {
        outcome: 'follower',
        note: holder ? `${holder} leads, this replica only looks` : 'nobody leads yet',
      };
    if (!isPaused) return undefined;
    return {
      outcome: 'paused',
      note: `paused by the annotation ${PAUSED_ANNOTATION} on the Lease ${this.#lease}: remove it to go on`,
    };
  }

  /** The last word before each write, by the clock and not by a timer. */
  #whyNoWrite(): string | undefined {
    if (this.#options.dryRun) return 'this is a dry run';
    return this.#leadership.isLeading ? undefined : 'this replica does not lead any more';
  }

  #whyUnscaled(pool: string): string | undefined {
    const setting = this.#options.actuators.find((one) => one.pool === pool);
    return setting && this.#rights.whyNot(setting.kind);
  }

  #marks(pool: string): 'mark' | 'clear' | 'leave' {
    const { place, dryRun } = this.#options;
    if (!dryRun && this.#rights.whyNot('place') !== undefined) return 'leave';
    if (place && this.#misledBuffer(pool) === undefined) return 'mark';
    return dryRun ? 'leave' : 'clear';
  }

  /**
   * The CapacityBuffer of a pool that marks would make Karpenter fill without end: to it a node with a PreferNoSchedule taint has no
   * room for a place that does not tolerate it (measured: docs/acting.md).
   */
  #misledBuffer(pool: string): ActuatorSetting | undefined {
    if (this.#options.bufferToleratesSurplus) return undefined;
    const isKarpenters =
      this.#nodes.get(pool)?.some(({ scaler }) => scaler?.startsWith('NodePool ')) ?? false;
    if (!isKarpenters) return undefined;
    return this.#options.actuators.find((one) => one.kind === 'capacity-buffer' && one.pool === pool);
  }

  #unmarked(): readonly string[] {
    if (!this.#options.place) return [];
    return [...this.#nodes.keys()].flatMap((pool) => {
      const buffer = this.#misledBuffer(pool);
      if (buffer === undefined) return [];
      return `pool ${pool}: its nodes are not marked, since Karpenter would count no room on a marked node for the CapacityBuffer ${buffer.namespace}/${buffer.name}, and order nodes without end. Add the toleration {key: ${SURPLUS_TAINT.key}, operator: Exists} to the template of its Pods, then set HANGAR_AUTOSCALER_BUFFER_TOLERATES_SURPLUS=on`;
    });
  }

  /** Pools that should be scaled and that nobody knows enough about to size them. */
  #unknownPools(): readonly string[] {
    if (!this.#hasLooked) return [];
    const known = new Set(this.#outcomes.map(({ pool }) => pool));
    return this.#options.actuators
      .filter(({ pool }) => !known.has(pool))
      .map(
        ({ pool }) =>
          `pool ${pool}: it has no node, and what one is like was never seen, so it is not scaled. Say it in HANGAR_AUTOSCALER_POOL_SHAPES; or is HANGAR_AUTOSCALER_POOL_LABEL (${this.#options.rules.label}) another one?`,
      );
  }

  /** A dry run writes nothing, so it can't clean up after one that acted. */
  #leftBehind(): readonly string[] {
    if (!this.#options.dryRun) return [];
    const all = [...this.#nodes.values()].flat();
    return [SURPLUS_TAINT, CLOSING_TAINT].flatMap((taint) => {
      const count = all.filter((node) => carries(node, taint)).length;
      if (count === 0) return [];
      return `${count} nodes carry the taint ${taint.key} while this service only looks. If no other Hangar acts here: kubectl taint nodes --all ${taint.key}-`;
    });
  }

  async #release(): Promise<void> {
    if (!this.#leadership.isLeading) return;
    const { clock, log } = this.#parts;
    const late = (): Error => new Error('no time left');
    try {
      await withDeadline(clock, { ms: LET_GO_MS, late }, (signal) => this.#actuators.release(signal));
    } catch (error) {
      log.warn({ err: error }, 'closed nodes could not be opened at the end; the next leader does it');
    }
  }

  get #lease(): string {
    return `${this.#options.lease.namespace}/${this.#options.lease.name}`;
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
