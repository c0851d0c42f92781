import type { CapacitySnapshot } from './snapshot.ts';
import { type DecideOptions, decide } from './decide.ts';
import type { Recommendation } from './recommendation.ts';

/** Where a tick's heavy work is done. The same snapshot gives the same answer, wherever that is. */
export interface Decider {
  /** Rejects when there is no answer, saying why and what to look at, or with the signal's reason. Calls don't overlap. */
  decide(snapshot: CapacitySnapshot, signal: AbortSignal): Promise<Recommendation>;
}

/** Decides here and now: for small clusters and for tests. */
export const decideHere = (options: DecideOptions): Decider => ({
  decide: (snapshot) =>
    new Promise((resolve) => {
      resolve(decide(snapshot, options));
    }),
});
