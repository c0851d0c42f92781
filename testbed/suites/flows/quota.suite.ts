import { systemClock } from '@hangar/shared/clock';
import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { KubernetesObject } from '@kubernetes/client-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pipeline, step, reported } from './pipelines.ts';
import type { FlowSetup } from './flow-setup.ts';

type Quota = KubernetesObject & { spec: { hard: Record<string, string> }; status?: { hard?: unknown } };

/** Builds that wait for a ResourceQuota, on any ground that enforces one. `patienceMs`: for one build. */
export function quotaSuite(where: string, open: () => Promise<FlowSetup>, patienceMs: number): void {
  describe(`a spent quota on ${where}`, () => {
    let setup: FlowSetup;
    const { signal } = new AbortController();
    const target = () => ({ resource: RESOURCE.resourceQuotas, namespace: setup.namespace, name: 'few' });

    beforeEach(async () => {
      setup = await open();
      const quota: Quota = { metadata: { name: 'few' }, spec: { hard: { pods: '1' } } };
      const { resource, namespace } = target();
      await setup.admin.create<Quota>({ resource, namespace }, quota, signal);
      for (const clock = systemClock(); !(await counts()); ) await clock.sleep(100);
    });
    afterEach(async () => {
      await setup.admin.remove(target(), {}, signal);
      await setup.close();
    });

    const counts = async (): Promise<boolean> =>
      Boolean((await setup.admin.get<Quota>(target(), signal)).status?.hard);

    const YAML = (seconds: number) => pipeline(step('works', [`sleep ${seconds}`, 'echo worked']));
    const ALL_WELL = [
      ['clone', 'success', 0],
      ['works', 'success', 0],
    ];
    const line = /waiting for room in the quota: .*exceeded quota: few/;
    const within = { timeoutMs: patienceMs };

    /** A build that has the quota until it is cancelled, and one that waits for it and says so, live. */
    async function oneWaits(): Promise<{ first: number; second: number }> {
      const { id: first } = setup.drone.createBuild({ yaml: YAML(600) });
      await setup.drone.waitUntil(
        'the first runs',
        within,
        () => setup.drone.step(first, 'works')?.status === 'running',
      );
      const { id: second } = setup.drone.createBuild({ yaml: YAML(0) });
      await setup.drone.waitUntil('its log says why it waits', within, () =>
        setup.drone.liveLog(second, 'clone')?.some(({ out }) => line.test(out)),
      );
      return { first, second };
    }

    it('makes a build wait, which says so live, and then runs it', async () => {
      const { first, second } = await oneWaits();
      expect(setup.drone.step(second, 'clone')?.status).toBe('running');
      setup.drone.cancel(first);
      expect(reported(await setup.drone.waitForBuild(second, within))).toEqual(ALL_WELL);
      expect(setup.drone.logText(second, 'clone')).toMatch(line);
      expect(setup.drone.logText(second, 'works')).toContain('worked');
      expect(setup.drone.complaints).toEqual([]);
    });

    it('is waited for by the next runner too, though there was never a Pod', async () => {
      const { first, second } = await oneWaits();
      await setup.runner.stop();
      await setup.startRunner('runner-b');
      setup.drone.cancel(first);
      expect(reported(await setup.drone.waitForBuild(second, within))).toEqual(ALL_WELL);
      expect(setup.drone.logText(second, 'works')).toContain('worked');
    });
  });
}
