import { BoundedMap, BoundedSet } from '@hangar/shared/bounded';
import type { NodeFact } from '../capacity/read-node.ts';
import type { PodFact } from '../capacity/read-pod.ts';

/**
 * What was timed:
 * - `machine`: from the order of a node until its Node object exists
 * - `kubelet`: from then until it accepts builds
 * - `cold`, `warm`: from the binding of a build until all its containers have started, on a node that has run none yet, and on one that has
 */
export type TimedPhase = 'machine' | 'kubelet' | 'cold' | 'warm';

/** One observation. */
export interface PhaseTime {
  readonly phase: TimedPhase;
  readonly seconds: number;
}

/**
 * How far a node is. `closed`: ready, with a taint of its start, such as that of a network plugin; `open`: it accepts builds and has run
 * none yet; `used`: it has, since then.
 */
type NodeStage =
  | { readonly kind: 'booting' | 'closed' | 'open' }
  | { readonly kind: 'used'; readonly sinceMs: number };

/** Whatever takes longer was held up by something else. */
const LONGEST_SECONDS = 3_600;
/** Limits of remembered nodes and builds; the oldest are forgotten. */
const MOST_NODES = 20_000;
const MOST_PODS = 50_000;
/** It was there before it was watched. */
const OLD: NodeStage = { kind: 'used', sinceMs: -Infinity };

const timed = (phase: TimedPhase, fromMs: number, toMs: number): PhaseTime | undefined => {
  const seconds = (toMs - fromMs) / 1000;
  return seconds >= 0 && seconds <= LONGEST_SECONDS ? { phase, seconds } : undefined;
};

function nextStage(before: NodeStage | undefined, { ready, closed, foreign }: NodeFact): NodeStage {
  if (before?.kind === 'open' || before?.kind === 'used') return before;
  if (!ready) return before ?? { kind: 'booting' };
  if (before === undefined) return OLD;
  return { kind: closed || foreign ? 'closed' : 'open' };
}

/** Times the boots of nodes that are watched from their beginning. */
export class BootPhases {
  readonly #nodes = new BoundedMap<string, NodeStage>(MOST_NODES);
  readonly #started = new BoundedSet<string>(MOST_PODS);

  /** A node was added or changed. @returns how long it took to accept builds, once */
  node(node: NodeFact, nowMs: number): PhaseTime | undefined {
    const { name, readyMs = nowMs, createdMs } = node;
    const before = this.#nodes.get(name);
    const stage = nextStage(before, node);
    if (stage !== before) this.#nodes.set(name, stage);
    if (stage.kind !== 'open' || before?.kind === 'open') return undefined;
    return timed('kubelet', createdMs, before?.kind === 'closed' ? nowMs : readyMs);
  }

  nodeGone({ name }: NodeFact): void {
    this.#nodes.delete(name);
  }

  /** A build was added or changed. @returns how long all its containers took to start, once */
  pod({ uid, node, boundMs, allStartedMs }: PodFact): PhaseTime | undefined {
    if (boundMs === undefined || allStartedMs === undefined || !this.#started.addNew(uid)) return undefined;
    const stage = this.#nodes.get(node);
    if (stage === undefined) return undefined;
    if (stage.kind !== 'used') {
      this.#nodes.set(node, { kind: 'used', sinceMs: allStartedMs });
      return timed('cold', boundMs, allStartedMs);
    }
    // A build that came while the first one pulled its images waited for the same pulls.
    return boundMs < stage.sinceMs ? undefined : timed('warm', boundMs, allStartedMs);
  }
}
