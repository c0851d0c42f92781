import { type NodeSpec, podsThatFit } from '../capacity/node-spec.ts';
import type { NodeTraits } from '../capacity/scheduling.ts';
import type { Resources } from '../capacity/shape.ts';
import { ClassScores, NO_ROOM, type PodClass, type ScoringStrategy } from './class-scores.ts';
import { NodeTable } from './node-table.ts';
import type { Random } from './random.ts';

/** Result of {@link SimScheduler.place} when no node has room. */
export const UNPLACED = -1;

/** Number of changes kept for classes that are used rarely; with more changes they score all nodes anew. */
const LOG_SIZE = 1 << 14;

/** Settings of the {@link SimScheduler}. */
export interface SchedulerOptions {
  readonly random: Random;
  readonly strategy?: ScoringStrategy;
}

/**
 * Places Pods as kube-scheduler with its default profile does when it scores every node: filters (unschedulable, selectors and
 * required affinity, taints, CPU, memory, number of Pods), then TaintToleration ×3, LeastAllocated or MostAllocated,
 * BalancedAllocation; ties are broken at random. Not implemented: preferred affinity, topology spread, ports, volumes, images.
 *
 * Each class caches its scores and refreshes only nodes that changed, so that a placement is a scan over integers. Deterministic
 * for the same calls and seed.
 *
 * @see scheduling-and-scaling §3
 */
export class SimScheduler {
  readonly #table = new NodeTable();
  readonly #classes: ClassScores[] = [];
  readonly #random: Random;
  readonly #strategy: ScoringStrategy;
  readonly #log = new Int32Array(LOG_SIZE);
  #changes = 0;

  constructor({ random, strategy = 'least' }: SchedulerOptions) {
    this.#random = random;
    this.#strategy = strategy;
  }

  /** Registers a class. @returns its number for {@link place} and {@link release} */
  addClass(podClass: PodClass): number {
    return this.#classes.push(new ClassScores(podClass, this.#table, this.#strategy)) - 1;
  }

  /** Adds a node. @returns its slot, which an earlier node may have used before */
  addNode(spec: NodeSpec): number {
    const slot = this.#table.add(spec);
    this.#changed(slot);
    return slot;
  }

  /** Removes a node and the accounting of its Pods. */
  removeNode(slot: number): void {
    this.#table.remove(slot);
    this.#changed(slot);
  }

  /** Replaces the labels and taints of a node. */
  setTraits(slot: number, traits: NodeTraits): void {
    this.#table.traits[slot] = traits;
    this.#changed(slot);
  }

  /**
   * Binds one Pod of a class.
   *
   * @returns the slot of its node, or {@link UNPLACED}
   */
  place(classId: number): number {
    const scores = this.#fresh(classId);
    const slot = scores.manySoft === 0 ? this.#bestPlain(scores) : this.#bestSoft(scores);
    if (slot !== UNPLACED) this.#book(slot, scores.podClass, 1);
    return slot;
  }

  /** Binds a Pod to a node that another scheduler chose, without a check for room. */
  bind(classId: number, slot: number): void {
    this.#book(slot, this.#fresh(classId).podClass, 1);
  }

  /** Frees the room of one Pod of a class on a node. */
  release(classId: number, slot: number): void {
    this.#book(slot, this.#fresh(classId).podClass, -1);
  }

  /**
   * The nodes with the best score, in order of slots, among which {@link place} picks at random; empty when no node has room. For
   * comparison with the real scheduler.
   */
  bestSet(classId: number): readonly number[] {
    return this.#bestOf(this.#fresh(classId));
  }

  /** How many more Pods of this size fit on one node by CPU, memory and number; labels and taints are ignored. */
  roomForRequest(request: Resources, slot: number): number {
    const table = this.#table;
    const free = {
      cpuMillicores: (table.allocCpu[slot] ?? 0) - (table.usedCpu[slot] ?? 0),
      memoryBytes: (table.allocMemory[slot] ?? 0) - (table.usedMemory[slot] ?? 0),
      pods: (table.allocPods[slot] ?? 0) - (table.usedPods[slot] ?? 0),
    };
    return podsThatFit(free, request);
  }

  #class(classId: number): ClassScores {
    const found = this.#classes[classId];
    if (found === undefined) throw new RangeError(`no class ${classId}: make it known with addClass`);
    return found;
  }

  #fresh(classId: number): ClassScores {
    const scores = this.#class(classId);
    const behind = this.#changes - scores.seen;
    if (behind > LOG_SIZE || behind > this.#table.end) {
      for (let slot = 0; slot < this.#table.end; slot += 1) scores.refresh(slot);
    } else {
      for (let change = scores.seen; change < this.#changes; change += 1) {
        scores.refresh(this.#log[change & (LOG_SIZE - 1)] ?? 0);
      }
    }
    scores.seen = this.#changes;
    return scores;
  }

  #changed(slot: number): void {
    this.#log[this.#changes & (LOG_SIZE - 1)] = slot;
    this.#changes += 1;
  }

  #book(slot: number, { request, scored = request }: PodClass, sign: 1 | -1): void {
    const table = this.#table;
    table.usedCpu[slot] = (table.usedCpu[slot] ?? 0) + sign * request.cpuMillicores;
    table.usedMemory[slot] = (table.usedMemory[slot] ?? 0) + sign * request.memoryBytes;
    table.scoredCpu[slot] = (table.scoredCpu[slot] ?? 0) + sign * scored.cpuMillicores;
    table.scoredMemory[slot] = (table.scoredMemory[slot] ?? 0) + sign * scored.memoryBytes;
    table.usedPods[slot] = (table.usedPods[slot] ?? 0) + sign;
    this.#changed(slot);
  }

  /** The best node while none has two soft taints: the scores alone decide. */
  #bestPlain({ scores }: ClassScores): number {
    const end = this.#table.end;
    let best = NO_ROOM;
    let count = 0;
    for (let slot = 0; slot < end; slot += 1) {
      const score = scores[slot] as number;
      if (score > best) {
        best = score;
        count = 1;
      } else if (score === best) count += 1;
    }
    if (best === NO_ROOM) return UNPLACED;
    // One random draw among the best; the scheduler's own method is uniform as well.
    let nth = count === 1 ? 0 : this.#random.below(count);
    for (let slot = 0; slot < end; slot += 1) {
      if (scores[slot] === best && nth-- === 0) return slot;
    }
    return UNPLACED;
  }

  #bestSoft(scores: ClassScores): number {
    const best = this.#bestOf(scores);
    return best.length === 0 ? UNPLACED : (best[this.#random.below(best.length)] ?? UNPLACED);
  }

  #bestOf(scores: ClassScores): readonly number[] {
    const most = this.#mostSoft(scores);
    const totals = Array.from({ length: this.#table.end }, (_, slot) => scores.total(slot, most));
    const best = totals.reduce((high, score) => Math.max(high, score), NO_ROOM);
    return best === NO_ROOM ? [] : totals.flatMap((score, slot) => (score === best ? [slot] : []));
  }

  #mostSoft({ scores, soft }: ClassScores): number {
    let most = 0;
    for (let slot = 0; slot < this.#table.end; slot += 1) {
      if ((scores[slot] as number) !== NO_ROOM && (soft[slot] as number) > most) most = soft[slot] as number;
    }
    return most;
  }
}
