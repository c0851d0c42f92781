import type { Clock } from '@hangar/shared/clock';
import { type Cluster, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { ListWatch } from '@hangar/shared/kubernetes/list-watch';
import type { Logger } from '@hangar/shared/logger';
import { parseCpuMillicores, parseMemoryBytes } from '@hangar/shared/quantity';
import type { V1Node } from '@kubernetes/client-node';
import type { Taint } from '../capacity/scheduling.ts';
import type { Resources } from '../capacity/shape.ts';
import type { PoolNode } from './pool-node.ts';

/** A build on its node, as whoever watches Pods knows it. */
export interface BoundBuild {
  /** Empty: on none yet. */
  readonly node: string;
  readonly request: Resources;
}

/** What a board is told by others. */
export interface BoardSources {
  /** Label of nodes whose value names their pool; nodes without it are the pool `default`. */
  readonly poolLabel: string;
  /** Builds that hold room now. */
  builds(): readonly BoundBuild[];
  /** What a usual build asks for. */
  typical(): Resources;
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
  readonly #sources: BoardSources;
  readonly #nodes: ListWatch<V1Node>;
  /** By uid. */
  readonly #emptySinceMs = new Map<string, number>();

  constructor(parts: { clock: Clock; cluster: Cluster; log: Logger }, sources: BoardSources) {
    const { clock, cluster, log } = parts;
    this.#clock = clock;
    this.#sources = sources;
    this.#nodes = new ListWatch<V1Node>(clock, cluster, {
      target: { resource: RESOURCE.nodes },
      selection: {},
      onChange: () => undefined,
      onTrouble: (error) => log.warn({ err: error }, 'the watch of nodes has trouble'),
    });
  }

  /** Watches until the signal is aborted; never rejects. */
  run(signal: AbortSignal): Promise<void> {
    return this.#nodes.run(signal);
  }

  /** Milliseconds since the API server was last heard; undefined before the first list. */
  get staleMs(): number | undefined {
    return this.#nodes.staleMs;
  }

  /** Looks at all pools once; call it once a tick, since it keeps since when nodes are empty. */
  read(): ReadonlyMap<string, readonly PoolNode[]> {
    const loads = loadsOf(this.#sources.builds());
    const nodes = this.#nodes.objects;
    this.#age(nodes, loads);
    const { poolLabel } = this.#sources;
    const pools = Map.groupBy(nodes, ({ metadata }) => metadata?.labels?.[poolLabel] ?? 'default');
    return new Map(
      [...pools].map(([pool, members]) => [pool, members.map((node) => this.#poolNode(pool, node, loads))]),
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

  #poolNode(pool: string, node: V1Node, loads: ReadonlyMap<string, Load>): PoolNode {
    const { name = '', uid = '', resourceVersion = '', annotations = {} } = node.metadata ?? {};
    const load = loads.get(name) ?? NO_LOAD;
    return {
      name,
      uid,
      resourceVersion,
      annotations,
      taints: taintsOf(node),
      ready: isReady(node),
      unschedulable: node.spec?.unschedulable === true,
      builds: load.count,
      room: roomOn(node, load, this.#sources.overhead(pool), this.#sources.typical()),
      emptySinceMs: this.#emptySinceMs.get(uid),
    };
  }
}

const taintsOf = ({ spec }: V1Node): readonly Taint[] =>
  (spec?.taints ?? []).map(({ key, value, effect }) => ({
    key,
    effect: effect as Taint['effect'],
    ...(value === undefined ? {} : { value }),
  }));

const isReady = ({ status }: V1Node): boolean =>
  (status?.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is === 'True');

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

/** How many more Pods of the typical request fit on it. */
function roomOn(
  { status }: V1Node,
  { count, used }: Load,
  overhead: Resources & { readonly pods: number },
  typical: Resources,
): number {
  const has = status?.allocatable ?? {};
  const per = (all: number, taken: number, each: number): number =>
    each > 0 ? Math.floor((all - taken) / each) : Number.POSITIVE_INFINITY;
  const cpu = parseCpuMillicores(has['cpu'] ?? '') ?? 0;
  const memory = parseMemoryBytes(has['memory'] ?? '') ?? 0;
  const pods = parseMemoryBytes(has['pods'] ?? '') ?? 110;
  return Math.max(
    0,
    Math.min(
      per(cpu, used.cpuMillicores + overhead.cpuMillicores, typical.cpuMillicores),
      per(memory, used.memoryBytes + overhead.memoryBytes, typical.memoryBytes),
      pods - overhead.pods - count,
    ),
  );
}
