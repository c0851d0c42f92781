import { ACT_RESOURCE } from '@hangar/autoscaler/act/resources';
import { systemClock } from '@hangar/shared/clock';
import { isKubernetesError, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { type Connection, connectByText } from '@hangar/shared/kubernetes/connection';
import { HttpCluster } from '@hangar/shared/kubernetes/http-cluster';
import { ListWatch, whole } from '@hangar/shared/kubernetes/list-watch';
import type { CoreV1Event, V1Deployment, V1Lease, V1Pod } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EmbeddedCluster } from '../../parts/embedded/cluster.ts';
import { until as eventually } from '../../parts/until.ts';
import { type ProgramProcess, startAutoscalerProcess } from './program-process.ts';
import { startEmbedded } from './start-embedded.ts';

const TIMEOUT_MS = 60_000;
const NAMESPACE = 'hangar';
const LEASE = { resource: RESOURCE.leases, namespace: NAMESPACE, name: 'hangar-autoscaler' };
const SETTINGS = {
  POD_NAMESPACE: NAMESPACE,
  HANGAR_AUTOSCALER_ACT: 'on',
  HANGAR_AUTOSCALER_MAX_NODES: '1000',
  HANGAR_AUTOSCALER_PLACE: 'on',
  HANGAR_AUTOSCALER_ACTUATORS: `builds-4=placeholder:${NAMESPACE}/room`,
  HANGAR_AUTOSCALER_POD_SELECTOR: 'ci=build',
  HANGAR_AUTOSCALER_FORECAST: 'false',
  HANGAR_AUTOSCALER_TICK: '200ms',
  HANGAR_AUTOSCALER_COOL_DOWN: '0s',
  HANGAR_AUTOSCALER_LOWER_PACE: '0s',
  HANGAR_AUTOSCALER_BOOT_TIME: '10m',
  HANGAR_AUTOSCALER_LEASE_TERM: '4s',
  HANGAR_AUTOSCALER_LOG_LEVEL: 'debug',
};

interface Answer {
  readonly demand: { readonly pendingPods: number };
  readonly pools: readonly { readonly spareNodes: number }[];
}

const clock = systemClock();
const { signal } = new AbortController();

/** Two replicas, one cluster: whatever happens to them, each act is done by one. */
describe('two replicas that may act', () => {
  let embedded: EmbeddedCluster;
  let connection: Connection;
  let cluster: HttpCluster;
  let kubeconfig: string;
  let watching: Promise<void>;
  const ending = new AbortController();
  const replicas: ProgramProcess[] = [];
  /** All sizes that the Deployment ever had, in order. */
  const sizes: number[] = [];
  let builds = 0;

  beforeAll(async () => {
    const labels = { 'node.kubernetes.io/instance-type': 'builds-4' };
    const nodes = ['a', 'b', 'c', 'd'].map((name) => ({ name, cpu: '4', memory: '8Gi', labels }));
    const made = await startEmbedded({ nodes });
    embedded = made.cluster;
    kubeconfig = made.access.kubeconfig;
    connection = await connectByText(kubeconfig);
    cluster = new HttpCluster(clock, connection);
    // As the chart makes it; the autoscaler only sets its number.
    const selector = { matchLabels: { 'hangar.dev/placeholder': 'room' } };
    await cluster.create<V1Deployment>(
      { resource: ACT_RESOURCE.deployments, namespace: NAMESPACE },
      {
        metadata: { name: 'room', annotations: { 'hangar.dev/scaled-by': `${NAMESPACE}/hangar-autoscaler` } },
        spec: { replicas: 0, selector, template: {} },
      },
      signal,
    );
    watching = new ListWatch<V1Deployment>(clock, cluster, {
      target: { resource: ACT_RESOURCE.deployments, namespace: NAMESPACE },
      selection: {},
      read: whole,
      onChange: ({ object }) => {
        const { replicas: size = -1 } = object.spec ?? {};
        if (sizes.at(-1) !== size) sizes.push(size);
      },
    }).run(ending.signal);
  });

  afterAll(async () => {
    for (const replica of replicas) {
      replica.signal('SIGCONT');
      await replica.end('SIGKILL');
    }
    ending.abort();
    await watching;
    await connection.close();
    await embedded.close();
  });

  const start = async (name: string): Promise<ProgramProcess> => {
    const replica = await startAutoscalerProcess({
      folder: embedded.folder,
      kubeconfig,
      name,
      env: SETTINGS,
    });
    replicas.push(replica);
    return replica;
  };

  const until = async (sentence: string, holds: () => Promise<boolean> | boolean): Promise<void> => {
    await eventually(sentence, TIMEOUT_MS, holds).catch((error: unknown) => {
      throw new Error(replicas.map(({ name, stderrText }) => `${name}: ${stderrText}`).join('\n'), {
        cause: error,
      });
    });
  };

  /** Pods that cannot be scheduled: waiting work. */
  const demand = async (count: number): Promise<void> => {
    for (; builds < count; builds += 1) {
      const resources = { requests: { cpu: '1', memory: '1Gi' } };
      await cluster.create<V1Pod>(
        { resource: RESOURCE.pods, namespace: NAMESPACE },
        {
          metadata: { name: `build-${builds}`, labels: { ci: 'build' } },
          spec: {
            schedulingGates: [{ name: 'test/held' }],
            containers: [{ name: 'step', image: 'busybox', resources }],
          },
        },
        signal,
      );
    }
  };

  const holder = async (): Promise<string> => {
    try {
      return (await cluster.get<V1Lease>(LEASE, signal)).spec?.holderIdentity ?? '';
    } catch (error) {
      if (isKubernetesError(error, 404)) return '';
      throw error;
    }
  };
  const leads =
    ({ name }: ProgramProcess) =>
    async (): Promise<boolean> =>
      (await holder()).startsWith(`${name}_`);

  /** Who scaled to what, by the Events. */
  const scalings = async (): Promise<readonly { by: string; from: number; to: number }[]> => {
    const { items } = await cluster.list<CoreV1Event>(
      { resource: RESOURCE.events, namespace: NAMESPACE },
      {},
      signal,
    );
    return items
      .filter(({ reason }) => reason === 'Scaled')
      .map(({ message = '', reportingInstance = '' }) => {
        const [, from = '', to = ''] = /^from (\w+) to (\d+) nodes/.exec(message) ?? [];
        return { by: reportingInstance.replace(/_.*/, ''), from: Number(from) || 0, to: Number(to) };
      });
  };
  /** All demand is handled and reported: nothing is pending. */
  const settled = (replica: ProgramProcess) => async (): Promise<boolean> => {
    const { demand: seen, pools } = await replica.json<Answer>('/api/v1/recommendations');
    const size = sizes.at(-1);
    const isAnswered = seen.pendingPods === builds && pools[0]?.spareNodes === size;
    return isAnswered && (await scalings()).some(({ to }) => to === size);
  };
  const grown = (than: number) => () => (sizes.at(-1) ?? 0) > than;

  it('one acts; when it is stopped the other continues, and the pending act of the first is not done when it resumes', async () => {
    const a = await start('a');
    await until('a leads', leads(a));
    const b = await start('b');
    await demand(4);
    await until('placeholders are made', grown(0));
    await until('b says who leads', async () =>
      (await b.text('/metrics')).includes(
        'hangar_autoscaler_pool_outcome{pool="builds-4",outcome="follower"} 1',
      ),
    );

    let [leader, other] = [a, b];
    for (const count of [30, 80, 150]) {
      await until('all is done', settled(leader));
      leader.signal('SIGSTOP');
      const before = sizes.at(-1) ?? 0;
      await until('the other leads', leads(other));
      await demand(count);
      await until('the other acts', grown(before));
      const [sleeper, actor] = [leader, other];
      sleeper.signal('SIGCONT');
      await until('the one that slept knows', async () =>
        (await sleeper.text('/metrics')).includes('hangar_autoscaler_leading 0'),
      );
      const since = (await scalings()).filter(({ to }) => to > before).map(({ by }) => by);
      expect(new Set(since)).toEqual(new Set([actor.name]));
      [leader, other] = [actor, sleeper];
    }

    await until('all is done', settled(leader));
    await leader.end('SIGKILL');
    const before = sizes.at(-1) ?? 0;
    await until('the survivor leads', leads(other));
    await demand(260);
    await until('the survivor acts', grown(before));
    await until('all is done', settled(other));
    await other.end();
    expect(await holder()).toBe('');

    const done = [...(await scalings())].sort((one, next) => one.to - next.to);
    // Each act begins where the one before it ended: none was done twice, none on an old number.
    expect(done.map(({ from }) => from)).toEqual([0, ...done.slice(0, -1).map(({ to }) => to)]);
    expect([0, ...done.map(({ to }) => to)]).toEqual(sizes);
  });
});
