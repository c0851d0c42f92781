import type { RunningBuild } from './job.ts';
import type { PodFact } from './read-pod.ts';
import type { Resources } from './shape.ts';

/** Pods on nodes that are decided upon alike. */
export interface RunningPods {
  readonly namespace: string;
  readonly request: Resources;
  readonly count: number;
}

/** Builds' Pods of one moment: who waits one by one, who has a node by the dozen. Small, however many they are. */
export interface PodCounts {
  /** Without a node yet, or held by a gate. */
  readonly waiting: readonly PodFact[];
  readonly running: readonly RunningPods[];
  /** Names of Pods, of those that were asked for, that are among these. */
  readonly seen: ReadonlySet<string>;
}

/**
 * Puts Pods together. Those that ended are left out.
 *
 * @param askedFor names of Pods that somebody told of: are they here?
 */
export function podCountsOf(pods: readonly PodFact[], askedFor: ReadonlySet<string> = new Set()): PodCounts {
  const waiting: PodFact[] = [];
  const running = new Tally();
  const seen = new Set<string>();
  for (const pod of pods) {
    if (pod.state === 'ended') continue;
    if (askedFor.has(pod.name)) seen.add(pod.name);
    if (pod.state === 'bound') running.add(pod);
    else waiting.push(pod);
  }
  return { waiting, running: running.all, seen };
}

/** A build on a node of this name. */
export interface NodeBuild extends RunningBuild {
  readonly node: string;
}

/** Pods on nodes one by one, in no particular order; without those that don't say since when. */
export const nodeBuilds = (pods: readonly PodFact[]): readonly NodeBuild[] =>
  pods.flatMap((pod) =>
    pod.state === 'bound' && pod.boundMs !== undefined
      ? { startedAt: pod.boundMs / 1000, name: pod.pipeline, node: pod.node }
      : [],
  );

/** The namespaces in which builds are seen. */
export const podNamespaces = ({ waiting, running }: PodCounts): ReadonlySet<string> =>
  new Set([...waiting, ...running].map(({ namespace }) => namespace));

/** By identity of the request, since equal ones are mostly one object: with tens of thousands of Pods a key of text would cost more than all the rest. */
class Tally {
  readonly #counts = new Map<string, Map<Resources, number>>();

  add({ namespace, request }: PodFact): void {
    const own = this.#counts.get(namespace) ?? new Map<Resources, number>();
    this.#counts.set(namespace, own);
    own.set(request, (own.get(request) ?? 0) + 1);
  }

  get all(): readonly RunningPods[] {
    return [...this.#counts].flatMap(([namespace, own]) =>
      [...own].map(([request, count]) => ({ namespace, request, count })),
    );
  }
}
