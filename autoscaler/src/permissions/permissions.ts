import type { ApiRight } from '@hangar/shared/kubernetes/rights';

export { rulesOf } from '@hangar/shared/kubernetes/rights';

/** What a right is used for; each feature can be switched on separately, with its rights. */
export type ServiceFeature =
  | 'read-only'
  | 'runner-service'
  | 'advise'
  | 'lead'
  | 'place'
  | 'events'
  | 'capacity-buffer'
  | 'placeholder'
  | 'node-pool';

/** A permission that the service uses in the Kubernetes API. */
export interface Right extends ApiRight {
  readonly feature: ServiceFeature;
  /**
   * - `cluster`: everywhere, by a ClusterRole
   * - `runners`: where the Service of the runners is
   * - `lease`: where the Lease of the leader is, the service's own namespace
   * - `objects`: for the CapacityBuffers and placeholders that HANGAR_AUTOSCALER_ACTUATORS names, each by its name
   * - `events`: in the same namespaces, and in `default`, where objects without a namespace have their Events
   */
  readonly where: 'cluster' | 'runners' | 'lease' | 'objects' | 'events';
  /** What does not work without it. */
  readonly without: string;
}

type Kind = Omit<Right, 'verb'>;

const verbs = (right: Kind, ...those: readonly Right['verb'][]): readonly Right[] =>
  those.map((verb) => ({ ...right, verb }));

const readOnly = { feature: 'read-only', where: 'cluster', without: 'nothing can be decided' } as const;
const advise = { feature: 'advise', where: 'cluster' } as const;
const place = { feature: 'place', where: 'cluster', without: 'surplus nodes are not marked' } as const;
const placeholder = {
  feature: 'placeholder',
  where: 'objects',
  without: 'placeholders are not scaled',
} as const;
const nodePool = {
  feature: 'node-pool',
  where: 'cluster',
  without: 'static NodePools are not scaled',
} as const;

/** Every right that the code uses, by feature, and no others. The chart is generated from it; a test compares it with the sources. */
export const RIGHTS: readonly Right[] = [
  ...verbs({ ...readOnly, group: '', resource: 'pods' }, 'list', 'watch'),
  ...verbs({ ...readOnly, group: '', resource: 'nodes' }, 'list', 'watch'),
  ...verbs(
    {
      ...readOnly,
      group: 'apps',
      resource: 'daemonsets',
      without: 'HANGAR_AUTOSCALER_DAEMONSETS is used for their requests instead',
    },
    'list',
    'watch',
  ),
  ...verbs(
    {
      group: 'discovery.k8s.io',
      resource: 'endpointslices',
      feature: 'runner-service',
      where: 'runners',
      without: 'runners are found by HANGAR_AUTOSCALER_RUNNERS only',
    },
    'list',
    'watch',
  ),
  ...verbs(
    {
      ...advise,
      group: 'karpenter.sh',
      resource: 'nodepools',
      without: 'there is no advice on the settings of Karpenter',
    },
    'list',
  ),
  ...verbs(
    {
      ...advise,
      group: '',
      resource: 'resourcequotas',
      without: "ResourceQuotas of the builds' namespaces are ignored",
    },
    'list',
  ),
  ...verbs(
    {
      group: 'coordination.k8s.io',
      resource: 'leases',
      feature: 'lead',
      where: 'lease',
      without: 'no leader can be elected, so nothing is placed or scaled',
    },
    'get',
    'create',
    'patch',
  ),
  ...verbs({ ...place, group: '', resource: 'nodes' }, 'get', 'patch'),
  ...verbs(
    {
      group: '',
      resource: 'events',
      feature: 'events',
      where: 'events',
      without: 'changes are reported only in the log and over HTTP',
    },
    'create',
  ),
  ...verbs(
    {
      group: 'autoscaling.x-k8s.io',
      resource: 'capacitybuffers',
      feature: 'capacity-buffer',
      where: 'objects',
      without: 'CapacityBuffers are not scaled',
    },
    'get',
    'patch',
  ),
  ...verbs({ ...placeholder, group: 'apps', resource: 'deployments' }, 'get'),
  ...verbs({ ...placeholder, group: 'apps', resource: 'deployments/scale' }, 'patch'),
  ...verbs({ ...nodePool, group: 'karpenter.sh', resource: 'nodepools' }, 'get', 'patch'),
  ...verbs({ ...nodePool, group: 'karpenter.sh', resource: 'nodepools/scale' }, 'patch'),
  ...verbs({ ...nodePool, group: 'karpenter.sh', resource: 'nodeclaims' }, 'list', 'delete'),
  ...verbs({ ...nodePool, group: '', resource: 'nodes' }, 'get', 'patch'),
  ...verbs({ ...nodePool, group: '', resource: 'pods' }, 'list'),
];

/** The rights of these features. */
export const rightsOf = (features: ReadonlySet<ServiceFeature>): readonly Right[] =>
  RIGHTS.filter(({ feature }) => features.has(feature));
