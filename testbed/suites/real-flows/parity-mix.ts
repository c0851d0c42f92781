import { admitsPod, type PodConstraints, type Taint } from '@hangar/autoscaler/capacity/scheduling';
import { MIB, type Resources } from '@hangar/autoscaler/capacity/shape';
import { type Random, seededRandom } from '@hangar/autoscaler/simulate/random';
import { SimScheduler } from '@hangar/autoscaler/simulate/scheduler';
import { SURPLUS_TAINT } from '@hangar/shared/contract/object-keys';
import {
  type ContainerRequest,
  effectiveRequest,
  type PodRequestSpec,
  scoredRequest,
} from '@hangar/shared/kubernetes/pod-request';
import type { V1Container, V1PodSpec } from '@kubernetes/client-node';

/** Nodes of a mix. */
export const MIX_NODE_COUNT = 7;
/** Pods of a mix that arrive one after the other. */
export const MIX_POD_COUNT = 9;

/** A node of a mix. */
export interface MixNode {
  readonly name: string;
  readonly cpu: number;
  readonly memoryMiB: number;
  readonly pods: number;
  readonly zone: string;
  readonly taints: readonly Taint[];
  /** What runs on it before any build, such as DaemonSets. */
  readonly before: readonly Request[];
}

interface Request {
  readonly cpu: number;
  readonly memoryMiB: number;
  readonly sidecar?: boolean;
}

/** A build of a mix. */
export interface MixPod {
  readonly containers: readonly Request[];
  readonly initContainers: readonly Request[];
  readonly zone: string | undefined;
  readonly tolerates: readonly string[];
}

/** Nodes, and builds that arrive one after the other. */
export interface PodMix {
  readonly nodes: readonly MixNode[];
  readonly pods: readonly MixPod[];
}

const HARD: Taint = { key: 'hangar.dev/hard', effect: 'NoSchedule' };
const SOFT: Taint = SURPLUS_TAINT;
const SOFT_TOO: Taint = { key: 'hangar.dev/soft-too', effect: 'PreferNoSchedule' };

/** A random mix; the same chance gives the same one. */
export function mixOf(random: Random): PodMix {
  const pick = <T>(...choices: readonly [T, ...T[]]): T =>
    choices[random.below(choices.length)] ?? choices[0];
  const chance = (share: number): boolean => random.next() < share;
  const request = (): Request => ({
    cpu: pick(0, 50, 100, 250, 700, 1150, 1900),
    memoryMiB: pick(0, 64, 300, 900, 1700, 3333),
  });
  // Half of the mixes are of one shape, as pools are: there ties are common.
  const shape = { cpu: 3920, memoryMiB: 6018, pods: 110 };
  const isUniform = chance(0.5);
  const node = (index: number): MixNode => ({
    name: `n${index}`,
    ...(isUniform
      ? shape
      : { cpu: pick(1930, 3920, 7910), memoryMiB: pick(2048, 6018, 13256), pods: pick(2, 3, 5, 110) }),
    zone: pick('a', 'b'),
    taints: [HARD, SOFT, SOFT_TOO].filter(() => chance(0.25)),
    before: chance(0.4) ? [{ cpu: pick(0, 100, 300), memoryMiB: pick(0, 128, 370) }] : [],
  });
  // Pods without any request are scored by other rules.
  const nothing = (): Request => ({ cpu: 0, memoryMiB: 0 });
  const pod = (): MixPod => ({
    containers: Array.from({ length: 1 + random.below(3) }, chance(0.1) ? nothing : request),
    initContainers: chance(0.3) ? [{ ...request(), sidecar: chance(0.5) }, request()] : [],
    zone: chance(0.2) ? pick('a', 'b', 'nowhere') : undefined,
    tolerates: [HARD, SOFT].flatMap(({ key }) => (chance(0.25) ? [key] : [])),
  });
  const kinds = Array.from({ length: 3 }, pod);
  return {
    nodes: Array.from({ length: MIX_NODE_COUNT }, (_, index) => node(index)),
    pods: Array.from({ length: MIX_POD_COUNT }, () =>
      chance(0.6) ? (kinds[random.below(3)] ?? pod()) : pod(),
    ),
  };
}

const resources = ({ cpu, memoryMiB }: Request) => ({ cpuMillicores: cpu, memoryBytes: memoryMiB * MIB });

function requestSpec({
  containers,
  initContainers,
}: Pick<MixPod, 'containers' | 'initContainers'>): PodRequestSpec {
  const init = initContainers.map(
    (one): ContainerRequest => ({ ...resources(one), sidecar: one.sidecar === true }),
  );
  return { containers: containers.map(resources), initContainers: init };
}

/** A container as the API has it. */
export const container = (name: string, { cpu, memoryMiB, sidecar }: Request): V1Container => ({
  name,
  image: 'fake',
  ...(sidecar ? { restartPolicy: 'Always' } : {}),
  resources: {
    requests: {
      ...(cpu > 0 ? { cpu: `${cpu}m` } : {}),
      ...(memoryMiB > 0 ? { memory: `${memoryMiB}Mi` } : {}),
    },
  },
});

/** A build as the API has it. */
export const podSpec = ({ containers, initContainers, zone, tolerates }: MixPod): Partial<V1PodSpec> => ({
  containers: containers.map((one, index) => container(`c${index}`, one)),
  initContainers: initContainers.map((one, index) => container(`i${index}`, one)),
  ...(zone === undefined ? {} : { nodeSelector: { zone } }),
  tolerations: tolerates.map((key) => ({ key, operator: 'Exists' })),
});

/** What runs on the node before, as a pool's overhead; undefined where a request is not set, which scores count differently. */
function daemonSetsOf({ before: [one] }: MixNode): (Resources & { readonly pods: number }) | undefined {
  if (one === undefined || one.cpu === 0 || one.memoryMiB === 0) return undefined;
  return { ...resources(one), pods: 1 };
}

/** The same mix in the simulation. */
export function simulation(mix: PodMix) {
  const scheduler = new SimScheduler({ random: seededRandom(1) });
  const slots = new Map<string, number>();
  const classOf = (pod: MixPod): number => {
    const spec = requestSpec(pod);
    const constraints: PodConstraints = {
      ...(pod.zone === undefined ? {} : { nodeSelector: { zone: pod.zone } }),
      tolerations: pod.tolerates.map((key) => ({ key, operator: 'Exists' })),
    };
    return scheduler.addClass({ request: effectiveRequest(spec), scored: scoredRequest(spec), constraints });
  };
  const plain = (one: Request): MixPod => ({
    containers: [one],
    initContainers: [],
    zone: undefined,
    tolerates: [],
  });
  for (const node of mix.nodes) {
    const { cpu, memoryMiB, pods, zone, taints } = node;
    const allocatable = { cpuMillicores: cpu, memoryBytes: memoryMiB * MIB, pods };
    const daemons = daemonSetsOf(node);
    const spec = { allocatable, traits: { labels: { zone }, taints } };
    const slot = scheduler.addNode(daemons === undefined ? spec : { ...spec, daemonSets: daemons });
    slots.set(node.name, slot);
    if (daemons === undefined) for (const one of node.before) scheduler.bind(classOf(plain(one)), slot);
  }
  const nameOf = (slot: number): string => [...slots].find(([, one]) => one === slot)?.[0] ?? '';
  const best = (classId: number): string[] => scheduler.bestSet(classId).map(nameOf);
  const bind = (classId: number, name: string): void => scheduler.bind(classId, slots.get(name) ?? -1);
  return { classOf, plain, best, bind };
}

/** What the mixes must hold, each often enough to be worth the name. */
export const PLACEMENT_FEATURES = [
  'init container',
  'sidecar',
  'DaemonSet overhead',
  'hard taint keeps out',
  'soft taint',
  'selector keeps out',
  'number of Pods binds',
  'memory binds',
  'CPU binds',
  'no request at all',
] as const;

/** One of {@link PLACEMENT_FEATURES}. */
export type PlacementFeature = (typeof PLACEMENT_FEATURES)[number];

interface Used {
  readonly node: MixNode;
  cpu: number;
  memory: number;
  pods: number;
}

/** The usage of each node, as far as features are detected by it. */
export class PlacementFeatures {
  readonly seen = new Set<PlacementFeature>();
  readonly #nodes: readonly Used[];

  constructor({ nodes }: PodMix) {
    this.#nodes = nodes.map((node) => {
      const before = node.before.map(resources);
      return {
        node,
        cpu: before.reduce((sum, { cpuMillicores }) => sum + cpuMillicores, 0),
        memory: before.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
        pods: before.length,
      };
    });
    if (nodes.some((node) => daemonSetsOf(node) !== undefined)) this.seen.add('DaemonSet overhead');
    if (nodes.some(({ taints }) => taints.includes(SOFT))) this.seen.add('soft taint');
  }

  /** A build is about to be placed. */
  arrives(pod: MixPod): void {
    const request = effectiveRequest(requestSpec(pod));
    if (pod.initContainers.length > 0) this.seen.add('init container');
    if (pod.initContainers.some(({ sidecar }) => sidecar)) this.seen.add('sidecar');
    if (request.cpuMillicores === 0 && request.memoryBytes === 0) this.seen.add('no request at all');
    for (const one of this.#nodes) this.#keptOut(one, pod, request);
  }

  /** It was placed there. */
  placed(pod: MixPod, name: string): void {
    const used = this.#nodes.find(({ node }) => node.name === name);
    if (used === undefined) return;
    const { cpuMillicores, memoryBytes } = effectiveRequest(requestSpec(pod));
    used.cpu += cpuMillicores;
    used.memory += memoryBytes;
    used.pods += 1;
  }

  /** Notes what alone keeps the build from a node. */
  #keptOut(used: Used, pod: MixPod, request: Resources): void {
    const [only, ...more] = [...barriers(used.node, pod), ...shortages(used, request)];
    if (only !== undefined && more.length === 0) this.seen.add(only);
  }
}

function barriers(node: MixNode, pod: MixPod): readonly PlacementFeature[] {
  const tolerations = pod.tolerates.map((key) => ({ key, operator: 'Exists' as const }));
  return [
    ...(pod.zone !== undefined && pod.zone !== node.zone ? (['selector keeps out'] as const) : []),
    ...(admitsPod({ taints: node.taints }, { tolerations }) ? [] : (['hard taint keeps out'] as const)),
  ];
}

function shortages(used: Used, { cpuMillicores, memoryBytes }: Resources): readonly PlacementFeature[] {
  const { node } = used;
  const reasons: PlacementFeature[] = [];
  if (used.pods >= node.pods) reasons.push('number of Pods binds');
  if (cpuMillicores > 0 && used.cpu + cpuMillicores > node.cpu) reasons.push('CPU binds');
  if (memoryBytes > 0 && used.memory + memoryBytes > node.memoryMiB * MIB) reasons.push('memory binds');
  return reasons;
}
