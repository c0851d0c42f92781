import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ACT_RESOURCE } from '@hangar/autoscaler/act/resources';
import { RESOURCE, type Resource } from '@hangar/shared/kubernetes/cluster';
import type { KubernetesObject, V1Taint, V1Toleration } from '@kubernetes/client-node';
import { karpenter, type RealCluster } from '../../parts/real/facts.ts';
import { installEngineKinds } from './engine-kinds.ts';
import type { FakePool } from './fake-pool.ts';
import { KarpenterProcess } from './karpenter-process.ts';

const NODE_CLASSES: Resource = { base: '/apis/karpenter.kwok.sh/v1alpha1', plural: 'kwoknodeclasses' };
const POD_TEMPLATES: Resource = { base: '/api/v1', plural: 'podtemplates' };
const TYPE = 'four-cpus';
const METRICS_PORT = 18480;
const HEALTH_PORT = 18481;

/** Any object of a kind that engines bring. */
type EngineObject = KubernetesObject & { readonly spec?: unknown };

/** One type of machine, as Karpenter's kwok provider reads it. */
const instanceTypes = [
  {
    name: TYPE,
    offerings: [
      {
        Price: 0.2,
        Available: true,
        Requirements: [
          { key: 'karpenter.sh/capacity-type', operator: 'In', values: ['on-demand'] },
          { key: 'topology.kubernetes.io/zone', operator: 'In', values: ['zone-a'] },
        ],
      },
    ],
    architecture: 'amd64',
    operatingSystems: ['linux'],
    resources: { cpu: '4', memory: '8Gi', 'ephemeral-storage': '50Gi', pods: '110' },
  },
];

/** How a NodePool differs from the usual one. */
export interface NodePoolOptions {
  /** Instead of the fence of the pool. */
  readonly taints?: readonly V1Taint[];
  /** `replicas`, `disruption` and the like. */
  readonly spec: object;
}

/** What a CapacityBuffer keeps places for. */
export interface BufferRequest {
  /** Of the buffer, and of its template. */
  readonly name: string;
  /** What each place holds. */
  readonly requests: Readonly<Record<string, string>>;
  /** Whose nodes the places are on. */
  readonly nodePool: string;
  readonly tolerations: readonly V1Toleration[];
}

/** Makes a CapacityBuffer in the namespace of the pool, empty until it is set. */
export async function makeBuffer(pool: FakePool, wish: BufferRequest): Promise<void> {
  const { name, requests, nodePool, tolerations } = wish;
  const containers = [{ name: 'room', image: 'fake', resources: { requests } }];
  const spec = { containers, nodeSelector: { 'karpenter.sh/nodepool': nodePool }, tolerations };
  const template: EngineObject & { readonly template: object } = { metadata: { name }, template: { spec } };
  await pool.create(POD_TEMPLATES, template);
  await pool.create<EngineObject>(ACT_RESOURCE.capacityBuffers, {
    apiVersion: 'autoscaling.x-k8s.io/v1beta1',
    kind: 'CapacityBuffer',
    metadata: { name },
    spec: { podTemplateRef: { name }, replicas: 0 },
  });
}

/** The real Karpenter with its kwok provider, for the nodes of one {@link FakePool}. One at a time: it serves every NodePool. */
export class KarpenterEngine {
  readonly #pool: FakePool;
  readonly #process: KarpenterProcess;
  readonly #tidy: () => Promise<void>;
  readonly #made: { readonly resource: Resource; readonly name: string }[] = [];

  private constructor(pool: FakePool, process: KarpenterProcess, tidy: () => Promise<void>) {
    this.#pool = pool;
    this.#process = process;
    this.#tidy = tidy;
  }

  /**
   * Resolves when it is ready; rejects with the last lines of its log, tidied up, as soon as it ends.
   *
   * @param registrationSeconds from a NodeClaim to its Node
   */
  static async start(
    real: RealCluster,
    pool: FakePool,
    registrationSeconds: number,
  ): Promise<KarpenterEngine> {
    const { program } = await karpenter(real.layout);
    const removeKinds = await installEngineKinds(real);
    const folder = await mkdtemp(join(tmpdir(), 'hangar-karpenter-'));
    const types = join(folder, 'types.json');
    await writeFile(types, JSON.stringify(instanceTypes));
    const process = new KarpenterProcess({
      program,
      args: argumentsOf(types),
      env: { KUBECONFIG: real.adminKubeconfig, SYSTEM_NAMESPACE: pool.namespace, PATH: '/usr/bin:/bin' },
      log: join(folder, 'karpenter.log'),
    });
    const engine = new KarpenterEngine(pool, process, async () => {
      await removeKinds();
      await rm(folder, { recursive: true });
    });
    try {
      await engine.#begin(registrationSeconds);
      return engine;
    } catch (error) {
      await engine.close();
      throw error;
    }
  }

  async #begin(registrationSeconds: number): Promise<void> {
    await this.make(NODE_CLASSES, {
      apiVersion: 'karpenter.kwok.sh/v1alpha1',
      kind: 'KWOKNodeClass',
      metadata: { name: this.#pool.namespace },
      spec: { nodeRegistrationDelay: `${registrationSeconds}s` },
    });
    await this.needs(this.#pool.eventually('Karpenter to be ready', isReady));
  }

  /** Aborted when Karpenter has ended, with the last lines of its log as reason. */
  get gone(): AbortSignal {
    return this.#process.gone;
  }

  /** The result of work that needs Karpenter; rejects as soon as Karpenter has ended. */
  needs<T>(work: Promise<T>): Promise<T> {
    return this.#process.needs(work);
  }

  /** Makes an object without a namespace as soon as its kind is served; it is removed at the end. */
  make(resource: Resource, object: EngineObject): Promise<void> {
    this.#made.push({ resource, name: object.metadata?.name ?? '' });
    const made = async (): Promise<boolean> => {
      await this.#pool.cluster.create<EngineObject>({ resource }, object, this.#pool.signal);
      return true;
    };
    return this.needs(this.#pool.eventually(`${resource.plural} to be served`, made));
  }

  /** Makes a NodePool whose nodes belong to the FakePool. */
  makeNodePool(name: string, { taints, spec }: NodePoolOptions): Promise<void> {
    const { namespace, fence } = this.#pool;
    return this.make(ACT_RESOURCE.nodePools, {
      apiVersion: 'karpenter.sh/v1',
      kind: 'NodePool',
      metadata: { name },
      spec: {
        template: {
          metadata: { labels: { 'hangar.dev/fake': namespace } },
          spec: {
            nodeClassRef: { group: 'karpenter.kwok.sh', kind: 'KWOKNodeClass', name: namespace },
            requirements: [{ key: 'node.kubernetes.io/instance-type', operator: 'In', values: [TYPE] }],
            taints: taints ?? [fence],
          },
        },
        ...spec,
      },
    });
  }

  /** Removes everything, pools first while Karpenter is there to take their nodes away, and ends it. */
  async close(): Promise<void> {
    const pool = this.#pool;
    try {
      await pool.removePods(pool.pods.map(({ metadata }) => metadata?.name ?? ''));
      const pools = this.#made.filter(({ resource }) => resource === ACT_RESOURCE.nodePools);
      for (const target of [...pools, ...this.#made]) await pool.cluster.remove(target, {}, pool.signal);
      if (pools.length === 0) return;
      await pool.eventually('all claims to be gone', async () => {
        const left = await this.#claims();
        await this.#removeFinalizers(ACT_RESOURCE.nodeClaims, left);
        return left.length === 0;
      });
      // The provider may still make a node whose claim was deleted while it booted: nothing else removes that one.
      await pool.eventually('all nodes to be gone', async () => {
        const left = await pool.nodes();
        for (const { metadata } of left) await pool.removeNode(metadata?.name ?? '');
        await this.#removeFinalizers(RESOURCE.nodes, left);
        return left.length === 0;
      });
    } finally {
      await this.#process.end();
      await this.#tidy();
    }
  }

  async #claims(): Promise<readonly KubernetesObject[]> {
    const { cluster, signal } = this.#pool;
    const names = this.#made.map(({ name }) => name);
    const { items } = await cluster.list({ resource: ACT_RESOURCE.nodeClaims }, {}, signal);
    return items.filter(({ metadata }) => names.includes(metadata?.labels?.['karpenter.sh/nodepool'] ?? ''));
  }

  /** Takes Karpenter's finalizers off what is to go, where it isn't there any more to do so. */
  async #removeFinalizers(resource: Resource, objects: readonly KubernetesObject[]): Promise<void> {
    const { cluster, signal } = this.#pool;
    if (!this.gone.aborted) return;
    for (const { metadata } of objects) {
      const target = { resource, name: metadata?.name ?? '' };
      await cluster.remove(target, {}, signal);
      await cluster.patch(target, { metadata: { finalizers: null } }, 'merge', signal);
    }
  }
}

const argumentsOf = (types: string): readonly string[] => [
  '--disable-leader-election',
  '--feature-gates=CapacityBuffer=true,StaticCapacity=true',
  `--instance-types-file-path=${types}`,
  `--metrics-port=${METRICS_PORT}`,
  `--health-probe-port=${HEALTH_PORT}`,
];

const isReady = (): Promise<boolean> =>
  fetch(`http://127.0.0.1:${HEALTH_PORT}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );
