import { ACT_RESOURCE } from '@hangar/autoscaler/act/resources';
import type { Clock } from '@hangar/shared/clock';
import type { KubernetesObject, V1Node } from '@kubernetes/client-node';
import {
  type AutoscalerProcessSpec,
  type ProgramProcess,
  startAutoscalerProcess,
} from '../flows/program-process.ts';
import { BuildDriver } from './build-driver.ts';
import { BUILD_REQUESTS, type FakePool, isReady } from './fake-pool.ts';
import { type KarpenterEngine, makeBuffer } from './karpenter-engine.ts';

const BUFFER = 'room';

/** How many builds a node of {@link KarpenterEngine} holds. */
const BUILDS_A_NODE = 3;

/** Variables of `serve`, by name. */
export type HangarSettings = Readonly<Record<string, string>>;

type Buffer = KubernetesObject & { readonly spec: { readonly replicas?: number } };

/** A NodePool of its own with the builds that may go nowhere else; with a buffer and Hangar, or without. */
export class KarpenterSide {
  readonly name: string;
  readonly driver: BuildDriver;
  readonly #pool: FakePool;

  private constructor(clock: Clock, pool: FakePool, name: string) {
    this.name = name;
    this.#pool = pool;
    const spec = { ...this.#place };
    this.driver = new BuildDriver({ clock, pool, prefix: name, labels: this.#labels, spec });
  }

  /** Its empty nodes go as soon as Karpenter thinks that they may. */
  static async make(
    clock: Clock,
    pool: FakePool,
    engine: KarpenterEngine,
    kind: string,
  ): Promise<KarpenterSide> {
    const side = new KarpenterSide(clock, pool, `${pool.namespace}-${kind}`);
    const taints = [{ key: side.#taint, effect: 'NoSchedule' }];
    await engine.makeNodePool(side.name, { taints, spec: { disruption: { consolidateAfter: '0s' } } });
    return side;
  }

  /** A buffer of capacity for builds, empty until it is set. */
  makeBuffer(): Promise<void> {
    const { tolerations } = this.#place;
    return makeBuffer(this.#pool, {
      name: BUFFER,
      requests: BUILD_REQUESTS,
      nodePool: this.name,
      tolerations,
    });
  }

  /**
   * Starts Hangar for this side, so that it scales the buffer. It writes its trace into `folder`.
   *
   * @param settings beside those of {@link settings}
   */
  serve(
    { folder, kubeconfig }: Pick<AutoscalerProcessSpec, 'folder' | 'kubeconfig'>,
    settings: HangarSettings,
  ): Promise<ProgramProcess> {
    const { name } = this;
    return startAutoscalerProcess({
      ...{ folder, kubeconfig, name },
      env: {
        POD_NAMESPACE: this.#pool.namespace,
        HANGAR_AUTOSCALER_LEASE_NAME: name,
        HANGAR_AUTOSCALER_DATA_DIR: `${folder}/trace`,
        ...this.settings,
        ...settings,
      },
    });
  }

  /** What Hangar has to know of this side; all other settings are at their defaults. */
  get settings(): HangarSettings {
    const { name } = this;
    const { namespace } = this.#pool;
    return {
      HANGAR_AUTOSCALER_ACT: 'on',
      HANGAR_AUTOSCALER_MAX_NODES: '1000',
      HANGAR_AUTOSCALER_ACTUATORS: `${name}=capacity-buffer:${namespace}/${BUFFER}*${BUILDS_A_NODE}`,
      HANGAR_AUTOSCALER_POOL_SHAPES: `${name}=cpu=4,memory=8Gi`,
      HANGAR_AUTOSCALER_POOL_LABEL: 'karpenter.sh/nodepool',
      HANGAR_AUTOSCALER_POOL_TAINT: this.#taint,
      HANGAR_AUTOSCALER_POD_SELECTOR: `hangar.test/builds=${name}`,
    };
  }

  /** Placeholders requested beside builds. */
  async bufferPods(): Promise<number> {
    const { cluster, namespace, signal } = this.#pool;
    const target = { resource: ACT_RESOURCE.capacityBuffers, namespace, name: BUFFER };
    return (await cluster.get<Buffer>(target, signal)).spec.replicas ?? 0;
  }

  async readyNodes(): Promise<readonly V1Node[]> {
    return (await this.#pool.nodes()).filter(
      (node) => node.metadata?.labels?.['karpenter.sh/nodepool'] === this.name && isReady(node),
    );
  }

  get #taint(): string {
    return `${this.name}.hangar.test/builds`;
  }

  get #labels(): Readonly<Record<string, string>> {
    return { 'hangar.test/builds': this.name };
  }

  get #place() {
    return {
      nodeSelector: { 'karpenter.sh/nodepool': this.name },
      tolerations: [{ key: this.#taint, operator: 'Exists' }],
    };
  }
}
