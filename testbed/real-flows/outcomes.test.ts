import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pipeline, step, told } from '../flows/pipelines.ts';
import { startWorld, type World } from '../flows/world.ts';
import { realGround } from './real-ground.ts';

describe('how pipelines end on a real kubelet', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld((await realGround()).ground);
  });
  afterAll(() => world.close());

  const run = async (yaml: string, more: object = {}) => {
    const build = world.drone.createBuild({ yaml, ...more });
    const done = await world.drone.waitForBuild(build.id, { timeoutMs: 120_000 });
    await world.cleaned();
    return { build, done };
  };

  it('success: steps in order, in one workspace, with what they printed', async () => {
    const { build, done } = await run(
      pipeline(step('write', ['echo one > file', 'echo wrote']) + step('read', ['cat file'])),
    );
    expect(done.status).toBe('success');
    expect(told(done)).toEqual([
      ['clone', 'success', 0],
      ['write', 'success', 0],
      ['read', 'success', 0],
    ]);
    expect(world.drone.logText(build.id, 'read')).toBe('+ cat file\none\n');
  });

  it.each([2, 3])('exit code %i is told as it is, and what follows is skipped', async (code) => {
    const { done } = await run(pipeline(step('fails', [`exit ${code}`]) + step('after', ['echo never'])));
    expect(done.status).toBe('failure');
    expect(told(done)).toEqual([
      ['clone', 'success', 0],
      ['fails', 'failure', code],
      ['after', 'skipped', 0],
    ]);
  });
});
