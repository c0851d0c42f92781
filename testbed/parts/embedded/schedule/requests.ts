import { isFinished, type Pod, type PodSpec } from '../api/pod.ts';
import { amountOf } from '../api/quantity.ts';

/** What a Pod asks of a node. */
export interface Requests {
  readonly cpuMillicores: number;
  readonly memoryBytes: number;
}

export const NO_REQUESTS: Requests = { cpuMillicores: 0, memoryBytes: 0 };

/** Sum of the containers, or the largest init container if that is more; pod-level requests win. */
export function requestsOf({ containers, initContainers = [], resources }: PodSpec): Requests {
  const summed = containers.map(amounts).reduce(add, NO_REQUESTS);
  const peak = initContainers.map(amounts).reduce(larger, summed);
  const { cpu, memory } = resources?.requests ?? {};
  return {
    cpuMillicores: amountOf('cpu', cpu) ?? peak.cpuMillicores,
    memoryBytes: amountOf('memory', memory) ?? peak.memoryBytes,
  };
}

function amounts({ resources }: Pick<PodSpec, 'resources'>): Requests {
  const { cpu, memory } = resources?.requests ?? {};
  return { cpuMillicores: amountOf('cpu', cpu) ?? 0, memoryBytes: amountOf('memory', memory) ?? 0 };
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

/** Whether a Pod still takes up some of its node: bound, and not ended. */
export function takesResources(pod: Pod): boolean {
  return (pod.spec.nodeName ?? '') !== '' && !isFinished(pod);
}
