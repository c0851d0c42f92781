import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { KubernetesObject } from '@kubernetes/client-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../parts/until.ts';
import { pipeline, step, stepResults } from './pipelines.ts';
import type { Role } from './role.ts';
import type { TestSystem } from './test-system.ts';

type Quota = KubernetesObject & { spec: { hard: Record<string, string> }; status?: { hard?: unknown } };

/** Builds that wait for a ResourceQuota, on any cluster that enforces one. `timeoutMs`: for one build. */
export function quotaSuite(
  where: string,
  open: () => Promise<TestSystem>,
  { timeoutMs, role = 'hangar' }: { readonly timeoutMs: number; readonly role?: Role },
): void {
  describe(`a spent quota on ${where}`, () => {
    let system: TestSystem;
    const { signal } = new AbortController();
    const target = () => ({ resource: RESOURCE.resourceQuotas, namespace: system.namespace, name: 'few' });

    beforeEach(async () => {
      system = await open();
      const quota: Quota = { metadata: { name: 'few' }, spec: { hard: { pods: '1' } } };
      const { resource, namespace } = target();
      await system.admin.create<Quota>({ resource, namespace }, quota, signal);
      await until('the quota to count', 60_000, counts);
    });
    afterEach(async () => {
      await system.admin.remove(target(), {}, signal);
      await system.close();
    });

    const counts = async (): Promise<boolean> =>
      Boolean((await system.admin.get<Quota>(target(), signal)).status?.hard);

    const YAML = (seconds: number) => pipeline(step('works', [`sleep ${seconds}`, 'echo worked']));
    const ALL_WELL = [
      ['clone', 'success', 0],
      ['works', 'success', 0],
    ];
    const line = /waiting for room in the quota: .*exceeded quota: few/;
    const within = { timeoutMs };

    /** A build that holds the quota until it is cancelled, and one that waits for it and logs that, live. */
    async function oneWaits(): Promise<{ first: number; second: number }> {
      const { id: first } = system.drone.createBuild({ yaml: YAML(600) });
      await system.drone.waitUntil(
        'the first runs',
        within,
        () => system.drone.step(first, 'works')?.status === 'running',
      );
      const { id: second } = system.drone.createBuild({ yaml: YAML(0) });
      await system.drone.waitUntil('its log says why it waits', within, () =>
        system.drone.liveLog(second, 'clone')?.some(({ out }) => line.test(out)),
      );
      return { first, second };
    }

    it('makes a build wait, which logs that live, and then runs it', async () => {
      const { first, second } = await oneWaits();
      expect(system.drone.step(second, 'clone')?.status).toBe('running');
      system.drone.cancel(first);
      expect(stepResults(await system.drone.waitForBuild(second, within))).toEqual(ALL_WELL);
      expect(system.drone.logText(second, 'clone')).toMatch(line);
      expect(system.drone.logText(second, 'works')).toContain('worked');
      expect(system.drone.complaints).toEqual([]);
    });

    // Under the previous runner's Role nobody waits for it: previous-role.suite.ts.
    if (role === 'hangar')
      it('is waited for by the next runner too, though there was never a Pod', async () => {
        const { first, second } = await oneWaits();
        await system.runner.stop();
        await system.startRunner('runner-b');
        system.drone.cancel(first);
        expect(stepResults(await system.drone.waitForBuild(second, within))).toEqual(ALL_WELL);
        expect(system.drone.logText(second, 'works')).toContain('worked');
      });
  });
}
