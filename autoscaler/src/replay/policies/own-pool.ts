import type { SimNode } from '../../simulate/sim-node.ts';
import { roomOnEmpty } from '../../simulate/world.ts';
import type { Decision, Policy, PolicyView } from '../policy.ts';
import { newNodesFor } from './first-fit.ts';

/** Says how many Pods' room should be free beyond what is there; keeps what it learns. */
export interface BufferRule {
  readonly name: string;
  /** Free room wanted now, in Pods of the typical request, beside room for what waits; ≥ 0. */
  bufferPods(view: PolicyView): number;
  forecastError?(): number | undefined;
}

/** How an own pool turns a wanted buffer into nodes. */
export interface OwnPoolOptions {
  readonly tickSeconds: number;
  /** A surplus node that is empty goes after this time, so that a short dip doesn't cost a boot. */
  readonly removeAfterSeconds: number;
  /** Without the soft taint nodes are removed where they happen to be empty. */
  readonly softTaint: boolean;
}

/** What {@link ownPoolPolicy} does when nothing is said. */
export const OWN_POOL: OwnPoolOptions = { tickSeconds: 10, removeAfterSeconds: 0, softTaint: true };

interface Split {
  readonly kept: readonly Readonly<SimNode>[];
  readonly surplus: readonly Readonly<SimNode>[];
  /** Room on the kept nodes, in Pods. */
  readonly room: number;
}

/**
 * Keeps the fullest nodes until their room reaches the wanted one; booting nodes come before ready ones, because they can't be
 * given back usefully. What remains is surplus: it may empty.
 */
function splitNodes(view: PolicyView, wantedRoom: number): Split {
  const ranked = view.nodes
    .map((node) => ({ node, room: view.roomOn(node) }))
    .sort((one, other) => rank(one.node) - rank(other.node) || one.node.id - other.node.id);
  let room = 0;
  const kept: Readonly<SimNode>[] = [];
  const surplus: Readonly<SimNode>[] = [];
  for (const each of ranked) {
    if (each.node.pods > 0 && each.room === 0) kept.push(each.node);
    else if (room < wantedRoom) {
      room += each.room;
      kept.push(each.node);
    } else surplus.push(each.node);
  }
  return { kept, surplus, room };
}

/** Lowest is kept first: booting, then by builds, and among equals those that are open. */
function rank({ state, pods, softTainted }: Readonly<SimNode>): number {
  if (state === 'booting') return -1_000_000;
  return -pods * 2 + (softTainted ? 1 : 0);
}

function act(view: PolicyView, split: Split, wantedRoom: number, options: OwnPoolOptions): Decision {
  const perNode = Math.max(1, roomOnEmpty(view.nodeSpec, view.typicalRequest));
  const booting = view.nodes.filter(({ state }) => state === 'booting').length;
  const missing = Math.ceil(Math.max(0, wantedRoom - split.room) / perNode);
  const stuck = view.waitingTotal > 0 ? newNodesFor(view.waiting, booting, view.nodeSpec) : 0;
  const order = Math.max(missing, stuck);
  const removable = split.surplus.filter(
    ({ state, pods, emptySince }) =>
      state === 'ready' && pods === 0 && view.nowSeconds - emptySince >= options.removeAfterSeconds,
  );
  const taint = split.surplus.filter(({ state, softTainted }) => state === 'ready' && !softTainted);
  return {
    untaint: split.kept.filter(({ softTainted }) => softTainted),
    taint: options.softTaint ? taint : [],
    remove: removable,
    order,
    wanted: split.kept.length + order,
  };
}

/**
 * A pool that we own: keeps a buffer of free room, closes surplus nodes softly, emptiest first, and takes them when they are
 * empty. No build is evicted, and no Pod waits for a taint.
 *
 * @see capacity.md §5.1, `soft-taint`
 */
export function ownPoolPolicy(rule: BufferRule, options: OwnPoolOptions = OWN_POOL): Policy {
  return {
    name: rule.name,
    tickSeconds: options.tickSeconds,
    readyAtStart: 0,
    tick: (view) => {
      const wantedRoom = Math.ceil(view.waitingTotal + rule.bufferPods(view));
      return act(view, splitNodes(view, wantedRoom), wantedRoom, options);
    },
    forecastError: () => rule.forecastError?.(),
  };
}
