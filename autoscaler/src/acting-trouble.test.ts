import { noAnswer } from '@hangar/shared/testing/fake-cluster';
import { afterEach, describe, expect, it } from 'vitest';
import {
  ActingCluster,
  ciPodTarget,
  claimTarget,
  endAll,
  nodeTarget,
  POOL,
  startAutoscaler,
  write,
} from './testing/acting-cluster.ts';

/** After this many ticks, a silent source is stale. */
const STALE_TICKS = 20;

afterEach(endAll);

describe('trouble is reported, and nothing is written', () => {
  interface Trouble {
    readonly begin: (at: Awaited<ReturnType<typeof startAutoscaler>>, cluster: ActingCluster) => void;
    /** The number of ticks until it is reported. */
    readonly afterTicks: number;
    readonly reported: RegExp;
    readonly weight: 'stale' | 'partial';
  }

  const troubles: Readonly<Record<string, Trouble>> = {
    'Pods that may not be read any more': {
      begin: (_, cluster) => {
        cluster.denied.add('list pods').add('watch pods');
        cluster.cut(noAnswer());
      },
      afterTicks: STALE_TICKS,
      reported: /the watch of pods last received an event \d+ s ago: may not (list|watch) pods/,
      weight: 'stale',
    },
    'an API server that does not answer': {
      begin: (_, cluster) => {
        cluster.intercept(() => {
          throw noAnswer();
        });
        cluster.cut(noAnswer());
      },
      afterTicks: STALE_TICKS,
      reported: /the watch of (pods|nodes) last received an event/,
      weight: 'stale',
    },
    'a clock that jumps forward': {
      begin: ({ clock }) => clock.jump(86_400_000),
      afterTicks: 1,
      reported: /the clock of this machine jumped by 86400 s/,
      weight: 'stale',
    },
    'a clock that is set back': {
      begin: ({ clock }) => clock.jump(-86_400_000),
      afterTicks: 1,
      reported: /the clock of this machine jumped by -86400 s/,
      weight: 'stale',
    },
    'a runner that is silent': {
      begin: ({ source }) => (source.running = undefined),
      afterTicks: STALE_TICKS,
      reported: /1 of 1 runners are unreachable/,
      weight: 'partial',
    },
    'a runner with implausible values': {
      begin: ({ source }) => (source.running = 'NaN'),
      afterTicks: 1,
      reported: /hangar_runner_stages/,
      weight: 'partial',
    },
  };

  /** A cluster with eight full nodes. */
  const full = (): ActingCluster => {
    const cluster = new ActingCluster(8);
    for (let node = 0; node < 8; node += 1)
      for (let nth = 0; nth < 3; nth += 1) cluster.addBuild(`b${node}-${nth}`, `n${node}`);
    return cluster;
  };
  /** Empties six of them: without trouble they are marked at the next tick, and removed later. */
  const empty = (cluster: ActingCluster): void => {
    for (let node = 2; node < 8; node += 1)
      for (let nth = 0; nth < 3; nth += 1) cluster.drop(ciPodTarget(`b${node}-${nth}`));
  };
  const env = { HANGAR_AUTOSCALER_RUNNERS: 'http://runner' };

  it.each(Object.entries(troubles))('%s', async (_, { begin, afterTicks, reported, weight }) => {
    const cluster = full();
    const service = await startAutoscaler(cluster, env);
    const { ledger, http, ticks, ready, samples } = service;
    await ticks(6);
    begin(service, cluster);
    await ticks(afterTicks - 1);
    empty(cluster);
    const before = cluster.writes.length;
    await ticks(afterTicks === 1 ? 1 : 10);

    expect(cluster.writes.slice(before).map(write)).toEqual([]);
    const { ok, reasons, conditions } = await ready();
    expect([...reasons, ...conditions].join()).toMatch(reported);
    const counted = expect.stringMatching(new RegExp(`^${weight} [1-9]`)) as unknown;
    expect(await samples('hangar_autoscaler_conditions')).toContainEqual(counted);
    const isStale = weight === 'stale';
    expect([ok, ledger.staleSinceMs !== undefined]).toEqual([!isStale, isStale]);
    expect(await samples('hangar_autoscaler_recommendation_stale')).toEqual([isStale ? '1' : '0']);
    expect((await http.inject('/api/v1/recommendations')).json()).toMatchObject({ stale: isStale });
  });

  it('the same without trouble: nodes are marked', async () => {
    const cluster = full();
    const { ticks } = await startAutoscaler(cluster, env);
    await ticks(6);
    empty(cluster);
    const before = cluster.writes.length;
    await ticks(1);

    expect(cluster.writes.slice(before).map(write)).toContain('patch nodes n7');
  });

  it('a NodePool that vanishes is reported with the remedy, and nothing is written for it', async () => {
    const cluster = new ActingCluster(3);
    const { ticks, ready, reported } = await startAutoscaler(cluster);
    cluster.drop(POOL);
    for (const { metadata } of cluster.nodes) {
      cluster.drop(nodeTarget(metadata?.name ?? ''));
      cluster.drop(claimTarget(`c-${metadata?.name}`));
    }
    const before = cluster.writes.length;
    for (let nth = 0; nth < 8; nth += 1) cluster.addBuild(`b${nth}`);
    await ticks(5);

    expect(reported().at(-1)).toBe('ci absent');
    expect((await ready()).conditions.join()).toContain(
      'node-pool ci does not exist: create it with spec.replicas',
    );
    expect(cluster.writes.slice(before).filter(({ target }) => target.resource.plural !== 'events')).toEqual(
      [],
    );
  });

  it.each([
    { most: '2', held: '0', conditions: [{ type: 'WaitBoundHeld', reason: 'PoolMaximum' }] },
    { most: '20', held: '1', conditions: [] },
  ])(
    'a bound for the wait that $most nodes at most cannot hold is a condition: held $held',
    async ({ most, held, conditions }) => {
      const cluster = new ActingCluster(2);
      for (const node of ['n0', 'n1']) cluster.addBuild(`b-${node}`, node);
      const { http, ticks, samples } = await startAutoscaler(cluster, {
        ...{ HANGAR_AUTOSCALER_FORECAST: 'true', HANGAR_AUTOSCALER_WAIT_PRICE: '30' },
        ...{ HANGAR_AUTOSCALER_WAIT_BOUND: '30s', HANGAR_AUTOSCALER_MAX_NODES: most },
      });
      await ticks(2);

      expect(await samples('hangar_autoscaler_wait_bound_held')).toEqual([held]);
      const { conditions: listed } = (await http.inject('/api/v1/recommendations')).json<{
        readonly conditions: readonly { readonly type?: string }[];
      }>();
      expect(listed.filter(({ type }) => type !== undefined)).toMatchObject(conditions);
    },
  );
});
