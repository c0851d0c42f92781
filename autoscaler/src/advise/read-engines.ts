import { DURATION } from '@hangar/shared/config-values';
import { parseCpuMillicores, parseMemoryBytes } from '@hangar/shared/quantity';
import type {
  KubernetesObject,
  V1Container,
  V1Pod,
  V1ResourceQuota,
  V1ResourceQuotaSpec,
} from '@kubernetes/client-node';
import type { ClusterAutoscalerFact, NodePoolFact, QuotaFact } from './engines.ts';

/** The parts of a NodePool (karpenter.sh/v1) that are read. */
export interface KarpenterNodePool extends KubernetesObject {
  readonly spec?: {
    readonly replicas?: number;
    readonly disruption?: {
      readonly consolidationPolicy?: string;
      readonly consolidateAfter?: string;
      readonly budgets?: readonly { readonly nodes?: string; readonly schedule?: string }[];
    };
  };
}

/** Go's durations (`10m0s`, `600s`) in seconds; undefined for anything else. */
export function secondsOf(text: string): number | undefined {
  if (text.trim() === '0') return 0;
  const read = DURATION.read(text);
  return 'value' in read ? read.value / 1000 : undefined;
}

/** Karpenter's own defaults, for what a NodePool leaves out (scheduling-and-scaling §1.2). */
const KARPENTER_DEFAULTS = {
  consolidationPolicy: 'WhenEmptyOrUnderutilized',
  consolidateAfter: '0s',
} as const;

/** Reads a NodePool. */
export function readNodePool({ metadata, spec = {} }: KarpenterNodePool): NodePoolFact {
  const {
    consolidationPolicy,
    consolidateAfter,
    budgets = [],
  } = {
    ...KARPENTER_DEFAULTS,
    ...spec.disruption,
  };
  return {
    name: metadata?.name ?? '',
    isStatic: spec.replicas !== undefined,
    consolidationPolicy,
    consolidateAfterSeconds: secondsOf(consolidateAfter),
    isFrozen: budgets.some(({ nodes, schedule }) => schedule === undefined && /^0+%?$/.test(nodes ?? '')),
  };
}

const BINARY = /(^|\/)cluster-autoscaler$/;
const IMAGE = /\/cluster-autoscaler[:@]/;

/** `--name=value`, `--name value` and bare `--name` (true), with one dash or two. */
function flagsOf(commandLine: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    commandLine.flatMap((argument, at) => {
      const [, name, value] = /^--?([a-z][\w-]*)(?:=(.*))?$/.exec(argument) ?? [];
      if (name === undefined) return [];
      const next = commandLine[at + 1];
      return [[name, value ?? (next === undefined || next.startsWith('-') ? 'true' : next)] as const];
    }),
  );
}

const argumentsOf = ({ command = [], args = [] }: V1Container): readonly string[] => [...command, ...args];

const isClusterAutoscaler = (container: V1Container): boolean =>
  argumentsOf(container).some((argument) => BINARY.test(argument)) || IMAGE.test(container.image ?? '');

/** Cluster Autoscaler's flags, if one of these Pods runs it. */
export function findClusterAutoscaler(pods: readonly V1Pod[]): ClusterAutoscalerFact | undefined {
  const [found] = pods.flatMap(({ metadata, spec, status }) => {
    const container = spec?.containers.find(isClusterAutoscaler);
    if (container === undefined || (status?.phase ?? 'Running') !== 'Running') return [];
    return { pod: `${metadata?.namespace}/${metadata?.name}`, flags: flagsOf(argumentsOf(container)) };
  });
  return found;
}

type Amounts = Readonly<Record<string, string>>;

function amount(amounts: Amounts, names: readonly string[], read: (text: string) => number | undefined) {
  const values = names.flatMap((name) => {
    const text = amounts[name];
    return text === undefined ? [] : (read(text) ?? []);
  });
  return values.length === 0 ? undefined : Math.min(...values);
}

const resourcesOf = (amounts: Amounts, absent: number): QuotaFact['hard'] => ({
  cpuMillicores: amount(amounts, ['cpu', 'requests.cpu'], parseCpuMillicores) ?? absent,
  memoryBytes: amount(amounts, ['memory', 'requests.memory'], parseMemoryBytes) ?? absent,
  pods: amount(amounts, ['pods', 'count/pods'], parseMemoryBytes) ?? absent,
});

const hasScopes = ({ scopes = [], scopeSelector }: V1ResourceQuotaSpec): boolean =>
  scopes.length > 0 || scopeSelector !== undefined;

/** Reads a quota; undefined where it holds for some Pods only: whether for builds is not known here. */
export function readQuota({ metadata, spec = {}, status = {} }: V1ResourceQuota): QuotaFact | undefined {
  if (hasScopes(spec)) return undefined;
  return {
    namespace: metadata?.namespace ?? '',
    hard: resourcesOf(status.hard ?? spec.hard ?? {}, Infinity),
    used: resourcesOf(status.used ?? {}, 0),
  };
}
