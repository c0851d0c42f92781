import type { Clock } from '@hangar/shared/clock';
import type { Cluster } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import type { PoolRules } from '../capacity/read-node.ts';
import type { ActingConfig } from '../config/acting.ts';
import type { ActuatorSetting } from '../config/actuators.ts';
import type { ActRecorder } from './act-recorder.ts';
import type { Actuator } from './actuator.ts';
import { CapacityBufferObject } from './capacity-buffer.ts';
import { GuardedActuator } from './guarded-actuator.ts';
import type { ActRules } from './judge.ts';
import type { ObservedPools } from './observed-pools.ts';
import { PlaceholderObject } from './placeholder.ts';
import { Placer } from './placer.ts';
import { NodePoolObject } from './static-node-pool/node-pool-object.ts';
import { REMOVAL_RULES, StaticNodePool } from './static-node-pool/static-node-pool.ts';

/** What placers and actuators are made of. */
export interface PoolActuatorParts {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly log: Logger;
  readonly recorder: ActRecorder;
  readonly observed: ObservedPools;
}

/** Settings that placers and actuators go by. */
export type PoolActuatorOptions = ActingConfig & { readonly rules: PoolRules };

/** Makes the placer and the actuator of each pool, once: they remember what they did. */
export class PoolActuators {
  readonly #parts: PoolActuatorParts;
  readonly #options: PoolActuatorOptions;
  readonly #rules: ActRules;
  readonly #actuators: ReadonlyMap<string, Actuator>;
  readonly #placers = new Map<string, Placer>();

  constructor(parts: PoolActuatorParts, options: PoolActuatorOptions) {
    const { lease, dryRun, lowerPaceMs, mostNodes } = options;
    this.#parts = parts;
    this.#options = options;
    this.#rules = { self: `${lease.namespace}/${lease.name}`, dryRun, lowerPaceMs, mostNodes };
    this.#actuators = new Map(options.actuators.map((setting) => [setting.pool, this.#actuator(setting)]));
  }

  actuator(pool: string): Actuator | undefined {
    return this.#actuators.get(pool);
  }

  placer(pool: string): Placer {
    const { dryRun, marksPerTick: writesPerTick, markPaceMs } = this.#options;
    const known = this.#placers.get(pool);
    const placer = known ?? new Placer(this.#parts, { pool, dryRun, writesPerTick, markPaceMs });
    this.#placers.set(pool, placer);
    return placer;
  }

  /** Opens closed nodes before this process is shutting down. */
  async release(signal: AbortSignal): Promise<void> {
    for (const actuator of this.#actuators.values()) await actuator.release?.(signal);
  }

  #actuator(setting: ActuatorSetting): Actuator {
    const { cluster, observed } = this.#parts;
    if (setting.kind === 'node-pool') return this.#staticNodePool(setting);
    const object =
      setting.kind === 'placeholder'
        ? new PlaceholderObject(cluster, setting)
        : new CapacityBufferObject(cluster, setting);
    return new GuardedActuator({ ...this.#parts, object }, this.#rules, {
      bootMs: () => observed.bootMs,
      nodes: () => observed.nodes(setting.pool).length,
    });
  }

  #staticNodePool({ pool, name }: ActuatorSetting): Actuator {
    const { cluster, observed } = this.#parts;
    const object = new NodePoolObject(cluster, name, this.#rules.self);
    const { emptyForMs, billing } = this.#options;
    const rules = { ...this.#rules, ...REMOVAL_RULES, emptyForMs, billing };
    return new StaticNodePool({ ...this.#parts, object }, rules, {
      nodes: () => observed.nodes(pool),
      bootMs: () => observed.bootMs,
      announcedShare: () => observed.announcedShare,
      whyShared: () => this.#whyShared(pool, name),
    });
  }

  #whyShared(pool: string, name: string): string | undefined {
    const other = this.#parts.observed.nodes(pool).find(({ scaler }) => scaler !== `NodePool ${name}`);
    if (other === undefined) return undefined;
    return `the node ${other.name} of the pool is scaled by ${other.scaler ?? 'an unknown scaler'}, not by NodePool ${name}, so Hangar cannot set its size: set HANGAR_AUTOSCALER_POOL_LABEL=karpenter.sh/nodepool to separate the pools`;
  }
}
