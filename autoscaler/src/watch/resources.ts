import { RESOURCE, type Resource } from '@hangar/shared/kubernetes/cluster';

/** The resources that this service watches. */
export const WATCHED = {
  pods: RESOURCE.pods,
  nodes: RESOURCE.nodes,
  daemonSets: { base: '/apis/apps/v1', plural: 'daemonsets' },
  endpointSlices: { base: '/apis/discovery.k8s.io/v1', plural: 'endpointslices' },
} as const satisfies Record<string, Resource>;
