import type { V1Container, V1PodSpec } from '@kubernetes/client-node';
import { parseCpuMillicores, parseMemoryBytes } from '../quantity.ts';

/** CPU and memory as the scheduler counts them: whole millicores and whole bytes. */
export interface Resources {
  readonly cpuMillicores: number;
  readonly memoryBytes: number;
}

/** A container's request, and for init containers whether it is a sidecar (restartPolicy Always). */
export interface ContainerRequest extends Resources {
  readonly sidecar?: boolean;
}

/** The parts of a Pod's spec that determine its effective request. */
export interface PodRequestSpec {
  readonly containers: readonly Resources[];
  /** In the order of the spec. */
  readonly initContainers?: readonly ContainerRequest[];
  readonly overhead?: Resources;
  /** `spec.resources.requests` of the Pod itself; each given part replaces the sum over the containers. */
  readonly podLevel?: Partial<Resources>;
}

/** Default request of a container without one, used in scoring only, never in filters. */
export const UNREQUESTED: Resources = { cpuMillicores: 100, memoryBytes: 200 * 2 ** 20 };

const KEYS = ['cpuMillicores', 'memoryBytes'] as const;

function need({ containers, initContainers = [] }: PodRequestSpec, key: keyof Resources): number {
  let sidecars = 0;
  let peak = 0;
  for (const init of initContainers) {
    if (init.sidecar === true) sidecars += init[key];
    peak = Math.max(peak, init.sidecar === true ? sidecars : sidecars + init[key]);
  }
  const steady = containers.reduce((sum, container) => sum + container[key], 0) + sidecars;
  return Math.max(steady, peak);
}

/**
 * The request that the scheduler reserves for a Pod: containers and sidecars together, or the largest init container plus the
 * sidecars before it, plus overhead.
 *
 * @see scheduling-and-scaling §3.1
 */
export function effectiveRequest(spec: PodRequestSpec): Resources {
  const of = (key: keyof Resources): number =>
    (spec.podLevel?.[key] ?? need(spec, key)) + (spec.overhead?.[key] ?? 0);
  return { cpuMillicores: of('cpuMillicores'), memoryBytes: of('memoryBytes') };
}

/** The same as used in scoring: a container without a request counts as 100m and 200 MiB. */
export function scoredRequest(spec: PodRequestSpec): Resources {
  const filled = <T extends Resources>(one: T): T => ({
    ...one,
    ...Object.fromEntries(KEYS.filter((key) => one[key] === 0).map((key) => [key, UNREQUESTED[key]])),
  });
  return effectiveRequest({
    ...spec,
    containers: spec.containers.map(filled),
    initContainers: (spec.initContainers ?? []).map(filled),
  });
}

/** The request that the scheduler reserves for a Pod of this spec; an invalid quantity counts as zero. */
export function requestOfSpec(
  spec: Pick<V1PodSpec, 'containers' | 'initContainers' | 'overhead' | 'resources'> | undefined,
): Resources {
  if (spec === undefined) return { cpuMillicores: 0, memoryBytes: 0 };
  const { cpu, memory } = spec.resources?.requests ?? {};
  return effectiveRequest({
    containers: spec.containers.map(containerRequest),
    initContainers: (spec.initContainers ?? []).map((one) => ({
      ...containerRequest(one),
      sidecar: one.restartPolicy === 'Always',
    })),
    overhead: amounts(spec.overhead),
    podLevel: {
      ...(cpu === undefined ? {} : { cpuMillicores: amounts({ cpu }).cpuMillicores }),
      ...(memory === undefined ? {} : { memoryBytes: amounts({ memory }).memoryBytes }),
    },
  });
}

const containerRequest = ({ resources }: V1Container): Resources => amounts(resources?.requests);

const amounts = ({ cpu = '', memory = '' }: Readonly<Record<string, string>> = {}): Resources => ({
  cpuMillicores: parseCpuMillicores(cpu) ?? 0,
  memoryBytes: parseMemoryBytes(memory) ?? 0,
});
