import type { ApiRight } from '@hangar/shared/kubernetes/rights';

export { ruleLine, rulesOf } from '@hangar/shared/kubernetes/rights';

/** A permission in the Kubernetes API that the runner needs. */
export interface Right extends ApiRight {
  readonly group: '' | 'coordination.k8s.io';
  readonly resource: 'pods' | 'pods/log' | 'secrets' | 'events' | 'leases' | 'namespaces';
  /** `pods`: namespaces of pipeline Pods; `lease`: namespace of the replica's Lease; `cluster`: no namespace. */
  readonly where: 'pods' | 'lease' | 'cluster';
  /** `always`, or only if pipelines get fresh namespaces (`drone-`); or the feature that is off without it. */
  readonly needed: 'always' | 'for random namespaces' | Feature;
  /** What it is needed for. */
  readonly use: string;
}

/** What works only with rights that the previous runner's Role lacks. */
export type Feature = 'coordination' | 'take over' | 'patch' | 'pull notes' | 'look at namespaces';

/** What happens instead where a feature's rights are missing. */
export const WITHOUT: Readonly<Record<Feature, string>> = {
  coordination:
    'each replica works for itself: it finishes its builds before it ends, and no other one continues what a crash leaves',
  'take over':
    'of a build that this runner continues after a restart only the status is reported, not the rest of its logs',
  patch: 'Pods are changed by get and update, which costs one more request for each change',
  'pull notes': 'logs do not say which image is being pulled',
  'look at namespaces': 'only a namespace whose name a runner has made up is removed after its pipeline',
};

const pods = { group: '', resource: 'pods', where: 'pods', needed: 'always' } as const;
const secrets = { ...pods, resource: 'secrets' } as const;
const events = { ...pods, resource: 'events', needed: 'pull notes' } as const;
const leases = {
  group: 'coordination.k8s.io',
  resource: 'leases',
  where: 'lease',
  needed: 'coordination',
} as const;
const namespaces = {
  group: '',
  resource: 'namespaces',
  where: 'cluster',
  needed: 'for random namespaces',
} as const;

/**
 * Every right that the code uses, and no others. `docs/role.yaml` and the chart are generated from it; a test compares it with the sources.
 */
export const RIGHTS: readonly Right[] = [
  { ...pods, verb: 'create', use: 'each pipeline runs in a Pod' },
  { ...pods, verb: 'get', use: 'whether a Pod is still ours is looked up before a cancel is believed' },
  { ...pods, verb: 'list', use: 'all Pods of Hangar are followed by one watch' },
  { ...pods, verb: 'watch', use: 'all Pods of Hangar are followed by one watch' },
  {
    ...pods,
    verb: 'patch',
    needed: 'patch',
    use: 'a Pod is handed to the scheduler, taken over, or given an image',
  },
  { ...pods, verb: 'delete', use: 'a Pod is removed when its pipeline has ended' },
  { ...pods, resource: 'pods/log', verb: 'get', use: 'logs of steps are read' },
  { ...secrets, verb: 'create', use: 'scripts, environments and secrets of a pipeline' },
  {
    ...secrets,
    verb: 'get',
    needed: 'take over',
    use: 'a pipeline is taken over from a runner that is gone',
  },
  { ...events, verb: 'watch', use: 'logs tell of images that are pulled and volumes that are awaited' },
  { ...leases, verb: 'get', use: 'what this replica had in hand before a restart' },
  { ...leases, verb: 'list', use: 'replicas that are gone are found' },
  { ...leases, verb: 'create', use: 'the sign of life of this replica' },
  { ...leases, verb: 'patch', use: 'the sign of life of this replica' },
  { ...leases, verb: 'delete', use: 'the Lease of a replica that is gone is removed' },
  { ...namespaces, verb: 'create', use: 'a fresh namespace for each pipeline' },
  {
    ...namespaces,
    verb: 'get',
    needed: 'look at namespaces',
    use: 'only a namespace that a runner made is removed',
  },
  { ...namespaces, verb: 'delete', use: 'that namespace is removed afterwards' },
];

/** In place of `patch` on Pods, as in the previous runner's Role. Not part of the Role that is generated. */
export const UPDATE_PODS: Right = { ...pods, verb: 'update', use: 'the same as patch, by get and update' };
