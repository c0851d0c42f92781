import type { NodeTraits, PodConstraints } from '../capacity/scheduling.ts';
import { admitsPod, softTaints } from '../capacity/scheduling.ts';
import type { Resources } from '../capacity/shape.ts';
import type { NodeTable } from './node-table.ts';
import { widened } from './node-table.ts';

/** Which nodes the scheduler prefers: the emptiest (its default) or the fullest. */
export type ScoringStrategy = 'least' | 'most';

/** Pods that the scheduler treats alike. */
export interface PodClass {
  readonly request: Resources;
  /** The request as scores count it (see `scoredRequest`); defaults to the request itself. */
  readonly scored?: Resources;
  readonly constraints?: PodConstraints;
}

/** The score of a node without room for the Pod. */
export const NO_ROOM = -1;
const MAX_NODE_SCORE = 100;

/** LeastAllocated for one resource, in integer arithmetic as in the scheduler. */
const least = (used: number, allocatable: number): number =>
  allocatable === 0 || used > allocatable
    ? 0
    : Math.floor(((allocatable - used) * MAX_NODE_SCORE) / allocatable);

/** MostAllocated for one resource. */
const most = (used: number, allocatable: number): number =>
  allocatable === 0 ? 0 : Math.floor((Math.min(used, allocatable) * MAX_NODE_SCORE) / allocatable);

/** BalancedAllocation over CPU and memory: the maximum score when both are used to the same share. */
function balanced(cpu: number, memory: number): number {
  return Math.trunc((1 - Math.abs(Math.min(cpu, 1) - Math.min(memory, 1)) / 2) * MAX_NODE_SCORE);
}

/**
 * The score difference between a node without a soft taint and one with a single soft taint: TaintToleration's weight 3 times the
 * maximum score.
 */
const UNTAINTED_BONUS = 3 * MAX_NODE_SCORE;

/** The scores of all nodes for one class, updated per changed node instead of computed anew for each Pod. */
export class ClassScores {
  readonly podClass: PodClass;
  /** {@link NO_ROOM}, or the scheduler's score while no node has two soft taints. */
  scores = new Int32Array(0);
  /** Soft taints on each node with room that the class doesn't tolerate. */
  soft = new Uint8Array(0);
  /** The number of nodes with two or more soft taints: while it is 0, {@link scores} alone is sufficient. */
  manySoft = 0;
  /** The last change of the table that these scores include. */
  seen = 0;
  readonly #table: NodeTable;
  readonly #amount: typeof least;
  readonly #asks: boolean;
  readonly #request: Resources;
  readonly #scored: Resources;
  /** The traits for which {@link #mayEnter} and {@link #softHere} were computed: traits rarely change. */
  readonly #traits: NodeTraits[] = [];
  readonly #mayEnter: boolean[] = [];
  readonly #softHere: number[] = [];

  constructor(podClass: PodClass, table: NodeTable, strategy: ScoringStrategy) {
    this.podClass = podClass;
    this.#table = table;
    this.#amount = strategy === 'least' ? least : most;
    this.#request = podClass.request;
    this.#scored = podClass.scored ?? podClass.request;
    this.#asks = podClass.request.cpuMillicores > 0 || podClass.request.memoryBytes > 0;
  }

  refresh(slot: number): void {
    if (slot >= this.scores.length) this.#widen();
    if (this.#traits[slot] !== this.#table.traits[slot]) this.#readTraits(slot);
    const many = (this.soft[slot] as number) > 1 ? 1 : 0;
    const score = this.#score(slot);
    const soft = score === NO_ROOM ? 0 : (this.#softHere[slot] as number);
    this.soft[slot] = soft;
    this.scores[slot] = score === NO_ROOM || soft > 0 ? score : score + UNTAINTED_BONUS;
    this.manySoft += (soft > 1 ? 1 : 0) - many;
  }

  /** A node's score, given the maximum number of soft taints on any node with room. */
  total(slot: number, most: number): number {
    const score = this.scores[slot] as number;
    const soft = this.soft[slot] as number;
    if (score === NO_ROOM || most < 2 || soft === 0) return score;
    return score + 3 * (MAX_NODE_SCORE - Math.floor((MAX_NODE_SCORE * soft) / most));
  }

  #readTraits(slot: number): void {
    const traits = this.#table.traits[slot] ?? {};
    const constraints = this.podClass.constraints ?? {};
    this.#traits[slot] = traits;
    this.#mayEnter[slot] = admitsPod(traits, constraints);
    this.#softHere[slot] = Math.min(255, softTaints(traits, constraints));
  }

  #widen(): void {
    const size = this.#table.present.length;
    const filled = this.scores.length;
    this.scores = widened(this.scores, new Int32Array(size));
    this.scores.fill(NO_ROOM, filled);
    this.soft = widened(this.soft, new Uint8Array(size));
  }

  #score(slot: number): number {
    const table = this.#table;
    if (table.present[slot] === 0 || this.#mayEnter[slot] === false) return NO_ROOM;
    if ((table.usedPods[slot] as number) >= (table.allocPods[slot] as number)) return NO_ROOM;
    const { cpuMillicores, memoryBytes } = this.#request;
    const cpu = (table.usedCpu[slot] as number) + cpuMillicores;
    const memory = (table.usedMemory[slot] as number) + memoryBytes;
    const [allocCpu, allocMemory] = [table.allocCpu[slot] as number, table.allocMemory[slot] as number];
    if ((cpuMillicores > 0 && cpu > allocCpu) || (memoryBytes > 0 && memory > allocMemory)) return NO_ROOM;
    const byCpu = this.#amount((table.scoredCpu[slot] as number) + this.#scored.cpuMillicores, allocCpu);
    const byMemory = this.#amount(
      (table.scoredMemory[slot] as number) + this.#scored.memoryBytes,
      allocMemory,
    );
    const amounts = Math.floor((byCpu + byMemory) / 2);
    // kube-scheduler 1.34 skips BalancedAllocation for Pods without requests.
    return this.#asks ? amounts + balanced(cpu / allocCpu, memory / allocMemory) : amounts;
  }
}
