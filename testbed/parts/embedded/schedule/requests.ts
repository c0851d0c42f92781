import type { Resources } from '@hangar/shared/kubernetes/pod-request';
import { isFinished, type Pod } from '../api/pod.ts';

export function add(a: Resources, b: Resources): Resources {
  return { cpuMillicores: a.cpuMillicores + b.cpuMillicores, memoryBytes: a.memoryBytes + b.memoryBytes };
}

/** Whether a Pod still takes up some of its node: bound, and not ended. */
export function takesResources(pod: Pod): boolean {
  return (pod.spec.nodeName ?? '') !== '' && !isFinished(pod);
}
