import type { NodeSpec } from './node-spec.ts';
import { type DaemonFact, daemonSetsOn, type NodeFact, type PoolOwner } from './read-node.ts';
import type { PodFact } from './read-pod.ts';
import type { NodeTraits } from './scheduling.ts';
import type { NodeShape, Resources } from './shape.ts';

/** One node of a pool and the builds on it. */
export interface NodeUsage {
  readonly name: string;
  readonly ready: boolean;
  /** Cordoned, or closed by a hard taint: nothing new comes. */
  readonly closed: boolean;
  readonly builds: number;
  readonly used: Resources;
  /** Milliseconds since 1970. */
  readonly createdMs: number;
}

/** Nodes that are alike, as they are now. */
export interface Pool {
  readonly name: string;
  /** What an empty node of it offers: the smallest of its nodes, so that nothing is promised that one can't hold. */
  readonly spec: NodeSpec;
  readonly shape: NodeShape;
  readonly nodes: readonly NodeUsage[];
  readonly owner: PoolOwner;
}

const ZERO: Resources = { cpuMillicores: 0, memoryBytes: 0 };

interface Load {
  count: number;
  readonly used: { cpuMillicores: number; memoryBytes: number };
}

/** What builds take of each node that has any. Counted in place: there may be tens of thousands, every tick. */
function loadsOf(pods: readonly PodFact[]): ReadonlyMap<string, Load> {
  const loads = new Map<string, Load>();
  for (const { node, state, request } of pods) {
    if (state !== 'bound') continue;
    let load = loads.get(node);
    if (load === undefined) loads.set(node, (load = { count: 0, used: { ...ZERO } }));
    load.count += 1;
    load.used.cpuMillicores += request.cpuMillicores;
    load.used.memoryBytes += request.memoryBytes;
  }
  return loads;
}

function least(nodes: readonly NodeFact[]): NodeShape['allocatable'] {
  const of = (key: keyof NodeShape['allocatable']): number =>
    Math.min(...nodes.map(({ allocatable }) => allocatable[key]));
  return { cpuMillicores: of('cpuMillicores'), memoryBytes: of('memoryBytes'), pods: of('pods') };
}

/** Traits that a new node of the pool will have: those that all its nodes share, without what comes and goes. */
function shared(nodes: readonly NodeFact[]): NodeTraits {
  const [first, ...rest] = nodes.map(({ traits }) => traits.labels ?? {});
  const labels = Object.entries(first ?? {}).filter(([key, value]) =>
    rest.every((one) => one[key] === value),
  );
  return { labels: Object.fromEntries(labels) };
}

/** What is there before any builds: DaemonSets as watched, or as assumed where they can't be. */
export type Overhead = { readonly watched: readonly DaemonFact[] } | { readonly assumed: Resources };

function overheadOf(traits: NodeTraits, overhead: Overhead): NonNullable<NodeSpec['daemonSets']> {
  return 'watched' in overhead ? daemonSetsOn(traits, overhead.watched) : { ...overhead.assumed, pods: 0 };
}

/**
 * Puts nodes and the builds on them together to pools. Nodes with a foreign taint are no pool of ours, and those being taken away no longer one.
 *
 * @returns by name
 */
export function poolsOf(
  nodes: readonly NodeFact[],
  pods: readonly PodFact[],
  overhead: Overhead,
): readonly Pool[] {
  const loads = loadsOf(pods);
  const groups = Map.groupBy(
    nodes.filter(({ foreign, leaving }) => !foreign && !leaving),
    ({ pool }) => pool,
  );
  return [...groups]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, members]): Pool => {
      const traits = shared(members);
      const allocatable = least(members);
      return {
        name,
        spec: { allocatable, traits, daemonSets: overheadOf(traits, overhead) },
        shape: { name, allocatable, source: 'allocatable of its nodes' },
        owner: members[0]?.owner ?? 'unknown',
        nodes: members.map((node) => ({
          name: node.name,
          ready: node.ready,
          closed: node.closed,
          builds: loads.get(node.name)?.count ?? 0,
          used: loads.get(node.name)?.used ?? ZERO,
          createdMs: node.createdMs,
        })),
      };
    });
}
