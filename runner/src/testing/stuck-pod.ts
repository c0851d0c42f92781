import type { Clock } from '@hangar/shared/clock';
import { podTarget } from '@hangar/shared/kubernetes/cluster';
import type { FakeCluster } from '@hangar/shared/testing/fake-cluster';
import type { V1ContainerState, V1Pod } from '@kubernetes/client-node';
import type { FakeLogSource } from '../logs/testing/fake-log-source.ts';
import { GATE_VOLUME } from '../pipeline/compiled.ts';

const PULL_MS = 500;
const STOP_MS = 1_000;

/** A Pod whose gate's image can't be mounted as a volume: no container starts, and its deadline ends it. */
export class StuckPod {
  readonly name: string;
  readonly logs = new Map<string, FakeLogSource>();
  isGone = false;
  readonly #clock: Clock;
  readonly #cluster: FakeCluster;
  readonly #pod: V1Pod;
  #isStopping = false;

  constructor(clock: Clock, cluster: FakeCluster, pod: V1Pod) {
    this.#clock = clock;
    this.#cluster = cluster;
    this.#pod = pod;
    this.name = pod.metadata?.name ?? '';
    const image = pod.spec?.volumes?.find(({ name }) => name === GATE_VOLUME)?.image?.reference;
    const waiting = { reason: 'ImagePullBackOff', message: `Back-off pulling image "${image}"` };
    clock.after(PULL_MS, () => this.#write({ phase: 'Pending' }, { waiting }));
  }

  changed(pod: V1Pod): void {
    if (pod.spec?.activeDeadlineSeconds !== 1 || this.#isStopping) return;
    this.#isStopping = true;
    const terminated = { exitCode: 137, reason: 'ContainerStatusUnknown' };
    this.#clock.after(STOP_MS, () =>
      this.#write({ phase: 'Failed', reason: 'DeadlineExceeded' }, { terminated }),
    );
  }

  end(): void {
    this.isGone = true;
  }

  #write(status: { phase: string; reason?: string }, state: V1ContainerState): void {
    const target = podTarget(this.#pod);
    const pod = this.#cluster.find<V1Pod>(target);
    if (!pod || pod.metadata?.uid !== this.#pod.metadata?.uid) return;
    const containers = pod.spec?.containers ?? [];
    const containerStatuses = containers.map(({ name }) => ({
      ...{ name, state, image: 'any', imageID: '', ready: false, restartCount: 0 },
    }));
    const spec = { ...pod.spec, containers, nodeName: 'node-a' };
    this.#cluster.put(target, { ...pod, spec, status: { ...status, containerStatuses } });
  }
}
