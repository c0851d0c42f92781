import { fewSizes } from './few-sizes.ts';
import { type FreeResources, freeOnEmpty, type NodeSpec, podsOnEmptyNode, podsThatFit } from './node-spec.ts';
import type { Resources } from './shape.ts';
import { countOf, type SizeClass } from './size-class.ts';

/** How demand fills nodes of one kind. */
export interface Packed {
  readonly nodes: number;
  /** Pods that no such node can hold. */
  readonly tooLarge: number;
}

/** So many nodes of one kind. */
export interface NodeGroup {
  readonly node: NodeSpec;
  readonly nodes: number;
}

/** Nodes that are filled alike. */
interface Run extends FreeResources {
  readonly nodes: number;
}

const emptyRun = (node: NodeSpec, nodes: number): Run => ({ ...freeOnEmpty(node), nodes });

const filled = (run: Run, { cpuMillicores, memoryBytes }: Resources, pods: number, nodes: number): Run => ({
  cpuMillicores: run.cpuMillicores - cpuMillicores * pods,
  memoryBytes: run.memoryBytes - memoryBytes * pods,
  pods: run.pods - pods,
  nodes,
});

/** Puts up to `count` Pods onto the nodes of a run, one node after the other. */
function fillRun(
  run: Run,
  request: Resources,
  count: number,
): { readonly runs: Run[]; readonly put: number } {
  const each = podsThatFit(run, request);
  if (count === 0 || each === 0) return { runs: [run], put: 0 };
  const full = Math.min(run.nodes, Math.floor(count / each));
  const rest = full < run.nodes ? count - full * each : 0;
  const untouched = run.nodes - full - (rest > 0 ? 1 : 0);
  const runs = [
    filled(run, request, each, full),
    filled(run, request, rest, rest > 0 ? 1 : 0),
    { ...run, nodes: untouched },
  ].filter(({ nodes }) => nodes > 0);
  return { runs, put: full * each + rest };
}

/** Largest first, by the sum of both shares of a node. */
function largestFirst(classes: readonly SizeClass[], { allocatable }: NodeSpec): readonly SizeClass[] {
  const size = ({ request }: SizeClass): number =>
    request.cpuMillicores / allocatable.cpuMillicores + request.memoryBytes / allocatable.memoryBytes;
  return [...classes].sort((one, other) => size(other) - size(one));
}

const largest = (kinds: readonly NodeSpec[]): NodeSpec | undefined =>
  kinds.toSorted((one, other) => other.allocatable.cpuMillicores - one.allocatable.cpuMillicores)[0];

/**
 * Packs Pods first-fit, largest first: onto the nodes that are there, then onto new ones of a kind. Nodes that are filled alike are
 * counted together, so that it costs by classes, not by Pods; the outcome is that of packing them one by one, up to 64 distinct
 * sizes; of more, similar ones are rounded up to one.
 *
 * @param groups nodes that are there, empty, in the order in which they are tried
 * @param open the kind of new nodes; undefined: there are none
 * @returns new nodes, and Pods that found no room
 */
export function packInto(
  classes: readonly SizeClass[],
  groups: readonly NodeGroup[],
  open?: NodeSpec,
): { readonly opened: number; readonly left: number } {
  const reference = largest([...groups.map(({ node }) => node), ...(open === undefined ? [] : [open])]);
  if (reference === undefined) return { opened: 0, left: countOf(classes) };
  let runs = groups.filter(({ nodes }) => nodes > 0).map(({ node, nodes }) => emptyRun(node, nodes));
  const kinds = open === undefined ? groups.map(({ node }) => node) : [open];
  let opened = 0;
  let left = 0;
  for (const { request, count } of largestFirst(fewSizes(classes, kinds), reference)) {
    let waiting = count;
    runs = runs.flatMap((run) => {
      const step = fillRun(run, request, waiting);
      waiting -= step.put;
      return step.runs;
    });
    const each = open === undefined ? 0 : podsOnEmptyNode(open, request);
    if (open === undefined || each === 0) {
      left += waiting;
      continue;
    }
    const more = Math.ceil(waiting / each);
    if (more > 0) runs.push(...fillRun(emptyRun(open, more), request, waiting).runs);
    opened += more;
  }
  return { opened, left };
}

/** Whole nodes that hold these Pods, packed first-fit, largest first; those that no node can hold are counted apart. */
export function packed(classes: readonly SizeClass[], node: NodeSpec): Packed {
  const { opened, left } = packInto(classes, [], node);
  return { nodes: opened, tooLarge: left };
}

/**
 * How many new nodes the waiting Pods need beside those that are being created: the estimate of both Cluster Autoscaler and
 * Karpenter, for one kind of node. Pods larger than a node are ignored.
 *
 * @param booting nodes that are being created, all of them empty
 */
export const newNodesFor = (waiting: readonly SizeClass[], booting: number, node: NodeSpec): number =>
  packInto(waiting, [{ node, nodes: booting }], node).opened;

/** Average size of a Pod; `fallback` when there is none. */
export function typicalOf(classes: readonly SizeClass[], fallback: Resources): Resources {
  const count = countOf(classes);
  if (count === 0) return fallback;
  const mean = (key: keyof Resources): number =>
    Math.ceil(classes.reduce((sum, one) => sum + one.request[key] * one.count, 0) / count);
  return { cpuMillicores: mean('cpuMillicores'), memoryBytes: mean('memoryBytes') };
}

/** `3 %`, `0.4 %`. */
export const percent = (share: number): string =>
  `${share >= 0.1 || share === 0 ? Math.round(share * 100) : Math.round(share * 1000) / 10} %`;
