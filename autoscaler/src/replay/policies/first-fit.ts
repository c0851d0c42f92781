import type { NodeSpec } from '../../capacity/node-spec.ts';
import type { Resources } from '../../capacity/shape.ts';
import type { WaitingClass } from '../../simulate/job-queue.ts';

interface Bin {
  cpu: number;
  memory: number;
  pods: number;
}

/**
 * How many new nodes the waiting Pods need when they are packed first-fit, largest first, into booting nodes and then new ones: the
 * estimate of both Cluster Autoscaler and Karpenter, for one kind of node.
 *
 * @param booting nodes that are being created, all of them empty
 * @returns whole nodes ≥ 0; Pods larger than a node are ignored
 */
export function newNodesFor(waiting: readonly WaitingClass[], booting: number, node: NodeSpec): number {
  const empty = emptyBin(node);
  const bins: Bin[] = Array.from({ length: booting }, () => ({ ...empty }));
  let first = 0;
  for (const { request, count } of largestFirst(waiting, node)) {
    if (!fits(empty, request)) continue;
    first = 0;
    for (let left = count; left > 0; left -= 1) {
      while (first < bins.length && !fits(bins[first] ?? empty, request)) first += 1;
      if (first === bins.length) bins.push({ ...empty });
      put(bins[first] ?? empty, request);
    }
  }
  return bins.length - booting;
}

function emptyBin({ allocatable, daemonSets }: NodeSpec): Bin {
  return {
    cpu: allocatable.cpuMillicores - (daemonSets?.cpuMillicores ?? 0),
    memory: allocatable.memoryBytes - (daemonSets?.memoryBytes ?? 0),
    pods: allocatable.pods - (daemonSets?.pods ?? 0),
  };
}

function largestFirst(waiting: readonly WaitingClass[], { allocatable }: NodeSpec): readonly WaitingClass[] {
  const size = ({ request }: WaitingClass): number =>
    request.cpuMillicores / allocatable.cpuMillicores + request.memoryBytes / allocatable.memoryBytes;
  return [...waiting].sort((one, other) => size(other) - size(one));
}

const fits = (bin: Bin, request: Resources): boolean =>
  bin.pods > 0 && bin.cpu >= request.cpuMillicores && bin.memory >= request.memoryBytes;

function put(bin: Bin, request: Resources): void {
  bin.cpu -= request.cpuMillicores;
  bin.memory -= request.memoryBytes;
  bin.pods -= 1;
}
