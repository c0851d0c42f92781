import { systemClock } from '@hangar/shared/clock';
import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { KubernetesObject } from '@kubernetes/client-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pipeline, step, told } from './pipelines.ts';
import type { World } from './world.ts';

type Quota = KubernetesObject & { spec: { hard: Record<string, string> }; status?: { hard?: unknown } };

/** Builds that wait for a ResourceQuota, on any ground that enforces one. `patienceMs`: for one build. */
export function quotaSuite(where: string, open: () => Promise<World>, patienceMs: number): void {
  describe(`a spent quota on ${where}`, () => {
    let world: World;
    const { signal } = new AbortController();
    const target = () => ({ resource: RESOURCE.resourceQuotas, namespace: world.namespace, name: 'few' });

    beforeEach(async () => {
      world = await open();
      const quota: Quota = { metadata: { name: 'few' }, spec: { hard: { pods: '1' } } };
      const { resource, namespace } = target();
      await world.admin.create<Quota>({ resource, namespace }, quota, signal);
      for (const clock = systemClock(); !(await counts()); ) await clock.sleep(100);
    });
    afterEach(async () => {
      await world.admin.remove(target(), {}, signal);
      await world.close();
    });

    const counts = async (): Promise<boolean> =>
      Boolean((await world.admin.get<Quota>(target(), signal)).status?.hard);

    const YAML = (seconds: number) => pipeline(step('works', [`sleep ${seconds}`, 'echo worked']));
    const ALL_WELL = [
      ['clone', 'success', 0],
      ['works', 'success', 0],
    ];
    const line = /waiting for room in the quota: .*exceeded quota: few/;
    const within = { timeoutMs: patienceMs };

    /** A build that has the quota until it is cancelled, and one that waits for it and says so, live. */
    async function oneWaits(): Promise<{ first: number; second: number }> {
      const { id: first } = world.drone.createBuild({ yaml: YAML(600) });
      await world.drone.waitUntil(
        'the first runs',
        within,
        () => world.drone.step(first, 'works')?.status === 'running',
      );
      const { id: second } = world.drone.createBuild({ yaml: YAML(0) });
      await world.drone.waitUntil('its log says why it waits', within, () =>
        world.drone.liveLog(second, 'clone')?.some(({ out }) => line.test(out)),
      );
      return { first, second };
    }

    it('makes a build wait, which says so live, and then runs it', async () => {
      const { first, second } = await oneWaits();
      expect(world.drone.step(second, 'clone')?.status).toBe('running');
      world.drone.cancel(first);
      expect(told(await world.drone.waitForBuild(second, within))).toEqual(ALL_WELL);
      expect(world.drone.logText(second, 'clone')).toMatch(line);
      expect(world.drone.logText(second, 'works')).toContain('worked');
      expect(world.drone.complaints).toEqual([]);
    });

    it('is waited for by the next runner too, though there was never a Pod', async () => {
      const { first, second } = await oneWaits();
      await world.runner.stop();
      await world.startRunner('runner-b');
      world.drone.cancel(first);
      expect(told(await world.drone.waitForBuild(second, within))).toEqual(ALL_WELL);
      expect(world.drone.logText(second, 'works')).toContain('worked');
    });
  });
}
