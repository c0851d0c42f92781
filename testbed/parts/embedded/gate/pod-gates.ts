import type { StepResult } from '@hangar/runner/decide';

/** What the gates of a Pod see of one step: in a real Pod they read it in its state folder. */
export interface GateState {
  started: boolean;
  stopping: boolean;
  result: StepResult;
  /** It counts for `parallelism`. */
  hasSlot?: boolean;
}

/** What the stand-in gates of one Pod know of each other, without polling. */
export class PodGates {
  private readonly steps = new Map<number, GateState>();
  private readonly waiters = new Set<() => void>();

  of(n: number): GateState {
    const state = this.steps.get(n) ?? { started: false, stopping: false, result: { phase: 'waiting' } };
    this.steps.set(n, state);
    return state;
  }

  results(): Map<number, StepResult> {
    return new Map(
      [...this.steps].map(([n, { stopping, result }]) => [n, stopping ? { ...result, stopping } : result]),
    );
  }

  /** Changes a step's state and wakes those who wait. */
  set(n: number, change: Partial<GateState>): void {
    Object.assign(this.of(n), change);
    this.wake();
  }

  /** Wakes all who wait: something that they look at has changed. */
  wake(): void {
    for (const waiter of [...this.waiters]) waiter();
  }

  /** Resolves with the first result of `look`, which is called at every change. */
  until<Answer>(look: () => Answer | undefined): Promise<Answer> {
    return new Promise((resolve) => {
      const check = (): void => {
        const answer = look();
        if (answer === undefined) return;
        this.waiters.delete(check);
        resolve(answer);
      };
      this.waiters.add(check);
      check();
    });
  }
}

/** The gates of all Pods. */
export class GatesByPod {
  private readonly gates = new Map<string, PodGates>();

  of(podUid: string): PodGates {
    const gates = this.gates.get(podUid) ?? new PodGates();
    this.gates.set(podUid, gates);
    return gates;
  }

  /** The Pod's files have changed (results of swapped steps are delivered that way). */
  podChanged(podUid: string): void {
    this.gates.get(podUid)?.wake();
  }

  forget(podUid: string): void {
    this.gates.delete(podUid);
  }
}
