import {
  type Cluster,
  isKubernetesError,
  KubernetesError,
  type Target,
} from '@hangar/shared/kubernetes/cluster';
import type { V1Deployment, V1ObjectReference, V1PriorityClass, V1Toleration } from '@kubernetes/client-node';
import type { Resources } from '../capacity/shape.ts';
import { settersOf } from './field-owner.ts';
import { ACT_RESOURCE, SCALED_BY_ANNOTATION } from './resources.ts';
import type { ScaledObject, ScaleReading, ScaleRequest } from './scaled-object.ts';

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
const PLACEHOLDER_PRIORITY = -10;

/** This label distinguishes placeholders from builds. */
export const PLACEHOLDER_LABEL = 'hangar.dev/placeholder';

/**
 * Pods of a node's size that do nothing, at the lowest priority that engines still make nodes for: builds push them out at once,
 * and the engine brings a node for the one pushed out. For engines without CapacityBuffer. Made when it isn't there.
 *
 * @see scheduling-and-scaling §2
 */
export class PlaceholderObject implements ScaledObject {
  readonly name: string;
  readonly meaning = 'spare';
  readonly reference: V1ObjectReference;
  readonly cure = 'it is created with the first replica count';
  readonly #cluster: Cluster;
  readonly #options: PlaceholderOptions;
  readonly #target: Target;

  constructor(cluster: Cluster, options: PlaceholderOptions) {
    const { namespace, name } = options;
    this.#cluster = cluster;
    this.#options = options;
    this.#target = { resource: ACT_RESOURCE.deployments, namespace, name };
    this.name = `placeholder ${namespace}/${name}`;
    this.reference = { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name };
  }

  async read(signal: AbortSignal): Promise<ScaleReading> {
    const { metadata, spec, status } = await this.#cluster.get<V1Deployment>(this.#target, signal);
    const asked = spec?.replicas ?? 0;
    const ready = status?.readyReplicas ?? 0;
    return {
      annotations: metadata?.annotations ?? {},
      resourceVersion: metadata?.resourceVersion ?? '',
      setters: settersOf(metadata?.managedFields),
      nodes: asked,
      signs: { isThere: ready >= asked, progress: String(ready) },
      engineText: `${ready} of ${asked} placeholders are running`,
    };
  }

  async write(
    { resourceVersion }: ScaleReading,
    { nodes, self }: ScaleRequest,
    signal: AbortSignal,
  ): Promise<void> {
    const metadata = { resourceVersion, annotations: { [SCALED_BY_ANNOTATION]: self } };
    await this.#cluster.patch(this.#target, { metadata, spec: { replicas: nodes } }, 'merge', signal);
  }

  async create(request: ScaleRequest, signal: AbortSignal): Promise<void> {
    if (this.#options.request() === undefined) throw unknownSize(this.#options);
    await this.#makePriority(signal);
    const { resource, namespace } = this.#target;
    const deployment = placeholderDeployment(this.#options, request);
    await this.#cluster.create<V1Deployment>(
      { resource, ...(namespace ? { namespace } : {}) },
      deployment,
      signal,
    );
  }

  /** One of another value under that name would push out real Pods, or be ignored by engines: it must not be used. */
  async #makePriority(signal: AbortSignal): Promise<void> {
    const resource = ACT_RESOURCE.priorityClasses;
    const wanted = placeholderPriority(this.#options);
    try {
      await this.#cluster.create<V1PriorityClass>({ resource }, wanted, signal);
    } catch (error) {
      if (!isKubernetesError(error, 409)) throw error;
      const target = { resource, name: this.#options.priorityClassName };
      const { value } = await this.#cluster.get<V1PriorityClass>(target, signal);
      if (value === PLACEHOLDER_PRIORITY) return;
      throw priorityTaken(this.#options.priorityClassName, value);
    }
  }
}

const unknownSize = ({ namespace, name }: PlaceholderOptions): KubernetesError =>
  new KubernetesError(
    422,
    'Invalid',
    `the request of a placeholder is unknown: ${namespace}/${name} belongs to a pool without nodes; set HANGAR_AUTOSCALER_POOL_SHAPES or HANGAR_AUTOSCALER_PLACEHOLDER_REQUEST`,
  );

const priorityTaken = (name: string, value: number | undefined): KubernetesError =>
  new KubernetesError(
    422,
    'Invalid',
    `the PriorityClass ${name} has the value ${value}, placeholders need ${PLACEHOLDER_PRIORITY}: name another one in the settings`,
  );

/** The class that lets every build push placeholders out, and no placeholder push out anything. */
function placeholderPriority({ priorityClassName }: PlaceholderOptions): V1PriorityClass {
  return {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name: priorityClassName },
    value: PLACEHOLDER_PRIORITY,
    preemptionPolicy: 'Never',
    globalDefault: false,
    description: 'Capacity that Hangar reserves for builds; any other Pod preempts it.',
  };
}

/** The Deployment of placeholders, one a node. */
function placeholderDeployment(options: PlaceholderOptions, { nodes, self }: ScaleRequest): V1Deployment {
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
