import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { createLogger } from '@hangar/shared/logger';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { FakeCluster } from '@hangar/shared/testing/fake-cluster';
import type { V1Lease } from '@kubernetes/client-node';
import { intentsOf } from '../lease-record.ts';
import { OwnLease } from '../own-lease.ts';

export const TERM_MS = 24_000;
export const SERVER = 'https://drone.acme.test';
export const target = { resource: RESOURCE.leases, namespace: 'ci', name: 'hangar-runner-r1' };
let instances = 0;
export const never: AbortSignal = new AbortController().signal;
export const intent = (stageId: number) => ({ stageId, buildId: stageId + 100, machine: 'r1' });

/** A process in the one Pod `pod-1`, unless told otherwise; each is an instance of its own. */
export function begin(
  cluster = new FakeCluster(),
  server = SERVER,
  podUid = 'pod-1',
  clock = new FakeClock(),
) {
  const instance = `instance-${(instances += 1)}`;
  const logged: string[] = [];
  const lease = new OwnLease(
    { clock, cluster, log: createLogger('warn', { write: (line) => void logged.push(line) }) },
    { namespace: 'ci', holder: { replica: 'r1', podUid, instance }, termMs: TERM_MS, server },
  );
  const stored = (): V1Lease => cluster.find<V1Lease>(target) ?? {};
  const stageIds = (): number[] => intentsOf(stored()).map((one) => one.stageId);
  return { clock, cluster, lease, instance, stored, stageIds, logged };
}
