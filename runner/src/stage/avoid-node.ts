import type { V1Pod } from '@kubernetes/client-node';

const HOST_LABEL = 'kubernetes.io/hostname';
/** The greatest weight of a preference. */
const WEIGHT = 100;

/** The same Pod, which prefers other nodes; only preferred, since there may be no other. Pure. */
export function awayFrom(node: string | undefined, pod: V1Pod): V1Pod {
  const { spec } = pod;
  if (node === undefined || !spec) return pod;
  const preference = { matchExpressions: [{ key: HOST_LABEL, operator: 'NotIn', values: [node] }] };
  const { nodeAffinity } = spec.affinity ?? {};
  const preferred = nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return {
    ...pod,
    spec: {
      ...spec,
      affinity: {
        ...spec.affinity,
        nodeAffinity: {
          ...nodeAffinity,
          preferredDuringSchedulingIgnoredDuringExecution: [...preferred, { weight: WEIGHT, preference }],
        },
      },
    },
  };
}
