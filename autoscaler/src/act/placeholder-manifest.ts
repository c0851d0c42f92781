import type { V1Deployment, V1PriorityClass, V1Toleration } from '@kubernetes/client-node';
import type { Resources } from '../capacity/shape.ts';
import { SCALED_BY_ANNOTATION } from './resources.ts';
import type { ScaleRequest } from './scaled-object.ts';

/** What placeholders look like. */
export interface PlaceholderOptions {
  readonly namespace: string;
  readonly name: string;
  readonly priorityClassName: string;
  /** An image that does nothing and ends on SIGTERM. */
  readonly image: string;
  /** What a node of the pool has free for builds: its allocatable without its DaemonSets. Undefined: not known yet. */
  request(): Resources | undefined;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly V1Toleration[];
}

/** The lowest that Cluster Autoscaler still makes nodes for. */
export const PLACEHOLDER_PRIORITY = -10;

/** By this label placeholders are told from builds. */
export const PLACEHOLDER_LABEL = 'hangar.dev/placeholder';

/** The class that lets every build push placeholders out, and no placeholder push out anything. */
export function placeholderPriority({ priorityClassName }: PlaceholderOptions): V1PriorityClass {
  return {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name: priorityClassName },
    value: PLACEHOLDER_PRIORITY,
    preemptionPolicy: 'Never',
    globalDefault: false,
    description: 'Room that Hangar keeps for builds: pushed out by everything else.',
  };
}

/** The Deployment of placeholders, one a node. */
export function placeholderDeployment(
  options: PlaceholderOptions,
  { nodes, self }: ScaleRequest,
): V1Deployment {
  const { namespace, name } = options;
  const labels = { [PLACEHOLDER_LABEL]: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace, name, labels, annotations: { [SCALED_BY_ANNOTATION]: self } },
    spec: {
      replicas: nodes,
      selector: { matchLabels: labels },
      // A node has no room for an old and a new one.
      strategy: { type: 'Recreate' },
      template: { metadata: { labels }, spec: podSpec(options) },
    },
  };
}

function podSpec(options: PlaceholderOptions) {
  const { image, nodeSelector, tolerations, priorityClassName } = options;
  const { cpuMillicores, memoryBytes } = options.request() ?? { cpuMillicores: 0, memoryBytes: 0 };
  const requests = { cpu: `${cpuMillicores}m`, memory: String(memoryBytes) };
  return {
    priorityClassName,
    // A build that comes must not wait for it to end.
    terminationGracePeriodSeconds: 0,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    nodeSelector: { ...nodeSelector },
    tolerations: [...tolerations],
    containers: [
      {
        name: 'pause',
        image,
        resources: { requests },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          runAsNonRoot: true,
          runAsUser: 65_532,
          capabilities: { drop: ['ALL'] },
          seccompProfile: { type: 'RuntimeDefault' },
        },
      },
    ],
  };
}
