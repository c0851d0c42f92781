import { serviceFaults } from '@hangar/shared/testing/api-faults';
import { afterEach, describe, expect, it } from 'vitest';
import { ActingCluster, endAll, startAutoscaler } from '../testing/acting-cluster.ts';

afterEach(endAll);

const PRICES = {
  HANGAR_AUTOSCALER_PRICES: 'ci=0.19,4cpu-8gb=0.19',
  HANGAR_AUTOSCALER_CURRENCY: 'EUR',
};

type Running = Awaited<ReturnType<typeof startAutoscaler>>;

const faultsOf = ({ http }: Running) =>
  serviceFaults(async (path) => {
    const { statusCode, headers, body } = await http.inject(path);
    return { statusCode, contentType: String(headers['content-type']), body };
  });

describe('a running service answers as it describes itself', () => {
  it.each<[string, Record<string, string>, number]>([
    ['that has just started', {}, 0],
    ['that scales a pool up and down', {}, 6],
    ['that knows prices', PRICES, 6],
    ['in a dry run', { HANGAR_AUTOSCALER_ACT: 'off' }, 6],
  ])('%s', async (_, env, ticks) => {
    const cluster = new ActingCluster(2);
    cluster.addBuild('runs', 'n0');
    for (let nth = 0; nth < 20; nth += 1) cluster.addBuild(`waits-${nth}`);
    const service = await startAutoscaler(cluster, env);
    await service.ticks(ticks);

    expect(await faultsOf(service)).toEqual([]);
  });

  it('while it sees no runner, and while nobody provides the nodes', async () => {
    const cluster = new ActingCluster(1);
    cluster.engine = () => undefined;
    for (let nth = 0; nth < 20; nth += 1) cluster.addBuild(`waits-${nth}`);
    const service = await startAutoscaler(cluster);
    await service.ticks(90);
    const { acts } = (await service.http.inject('/api/v1/decisions')).json<{ acts: object[] }>();
    service.source.running = undefined;
    await service.ticks(2);

    expect(acts).toContainEqual(expect.objectContaining({ trouble: expect.any(String) as string }));
    expect(await faultsOf(service)).toEqual([]);
  });
});
