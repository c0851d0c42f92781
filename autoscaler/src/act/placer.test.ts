import { SURPLUS_TAINT } from '@hangar/shared/contract/object-keys';
import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { silentLogger } from '@hangar/shared/logger';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { FakeCluster, refusal } from '@hangar/shared/testing/fake-cluster';
import type { V1Node } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { type PoolNode } from '../capacity/pool-node.ts';
import type { Taint } from '../capacity/scheduling.ts';
import { ActRecorder } from './act-recorder.ts';
import { AuditTrail } from './audit.ts';
import { Placer, type PlacerOptions } from './placer.ts';

const never = new AbortController().signal;

function begin(builds: Readonly<Record<string, number>>, more: Partial<PlacerOptions> = {}) {
  const [clock, cluster, trail] = [new FakeClock(), new FakeCluster(), new AuditTrail()];
  for (const name of Object.keys(builds))
    cluster.put<V1Node>({ resource: RESOURCE.nodes, name }, { metadata: { name }, spec: {} });
  const recorder = new ActRecorder({ clock, cluster, log: silentLogger, trail });
  const options = { pool: 'ci', dryRun: false, writesPerTick: 10, markPaceMs: 60_000, ...more };
  const placer = new Placer({ clock, cluster, recorder }, options);
  const nodes = (): readonly PoolNode[] =>
    cluster.all<V1Node>({ resource: RESOURCE.nodes }).map(({ metadata, spec }) => {
      const name = metadata?.name ?? '';
      const held = builds[name] ?? 0;
      const known = { uid: metadata?.uid ?? '', resourceVersion: metadata?.resourceVersion ?? '' };
      const taints = (spec?.taints ?? []) as readonly Taint[];
      return { name, ...known, taints, ready: true, unschedulable: false, builds: held, room: 3 - held };
    });
  const tick = (openRoom: number) => placer.tick(nodes(), { openRoom, slackRoom: 0 }, never);
  const marked = () => nodes().flatMap(({ name, taints }) => (taints.length > 0 ? [name] : []));
  return { clock, cluster, trail, tick, marked, nodes, placer };
}

describe('placing', () => {
  it('marks the emptiest and opens them again, each written once', async () => {
    const { cluster, tick, marked } = begin({ a: 0, b: 2, c: 1 });
    expect(await tick(1)).toMatchObject({ kind: 'set', text: 'marked as surplus: a, c' });
    expect(await tick(1)).toMatchObject({ kind: 'unchanged' });
    expect(marked()).toEqual(['a', 'c']);
    expect(await tick(3)).toMatchObject({ kind: 'set', text: 'unmarked: c' });
    expect(marked()).toEqual(['a']);
    expect(cluster.count('patch', 'nodes')).toBe(3);
  });

  it('does not mark again for a minute what was just opened', async () => {
    const { clock, tick, marked } = begin({ a: 0, b: 2 });
    await tick(1);
    await tick(9);
    expect(await tick(1)).toMatchObject({ kind: 'unchanged' });
    await clock.step(60_000);
    expect(await tick(1)).toMatchObject({ kind: 'set' });
    expect(marked()).toEqual(['a']);
  });

  it('writes a few nodes a tick, opening first', async () => {
    const { tick, marked } = begin({ a: 0, b: 0, c: 0, d: 0 }, { writesPerTick: 2 });
    await tick(0);
    expect(marked()).toEqual(['c', 'd']);
    await tick(99);
    expect(marked()).toEqual([]);
  });

  it('a dry run writes nothing and says so', async () => {
    const { cluster, tick, trail } = begin({ a: 0, b: 2 }, { dryRun: true });
    expect(await tick(1)).toMatchObject({ kind: 'would-set' });
    expect(cluster.calls).toEqual([]);
    expect(trail.entries).toMatchObject([{ actor: 'placement ci', kind: 'would-set' }]);
  });

  it('a missing right is said with its cure', async () => {
    const { cluster, tick } = begin({ a: 0, b: 2 });
    cluster.fail('patch', 'nodes', refusal(403, 'Forbidden', 'nodes "a" is forbidden'));
    expect(await tick(1)).toMatchObject({ kind: 'refused', text: expect.stringContaining('Role') as string });
  });

  it('can take all marks away', async () => {
    const { nodes, placer, tick, marked } = begin({ a: 0, b: 0 });
    await tick(0);
    expect(await placer.clear(nodes(), [SURPLUS_TAINT], never)).toMatchObject({ kind: 'set' });
    expect(marked()).toEqual([]);
    expect(await placer.clear(nodes(), [SURPLUS_TAINT], never)).toMatchObject({ kind: 'unchanged' });
  });
});
