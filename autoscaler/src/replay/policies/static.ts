import type { Policy } from '../policy.ts';
import { NOTHING } from '../policy.ts';

/** A fixed number of nodes from before the first job: a size taken from a printed table. */
export function staticPolicy(nodes: number): Policy {
  return {
    name: `static:${nodes}`,
    tickSeconds: 3600,
    readyAtStart: nodes,
    tick: () => ({ ...NOTHING, wanted: nodes }),
  };
}
