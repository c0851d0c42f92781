import type { V1Pod } from '@kubernetes/client-node';
import { PLACEHOLDER_LABEL } from '../placeholder-manifest.ts';

const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror';

/**
 * Pods for whose sake a node must stay: all that haven't ended, whoever's they are, even while they are being deleted. Not those that
 * belong to the node itself (DaemonSets, static Pods), nor placeholders.
 */
export function occupants(pods: readonly V1Pod[], node: string): readonly V1Pod[] {
  return pods.filter((pod) => pod.spec?.nodeName === node && !hasEnded(pod) && !belongsToNode(pod));
}

const hasEnded = ({ status }: V1Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed';

function belongsToNode({ metadata }: V1Pod): boolean {
  const isDaemons = (metadata?.ownerReferences ?? []).some(
    ({ kind, controller }) => kind === 'DaemonSet' && controller,
  );
  const isMirror = metadata?.annotations?.[MIRROR_ANNOTATION] !== undefined;
  return isDaemons || isMirror || metadata?.labels?.[PLACEHOLDER_LABEL] !== undefined;
}
