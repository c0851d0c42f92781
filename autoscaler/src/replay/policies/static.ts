import type { ScalingPolicy } from '../policy.ts';
import { NO_CHANGE } from '../policy.ts';

/** A fixed number of nodes from before the first job: a size taken from a printed table. */
export function staticPolicy(nodes: number): ScalingPolicy {
  return {
    name: `static:${nodes}`,
    tickSeconds: 3600,
    readyAtStart: nodes,
    tick: () => ({ ...NO_CHANGE, wanted: nodes }),
  };
}
