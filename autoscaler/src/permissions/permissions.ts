/** A thing that the service may be allowed to do with the Kubernetes API. */
export interface Right {
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'patch' | 'delete';
  /** API group; empty = core. */
  readonly group: string;
  /** Plural, with its subresource if any. */
  readonly resource: string;
  /** `cluster`: everywhere; `runners`: where the Service of the runners is. */
  readonly where: 'cluster' | 'runners';
  /** `always`, or what is less without it. */
  readonly without: string;
}

const listAndWatch = (right: Omit<Right, 'verb'>): readonly Right[] => [
  { ...right, verb: 'list' },
  { ...right, verb: 'watch' },
];

/** Every right that looking needs; placing and acting state their own. The chart is made of it. */
export const RIGHTS: readonly Right[] = [
  ...listAndWatch({ group: '', resource: 'pods', where: 'cluster', without: 'nothing can be decided' }),
  ...listAndWatch({ group: '', resource: 'nodes', where: 'cluster', without: 'nothing can be decided' }),
  ...listAndWatch({
    group: 'apps',
    resource: 'daemonsets',
    where: 'cluster',
    without: 'HANGAR_AUTOSCALER_DAEMONSETS stands for what they take',
  }),
  ...listAndWatch({
    group: 'discovery.k8s.io',
    resource: 'endpointslices',
    where: 'runners',
    without: 'runners are asked by HANGAR_AUTOSCALER_RUNNERS only',
  }),
];
