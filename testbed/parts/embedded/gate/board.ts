import type { StepResult } from '@hangar/runner/decide';

/** What the state folder says of one step. */
export interface StepState {
  started: boolean;
  child: boolean;
  stopping: boolean;
  /** Its gate is gone (its lock is free), with or without a result. */
  released: boolean;
  result: StepResult;
}

/** The state folders of one Pod as the stand-in gates of this process see them, without polling. */
export class GateBoard {
  private readonly steps = new Map<number, StepState>();
  private readonly waiters = new Set<() => void>();

  of(n: number): StepState {
    const known = this.steps.get(n);
    if (known !== undefined) return known;
    const state: StepState = {
      started: false,
      child: false,
      stopping: false,
      released: false,
      result: { phase: 'waiting' },
    };
    this.steps.set(n, state);
    return state;
  }

  results(): Map<number, StepResult> {
    return new Map(
      [...this.steps].map(([n, state]) => [
        n,
        state.stopping ? { ...state.result, stopping: true } : state.result,
      ]),
    );
  }

  /** Changes a step's state and wakes those who wait. */
  set(n: number, change: Partial<StepState>): void {
    Object.assign(this.of(n), change);
    this.wake();
  }

  /** Wakes all who wait: something that they look at has changed. */
  wake(): void {
    for (const waiter of [...this.waiters]) waiter();
  }

  onChange(waiter: () => void): () => void {
    this.waiters.add(waiter);
    return () => this.waiters.delete(waiter);
  }
}

/** The boards of all Pods. */
export class GateBoards {
  private readonly boards = new Map<string, GateBoard>();

  of(podUid: string): GateBoard {
    const known = this.boards.get(podUid) ?? new GateBoard();
    this.boards.set(podUid, known);
    return known;
  }

  /** The Pod's files have changed (swapped results come that way). */
  podChanged(podUid: string): void {
    this.boards.get(podUid)?.wake();
  }

  forget(podUid: string): void {
    this.boards.delete(podUid);
  }
}
