import type { NodeSpec } from '../capacity/node-spec.ts';
import type { NodeTraits } from '../capacity/scheduling.ts';

const FIRST_SLOTS = 64;

/** The scheduler's accounting, one row ("slot") per node; rows of removed nodes are reused. */
export class NodeTable {
  allocCpu = new Float64Array(FIRST_SLOTS);
  allocMemory = new Float64Array(FIRST_SLOTS);
  allocPods = new Int32Array(FIRST_SLOTS);
  usedCpu = new Float64Array(FIRST_SLOTS);
  usedMemory = new Float64Array(FIRST_SLOTS);
  /** Usage as scores count it: here Pods without a request have a default weight. */
  scoredCpu = new Float64Array(FIRST_SLOTS);
  scoredMemory = new Float64Array(FIRST_SLOTS);
  usedPods = new Int32Array(FIRST_SLOTS);
  present = new Uint8Array(FIRST_SLOTS);
  readonly traits: NodeTraits[] = [];
  /** One more than the highest row in use. */
  end = 0;
  readonly #free: number[] = [];

  add({ allocatable, traits = {}, daemonSets }: NodeSpec): number {
    const slot = this.#free.pop() ?? this.#extend();
    this.allocCpu[slot] = allocatable.cpuMillicores;
    this.allocMemory[slot] = allocatable.memoryBytes;
    this.allocPods[slot] = allocatable.pods;
    this.usedCpu[slot] = this.scoredCpu[slot] = daemonSets?.cpuMillicores ?? 0;
    this.usedMemory[slot] = this.scoredMemory[slot] = daemonSets?.memoryBytes ?? 0;
    this.usedPods[slot] = daemonSets?.pods ?? 0;
    this.present[slot] = 1;
    this.traits[slot] = traits;
    return slot;
  }

  remove(slot: number): void {
    this.present[slot] = 0;
    this.#free.push(slot);
  }

  #extend(): number {
    if (this.end === this.present.length) this.#grow();
    this.end += 1;
    return this.end - 1;
  }

  #grow(): void {
    const size = this.end * 2;
    this.allocCpu = widened(this.allocCpu, new Float64Array(size));
    this.allocMemory = widened(this.allocMemory, new Float64Array(size));
    this.allocPods = widened(this.allocPods, new Int32Array(size));
    this.usedCpu = widened(this.usedCpu, new Float64Array(size));
    this.usedMemory = widened(this.usedMemory, new Float64Array(size));
    this.scoredCpu = widened(this.scoredCpu, new Float64Array(size));
    this.scoredMemory = widened(this.scoredMemory, new Float64Array(size));
    this.usedPods = widened(this.usedPods, new Int32Array(size));
    this.present = widened(this.present, new Uint8Array(size));
  }
}

/** The larger array, with the content of the smaller one at its start. */
export function widened<Row extends Float64Array | Int32Array | Uint8Array>(small: Row, large: Row): Row {
  large.set(small);
  return large;
}
