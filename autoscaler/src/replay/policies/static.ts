import type { Policy } from '../policy.ts';
import { NOTHING } from '../policy.ts';

/** A fixed number of nodes, there before the first job: what a table on a wall gives. */
export function staticPolicy(nodes: number): Policy {
  return {
    name: `static:${nodes}`,
    tickSeconds: 3600,
    readyAtStart: nodes,
    tick: () => ({ ...NOTHING, wanted: nodes }),
  };
}
