import type { Clock } from '@hangar/shared/clock';
import type { Cluster, KubernetesError } from '@hangar/shared/kubernetes/cluster';
import { type Change, ListWatch } from '@hangar/shared/kubernetes/list-watch';
import type { Logger } from '@hangar/shared/logger';
import type { V1DaemonSet, V1EndpointSlice, V1Node, V1Pod } from '@kubernetes/client-node';
import { type RunnerService, targetsOf } from '../scrape/targets.ts';
import { type Boot, BootTimes } from './boot-times.ts';
import type { PodRecord } from './pod-record.ts';
import { type DaemonFact, type NodeFact, type PoolRules, readDaemonSet, readNode } from './read-node.ts';
import { type PodFact, readPod, recordOf } from './read-pod.ts';
import { WATCHED } from './resources.ts';

/** What is watched. */
export interface ClusterWatchOptions {
  readonly podSelector: string;
  readonly rules: PoolRules;
  readonly runnerService: RunnerService | undefined;
}

/** What a {@link ClusterWatch} is made of. */
export interface ClusterWatchParts {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly log: Logger;
}

/** One watch: how old its news are, and what is wrong with it. */
export interface WatchState {
  /** Undefined: never heard. */
  readonly staleMs: number | undefined;
  /** The last trouble since the last good news; empty: none. */
  readonly trouble: string;
}

/** The watches by name. */
export type WatchName = 'pods' | 'nodes' | 'daemonSets' | 'endpointSlices';

/** What happened since it was last taken. */
export interface ClusterNews {
  readonly records: readonly PodRecord[];
  readonly boots: readonly Boot[];
  /** When Pods arrived that were not known before, in seconds since 1970. */
  readonly arrivals: readonly number[];
  /** How long Pods waited that found a node, in seconds. */
  readonly waits: readonly number[];
}

/** Pods that ended and are still there are remembered, so that each is told once. */
const MOST_TOLD = 200_000;

/** What all watches have, whatever they watch. */
type AnyWatch = Pick<ListWatch<never>, 'run' | 'staleMs'>;

/**
 * Builds' Pods, nodes, DaemonSets and runners' endpoints as they are: each object is read once when it changes. What ended since
 * the last tick is handed out once.
 */
export class ClusterWatch {
  readonly #clock: Clock;
  readonly #parts: ClusterWatchParts;
  readonly #options: ClusterWatchOptions;
  readonly #pods = new Map<string, PodFact>();
  readonly #nodes = new Map<string, NodeFact>();
  readonly #daemons = new Map<string, DaemonFact>();
  readonly #slices = new Map<string, V1EndpointSlice>();
  readonly #troubles = new Map<WatchName, { readonly text: string; readonly atMs: number }>();
  readonly #watches: Readonly<Record<WatchName, AnyWatch | undefined>> & {
    readonly nodes: ListWatch<V1Node>;
  };
  readonly #bootTimes = new BootTimes();
  readonly #told = new Set<string>();
  #records: PodRecord[] = [];
  #boots: Boot[] = [];
  #arrivals: number[] = [];
  #waits: number[] = [];

  constructor(parts: ClusterWatchParts, options: ClusterWatchOptions) {
    this.#clock = parts.clock;
    this.#parts = parts;
    this.#options = options;
    const { podSelector, rules, runnerService } = options;
    this.#watches = {
      pods: this.#watch<V1Pod>('pods', {}, { labelSelector: podSelector }, (change) => this.#pod(change)),
      nodes: this.#watch<V1Node>('nodes', {}, {}, ({ kind, object }) =>
        keep(this.#nodes, object, kind === 'gone' ? undefined : readNode(object, rules, this.#clock.now())),
      ),
      daemonSets: this.#watch<V1DaemonSet>('daemonSets', {}, {}, ({ kind, object }) =>
        keep(this.#daemons, object, kind === 'gone' ? undefined : readDaemonSet(object)),
      ),
      endpointSlices:
        runnerService &&
        this.#watch<V1EndpointSlice>(
          'endpointSlices',
          { namespace: runnerService.namespace },
          { labelSelector: `kubernetes.io/service-name=${runnerService.name}` },
          ({ kind, object }) => keep(this.#slices, object, kind === 'gone' ? undefined : object),
        ),
    };
  }

  /** Build Pods that have not ended. */
  get pods(): readonly PodFact[] {
    return [...this.#pods.values()].filter(({ state }) => state !== 'ended');
  }

  get nodes(): readonly NodeFact[] {
    return [...this.#nodes.values()];
  }

  /** The same as they stand in the API. */
  get nodeObjects(): readonly V1Node[] {
    return this.#watches.nodes.objects;
  }

  /** Undefined: never heard, so nobody knows what they take. */
  get daemonSets(): readonly DaemonFact[] | undefined {
    return this.#watches.daemonSets?.staleMs === undefined ? undefined : [...this.#daemons.values()];
  }

  /** Addresses of runners; undefined where there is no Service to ask for. */
  get runners(): readonly string[] | undefined {
    const { runnerService } = this.#options;
    return runnerService && targetsOf([...this.#slices.values()], runnerService);
  }

  /** How a watch fares. */
  state(name: WatchName): WatchState {
    const staleMs = this.#watches[name]?.staleMs;
    const trouble = this.#troubles.get(name);
    const heardMs = staleMs === undefined ? -Infinity : this.#clock.monotonicMs() - staleMs;
    return { staleMs, trouble: trouble === undefined || trouble.atMs < heardMs ? '' : trouble.text };
  }

  /** Records of earlier lives: their Pods are not told again. */
  remember(uids: Iterable<string>): void {
    for (const uid of uids) this.#told.add(uid);
  }

  /** This service ordered more nodes. */
  ordered(pool: string): void {
    this.#bootTimes.ordered(pool, this.#clock.now());
  }

  /** What happened since the last call. */
  takeNews(): ClusterNews {
    const news = { records: this.#records, boots: this.#boots, arrivals: this.#arrivals, waits: this.#waits };
    this.#records = [];
    this.#boots = [];
    this.#arrivals = [];
    this.#waits = [];
    return news;
  }

  /** Watches until the signal is aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(Object.values(this.#watches).map((watch) => watch?.run(signal) ?? Promise.resolve()));
  }

  #watch<T extends V1Pod | V1Node | V1DaemonSet | V1EndpointSlice>(
    name: WatchName,
    place: { readonly namespace?: string },
    selection: { readonly labelSelector?: string },
    onChange: (change: Change<T>) => void,
  ): ListWatch<T> {
    return new ListWatch<T>(this.#clock, this.#parts.cluster, {
      target: { resource: WATCHED[name], ...place },
      selection,
      onChange,
      onTrouble: (error) => this.#trouble(name, error),
    });
  }

  #trouble(name: WatchName, error: KubernetesError): void {
    const text = error.message === '' ? `status ${error.status}` : error.message;
    if (this.#troubles.get(name)?.text !== text)
      this.#parts.log.warn({ watch: name, status: error.status, reason: text }, 'a watch has trouble');
    this.#troubles.set(name, { text, atMs: this.#clock.monotonicMs() });
  }

  #pod({ kind, object }: Change<V1Pod>): void {
    const nowMs = this.#clock.now();
    const fact = readPod(object, nowMs);
    this.#compare(this.#pods.get(fact.uid), fact);
    if (fact.startedMs !== undefined) {
      const boot = this.#bootTimes.started(fact, this.#nodes.get(fact.node));
      if (boot !== undefined) this.#boots.push(boot);
    }
    if (kind === 'gone' || fact.state === 'ended') this.#ended(fact, nowMs);
    if (kind === 'gone') {
      this.#pods.delete(fact.uid);
      this.#told.delete(fact.uid);
    } else this.#pods.set(fact.uid, fact);
  }

  #compare(before: PodFact | undefined, fact: PodFact): void {
    const isNew = before === undefined && !this.#told.has(fact.uid);
    if (isNew) this.#arrivals.push(fact.createdMs / 1000);
    const justBound =
      fact.boundMs !== undefined && before?.boundMs === undefined && (before !== undefined || isNew);
    if (justBound) this.#waits.push(Math.max(0, ((fact.boundMs ?? 0) - fact.createdMs) / 1000));
  }

  #ended(fact: PodFact, nowMs: number): void {
    if (this.#told.has(fact.uid)) return;
    if (this.#told.size >= MOST_TOLD) this.#told.clear();
    this.#told.add(fact.uid);
    const record = recordOf(fact, nowMs);
    if (record !== undefined) this.#records.push(record);
  }
}

function keep<T>(
  map: Map<string, T>,
  { metadata }: V1Node | V1DaemonSet | V1EndpointSlice,
  value: T | undefined,
): void {
  const key = `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`;
  const name = metadata?.namespace === undefined ? (metadata?.name ?? '') : key;
  if (value === undefined) map.delete(name);
  else map.set(name, value);
}
