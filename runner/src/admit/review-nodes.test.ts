import { describe, expect, it } from 'vitest';
import { reviewNodes } from './review-nodes.ts';
import { aNode } from './testing/a-node.ts';

const CI = { nodeSelector: { pool: 'ci' } };
const builds = (name: string, labels: Readonly<Record<string, string>> = {}) =>
  aNode(name, { labels: { ...CI.nodeSelector, ...labels } });
const KARPENTER = { 'karpenter.sh/nodepool': 'builds' };
const EKS = { 'eks.amazonaws.com/nodegroup': 'builds' };

describe('the review of nodes', () => {
  it('finds nothing where nodes of pipelines do not show who scales them, whatever others do', () => {
    const nodes = [builds('n1'), aNode('n2', { labels: KARPENTER }), aNode('n3', { labels: EKS })];
    expect(reviewNodes(nodes, [CI])).toEqual({ problems: [], warnings: [] });
  });

  it('refuses autoscaled nodes that pipelines may be scheduled to, and names the remedy', () => {
    const { problems, warnings } = reviewNodes([builds('n1', EKS), builds('n2', KARPENTER)], [CI]);
    expect(warnings).toEqual([]);
    expect(problems).toEqual([
      expect.stringMatching(
        /^HANGAR_BUDGET_NODES is set, and the node n2, .* is scaled by Karpenter, .*\. Unset HANGAR_BUDGET_NODES, or .* DRONE_NODE_SELECTOR_DEFAULT$/,
      ),
    ]);
  });

  it('refuses them also while they are cordoned or not ready, and where only a policy leads to them', () => {
    const closed = aNode('n1', { labels: KARPENTER, unschedulable: true, ready: 'False' });
    expect(reviewNodes([closed], [{}]).problems).toHaveLength(1);
    const tainted = aNode('n2', { labels: KARPENTER, taints: [{ key: 'gpu', effect: 'NoSchedule' }] });
    const policy = { tolerations: [{ key: 'gpu', operator: 'Exists' }] };
    expect(reviewNodes([builds('n1'), tainted], [{}]).problems).toEqual([]);
    expect(reviewNodes([builds('n1'), tainted], [{}, policy]).problems).toHaveLength(1);
  });

  it('warns of pools that may be autoscaled, once', () => {
    const { problems, warnings } = reviewNodes([builds('n1'), builds('n2', EKS), builds('n3', EKS)], [CI]);
    expect(problems).toEqual([]);
    expect(warnings).toEqual([
      expect.stringContaining('the node n2 belongs to a pool that may be autoscaled'),
    ]);
  });

  it('warns where no node suits, since all stages wait then', () => {
    for (const nodes of [[], [aNode('n1')]])
      expect(reviewNodes(nodes, [CI])).toEqual({
        problems: [],
        warnings: [expect.stringContaining('no node has the labels and taints')],
      });
  });
});
