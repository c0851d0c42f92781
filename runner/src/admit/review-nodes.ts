import type { BuildNode } from './build-node.ts';
import { type Placement, suits } from './placement.ts';

/** What keeps stages from waiting for room on nodes, and what may. Each text with its remedy. */
export interface NodesReview {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

const SETTING = 'HANGAR_BUDGET_NODES is set';

/**
 * Are the nodes of pipelines of a fixed number, as far as they tell? Who scales nodes sees no stage that waits. Pure.
 *
 * @param placements where pipelines may be scheduled to that choose nothing themselves
 */
export function reviewNodes(nodes: readonly BuildNode[], placements: readonly Placement[]): NodesReview {
  const ours = nodes.filter((node) => placements.some((one) => suits(node, one)));
  if (ours.length === 0) return { problems: [], warnings: [NO_NODE] };
  const [scaled] = ours.filter(({ scaler }) => scaler !== undefined);
  if (scaled) return { problems: [scaledText(scaled)], warnings: [] };
  const [marked] = ours.filter(({ poolMark }) => poolMark !== undefined);
  return { problems: [], warnings: marked ? [markedText(marked)] : [] };
}

const NO_NODE = `${SETTING}, and no node has the labels and taints that pipelines have by default: all stages wait. Correct DRONE_NODE_SELECTOR_DEFAULT or the tolerations of the policies. If the node pool was scaled to zero, unset HANGAR_BUDGET_NODES: no node is added for stages that wait`;

const scaledText = ({ name, scaler }: BuildNode): string =>
  `${SETTING}, and the node ${name}, which pipelines may be scheduled to, is scaled by ${scaler}, which does not see the stages that wait, so that no node is added for them. Unset HANGAR_BUDGET_NODES, or keep pipelines on nodes of a fixed number by DRONE_NODE_SELECTOR_DEFAULT`;

const markedText = ({ name, poolMark }: BuildNode): string =>
  `${SETTING}, and the node ${name} belongs to a pool that may be autoscaled, which a node does not show (${poolMark}). Check that the size of the pool is fixed: no node is added for stages that wait`;
