import type { Clock } from '@hangar/shared/clock';
import { type NodeSpec, podsOnEmptyNode } from '../capacity/node-spec.ts';
import type { PoolNode } from '../capacity/pool-node.ts';
import type { NodeUsage as NodeLoad, Pool } from '../capacity/pools.ts';
import type { NodeFact } from '../capacity/read-node.ts';
import type { Resources } from '../capacity/shape.ts';
import type { ActView } from './actor.ts';

/** What all nodes of a pool share. */
interface PoolFacts {
  readonly daemonSets: Resources & { readonly pods: number };
  readonly typicalPod: Resources;
  readonly emptyAt: ActView['emptyAt'];
}

const NOTHING = { cpuMillicores: 0, memoryBytes: 0, pods: 0 };

/** The pools as they were observed last, as placing and scaling need them: node by node, and since when each one is empty. */
export class ObservedPools {
  readonly #clock: Clock;
  /** By uid. */
  readonly #emptySinceMs = new Map<string, number>();
  #nodes: ReadonlyMap<string, readonly PoolNode[]> = new Map();
  #pools: readonly Pool[] = [];
  #bootMs = Number.POSITIVE_INFINITY;
  #announcedShare = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Usual time from the order of a node to its readiness; before anything was observed a boot is never late. */
  get bootMs(): number {
    return this.#bootMs;
  }

  /** The share of builds that are announced a boot before they come, 0 to 1. */
  get announcedShare(): number {
    return this.#announcedShare;
  }

  get nodesByPool(): ReadonlyMap<string, readonly PoolNode[]> {
    return this.#nodes;
  }

  nodes(pool: string): readonly PoolNode[] {
    return this.#nodes.get(pool) ?? [];
  }

  /** What a node of the pool is like. */
  spec(name: string): NodeSpec | undefined {
    return this.#pools.find((pool) => pool.name === name)?.spec;
  }

  /** Observes all pools, once a tick. Nodes that are not for builds, and those being deleted, are left out. */
  observe({
    nodes,
    pools,
    typicalPod,
    bootMs,
    announcedShare,
    emptyAt,
  }: Pick<ActView, 'nodes' | 'pools' | 'typicalPod' | 'bootMs' | 'announcedShare' | 'emptyAt'>): void {
    const ours = nodes.filter(({ foreign, leaving }) => !foreign && !leaving);
    const loads = new Map(pools.flatMap((pool) => pool.nodes.map((node) => [node.name, node])));
    this.#pools = pools;
    this.#bootMs = bootMs;
    this.#announcedShare = announcedShare;
    this.#timeEmptiness(ours, loads);
    this.#nodes = new Map(
      [...Map.groupBy(ours, ({ pool }) => pool)].map(([name, members]) => {
        const facts = { daemonSets: this.spec(name)?.daemonSets ?? NOTHING, typicalPod, emptyAt };
        return [name, members.map((node) => this.#poolNode(node, loads.get(node.name), facts))];
      }),
    );
  }

  #timeEmptiness(nodes: readonly NodeFact[], loads: ReadonlyMap<string, NodeLoad>): void {
    const present = new Set(nodes.map(({ uid }) => uid));
    for (const uid of this.#emptySinceMs.keys()) if (!present.has(uid)) this.#emptySinceMs.delete(uid);
    for (const { uid, name } of nodes) {
      if ((loads.get(name)?.builds ?? 0) > 0) this.#emptySinceMs.delete(uid);
      else if (!this.#emptySinceMs.has(uid)) this.#emptySinceMs.set(uid, this.#clock.monotonicMs());
    }
  }

  #poolNode(
    node: NodeFact,
    load: NodeLoad | undefined,
    { daemonSets, typicalPod, emptyAt }: PoolFacts,
  ): PoolNode {
    const { name, uid, resourceVersion, annotations, ready, closed, scaler, traits, allocatable } = node;
    const { builds, used } = load ?? { builds: 0, used: NOTHING };
    const held = {
      cpuMillicores: daemonSets.cpuMillicores + used.cpuMillicores,
      memoryBytes: daemonSets.memoryBytes + used.memoryBytes,
      pods: daemonSets.pods + builds,
    };
    return {
      ...{ name, uid, resourceVersion, annotations, ready, closed, scaler, builds },
      emptyAt: emptyAt?.get(name),
      taints: traits.taints ?? [],
      unschedulable: traits.unschedulable === true,
      room: podsOnEmptyNode({ allocatable, daemonSets: held }, typicalPod),
      createdMs: this.#clock.monotonicMs() - Math.max(0, this.#clock.now() - node.createdMs),
      emptySinceMs: this.#emptySinceMs.get(uid),
    };
  }
}
