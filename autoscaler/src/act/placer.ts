import type { Clock } from '@hangar/shared/clock';
import { SURPLUS_TAINT } from '@hangar/shared/contract/object-keys';
import { type Cluster, isKubernetesError } from '@hangar/shared/kubernetes/cluster';
import { hasTaint, isPaused, type PoolNode } from '../capacity/pool-node.ts';
import type { Taint } from '../capacity/scheduling.ts';
import type { ActRecorder } from './act-recorder.ts';
import { type ActOutcome, outcomeOf } from './actuator.ts';
import { writeTaint } from './node-taints.ts';
import { CLUSTER_EVENTS } from './resources.ts';
import { decideTaints, type SurplusOptions } from './surplus.ts';

/** What the placer of one pool is made of. */
export interface PlacerParts {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly recorder: ActRecorder;
}

/** Which pool, and how much is written. */
export interface PlacerOptions {
  readonly pool: string;
  readonly dryRun: boolean;
  /** Writes a tick at most; opening goes first. */
  readonly writesPerTick: number;
  /** From one marking of a node to its next, so that none flaps; opening never waits. Milliseconds. */
  readonly markPaceMs: number;
}

interface Edit {
  readonly taint: Taint;
  readonly node: PoolNode;
  readonly to: 'present' | 'absent';
}

/** A placement concerns many nodes: its Events name the namespace in which Events of nodes stand. */
const NO_OBJECT = { kind: 'Namespace', apiVersion: 'v1', name: CLUSTER_EVENTS, namespace: CLUSTER_EVENTS };

/** Keeps the soft taint of one pool's surplus nodes as it should be, one tick at a time. Calls must not overlap. */
export class Placer {
  readonly name: string;
  readonly #parts: PlacerParts;
  readonly #options: PlacerOptions;
  /** By uid: when a node was opened last, on the monotonic clock. */
  readonly #openedMs = new Map<string, number>();

  constructor(parts: PlacerParts, options: PlacerOptions) {
    this.name = `placement ${options.pool}`;
    this.#parts = parts;
    this.#options = options;
  }

  /**
   * Decides and writes. What couldn't be written is decided anew at the next tick.
   *
   * @param nodes the pool's nodes as the watch has them
   */
  async tick(nodes: readonly PoolNode[], surplus: SurplusOptions, signal: AbortSignal): Promise<ActOutcome> {
    this.#forgetAbsent(nodes);
    const { mark, open } = decideTaints(nodes, surplus);
    const rested = mark.filter(({ uid }) => this.#isRested(uid));
    const edits = [
      ...open.map((node): Edit => ({ taint: SURPLUS_TAINT, node, to: 'absent' })),
      ...rested.map((node): Edit => ({ taint: SURPLUS_TAINT, node, to: 'present' })),
    ];
    const because = `capacity for ${Math.ceil(surplus.openRoom)} builds is kept unmarked`;
    const outcome = await this.#apply(edits, { nodes: nodes.length, because }, signal);
    return outcome ?? { kind: 'unchanged', text: 'all surplus nodes are marked' };
  }

  /** Removes these taints of ours from all nodes, when the feature that set them is switched off. */
  async clear(
    nodes: readonly PoolNode[],
    taints: readonly Taint[],
    signal: AbortSignal,
  ): Promise<ActOutcome> {
    const edits = taints.flatMap((taint) =>
      nodes
        .filter((node) => hasTaint(node, taint) && !isPaused(node.annotations))
        .map((node): Edit => ({ taint, node, to: 'absent' })),
    );
    const outcome = await this.#apply(edits, { nodes: nodes.length, because: 'it is disabled' }, signal);
    return outcome ?? { kind: 'unchanged', text: 'no node is tainted' };
  }

  /** Writes as many as a tick may, and records them. @returns undefined when there is nothing to write */
  async #apply(
    edits: readonly Edit[],
    { nodes, because }: { readonly nodes: number; readonly because: string },
    signal: AbortSignal,
  ): Promise<ActOutcome | undefined> {
    const now = edits.slice(0, this.#options.writesPerTick);
    if (now.length === 0) return undefined;
    const outcome: ActOutcome = this.#options.dryRun
      ? { kind: 'would-set', text: `dry run: would be ${textOf(now)}` }
      : await this.#writeAll(now, signal);
    const act = { actor: this.name, ...outcome, from: nodes, to: nodes, because };
    await this.#parts.recorder.record(NO_OBJECT, act, signal);
    return outcome;
  }

  async #writeAll(edits: readonly Edit[], signal: AbortSignal): Promise<ActOutcome> {
    const done: Edit[] = [];
    try {
      for (const edit of edits) if (await this.#write(edit, signal)) done.push(edit);
    } catch (error) {
      return outcomeOf(error, { name: 'nodes', cure: 'see the API server' }, signal);
    }
    if (done.length > 0) return { kind: 'set', text: textOf(done) };
    return {
      kind: 'conflict',
      text: 'the nodes were deleted or changed concurrently; retrying at the next tick',
    };
  }

  async #write({ taint, node, to }: Edit, signal: AbortSignal): Promise<boolean> {
    try {
      const written = await writeTaint(this.#parts.cluster, node, { taint, to }, signal);
      if (written === 'written' && to === 'absent')
        this.#openedMs.set(node.uid, this.#parts.clock.monotonicMs());
      return written === 'written' || written === 'unchanged';
    } catch (error) {
      // A node that refuses the taint doesn't hold up the others; a missing right or a dead server does.
      if (isKubernetesError(error, 400, 422)) return false;
      throw error;
    }
  }

  #isRested(uid: string): boolean {
    const openedMs = this.#openedMs.get(uid) ?? Number.NEGATIVE_INFINITY;
    return this.#parts.clock.monotonicMs() - openedMs >= this.#options.markPaceMs;
  }

  #forgetAbsent(nodes: readonly PoolNode[]): void {
    const present = new Set(nodes.map(({ uid }) => uid));
    for (const uid of this.#openedMs.keys()) if (!present.has(uid)) this.#openedMs.delete(uid);
  }
}

function textOf(edits: readonly Edit[]): string {
  const named = (to: Edit['to'], what: string): string[] => {
    const names = edits.filter((edit) => edit.to === to).map(({ node }) => node.name);
    return names.length > 0 ? [`${what} ${names.join(', ')}`] : [];
  };
  return [...named('absent', 'unmarked:'), ...named('present', 'marked as surplus:')].join('; ');
}
