import type { OrderedStep } from './order-steps.ts';
import { firstIndexOf, indexesOf, onlyStep, type StepSet } from './step-set.ts';

/**
 * For each step, the steps that have certainly ended when it starts. A background step ends with the Pod, so it is never
 * among them.
 */
function endedBefore(steps: readonly OrderedStep[]): readonly StepSet[] {
  const ended: StepSet[] = [];
  const endedWith: StepSet[] = [];
  for (const [index, { after, role }] of steps.entries()) {
    const before = after.reduce((set, n) => set | (endedWith[n - 1] ?? 0n), 0n);
    ended.push(before);
    endedWith.push(role === 'step' ? before | onlyStep(index) : before);
  }
  return ended;
}

/**
 * Flow from steps that end (left) to steps that start afterwards (right). Each unit of flow is a unit of resources that the later
 * step reuses from the earlier one.
 */
class Handover {
  private readonly earlier: readonly StepSet[];
  private readonly free: number[];
  /** The steps that still have something to reuse. */
  private sources = 0n;
  private readonly need: number[];
  private readonly flow: readonly Map<number, number>[];
  private visits = 0;

  constructor(weights: readonly number[], earlier: readonly StepSet[]) {
    this.earlier = earlier;
    this.free = [...weights];
    this.need = [...weights];
    this.flow = weights.map(() => new Map<number, number>());
    for (const [left, weight] of weights.entries()) if (weight > 0) this.sources |= onlyStep(left);
  }

  /** The maximum flow, or what was found of it with so many visits of steps. */
  total(mostVisits: number): number {
    let sum = 0;
    for (let right = 0; right < this.earlier.length; right += 1) {
      for (let more = this.supply(right); more > 0; more = this.supply(right)) {
        sum += more;
        if (this.visits > mostVisits) return sum;
      }
    }
    return sum;
  }

  /** Finds one augmenting path to `start`, rerouting existing flow if necessary. */
  private supply(start: number): number {
    if ((this.need[start] ?? 0) === 0) return 0;
    const detour = { takenBy: new Map<number, number>(), freedBy: new Map<number, number>() };
    const queue = [start];
    // Only steps up to `start` take anything yet, and each takes from steps before itself.
    let unseen = onlyStep(start) - 1n;
    if ((unseen & this.sources) === 0n) return 0;
    for (const right of queue) {
      const fresh = unseen & (this.earlier[right] ?? 0n);
      unseen ^= fresh;
      this.visits += 1;
      const source = fresh & this.sources;
      if (source > 0n) {
        const left = firstIndexOf(source);
        detour.takenBy.set(left, right);
        return this.apply(left, start, detour);
      }
      const taken = indexesOf(fresh);
      this.visits += taken.length;
      for (const left of taken) {
        detour.takenBy.set(left, right);
        queue.push(...this.release(left, start, detour.freedBy));
      }
    }
    return 0;
  }

  /** Steps that currently receive flow from `left` and are not visited yet. */
  private release(left: number, start: number, freedBy: Map<number, number>): readonly number[] {
    const takers = [...(this.flow[left]?.keys() ?? [])].filter(
      (right) => right !== start && !freedBy.has(right),
    );
    for (const right of takers) freedBy.set(right, left);
    return takers;
  }

  private apply(source: number, start: number, { takenBy, freedBy }: Detour): number {
    const path: { readonly left: number; readonly right: number; readonly from: number | undefined }[] = [];
    for (let left: number | undefined = source; left !== undefined; ) {
      const right: number = takenBy.get(left) ?? start;
      const from: number | undefined = right === start ? undefined : freedBy.get(right);
      path.push({ left, right, from });
      left = from;
    }
    const given = path.map(({ right, from }) =>
      from === undefined ? Infinity : (this.flow[from]?.get(right) ?? 0),
    );
    const amount = Math.min(this.free[source] ?? 0, this.need[start] ?? 0, ...given);
    for (const { left, right, from } of path) {
      this.add(left, right, amount);
      if (from !== undefined) this.add(from, right, -amount);
    }
    this.use(source, amount);
    this.need[start] = (this.need[start] ?? 0) - amount;
    return amount;
  }

  private use(source: number, amount: number): void {
    const left = (this.free[source] ?? 0) - amount;
    this.free[source] = left;
    if (left === 0) this.sources ^= onlyStep(source);
  }

  private add(left: number, right: number, amount: number): void {
    const sum = (this.flow[left]?.get(right) ?? 0) + amount;
    if (sum > 0) this.flow[left]?.set(right, sum);
    else this.flow[left]?.delete(right);
  }
}

interface Detour {
  readonly takenBy: ReadonlyMap<number, number>;
  readonly freedBy: ReadonlyMap<number, number>;
}

/** Three times what any pipeline of 600 steps was seen to take. */
const MOST_VISITS = 1_000_000;

/**
 * The largest sum of weights over any set of steps that can run at the same time (gate §6): the sum of all weights, minus what later
 * steps can reuse from steps that have ended by then. (Dilworth's theorem with weights: the maximum-weight antichain
 * equals the minimum chain cover.)
 *
 * @param mostVisits the effort, in visits of steps; with less than it takes, the result is too large, but never more than the sum of all
 */
export function peakOf(
  steps: readonly OrderedStep[],
  weights: readonly number[],
  mostVisits = MOST_VISITS,
): number {
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  return all - new Handover(weights, endedBefore(steps)).total(mostVisits);
}
