import { isFinished, type Pod, type PodSpec, type Resources } from '../api/pod.ts';
import { bytesOf, cpuMillicoresOf } from '../api/quantity.ts';

/** What a Pod asks of a node. */
export interface Requests {
  readonly cpuMillicores: number;
  readonly memoryBytes: number;
}

/** Sum of the containers, or the largest init container if that is more; pod-level requests win. */
export function requestsOf(spec: PodSpec): Requests {
  const containers = (spec.containers ?? []).map((container) => amounts(container.resources));
  const inits = (spec.initContainers ?? []).map((container) => amounts(container.resources));
  const summed = containers.reduce(add, { cpuMillicores: 0, memoryBytes: 0 });
  const peak = inits.reduce(larger, summed);
  const own = spec.resources?.requests ?? {};
  return {
    cpuMillicores: own['cpu'] === undefined ? peak.cpuMillicores : cpuMillicoresOf(own['cpu']),
    memoryBytes: own['memory'] === undefined ? peak.memoryBytes : bytesOf(own['memory']),
  };
}

function amounts(resources: Resources | undefined): Requests {
  const requests = resources?.requests ?? {};
  return { cpuMillicores: cpuMillicoresOf(requests['cpu']), memoryBytes: bytesOf(requests['memory']) };
}

export function add(a: Requests, b: Requests): Requests {
  return { cpuMillicores: a.cpuMillicores + b.cpuMillicores, memoryBytes: a.memoryBytes + b.memoryBytes };
}

function larger(a: Requests, b: Requests): Requests {
  return {
    cpuMillicores: Math.max(a.cpuMillicores, b.cpuMillicores),
    memoryBytes: Math.max(a.memoryBytes, b.memoryBytes),
  };
}

/** Whether a Pod still takes room: bound, and not ended. */
export function takesRoom(pod: Pod): boolean {
  return (pod.spec.nodeName ?? '') !== '' && !isFinished(pod);
}
