import { describe, expect, it, onTestFinished } from 'vitest';
import { pipeline, step, told } from '../flows/pipelines.ts';
import { stopsSuite } from '../flows/stops.suite.ts';
import { startWorld } from '../flows/world.ts';
import { realGround } from './real-ground.ts';

stopsSuite('a real kubelet', async () => startWorld((await realGround()).ground), 120_000);

describe('the timeout of the repository', () => {
  it('kills the pipeline on a real kubelet after its minute', async () => {
    const world = await startWorld((await realGround()).ground);
    onTestFinished(() => world.close());
    const yaml = pipeline(step('long', ['echo begun', 'sleep 600']) + step('after', ['echo never']));
    const { id } = world.drone.createBuild({ yaml, timeoutMinutes: 1 });
    const done = await world.drone.waitForBuild(id, { timeoutMs: 150_000 });
    expect(done.status).toBe('killed');
    expect(told(done)).toEqual([
      ['clone', 'success', 0],
      ['long', 'killed', 137],
      ['after', 'skipped', 0],
    ]);
    // The server is told before the Pod is stopped, so the last lines come after the end.
    await world.drone.waitUntil('the log is stored', { timeoutMs: 60_000 }, () =>
      world.drone.log(id, 'long'),
    );
    expect(world.drone.logText(id, 'long')).toContain('begun');
    await world.cleaned(60_000);
  });
});
