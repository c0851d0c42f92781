import type { Clock } from '@hangar/shared/clock';
import type { Resources } from '../capacity/shape.ts';
import { roomOnEmpty } from '../capacity/node-spec.ts';
import type { PoolNode as NodeLoad, Pool } from '../capacity/pools.ts';
import type { NodeFact } from '../capacity/read-node.ts';
import type { PoolNode } from '../capacity/pool-node.ts';

/** What a board looks at; all of one moment. */
export interface BoardView {
  readonly nodes: readonly NodeFact[];
  /** What is on them, and what DaemonSets take of them. */
  readonly pools: readonly Pool[];
  /** What a usual build asks for. */
  readonly typical: Resources;
}

/** The pools' nodes as placing and acting need them: who they are exactly, what taints they have, how long they have been empty. */
export class NodeBoard {
  readonly #clock: Clock;
  /** By uid. */
  readonly #emptySinceMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Looks at all pools once; call it once a tick, since it keeps since when nodes are empty. Nodes of others, and those being taken
   * away, are left out.
   */
  read({ nodes, pools, typical }: BoardView): ReadonlyMap<string, readonly PoolNode[]> {
    const ours = nodes.filter(({ foreign, leaving }) => !foreign && !leaving);
    const loads = new Map(pools.flatMap((pool) => pool.nodes.map((node) => [node.name, node])));
    this.#age(ours, loads);
    return new Map(
      [...Map.groupBy(ours, ({ pool }) => pool)].map(([name, members]) => {
        const overhead = pools.find((pool) => pool.name === name)?.spec.daemonSets ?? NOTHING;
        const about = { overhead, typical };
        return [name, members.map((node) => this.#poolNode(node, loads.get(node.name), about))];
      }),
    );
  }

  #age(nodes: readonly NodeFact[], loads: ReadonlyMap<string, NodeLoad>): void {
    const present = new Set(nodes.map(({ uid }) => uid));
    for (const uid of this.#emptySinceMs.keys()) if (!present.has(uid)) this.#emptySinceMs.delete(uid);
    for (const { uid, name } of nodes) {
      if ((loads.get(name)?.builds ?? 0) > 0) this.#emptySinceMs.delete(uid);
      else if (!this.#emptySinceMs.has(uid)) this.#emptySinceMs.set(uid, this.#clock.monotonicMs());
    }
  }

  #poolNode(node: NodeFact, load: NodeLoad | undefined, { overhead, typical }: About): PoolNode {
    const { name, uid, resourceVersion, annotations, ready, closed, scaler, traits, allocatable } = node;
    const { builds, used } = load ?? { builds: 0, used: NOTHING };
    const held = {
      cpuMillicores: overhead.cpuMillicores + used.cpuMillicores,
      memoryBytes: overhead.memoryBytes + used.memoryBytes,
      pods: overhead.pods + builds,
    };
    return {
      name,
      uid,
      resourceVersion,
      annotations,
      taints: traits.taints ?? [],
      ready,
      unschedulable: traits.unschedulable === true,
      closed,
      scaler,
      builds,
      room: roomOnEmpty({ allocatable, daemonSets: held }, typical),
      emptySinceMs: this.#emptySinceMs.get(uid),
    };
  }
}

/** What all nodes of a pool share. */
interface About {
  readonly overhead: Resources & { readonly pods: number };
  readonly typical: Resources;
}

const NOTHING = { cpuMillicores: 0, memoryBytes: 0, pods: 0 };
