import type { Clock } from '@hangar/shared/clock';
import type { Cluster } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import type { Resources } from '../capacity/shape.ts';
import type { ActingConfig } from '../config/acting.ts';
import type { ActuatorSetting } from '../config/actuators.ts';
import { Placer } from './placer.ts';
import type { PoolNode } from '../capacity/pool-node.ts';
import type { ActView } from './actor.ts';
import type { PoolRules } from '../capacity/read-node.ts';
import type { Actuator } from './actuator.ts';
import type { Announcer } from './announcer.ts';
import { CapacityBufferObject } from './capacity-buffer.ts';
import { GuardedActuator, type PoolFacts } from './guarded-actuator.ts';
import type { ActRules } from './judge.ts';
import { NodePoolObject } from './static-node-pool/node-pool-object.ts';
import { StaticNodePool, TAKE_RULES } from './static-node-pool/static-node-pool.ts';
import { PlaceholderObject } from './placeholder.ts';
import type { ScaledObject } from './scaled-object.ts';

/** What tools are made of. */
export interface ActuatorParts {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly log: Logger;
  readonly announcer: Announcer;
}

/** Settings that tools go by. */
export type ActuatorOptions = Pick<
  ActingConfig,
  | 'actuators'
  | 'dryRun'
  | 'emptyForMs'
  | 'lease'
  | 'lowerPaceMs'
  | 'markPaceMs'
  | 'marksPerTick'
  | 'mostNodes'
  | 'placeholder'
> & { readonly rules: PoolRules };

/** Before anything was seen a boot is never late. */
const UNSEEN = { bootMs: Number.POSITIVE_INFINITY, pools: [] } as const;

/** The placers and actuators of all pools, each made once: they remember what they did. */
export class Actuators {
  readonly #parts: ActuatorParts;
  readonly #options: ActuatorOptions;
  readonly #nodes: (pool: string) => readonly PoolNode[];
  readonly #actuators: ReadonlyMap<string, Actuator>;
  readonly #staticNodePools: StaticNodePool[] = [];
  readonly #placers = new Map<string, Placer>();
  #actView: Pick<ActView, 'bootMs' | 'pools'> = UNSEEN;

  constructor(
    parts: ActuatorParts,
    options: ActuatorOptions,
    view: { nodes(pool: string): readonly PoolNode[] },
  ) {
    this.#parts = parts;
    this.#options = options;
    this.#nodes = (pool) => view.nodes(pool);
    this.#actuators = new Map(options.actuators.map((setting) => [setting.pool, this.#actuator(setting)]));
  }

  /** What is true from now on. */
  seen(actView: Pick<ActView, 'bootMs' | 'pools'>): void {
    this.#actView = actView;
  }

  actuator(pool: string): Actuator | undefined {
    return this.#actuators.get(pool);
  }

  placer(pool: string): Placer {
    const known = this.#placers.get(pool) ?? this.#placer(pool);
    this.#placers.set(pool, known);
    return known;
  }

  /** Opens closed nodes, before nobody goes on with them. */
  async release(signal: AbortSignal): Promise<void> {
    for (const pool of this.#staticNodePools) await pool.release(signal);
  }

  #placer(pool: string): Placer {
    const { dryRun, marksPerTick: writesPerTick, markPaceMs } = this.#options;
    return new Placer(this.#parts, { pool, dryRun, writesPerTick, markPaceMs });
  }

  #actuator(setting: ActuatorSetting): Actuator {
    if (setting.kind === 'node-pool') return this.#staticNodePool(setting);
    const facts: PoolFacts = {
      bootMs: () => this.#actView.bootMs,
      nodes: () => this.#nodes(setting.pool).length,
    };
    const object = setting.kind === 'placeholder' ? this.#placeholder(setting) : this.#buffer(setting);
    return new GuardedActuator({ ...this.#parts, object }, this.#rules, facts);
  }

  #staticNodePool({ pool, name }: ActuatorSetting): StaticNodePool {
    const object = new NodePoolObject(this.#parts.cluster, name, this.#rules.self);
    const rules = { ...this.#rules, ...TAKE_RULES, emptyForMs: this.#options.emptyForMs };
    const actuator = new StaticNodePool({ ...this.#parts, object }, rules, {
      nodes: () => this.#nodes(pool),
      bootMs: () => this.#actView.bootMs,
      stranger: () => this.#stranger(pool, name),
    });
    this.#staticNodePools.push(actuator);
    return actuator;
  }

  #buffer({ namespace, name, chunksPerNode }: ActuatorSetting): ScaledObject {
    return new CapacityBufferObject(this.#parts.cluster, { namespace, name, chunksPerNode });
  }

  #placeholder({ pool, namespace, name }: ActuatorSetting): ScaledObject {
    const { placeholder, rules } = this.#options;
    return new PlaceholderObject(this.#parts.cluster, {
      namespace,
      name,
      ...placeholder,
      request: () => placeholder.request ?? this.#freeOnEmpty(pool),
      nodeSelector: { [rules.label]: pool },
      tolerations: rules.taint === '' ? [] : [{ key: rules.taint, operator: 'Exists' }],
    });
  }

  #freeOnEmpty(name: string): Resources | undefined {
    const spec = this.#actView.pools.find((pool) => pool.name === name)?.spec;
    if (spec === undefined) return undefined;
    const { allocatable, daemonSets } = spec;
    return {
      cpuMillicores: allocatable.cpuMillicores - (daemonSets?.cpuMillicores ?? 0),
      memoryBytes: allocatable.memoryBytes - (daemonSets?.memoryBytes ?? 0),
    };
  }

  #stranger(pool: string, name: string): string | undefined {
    const other = this.#nodes(pool).find(({ scaler }) => scaler !== `NodePool ${name}`);
    if (other === undefined) return undefined;
    return `the node ${other.name} of the pool is scaled by ${other.scaler ?? 'nobody known'}, not by NodePool ${name}, so its size can't be set as a whole: let HANGAR_AUTOSCALER_POOL_LABEL=karpenter.sh/nodepool tell the pools apart`;
  }

  get #rules(): ActRules {
    const { lease, dryRun, lowerPaceMs, mostNodes } = this.#options;
    return { self: `${lease.namespace}/${lease.name}`, dryRun, lowerPaceMs, mostNodes };
  }
}
