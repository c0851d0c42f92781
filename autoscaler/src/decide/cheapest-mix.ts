import type { NodeSpec } from '../capacity/node-spec.ts';
import { type NodeGroup, packed, packInto } from '../capacity/packing.ts';
import type { SizeClass } from '../capacity/size-class.ts';

/** A kind of node that can be bought. */
export interface PricedKind {
  readonly node: NodeSpec;
  readonly perHour: number;
  /** Upper bound of the number of nodes of this kind. */
  readonly mostNodes: number;
}

/** The number of nodes of each kind, in the order of the kinds. */
export type Counts = readonly number[];

interface Candidate {
  readonly counts: Counts;
  /** Pods that found no room. */
  readonly left: number;
  readonly perHour: number;
  readonly nodes: number;
}

/** Sizes tried for the first pool of a pair; then the sizes around the best one are tried. */
const MOST_TRIED = 60;
/** Limit of steps of the final search; each step makes the mix cheaper. */
const MOST_STEPS = 20;
const SWAP = { fewer: 3, more: 4 } as const;
const CENT = 1e-9;

/** The price of these nodes per hour. */
export const hourlyPrice = (kinds: readonly PricedKind[], counts: Counts): number =>
  kinds.reduce((sum, { perHour }, at) => sum + perHour * (counts[at] ?? 0), 0);

/** These nodes as groups, small ones first, so that large ones stay free for Pods that fit nowhere else. */
export const groupsOf = (kinds: readonly PricedKind[], counts: Counts): readonly NodeGroup[] =>
  kinds
    .map(({ node }, at) => ({ node, nodes: counts[at] ?? 0 }))
    .filter(({ nodes }) => nodes > 0)
    .toSorted((one, other) => one.node.allocatable.cpuMillicores - other.node.allocatable.cpuMillicores);

const isBetter = (one: Candidate, other: Candidate | undefined): boolean => {
  if (other === undefined || one.left !== other.left) return one.left < (other?.left ?? Infinity);
  if (Math.abs(one.perHour - other.perHour) > CENT) return one.perHour < other.perHour;
  return one.nodes < other.nodes;
};

class Search {
  readonly #classes: readonly SizeClass[];
  readonly #kinds: readonly PricedKind[];
  best: Candidate | undefined;

  constructor(classes: readonly SizeClass[], kinds: readonly PricedKind[]) {
    this.#classes = classes;
    this.#kinds = kinds;
  }

  /** A fixed number of nodes of one kind, and as many of the other as are then still needed. */
  pair(first: number, nodes: number, second: number): void {
    const [filled, open] = [this.#kinds[first], this.#kinds[second]];
    if (filled === undefined || open === undefined) return;
    const groups = [{ node: filled.node, nodes }];
    const { opened, left } = packInto(this.#classes, groups, open.node);
    const more = Math.min(opened, open.mostNodes);
    const counts = this.#kinds.map((_, at) => (at === first ? nodes : at === second ? more : 0));
    if (more === opened) this.#offer(counts, left);
    else this.offer(counts);
  }

  offer(counts: Counts): void {
    this.#offer(counts, packInto(this.#classes, groupsOf(this.#kinds, counts)).left);
  }

  #offer(counts: Counts, left: number): void {
    const candidate: Candidate = {
      counts,
      left,
      perHour: hourlyPrice(this.#kinds, counts),
      nodes: counts.reduce((sum, nodes) => sum + nodes, 0),
    };
    if (isBetter(candidate, this.best)) this.best = candidate;
  }

  /** All pairs: sizes of the first pool in coarse steps where it is large, and in single steps around the best. */
  pairs(): void {
    for (const [first, kind] of this.#kinds.entries()) {
      const most = Math.min(kind.mostNodes, packed(this.#classes, kind.node).nodes);
      const step = Math.max(1, Math.ceil(most / MOST_TRIED));
      for (const second of this.#kinds.keys()) {
        if (second === first && this.#kinds.length > 1) continue;
        const before = this.best;
        for (let nodes = 0; nodes <= most; nodes += step) this.pair(first, nodes, second);
        const around = this.best?.counts[first] ?? 0;
        if (this.best === before) continue;
        for (let nodes = Math.max(0, around - step); nodes <= Math.min(most, around + step); nodes += 1)
          this.pair(first, nodes, second);
      }
    }
  }

  /** Exchanges some nodes of one kind for some of another as long as that helps: finds uses for a third kind. */
  exchange(): void {
    for (let nth = 0; nth < MOST_STEPS; nth += 1) {
      const before = this.best;
      if (before === undefined) return;
      for (const from of this.#kinds.keys())
        for (const to of this.#kinds.keys()) this.#swap(before, from, to);
      if (this.best === before) return;
    }
  }

  #swap({ counts }: Candidate, from: number, to: number): void {
    if (from === to) return;
    for (let fewer = 0; fewer <= SWAP.fewer; fewer += 1)
      for (let more = 0; more <= SWAP.more; more += 1) {
        const [there = 0, room = 0] = [counts[from], this.#kinds[to]?.mostNodes];
        if (there < fewer || (counts[to] ?? 0) + more > room) continue;
        this.offer(counts.map((nodes, at) => nodes - (at === from ? fewer : 0) + (at === to ? more : 0)));
      }
  }
}

/**
 * The cheapest nodes that hold these Pods: most Pods with room first, then lowest price, then fewest nodes. Tries all mixes of two
 * kinds and improves the best by exchanges, so that with three or more kinds the result may be slightly above the optimum. Bounded
 * and deterministic.
 *
 * @param kinds keep the list short: each pair is tried
 * @returns undefined without kinds
 */
export function cheapestMix(classes: readonly SizeClass[], kinds: readonly PricedKind[]): Counts | undefined {
  const search = new Search(classes, kinds);
  search.pairs();
  search.exchange();
  return search.best?.counts;
}
