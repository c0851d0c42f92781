import { parseCpuMillicores, parseMemoryBytes } from '@hangar/shared/quantity';
import { parseByteSize } from '@hangar/shared/units';
import type { NodeShape, Resources } from '../capacity/shape.ts';
import { GIB } from '../capacity/shape.ts';
import type { Cloud } from './allocatable.ts';
import { cloudAllocatable, DEFAULT_PODS } from './allocatable.ts';

const gkeShape = (name: string, cpu: number, memoryGib: number): NodeShape => ({
  name,
  allocatable: cloudAllocatable(
    'gke',
    { cpuMillicores: cpu * 1000, memoryBytes: memoryGib * GIB },
    DEFAULT_PODS.gke,
  ),
  source: `GKE's formula for a machine of ${cpu} CPU and ${memoryGib} GiB`,
});

/** The two shapes of the published table, "inside of GCR", with the allocatable resources of GKE. */
export const PUBLISHED_SHAPES: readonly NodeShape[] = [
  gkeShape('4cpu-8gb', 4, 8),
  gkeShape('8cpu-16gb', 8, 16),
];

/** The result of parsing a node shape: a shape, or a problem with its remedy. */
export type ParsedShape = { readonly shape: NodeShape } | { readonly problem: string };

const FORM =
  'Write cpu=16,memory=32Gi for allocatable figures as they are, or gke:cpu=16,memory=64Gi or eks:cpu=16,memory=64Gi for a whole machine; pods=110 may follow.';
/** Above any machine on sale; it keeps sums exact. */
const LIMITS = { cpuMillicores: 10_000_000, memoryBytes: 2 ** 50, pods: 10_000 } as const;

type Fields = ReadonlyMap<string, string>;

function splitFields(text: string): Fields | string {
  const fields = new Map<string, string>();
  for (const part of text.split(',')) {
    const [key = '', value, ...rest] = part.split('=').map((piece) => piece.trim());
    if (!value || rest.length > 0) return `"${part}" is not KEY=VALUE.`;
    if (!['cpu', 'memory', 'pods'].includes(key)) return `"${key}" is unknown.`;
    if (fields.has(key)) return `"${key}" is given twice.`;
    fields.set(key, value);
  }
  return fields;
}

/** Memory as Kubernetes writes it (`32Gi`, `500M`); spellings such as `32GB` are read as binary units, as in pipelines. */
const readMemory = (text: string): number | undefined => parseMemoryBytes(text) ?? parseByteSize(text);

const within = (value: number | undefined, most: number, least = 1): value is number =>
  value !== undefined && value >= least && value <= most;

/** @param least minimum of millicores and bytes: 0 where zero is allowed */
function readResources(fields: Fields, least: 0 | 1 = 1): Resources | string {
  const cpuMillicores = parseCpuMillicores(fields.get('cpu') ?? '');
  if (!within(cpuMillicores, LIMITS.cpuMillicores, least))
    return `cpu "${fields.get('cpu') ?? ''}" is not an amount of CPU.`;
  const memoryBytes = readMemory(fields.get('memory') ?? '');
  if (!within(memoryBytes, LIMITS.memoryBytes, least))
    return `memory "${fields.get('memory') ?? ''}" is not an amount of memory.`;
  return { cpuMillicores, memoryBytes };
}

function readPods(fields: Fields, fallback: number): number | string {
  const text = fields.get('pods');
  if (text === undefined) return fallback;
  const pods = /^\d{1,6}$/.test(text) ? Number(text) : undefined;
  return within(pods, LIMITS.pods) ? pods : `pods "${text}" is not a number of Pods.`;
}

function splitCloud(text: string): { cloud: Cloud | undefined; rest: string } | string {
  const colon = text.indexOf(':');
  if (colon < 0) return { cloud: undefined, rest: text };
  const name = text.slice(0, colon).trim();
  if (name !== 'gke' && name !== 'eks') return `"${name}" is not a supported cloud.`;
  return { cloud: name, rest: text.slice(colon + 1) };
}

function shapeOf(text: string): NodeShape | string {
  const split = splitCloud(text);
  if (typeof split === 'string') return split;
  const fields = splitFields(split.rest);
  if (typeof fields === 'string') return fields;
  const size = readResources(fields);
  if (typeof size === 'string') return size;
  const pods = readPods(fields, split.cloud === undefined ? DEFAULT_PODS.gke : DEFAULT_PODS[split.cloud]);
  if (typeof pods === 'string') return pods;
  if (split.cloud === undefined)
    return { name: text, allocatable: { ...size, pods }, source: 'allocatable as given' };
  return {
    name: text,
    allocatable: cloudAllocatable(split.cloud, size, pods),
    source: `${split.cloud.toUpperCase()}'s formula for the whole machine`,
  };
}

/**
 * Reads a node shape as `--node` and the API accept it: a published name, allocatable figures, or a cloud's machine.
 *
 * @returns the shape, or one sentence that names the mistake and one with the remedy
 */
export function parseShape(text: string): ParsedShape {
  const known = PUBLISHED_SHAPES.find((shape) => shape.name === text.trim());
  if (known !== undefined) return { shape: known };
  const shape = shapeOf(text.trim());
  return typeof shape === 'string' ? { problem: `${shape} ${FORM}` } : { shape };
}

/**
 * Reads a request such as `cpu=1150m,memory=1700Mi`, for `--pod` and `--daemonsets`.
 *
 * @param least minimum of millicores and bytes: 0 where zero is allowed, such as for DaemonSets
 * @returns the resources, or the problem with its remedy
 */
export function parseResources(
  text: string,
  least: 0 | 1 = 1,
): { readonly resources: Resources } | { readonly problem: string } {
  const fields = splitFields(text.trim());
  const resources = typeof fields === 'string' ? fields : readResources(fields, least);
  return typeof resources === 'string'
    ? { problem: `${resources} Write for instance cpu=1150m,memory=1700Mi.` }
    : { resources };
}
