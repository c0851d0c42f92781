/** The label by which Karpenter names the NodePool of a node. */
export const NODE_POOL_LABEL = 'karpenter.sh/nodepool';
