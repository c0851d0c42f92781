import type { Cluster } from '@hangar/shared/kubernetes/cluster';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import type { V1Lease, V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { ANNOTATION } from '../pipeline/compiled.ts';
import { LivingOwners } from './living-owners.ts';
import { orphanedPods, unschedulablePods } from './pod-counts.ts';

const pod = (owner: string, more: V1Pod = {}): V1Pod => ({
  ...more,
  metadata: { annotations: { [ANNOTATION.owner]: owner }, ...more.metadata },
});
const scheduled = (status: string, reason: string): V1Pod => ({
  status: { conditions: [{ type: 'PodScheduled', status, reason }] },
});

describe('unschedulablePods', () => {
  it('counts own Pods without a fitting node: not held ones, placed ones, or those of others', () => {
    const pods = [
      pod('ns/me', scheduled('False', 'Unschedulable')),
      pod('ns/me', scheduled('False', 'SchedulingGated')),
      pod('ns/me', scheduled('True', '')),
      pod('ns/you', scheduled('False', 'Unschedulable')),
    ];

    expect(unschedulablePods(pods, 'ns/me')).toBe(1);
  });
});

describe('orphanedPods', () => {
  const pods = [
    pod('ns/me'),
    pod('ns/you'),
    pod('ns/gone'),
    pod(''),
    pod('ns/gone', {
      metadata: { annotations: { [ANNOTATION.owner]: 'ns/gone' }, deletionTimestamp: new Date(0) },
    }),
  ];

  it('counts Pods whose owner is neither this replica nor alive, and not those on their way out', () => {
    expect(orphanedPods(pods, 'ns/me', new Set(['ns/you']))).toBe(2);
  });

  it('says nothing before anybody has looked who is alive', () => {
    expect(orphanedPods(pods, 'ns/me', undefined)).toBe(0);
  });
});

describe('LivingOwners', () => {
  const lease = (name: string, resourceVersion: string, holderIdentity = name): V1Lease => ({
    metadata: { name, resourceVersion },
    spec: { holderIdentity, leaseDurationSeconds: 30 },
  });

  it('holds for alive whose Lease moves, and for dead whose stands still or was let go', async () => {
    const clock = new FakeClock();
    let items = [lease('a', '1'), lease('b', '1'), lease('c', '1', '')];
    const cluster = { list: () => Promise.resolve({ items, resourceVersion: '1' }) } as unknown as Cluster;
    const owners = new LivingOwners({ clock, cluster, namespace: 'ns' });
    const { signal } = new AbortController();

    expect(owners.living).toBeUndefined();
    await owners.look(signal);
    expect(owners.living).toEqual(new Set(['ns/a', 'ns/b']));
    await clock.step(60_000);
    items = [lease('a', '2'), lease('b', '1')];
    await owners.look(signal);
    expect(owners.living).toEqual(new Set(['ns/a']));
  });

  it('looks on until it is told to stop, whatever the API says', async () => {
    const clock = new FakeClock();
    let looks = 0;
    const list = (): Promise<never> => {
      looks += 1;
      return Promise.reject(new Error('down'));
    };
    const stop = new AbortController();
    const watching = new LivingOwners({
      clock,
      cluster: { list } as unknown as Cluster,
      namespace: 'ns',
    }).watch(stop.signal);
    await clock.step(60_000);
    stop.abort();

    await watching;
    expect(looks).toBe(3);
  });
});
