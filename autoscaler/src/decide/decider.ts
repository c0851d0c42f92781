import { type DecideOptions, decide } from './decide.ts';
import type { Recommendation } from './recommendation.ts';
import type { CapacitySnapshot } from './snapshot.ts';

/** Runs the expensive part of a tick. The same snapshot gives the same answer, wherever it runs. */
export interface Decider {
  /** Rejects when there is no answer, with the reason and what to check, or with the signal's reason. Calls don't overlap. */
  decide(snapshot: CapacitySnapshot, signal: AbortSignal): Promise<Recommendation>;
}

/** Decides in this thread: for small clusters and for tests. */
export const decideHere = (options: DecideOptions): Decider => ({
  decide: (snapshot) =>
    new Promise((resolve) => {
      resolve(decide(snapshot, options));
    }),
});
