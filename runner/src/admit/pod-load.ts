import { parseCpuMillicores, parseMemoryBytes } from '@hangar/shared/quantity';
import type { V1Container, V1Pod } from '@kubernetes/client-node';
import { SCHEDULING_GATE } from '../pipeline/compiled.ts';
import { type Load, NO_LOAD } from './admit.ts';

/** What a Pod asks of the scheduler: the sum over its containers, or what its largest init container asks (KEP-753). */
export function requestOf(pod: V1Pod): Load {
  const ask = (key: 'cpu' | 'memory', parse: (text: string) => number | undefined): number => {
    const of = (containers: readonly V1Container[] = []): number[] =>
      containers.map((one) => parse(one.resources?.requests?.[key] ?? '0') ?? 0);
    const sum = of(pod.spec?.containers).reduce((a, b) => a + b, 0);
    return Math.max(sum, ...of(pod.spec?.initContainers));
  };
  return {
    pipelines: 1,
    pods: 1,
    cpuMillicores: ask('cpu', parseCpuMillicores),
    memoryBytes: ask('memory', parseMemoryBytes),
  };
}

/** What a Pod takes of the budget now: nothing once it has ended, nor while its scheduling gate still holds it. */
export function loadOf(pod: V1Pod): Load {
  const over = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
  const held = pod.spec?.schedulingGates?.some((gate) => gate.name === SCHEDULING_GATE);
  return over || held ? NO_LOAD : { ...requestOf(pod), pipelines: 0 };
}
