import type { V1Node } from '@kubernetes/client-node';
import { type BuildNode, type Room, readNode } from '../build-node.ts';

export const GIB = 2 ** 30;

/** Nothing is left to others. */
export const NO_RESERVE: Room = { pods: 0, cpuMillicores: 0, memoryBytes: 0 };

/** How a node differs from one of 4 CPU and 8 GiB that is ready. */
export interface NodeChange {
  readonly cpu?: string;
  readonly memory?: string;
  readonly pods?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  readonly ready?: string;
  readonly unschedulable?: boolean;
}

/** A node as the API has it. */
export function aNodeObject(name: string, change: NodeChange = {}): V1Node {
  const { cpu = '4', memory = '8Gi', pods = '110', labels = {}, annotations = {}, taints = [] } = change;
  return {
    metadata: { name, labels: { ...labels }, annotations: { ...annotations } },
    spec: { taints: [...taints], unschedulable: change.unschedulable ?? false },
    status: {
      allocatable: { cpu, memory, pods },
      conditions: [{ type: 'Ready', status: change.ready ?? 'True' }],
    },
  };
}

/** The same as admission sees it. */
export const aNode = (name: string, change: NodeChange = {}): BuildNode =>
  readNode(aNodeObject(name, change), NO_RESERVE);
