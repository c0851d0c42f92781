import { BoundedSet } from '@hangar/shared/bounded';
import type { Clock } from '@hangar/shared/clock';
import type { Cluster, KubernetesError } from '@hangar/shared/kubernetes/cluster';
import { type Change, ListWatch, type ListWatchOptions, whole } from '@hangar/shared/kubernetes/list-watch';
import type { Logger } from '@hangar/shared/logger';
import type { KubernetesObject, V1DaemonSet, V1EndpointSlice, V1Node, V1Pod } from '@kubernetes/client-node';
import {
  type DaemonFact,
  type NodeFact,
  type PoolRules,
  readDaemonSet,
  readNode,
} from '../capacity/read-node.ts';
import { type PodFact, readPod } from '../capacity/read-pod.ts';
import { type RunnerService, targetsOf } from '../capacity/targets.ts';
import { type TraceRecord, traceRecordOf } from '../trace/pod-record.ts';
import { BootPhases, type PhaseTime } from './boot-phases.ts';
import { type Boot, BootTimes } from './boot-times.ts';
import { OneOfEquals } from './one-of-equals.ts';
import { WATCHED } from './resources.ts';

/** What to watch. */
export interface ClusterWatchOptions {
  readonly podSelector: string;
  /** Names, or beginnings of names with a star; empty: all. Pods elsewhere are no builds, whatever their labels are. */
  readonly podNamespaces: readonly string[];
  readonly rules: PoolRules;
  readonly runnerService: RunnerService | undefined;
}

/** The dependencies of a {@link ClusterWatch}. */
export interface ClusterWatchParts {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly log: Logger;
}

/** The state of one watch: the age of its data, and its last error. */
export interface WatchState {
  /** Undefined: it has never delivered. */
  readonly staleMs: number | undefined;
  /** The last error since the last successful update; empty: none. */
  readonly trouble: string;
}

/** The names of the watches. */
export type WatchName = 'pods' | 'nodes' | 'daemonSets' | 'endpointSlices';

/** A Pod that was not known before. */
export interface Arrival {
  /** Since 1970. */
  readonly atSeconds: number;
  /** What started the build, such as `push` or `cron`; empty: unknown. */
  readonly event: string;
}

/** What happened since the last {@link ClusterWatch.takeNews}. */
export interface ClusterChanges {
  readonly records: readonly TraceRecord[];
  readonly boots: readonly Boot[];
  /** The same and other boots by phase. */
  readonly phases: readonly PhaseTime[];
  readonly arrivals: readonly Arrival[];
  /** The waits of Pods that were bound to a node, in seconds. */
  readonly waits: readonly number[];
}

/** Limit of remembered ended Pods; they are remembered so that each is reported once. */
const MOST_TOLD = 200_000;

/** The watches with their types. */
interface Watches {
  readonly pods: ListWatch<V1Pod, PodFact>;
  readonly nodes: ListWatch<V1Node, NodeFact>;
  readonly daemonSets: ListWatch<V1DaemonSet, DaemonFact>;
  readonly endpointSlices: ListWatch<V1EndpointSlice> | undefined;
}

const nothing = (): void => undefined;

const matches = (pattern: string, namespace: string): boolean =>
  pattern.endsWith('*') ? namespace.startsWith(pattern.slice(0, -1)) : namespace === pattern;

/**
 * Build Pods, nodes, DaemonSets and runner endpoints in their current state: of each object only the fields that matter for
 * capacity are kept. Ended Pods are reported once.
 */
export class ClusterWatch {
  readonly #clock: Clock;
  readonly #parts: ClusterWatchParts;
  readonly #runnerService: RunnerService | undefined;
  readonly #troubles = new Map<WatchName, { readonly text: string; readonly atMs: number }>();
  readonly #podNamespaces: readonly string[];
  readonly #watches: Watches;
  readonly #equals = new OneOfEquals();
  readonly #bootTimes = new BootTimes();
  readonly #bootPhases = new BootPhases();
  readonly #reported = new BoundedSet<string>(MOST_TOLD);
  #records: TraceRecord[] = [];
  #boots: Boot[] = [];
  #phases: PhaseTime[] = [];
  #arrivals: Arrival[] = [];
  #waits: number[] = [];

  constructor(parts: ClusterWatchParts, options: ClusterWatchOptions) {
    this.#clock = parts.clock;
    this.#parts = parts;
    const { podSelector, podNamespaces, rules, runnerService } = options;
    this.#podNamespaces = podNamespaces;
    this.#runnerService = runnerService;
    this.#watches = {
      pods: this.#watch<V1Pod, PodFact>('pods', {
        selection: { labelSelector: podSelector },
        read: (pod) => this.#readPod(pod),
        onChange: (change) => this.#pod(change),
      }),
      nodes: this.#watch<V1Node, NodeFact>('nodes', {
        selection: {},
        read: (node) => readNode(node, rules, this.#clock.now()),
        onChange: (change) => this.#node(change),
      }),
      daemonSets: this.#watch<V1DaemonSet, DaemonFact>('daemonSets', {
        selection: {},
        read: readDaemonSet,
        onChange: nothing,
      }),
      endpointSlices:
        runnerService &&
        this.#watch<V1EndpointSlice, V1EndpointSlice>('endpointSlices', {
          namespace: runnerService.namespace,
          selection: { labelSelector: `kubernetes.io/service-name=${runnerService.name}` },
          read: whole,
          onChange: nothing,
        }),
    };
  }

  /** Build Pods, including ended ones until they are deleted. */
  get pods(): readonly PodFact[] {
    return this.#watches.pods.objects.filter((pod) => this.#isBuild(pod));
  }

  get nodes(): readonly NodeFact[] {
    return this.#watches.nodes.objects;
  }

  /** Undefined: the watch has never delivered, so that their requests are unknown. */
  get daemonSets(): readonly DaemonFact[] | undefined {
    const { staleMs, objects } = this.#watches.daemonSets;
    return staleMs === undefined ? undefined : objects;
  }

  /** Addresses of runners; undefined where no Service is configured. */
  get runners(): readonly string[] | undefined {
    const slices = this.#watches.endpointSlices?.objects;
    return this.#runnerService && slices && targetsOf(slices, this.#runnerService);
  }

  /** The state of a watch. */
  state(name: WatchName): WatchState {
    const staleMs = this.#watches[name]?.staleMs;
    const trouble = this.#troubles.get(name);
    const heardMs = staleMs === undefined ? -Infinity : this.#clock.monotonicMs() - staleMs;
    return { staleMs, trouble: trouble === undefined || trouble.atMs < heardMs ? '' : trouble.text };
  }

  /** Registers stored records of earlier runs: their Pods are not reported again. */
  remember(uids: Iterable<string>): void {
    for (const uid of uids) this.#reported.add(uid);
  }

  /** Records that this service ordered more nodes. */
  ordered(pool: string): void {
    this.#bootTimes.ordered(pool, this.#clock.now());
  }

  /** What happened since the last call. */
  takeNews(): ClusterChanges {
    const news: ClusterChanges = {
      ...{ records: this.#records, boots: this.#boots, phases: this.#phases },
      ...{ arrivals: this.#arrivals, waits: this.#waits },
    };
    this.#records = [];
    this.#boots = [];
    this.#phases = [];
    this.#arrivals = [];
    this.#waits = [];
    return news;
  }

  /** Watches until the signal is aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { pods, nodes, daemonSets, endpointSlices } = this.#watches;
    await Promise.all(
      [pods, nodes, daemonSets, endpointSlices].map((watch) => watch?.run(signal) ?? Promise.resolve()),
    );
  }

  #watch<T extends KubernetesObject, Kept>(
    name: WatchName,
    what: Pick<ListWatchOptions<T, Kept>, 'selection' | 'read' | 'onChange'> & {
      readonly namespace?: string;
    },
  ): ListWatch<T, Kept> {
    const { namespace, ...options } = what;
    const place = namespace === undefined ? {} : { namespace };
    return new ListWatch<T, Kept>(this.#clock, this.#parts.cluster, {
      ...options,
      target: { resource: WATCHED[name], ...place },
      onTrouble: (error) => this.#trouble(name, error),
    });
  }

  #trouble(name: WatchName, error: KubernetesError): void {
    const text = error.message === '' ? `status ${error.status}` : error.message;
    if (this.#troubles.get(name)?.text !== text)
      this.#parts.log.warn({ watch: name, status: error.status, reason: text }, 'a watch failed');
    this.#troubles.set(name, { text, atMs: this.#clock.monotonicMs() });
  }

  #readPod(pod: V1Pod): PodFact {
    const fact = readPod(pod, this.#clock.now());
    const one = this.#equals;
    return {
      ...fact,
      namespace: one.of(fact.namespace),
      node: one.of(fact.node),
      request: one.of(fact.request),
      constraints: one.of(fact.constraints),
      repo: one.of(fact.repo),
      stage: one.of(fact.stage),
      pipeline: one.of(fact.pipeline),
      event: one.of(fact.event),
    };
  }

  #isBuild({ namespace }: PodFact): boolean {
    const patterns = this.#podNamespaces;
    return patterns.length === 0 || patterns.some((pattern) => matches(pattern, namespace));
  }

  #node({ kind, object: node }: Change<NodeFact>): void {
    if (kind === 'gone') this.#bootPhases.nodeGone(node);
    else this.#timed(this.#bootPhases.node(node, this.#clock.now()));
  }

  #timed(time: PhaseTime | undefined): void {
    if (time !== undefined) this.#phases.push(time);
  }

  #pod({ kind, object: fact, before }: Change<PodFact>): void {
    if (!this.#isBuild(fact)) return;
    this.#compare(before, fact);
    if (fact.startedMs !== undefined) {
      const boot = this.#bootTimes.started(fact, this.#watches.nodes.find('', fact.node));
      if (boot !== undefined) {
        this.#boots.push(boot);
        this.#timed({ phase: 'machine', seconds: boot.machineSeconds });
      }
    }
    this.#timed(this.#bootPhases.pod(fact));
    if (kind === 'gone' || fact.state === 'ended') this.#ended(fact, this.#clock.now());
    if (kind === 'gone') this.#reported.delete(fact.uid);
  }

  #compare(before: PodFact | undefined, fact: PodFact): void {
    const isNew = before === undefined && !this.#reported.has(fact.uid);
    if (isNew) this.#arrivals.push({ atSeconds: fact.createdMs / 1000, event: fact.event });
    const justBound =
      fact.boundMs !== undefined && before?.boundMs === undefined && (before !== undefined || isNew);
    if (justBound) this.#waits.push(Math.max(0, ((fact.boundMs ?? 0) - fact.createdMs) / 1000));
  }

  #ended(fact: PodFact, nowMs: number): void {
    if (!this.#reported.addNew(fact.uid)) return;
    const record = traceRecordOf(fact, nowMs);
    if (record !== undefined) this.#records.push(record);
  }
}
