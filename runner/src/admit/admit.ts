/** What a stage asks of the cluster, and what all that are admitted take. CPU in millicores, memory in bytes. */
export interface Load {
  readonly pipelines: number;
  readonly pods: number;
  readonly cpuMillicores: number;
  readonly memoryBytes: number;
}

/** What may be taken at most; undefined = no limit. */
export interface Budget {
  /** `DRONE_RUNNER_CAPACITY`: pipelines of this replica at once. */
  readonly pipelines: number;
  readonly pods: number | undefined;
  readonly cpuMillicores: number | undefined;
  readonly memoryBytes: number | undefined;
}

/** Why a stage waits: also a metric label. */
export const WAIT_REASONS = [
  'capacity',
  'budget-cpu',
  'budget-memory',
  'budget-pods',
  'budget-nodes',
  'quota',
  'repository',
  'queue',
] as const;

/** One of {@link WAIT_REASONS}. */
export type WaitReason = (typeof WAIT_REASONS)[number];

export type Admission =
  /** `node`: where it is expected, if the nodes were looked at. */
  | { readonly kind: 'admitted'; readonly node?: string }
  | { readonly kind: 'waiting'; readonly reason: WaitReason; readonly text: string }
  | { readonly kind: 'refused'; readonly text: string };

/**
 * Now, later or never, and why. Pure.
 *
 * @param asked what this one stage needs (pipelines and pods are 1)
 * @param taken what is admitted already: this replica's pipelines, all Hangar Pods of the cluster
 */
export function admit(asked: Load, taken: Load, budget: Budget): Admission {
  for (const measure of MEASURES) {
    const limit = budget[measure.key];
    if (limit !== undefined && asked[measure.key] > limit)
      return {
        kind: 'refused',
        text: `the pipeline requests ${measure.say(asked[measure.key])}, more than the whole budget of ${measure.say(limit)}`,
      };
  }
  for (const measure of MEASURES) {
    const limit = budget[measure.key];
    if (limit !== undefined && taken[measure.key] + asked[measure.key] > limit)
      return {
        kind: 'waiting',
        reason: measure.reason,
        text: `${measure.amount(taken[measure.key])} of ${measure.say(limit)} are in use, and this pipeline needs ${measure.say(asked[measure.key])}`,
      };
  }
  return { kind: 'admitted' };
}

const count = (noun: string) => ({
  amount: String,
  say: (value: number) => `${value} ${noun}${value === 1 ? '' : 's'}`,
});

const measured = (unit: string, amount: (value: number) => string) => ({
  amount,
  say: (value: number) => `${amount(value)} ${unit}`,
});

/** `amount` is the number alone, `say` with its unit. */
interface Measure {
  readonly key: keyof Load;
  readonly reason: WaitReason;
  readonly amount: (value: number) => string;
  readonly say: (value: number) => string;
}

const RESOURCES: readonly Measure[] = [
  { key: 'cpuMillicores', reason: 'budget-cpu', ...measured('CPU', (value) => String(value / 1000)) },
  {
    key: 'memoryBytes',
    reason: 'budget-memory',
    ...measured('MiB of memory', (value) => String(Math.ceil(value / 1_048_576))),
  },
];

const MEASURES: readonly Measure[] = [
  { key: 'pipelines', reason: 'capacity', ...count('pipeline') },
  { key: 'pods', reason: 'budget-pods', ...count('Pod') },
  ...RESOURCES,
];

/** What a stage requests: `2 CPU and 512 MiB of memory`; `1 Pod` if nothing else. */
export const requestText = (asks: Load): string =>
  RESOURCES.filter(({ key }) => asks[key] > 0)
    .map(({ key, say }) => say(asks[key]))
    .join(' and ') || '1 Pod';

/** Two loads together. */
export function plus(a: Load, b: Load): Load {
  return {
    pipelines: a.pipelines + b.pipelines,
    pods: a.pods + b.pods,
    cpuMillicores: a.cpuMillicores + b.cpuMillicores,
    memoryBytes: a.memoryBytes + b.memoryBytes,
  };
}

/** Nothing. */
export const NO_LOAD: Load = { pipelines: 0, pods: 0, cpuMillicores: 0, memoryBytes: 0 };
