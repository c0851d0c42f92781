import type { Resource } from '@hangar/shared/kubernetes/cluster';

/** The API's resources that actuators write. */
export const ACT_RESOURCE = {
  capacityBuffers: { base: '/apis/autoscaling.x-k8s.io/v1beta1', plural: 'capacitybuffers' },
  deployments: { base: '/apis/apps/v1', plural: 'deployments' },
  nodePools: { base: '/apis/karpenter.sh/v1', plural: 'nodepools' },
  nodeClaims: { base: '/apis/karpenter.sh/v1', plural: 'nodeclaims' },
} as const satisfies Record<string, Resource>;

/** Names the owner of an object: `NAMESPACE/NAME` of the Hangar that scales it. */
export const SCALED_BY_ANNOTATION = 'hangar.dev/scaled-by';

/** Objects of no namespace have their Events here, as Kubernetes' own do. */
export const CLUSTER_EVENTS = 'default';
