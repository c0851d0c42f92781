import type { NodeShape, Resources } from '../capacity/shape.ts';
import { GIB, MIB } from '../capacity/shape.ts';

/** What the kubelet of a cloud leaves to Pods on a machine of given size (scheduling-and-scaling §3.4). */
export type Cloud = 'gke' | 'eks';

/** A slice of a resource and the share of it that the cloud reserves. */
interface Bracket {
  readonly upTo: number;
  readonly share: number;
}

/** Both clouds reserve CPU by the same falling shares of each further core. */
const CPU_BRACKETS: readonly Bracket[] = [
  { upTo: 1000, share: 0.06 },
  { upTo: 2000, share: 0.01 },
  { upTo: 4000, share: 0.005 },
  { upTo: Infinity, share: 0.0025 },
];

const GKE_MEMORY_BRACKETS: readonly Bracket[] = [
  { upTo: 4 * GIB, share: 0.25 },
  { upTo: 8 * GIB, share: 0.2 },
  { upTo: 16 * GIB, share: 0.1 },
  { upTo: 128 * GIB, share: 0.06 },
  { upTo: Infinity, share: 0.02 },
];

/** Both kubelets evict when less than this is free. */
const EVICTION_BYTES = 100 * MIB;
/** GCE reserves a little more than the kernel does, up to a bound. */
const GCE_CORRECTION = {
  share: 0.00175,
  maxBytes: 248 * MIB,
  smallMachineBytes: 8 * GIB,
  smallMachineExtraBytes: 8 * MIB,
};
/** EKS reserves memory for the kubelet by the number of Pods the node may hold. */
const EKS_MEMORY = { baseBytes: 255 * MIB, bytesPerPod: 11 * MIB };

const reserved = (amount: number, brackets: readonly Bracket[]): number =>
  brackets.reduce((sum, { upTo, share }, index) => {
    const from = brackets[index - 1]?.upTo ?? 0;
    return sum + Math.max(0, Math.min(amount, upTo) - from) * share;
  }, 0);

/** Memory that the kernel reserves before the kubelet sees any: 1/64, 16 MiB, and 64 MiB for DMA beyond 3 GiB. */
const kernelBytes = (machineBytes: number): number =>
  machineBytes / 64 + 16 * MIB + (machineBytes > 3 * GIB ? 64 * MIB : 0);

function gceCorrectionBytes(machineBytes: number): number {
  const { share, maxBytes, smallMachineBytes, smallMachineExtraBytes } = GCE_CORRECTION;
  return (
    Math.min(machineBytes * share, maxBytes) +
    (machineBytes <= smallMachineBytes ? smallMachineExtraBytes : 0)
  );
}

function memoryBytes(cloud: Cloud, machineBytes: number, pods: number): number {
  const capacity = machineBytes - kernelBytes(machineBytes);
  switch (cloud) {
    case 'gke':
      return (
        capacity -
        gceCorrectionBytes(machineBytes) -
        reserved(machineBytes, GKE_MEMORY_BRACKETS) -
        EVICTION_BYTES
      );
    case 'eks':
      return capacity - EKS_MEMORY.baseBytes - EKS_MEMORY.bytesPerPod * pods - EVICTION_BYTES;
  }
}

/** The default limit of Pods per node: Kubernetes' default, and EKS's figure for c5.xlarge and c5.2xlarge. */
export const DEFAULT_PODS: Readonly<Record<Cloud, number>> = { gke: 110, eks: 58 };

/**
 * Allocatable CPU and memory of a machine on GKE (Container-Optimized OS) or EKS (Amazon Linux).
 *
 * @param machine whole machine, as listed by the cloud; > 0
 * @param pods the limit of Pods on the node; on EKS the reserved memory grows with it
 * @returns whole millicores and bytes, at least 0; a live node's own figures are preferable
 * @see scheduling-and-scaling §3.4
 */
export function cloudAllocatable(cloud: Cloud, machine: Resources, pods: number): NodeShape['allocatable'] {
  return {
    cpuMillicores: Math.max(
      0,
      Math.floor(machine.cpuMillicores - reserved(machine.cpuMillicores, CPU_BRACKETS) + 1e-6),
    ),
    memoryBytes: Math.max(0, Math.floor(memoryBytes(cloud, machine.memoryBytes, pods))),
    pods,
  };
}
