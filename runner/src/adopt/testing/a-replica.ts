import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { type Logger, silentLogger } from '@hangar/shared/logger';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import type { FakeCluster } from '@hangar/shared/testing/fake-cluster';
import type { V1Lease, V1Pod } from '@kubernetes/client-node';
import { onTestFinished } from 'vitest';
import { NO_LOAD } from '../../admit/admit.ts';
import { signed, testOrigin } from '../../launch/testing/test-origin.ts';
import { type Intent, LEASE_ANNOTATION } from '../../lease/lease-record.ts';
import { OwnLease } from '../../lease/own-lease.ts';
import { ANNOTATION, LABEL } from '../../pipeline/compiled.ts';
import { type RegisteredStage, StageRegistry } from '../../stage-registry.ts';
import { aStage } from '../../supervise/testing/fake-ci-server.ts';
import { PodWatch } from '../../watch/pod-watch.ts';
import { Adopter } from '../adopter.ts';

export const LABELS = { [LABEL.managedBy]: LABEL.managedByValue };
export const podAt = (name: string) => ({ resource: RESOURCE.pods, namespace: 'ci', name });
export const leaseAt = (name: string) => ({
  resource: RESOURCE.leases,
  namespace: 'ci',
  name: `hangar-runner-${name}`,
});
export const ownerOf = (cluster: FakeCluster, name: string) =>
  cluster.find<V1Pod>(podAt(name))?.metadata?.annotations?.[ANNOTATION.owner];
export const TERM_MS = 15_000;
export const SERVER = 'https://drone.acme.test';
export const OTHER_SERVER = 'https://drone.acme.test:8443';

/** A Pod that runs stage `id` for that owner. */
export function putPod(
  cluster: FakeCluster,
  id: number,
  owner: string,
  { server = SERVER, ...more }: { server?: string; generation?: number } = {},
): V1Pod {
  const pod = {
    metadata: {
      name: `p${id}`,
      labels: { ...LABELS, [LABEL.stageId]: String(id) },
      annotations: {
        [ANNOTATION.owner]: owner,
        [ANNOTATION.server]: server,
        [ANNOTATION.stage]: JSON.stringify(aStage({ id })),
      },
      ...more,
    },
    spec: { containers: [] },
  };
  return cluster.put<V1Pod>(podAt(`p${id}`), signed(pod));
}

/** The Lease of a replica that was let go, or is alive as long as somebody renews it. */
export function putLease(
  cluster: FakeCluster,
  name: string,
  state: {
    holder?: string;
    intents?: readonly Intent[];
    namespaces?: string[];
    ownNamespaces?: string[];
    server?: string;
  } = {},
): void {
  cluster.put<V1Lease>(leaseAt(name), {
    metadata: {
      labels: LABELS,
      annotations: {
        [LEASE_ANNOTATION.intents]: JSON.stringify(state.intents ?? []),
        [LEASE_ANNOTATION.namespaces]: JSON.stringify(state.namespaces ?? state.ownNamespaces ?? []),
        [LEASE_ANNOTATION.ownNamespaces]: JSON.stringify(state.ownNamespaces ?? []),
        [LEASE_ANNOTATION.server]: state.server ?? SERVER,
      },
    },
    spec: { holderIdentity: state.holder ?? '', leaseDurationSeconds: TERM_MS / 1000 },
  });
}

/** A replica that takes over from dead ones. */
export async function replica(cluster: FakeCluster, name: string, clock = new FakeClock()) {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const warned: string[] = [];
  const log: Logger = { ...silentLogger, warn: (_about: unknown, text = '') => void warned.push(text) };
  const registry = new StageRegistry();
  const podWatch = new PodWatch(clock, cluster, { onTrouble: () => undefined });
  await podWatch.follow('ci', stop.signal);
  const lease = new OwnLease(
    { clock, cluster, log },
    {
      namespace: 'ci',
      holder: { replica: name, podUid: '', instance: 'a' },
      termMs: TERM_MS,
      server: SERVER,
    },
  );
  const former = await lease.take(stop.signal);
  void lease.keep(stop.signal);
  const resumed: { stageId: number; adoptions: number }[] = [];
  const carried: number[] = [];
  const adopter = new Adopter({
    clock,
    cluster,
    log,
    lease,
    leaseNamespace: 'ci',
    registry,
    podWatch,
    origin: testOrigin(cluster, log),
    resume: (_, { stage, adoptions }) => resumed.push({ stageId: stage.id, adoptions }),
    carryOn: ({ stageId }) => {
      carried.push(stageId);
      registry.enter(anEntry(stageId));
    },
  });
  const reconcile = () => adopter.reconcile(stop.signal);
  return { adopter, clock, lease, former, registry, podWatch, resumed, carried, warned, reconcile, stop };
}

/** A stage in hand. */
export const anEntry = (stageId: number): RegisteredStage => ({
  ...{ stageId, buildId: 1, buildNumber: 0, repo: '', stageName: '', event: '', phase: 'preparing' },
  ...{ sinceMs: 0, reason: '', pod: '', adopted: false, asks: NO_LOAD },
});

export const intent = (stageId: number): Intent => ({ stageId, buildId: 1, machine: 'dead' });
