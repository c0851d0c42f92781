import { ANNOTATION } from '@hangar/runner/compiled';
import { systemClock } from '@hangar/shared/clock';
import { RUNNER_SELECTOR } from '@hangar/shared/contract/object-keys';
import { type Cluster, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { connectByText } from '@hangar/shared/kubernetes/connection';
import { HttpCluster } from '@hangar/shared/kubernetes/http-cluster';
import type { V1Pod, V1Secret } from '@kubernetes/client-node';
import { type PracticeServer, startPracticeServer } from '../../parts/drone/practice-server.ts';
import { until } from '../../parts/until.ts';
import type { Role } from './role.ts';
import { type RunningRunner, startRunner } from './runner-in-process.ts';

/** The cluster that a flow runs on: the embedded one, or the real one. */
export interface TestClusterAccess {
  /** The runner's own rights. */
  readonly kubeconfig: string;
  /** Everything, for looking and for making trouble. */
  readonly adminKubeconfig: string;
  readonly namespace: string;
  readonly env: Readonly<Record<string, string>>;
  /** Gives it back, where it is for one test system alone. */
  remove?(): Promise<void>;
}

export interface TestSystemOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Long polls of the practice server. */
  readonly longPollMs?: number;
  readonly watchMode?: 'memory' | 'redis';
  /** Whose Role the runners have; default: Hangar's. */
  readonly role?: Role;
}

/** A cluster, a practice Drone server and a runner, ready for builds. */
export interface TestSystem {
  readonly drone: PracticeServer;
  readonly admin: Cluster;
  readonly runner: RunningRunner;
  readonly namespace: string;
  /** One more runner, as another replica or the next life of one. */
  startRunner(replica: string, env?: Readonly<Record<string, string>>): Promise<RunningRunner>;
  pods(): Promise<readonly V1Pod[]>;
  /** Resolves when no Pod or Secret of this system's builds is left. */
  cleaned(timeoutMs?: number): Promise<void>;
  /** Resolves when every Pod of Hangar has ended. */
  podEnded(timeoutMs: number): Promise<void>;
  /** Removes a Pod behind the runner's back. */
  removePod(pod: V1Pod | undefined, gracePeriodSeconds: number): Promise<void>;
  close(): Promise<void>;
}

/** How the gate comes into a Pod (`HANGAR_GATE_VOLUME`). */
export const GATE_VOLUMES = ['init', 'image'] as const;

const SECRET = 'flow-secret';
const OURS = { labelSelector: RUNNER_SELECTOR };

/** Starts a practice Drone server and a runner on the given cluster. */
export async function startTestSystem(
  cluster: TestClusterAccess,
  options: TestSystemOptions = {},
): Promise<TestSystem> {
  const clock = systemClock();
  const { longPollMs = 5_000, watchMode = 'memory', role = 'hangar' } = options;
  const drone = await startPracticeServer({ secret: SECRET, longPollMs, watchMode });
  const connection = await connectByText(cluster.adminKubeconfig);
  const admin = new HttpCluster(clock, connection);
  const { namespace } = cluster;
  const runners: RunningRunner[] = [];
  const start: TestSystem['startRunner'] = async (replica, env = {}) => {
    const runner = await startRunner({
      kubeconfig: cluster.kubeconfig,
      droneHost: drone.host,
      secret: SECRET,
      replica,
      isReviewed: role === 'previous',
      env: {
        DRONE_NAMESPACE_DEFAULT: namespace,
        HANGAR_LEASE_NAMESPACE: namespace,
        ...cluster.env,
        ...options.env,
        ...env,
      },
    });
    runners.push(runner);
    return runner;
  };
  const never = new AbortController().signal;
  const allPods = async () =>
    (await admin.list<V1Pod>({ resource: RESOURCE.pods, namespace }, OURS, never)).items;
  // What another practice server's flow left in the same namespace is left alone by runners too.
  const isOurs = ({ metadata }: V1Pod): boolean => metadata?.annotations?.[ANNOTATION.server] === drone.url;
  const pods = async () => (await allPods()).filter(isOurs);
  const secrets = async () => {
    const others = (await allPods()).filter((pod) => !isOurs(pod)).map(({ metadata }) => metadata?.uid);
    const { items } = await admin.list<V1Secret>({ resource: RESOURCE.secrets, namespace }, {}, never);
    return items.filter(
      ({ type, metadata }) =>
        type !== 'kubernetes.io/service-account-token' &&
        !metadata?.ownerReferences?.some(({ uid }) => others.includes(uid)),
    );
  };
  const runner = await start('runner-a');
  return {
    drone,
    admin,
    runner,
    namespace,
    startRunner: start,
    podEnded: async (timeoutMs) => {
      const ended = (pod: V1Pod): boolean => ['Succeeded', 'Failed'].includes(pod.status?.phase ?? '');
      await until('the Pods to end', timeoutMs, async () => (await pods()).every(ended));
    },
    removePod: async (pod, gracePeriodSeconds) => {
      const { name = '' } = pod?.metadata ?? {};
      await admin.remove({ resource: RESOURCE.pods, namespace, name }, { gracePeriodSeconds }, never);
    },
    pods,
    cleaned: async (timeoutMs = 30_000) => {
      await until('everything in the cluster to go', timeoutMs, async () => {
        const left = [...(await pods()), ...(await secrets())];
        const names = left.map(({ kind = 'object', metadata }) => `${kind} ${metadata?.name}`);
        if (names.length > 0) throw new Error(`left: ${names.join(', ')}`);
        return true;
      });
    },
    close: async () => {
      await Promise.all(runners.map((one) => one.stop()));
      await drone.close();
      await connection.close();
      await cluster.remove?.();
    },
  };
}
