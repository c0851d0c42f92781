import type { PodConstraints } from '../capacity/scheduling.ts';
import { letsIn, softTaints } from '../capacity/scheduling.ts';
import type { Resources } from '../capacity/shape.ts';
import type { NodeTable } from './node-table.ts';
import { widened } from './node-table.ts';

/** How the scheduler likes nodes: emptiest first (its default) or fullest first. */
export type ScoringStrategy = 'least' | 'most';

/** Pods that are all alike to the scheduler. */
export interface PodClass {
  readonly request: Resources;
  /** As scores count it (see `scoredRequest`); the request itself when nothing is said. */
  readonly scored?: Resources;
  readonly constraints?: PodConstraints;
}

/** The score of a node on which a Pod finds no room. */
export const NO_ROOM = -1;
const MAX_NODE_SCORE = 100;

/** LeastAllocated for one resource, in whole numbers as the scheduler counts. */
const least = (used: number, allocatable: number): number =>
  allocatable === 0 || used > allocatable ? 0 : Math.floor(((allocatable - used) * MAX_NODE_SCORE) / allocatable);

/** MostAllocated for one resource. */
const most = (used: number, allocatable: number): number =>
  allocatable === 0 ? 0 : Math.floor((Math.min(used, allocatable) * MAX_NODE_SCORE) / allocatable);

/** BalancedAllocation over CPU and memory: full marks when both are used to the same share. */
function balanced(cpu: number, memory: number): number {
  return Math.trunc((1 - Math.abs(Math.min(cpu, 1) - Math.min(memory, 1)) / 2) * MAX_NODE_SCORE);
}

/** One class's score of every node, kept up to date node by node instead of counted anew for each Pod. */
export class ClassScores {
  readonly podClass: PodClass;
  /** {@link NO_ROOM} or 0 to 200, without the part of soft taints. */
  scores = new Int32Array(0);
  /** Soft taints on each node that the class doesn't put up with. */
  soft = new Uint8Array(0);
  /** Nodes with soft taints among those with room. */
  softCount = 0;
  /** Up to which change of the table these scores are right. */
  seen = 0;
  readonly #table: NodeTable;
  readonly #amount: typeof least;

  constructor(podClass: PodClass, table: NodeTable, strategy: ScoringStrategy) {
    this.podClass = podClass;
    this.#table = table;
    this.#amount = strategy === 'least' ? least : most;
  }

  refresh(slot: number): void {
    if (slot >= this.scores.length) this.#widen();
    const before = this.#softRoom(slot);
    const score = this.#score(slot);
    this.scores[slot] = score;
    this.soft[slot] =
      score === NO_ROOM ? 0 : Math.min(255, softTaints(this.#table.traits[slot] ?? {}, this.podClass.constraints ?? {}));
    this.softCount += this.#softRoom(slot) - before;
  }

  #softRoom(slot: number): number {
    return (this.soft[slot] ?? 0) > 0 ? 1 : 0;
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
    const { request, scored = request, constraints } = this.podClass;
    const cpu = at(table.usedCpu, slot) + request.cpuMillicores;
    const memory = at(table.usedMemory, slot) + request.memoryBytes;
    const [allocCpu, allocMemory] = [at(table.allocCpu, slot), at(table.allocMemory, slot)];
    if (at(table.present, slot) === 0 || at(table.usedPods, slot) >= at(table.allocPods, slot)) return NO_ROOM;
    if (request.cpuMillicores > 0 && cpu > allocCpu) return NO_ROOM;
    if (request.memoryBytes > 0 && memory > allocMemory) return NO_ROOM;
    if (!letsIn(table.traits[slot] ?? {}, constraints ?? {})) return NO_ROOM;
    const byCpu = this.#amount(at(table.scoredCpu, slot) + scored.cpuMillicores, allocCpu);
    const byMemory = this.#amount(at(table.scoredMemory, slot) + scored.memoryBytes, allocMemory);
    return Math.floor((byCpu + byMemory) / 2) + balanced(cpu / allocCpu, memory / allocMemory);
  }
}

function at(row: Float64Array | Int32Array | Uint8Array, slot: number): number {
  return row[slot] ?? 0;
}
