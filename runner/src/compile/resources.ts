import { formatMemoryBytes } from '@hangar/shared/quantity';
import type { V1ResourceRequirements } from '@kubernetes/client-node';
import type { Amount, PipelineStep } from '../pipeline/pipeline.ts';
import type { Most } from '../restrict/restrictions.ts';

/** CPU is split in millicores, memory in units of 4 MiB (previous-runner §4.18). */
const CPU_UNIT = 1;
const MEMORY_UNIT = 4 * 1024 * 1024;

type Kind = keyof Amount;
/** The unit in which a kind of resource is split. */
export const unitOf = (kind: Kind): number => (kind === 'cpuMillicores' ? CPU_UNIT : MEMORY_UNIT);

/** Requests and limits of one container; 0 = unset. */
export interface ContainerResources {
  readonly requests: Amount;
  readonly limits: Amount;
}

/** The first positive CPU value and the first positive memory value. */
export function firstSaid(amounts: readonly (Amount | undefined)[]): Amount {
  const first = (kind: Kind): number =>
    amounts.map((amount) => amount?.[kind] ?? 0).find((value) => value > 0) ?? 0;
  return { cpuMillicores: first('cpuMillicores'), memoryBytes: first('memoryBytes') };
}

/** Splits an amount into equal parts in whole units; the remainder goes to the first parts, one unit each (previous-runner §4.18). */
export function splitEvenly(amount: number, count: number, unit: number): readonly number[] {
  const part = Math.floor(amount / (count * unit)) * unit;
  const extra = Math.ceil((amount - part * count) / unit);
  return Array.from({ length: count }, (_, index) => part + (index < extra ? unit : 0));
}

/** The smaller of a step's own limit and the global one, if both are set. */
export function stepLimits(step: Amount, global: Amount): Amount {
  const limit = (kind: Kind): number =>
    step[kind] > 0 && global[kind] > 0
      ? Math.min(step[kind], global[kind])
      : Math.max(step[kind], global[kind], 0);
  return { cpuMillicores: limit('cpuMillicores'), memoryBytes: limit('memoryBytes') };
}

const capped = (value: number, limit: number): number => (limit > 0 ? Math.min(value, limit) : value);

/**
 * Splits the Pod's request over its containers as the old runner does: equal parts, at least the minimum, never above a
 * container's limit; requests of steps are ignored.
 */
export function splitResources(
  pod: Amount,
  limits: readonly Amount[],
  minimum: Amount,
): readonly ContainerResources[] {
  const parts = {
    cpuMillicores: splitEvenly(pod.cpuMillicores, limits.length, CPU_UNIT),
    memoryBytes: splitEvenly(pod.memoryBytes, limits.length, MEMORY_UNIT),
  };
  const request = (kind: Kind, index: number): number =>
    capped(Math.max(parts[kind][index] ?? 0, minimum[kind]), limits[index]?.[kind] ?? 0);
  return limits.map((own, index) => ({
    requests: { cpuMillicores: request('cpuMillicores', index), memoryBytes: request('memoryBytes', index) },
    limits: own,
  }));
}

/** One round of the distribution: in proportion to the weights, in equal parts if there are none; the remainder goes to the first ones. */
function shares(total: number, weights: readonly number[], unit: number): readonly number[] {
  const heavy = weights.reduce((sum, weight) => sum + weight, 0);
  if (heavy === 0) return splitEvenly(total, weights.length, unit);
  const whole = weights.map((weight) => Math.floor((total * weight) / heavy / unit) * unit);
  const rest = total - whole.reduce((sum, value) => sum + value, 0);
  return whole.map((value, index) => value + (index < Math.ceil(rest / unit) ? unit : 0));
}

/** Distributes `total` in proportion to `weights`, in whole units, none above its cap (0 = no cap). */
export function spreadByWeight(
  total: number,
  weights: readonly number[],
  caps: readonly number[],
  unit: number,
): readonly number[] {
  const parts = weights.map(() => 0);
  const hasRoom = (index: number): boolean => caps[index] === 0 || (parts[index] ?? 0) < (caps[index] ?? 0);
  let open = weights.map((_, index) => index);
  let left = total;
  // Each round that does not finish caps at least one container, so there are at most as many rounds as containers.
  while (left >= unit && open.length > 0) {
    const given = shares(
      left,
      open.map((index) => weights[index] ?? 0),
      unit,
    );
    left = 0;
    open.forEach((index, place) => {
      const wanted = (parts[index] ?? 0) + (given[place] ?? 0);
      parts[index] = capped(wanted, caps[index] ?? 0);
      left += wanted - (parts[index] ?? 0);
    });
    open = open.filter(hasRoom);
  }
  return parts;
}

/** The request and limit of one step in `peak` mode. */
export interface StepDemand {
  readonly requests: Amount;
  readonly limits: Amount;
}

/**
 * Splits the Pod's peak over its containers in proportion to their requests, at least the minimum, never above a
 * container's limit (gate §6).
 */
export function peakResources(
  peak: Amount,
  steps: readonly StepDemand[],
  minimum: Amount,
): readonly ContainerResources[] {
  const spread = (kind: Kind): readonly number[] =>
    spreadByWeight(
      peak[kind],
      steps.map(({ requests }) => Math.max(requests[kind], minimum[kind])),
      steps.map(({ limits }) => limits[kind]),
      unitOf(kind),
    );
  const parts = { cpuMillicores: spread('cpuMillicores'), memoryBytes: spread('memoryBytes') };
  const request = (kind: Kind, index: number): number =>
    capped(Math.max(parts[kind][index] ?? 0, minimum[kind]), steps[index]?.limits[kind] ?? 0);
  return steps.map(({ limits }, index) => ({
    requests: { cpuMillicores: request('cpuMillicores', index), memoryBytes: request('memoryBytes', index) },
    limits,
  }));
}

function quantities({ cpuMillicores, memoryBytes }: Amount): Record<string, string> {
  return {
    ...(cpuMillicores > 0 ? { cpu: `${cpuMillicores}m` } : {}),
    ...(memoryBytes > 0 ? { memory: formatMemoryBytes(memoryBytes) } : {}),
  };
}

const STORAGE = 'ephemeral-storage';

/** What a container takes besides CPU and memory. */
export type OtherResources = Pick<PipelineStep, 'storage' | 'devices'>;

type Quantities = Readonly<Record<string, string>>;

/** Without a request of its own, Kubernetes would request as much as the limit: for one that the operator sets, nothing is requested. */
function storageOf(
  { requestBytes, limitBytes }: PipelineStep['storage'],
  most: Most,
): [Quantities, Quantities] {
  const of = (bytes: number): Quantities => (bytes > 0 ? { [STORAGE]: formatMemoryBytes(bytes) } : {});
  if (limitBytes > 0 || most === 'any') return [of(requestBytes), of(limitBytes)];
  return [requestBytes > 0 ? of(requestBytes) : { [STORAGE]: '0' }, of(most)];
}

function devicesOf(devices: PipelineStep['devices']): Quantities {
  const taken = Object.entries(devices).filter(([, count]) => count > 0);
  return Object.fromEntries(taken.map(([name, count]) => [name, String(count)]));
}

const NO_OTHERS: OtherResources = { storage: { requestBytes: 0, limitBytes: 0 }, devices: {} };

/**
 * Resources in the form of a container spec; unset values are left out.
 *
 * @param most the limit of ephemeral storage of a container without one
 */
export function toRequirements(
  { requests, limits }: ContainerResources,
  most: Most,
  { storage, devices }: OtherResources = NO_OTHERS,
): V1ResourceRequirements {
  const [storageRequest, storageLimit] = storageOf(storage, most);
  const shown = {
    requests: { ...quantities(requests), ...storageRequest, ...devicesOf(devices) },
    limits: { ...quantities(limits), ...storageLimit, ...devicesOf(devices) },
  };
  return {
    ...(Object.keys(shown.limits).length > 0 ? { limits: shown.limits } : {}),
    ...(Object.keys(shown.requests).length > 0 ? { requests: shown.requests } : {}),
  };
}
