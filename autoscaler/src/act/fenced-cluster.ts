import type {
  Cluster,
  Deletion,
  Listing,
  LogRequest,
  Selection,
  Target,
  WatchEvent,
} from '@hangar/shared/kubernetes/cluster';
import type { KubernetesObject } from '@kubernetes/client-node';

/**
 * The cluster as whoever acts has it: reads pass, and a write passes only if nothing speaks against it at the moment when it is sent.
 * A signal is heard when the event loop comes to it; a process that slept in the middle of an act would write before that.
 */
export class FencedCluster implements Cluster {
  readonly #cluster: Cluster;
  readonly #whyNot: () => string | undefined;

  /** @param whyNot asked at each write: the reason against it; undefined: it may be done */
  constructor(cluster: Cluster, whyNot: () => string | undefined) {
    this.#cluster = cluster;
    this.#whyNot = whyNot;
  }

  get<T extends KubernetesObject>(target: Target, signal: AbortSignal): Promise<T> {
    return this.#cluster.get<T>(target, signal);
  }

  list<T extends KubernetesObject>(
    target: Target,
    selection: Selection,
    signal: AbortSignal,
  ): Promise<Listing<T>> {
    return this.#cluster.list<T>(target, selection, signal);
  }

  pages<T extends KubernetesObject>(
    target: Target,
    selection: Selection,
    signal: AbortSignal,
  ): AsyncIterable<Listing<T>> {
    return this.#cluster.pages<T>(target, selection, signal);
  }

  watch<T extends KubernetesObject>(
    target: Target,
    options: Selection & { resourceVersion: string; silenceMs: number },
    signal: AbortSignal,
  ): AsyncIterable<WatchEvent<T>> {
    return this.#cluster.watch<T>(target, options, signal);
  }

  async create<T extends KubernetesObject>(target: Target, object: T, signal: AbortSignal): Promise<T> {
    this.#pass();
    return this.#cluster.create<T>(target, object, signal);
  }

  async patch<T extends KubernetesObject>(
    target: Target,
    patch: Readonly<Record<string, unknown>>,
    how: 'merge' | 'strategic',
    signal: AbortSignal,
  ): Promise<T> {
    this.#pass();
    return this.#cluster.patch<T>(target, patch, how, signal);
  }

  async remove(target: Target, deletion: Deletion, signal: AbortSignal): Promise<'removed' | 'absent'> {
    this.#pass();
    return this.#cluster.remove(target, deletion, signal);
  }

  log(request: LogRequest, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    return this.#cluster.log(request, signal);
  }

  #pass(): void {
    const why = this.#whyNot();
    if (why !== undefined) throw new Error(`nothing is written: ${why}`);
  }
}
