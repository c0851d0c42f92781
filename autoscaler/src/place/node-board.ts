import type { Clock } from '@hangar/shared/clock';
import type { V1Node } from '@kubernetes/client-node';
import type { Resources } from '../capacity/shape.ts';
import { roomOnEmpty } from '../simulate/world.ts';
import { type NodeFact, type PoolRules, readNode } from '../watch/read-node.ts';
import type { PoolNode } from './pool-node.ts';

/** A build on its node, as whoever watches Pods knows it. */
export interface BoundBuild {
  /** Empty: on none yet. */
  readonly node: string;
  readonly request: Resources;
}

/** What a board looks at; all of one moment. */
export interface BoardView {
  readonly nodes: readonly V1Node[];
  /** Builds that hold room now. */
  readonly builds: readonly BoundBuild[];
  /** What a usual build asks for. */
  readonly typical: Resources;
  /** What DaemonSets take on a node of that pool. */
  overhead(pool: string): Resources & { readonly pods: number };
}

interface Load {
  readonly count: number;
  readonly used: Resources;
}

const NO_LOAD: Load = { count: 0, used: { cpuMillicores: 0, memoryBytes: 0 } };

/** The pools' nodes as placing and acting need them: who they are exactly, what taints they have, how long they have been empty. */
export class NodeBoard {
  readonly #clock: Clock;
  readonly #rules: PoolRules;
  /** By uid. */
  readonly #emptySinceMs = new Map<string, number>();

  constructor(clock: Clock, rules: PoolRules) {
    this.#clock = clock;
    this.#rules = rules;
  }

  /**
   * Looks at all pools once; call it once a tick, since it keeps since when nodes are empty. Nodes of others, and those being taken
   * away, are left out.
   */
  read(view: BoardView): ReadonlyMap<string, readonly PoolNode[]> {
    const loads = loadsOf(view.builds);
    this.#age(view.nodes, loads);
    const known = view.nodes
      .map((node) => ({ node, fact: readNode(node, this.#rules, this.#clock.now()) }))
      .filter(({ fact }) => !fact.foreign && !fact.leaving);
    const pools = Map.groupBy(known, ({ fact }) => fact.pool);
    return new Map(
      [...pools].map(([pool, members]) => [
        pool,
        members.map(({ node, fact }) => this.#poolNode(node, fact, { view, load: loads.get(fact.name) })),
      ]),
    );
  }

  #age(nodes: readonly V1Node[], loads: ReadonlyMap<string, Load>): void {
    const present = new Set(nodes.map(({ metadata }) => metadata?.uid ?? ''));
    for (const uid of this.#emptySinceMs.keys()) if (!present.has(uid)) this.#emptySinceMs.delete(uid);
    for (const { metadata } of nodes) {
      const uid = metadata?.uid ?? '';
      if (loads.has(metadata?.name ?? '')) this.#emptySinceMs.delete(uid);
      else if (!this.#emptySinceMs.has(uid)) this.#emptySinceMs.set(uid, this.#clock.monotonicMs());
    }
  }

  #poolNode(node: V1Node, fact: NodeFact, seen: { view: BoardView; load: Load | undefined }): PoolNode {
    const { uid = '', resourceVersion = '', annotations = {} } = node.metadata ?? {};
    const { count, used } = seen.load ?? NO_LOAD;
    const overhead = seen.view.overhead(fact.pool);
    const held = {
      cpuMillicores: overhead.cpuMillicores + used.cpuMillicores,
      memoryBytes: overhead.memoryBytes + used.memoryBytes,
      pods: overhead.pods + count,
    };
    return {
      name: fact.name,
      uid,
      resourceVersion,
      annotations,
      taints: fact.traits.taints ?? [],
      ready: fact.ready,
      unschedulable: fact.traits.unschedulable === true,
      closed: fact.closed,
      scaler: scalerOf(node),
      builds: count,
      room: roomOnEmpty({ allocatable: fact.allocatable, daemonSets: held }, seen.view.typical),
      emptySinceMs: this.#emptySinceMs.get(uid),
    };
  }
}

const OF_CLUSTER_AUTOSCALER = /^(ToBeDeleted|DeletionCandidateOf)ClusterAutoscaler$/;

/** Who takes such a node away or brings another one, as far as it tells. */
function scalerOf({ metadata, spec }: V1Node): string | undefined {
  if ((spec?.taints ?? []).some(({ key }) => OF_CLUSTER_AUTOSCALER.test(key))) return 'Cluster Autoscaler';
  const nodePool = metadata?.labels?.['karpenter.sh/nodepool'];
  if (nodePool !== undefined) return `NodePool ${nodePool}`;
  const machine = metadata?.annotations?.['cluster.x-k8s.io/machine'];
  return machine === undefined ? undefined : 'Cluster API';
}

function loadsOf(builds: readonly BoundBuild[]): ReadonlyMap<string, Load> {
  const loads = new Map<string, Load>();
  for (const { node, request } of builds) {
    if (node === '') continue;
    const { count, used } = loads.get(node) ?? NO_LOAD;
    loads.set(node, {
      count: count + 1,
      used: {
        cpuMillicores: used.cpuMillicores + request.cpuMillicores,
        memoryBytes: used.memoryBytes + request.memoryBytes,
      },
    });
  }
  return loads;
}
