import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { embeddedGround } from './embedded-ground.ts';
import { startWorld, type World } from './world.ts';

describe('a pipeline on the embedded cluster', () => {
  let world: World;
  let close: () => Promise<void>;

  beforeAll(async () => {
    const { cluster, ground } = await embeddedGround();
    world = await startWorld(ground);
    close = async () => {
      await world.close();
      await cluster.close();
    };
  });
  afterAll(() => close());

  it('runs its steps in order and tells the server', async () => {
    const yaml = `
kind: pipeline
type: kubernetes
name: default
steps:
- name: hello
  image: busybox
  commands: [echo hello, pwd]
- name: world
  image: busybox
  commands: [echo world, exit 3]
- name: after
  image: busybox
  commands: [echo never]
`;
    const build = world.drone.createBuild({ yaml });
    const done = await world.drone.waitForBuild(build.id, { timeoutMs: 20_000 });
    expect(done.status).toBe('failure');
    expect(done.stages[0]?.steps.map((step) => [step.name, step.status, step.exit_code])).toEqual([
      ['clone', 'success', 0],
      ['hello', 'success', 0],
      ['world', 'failure', 3],
      ['after', 'skipped', 0],
    ]);
    expect(world.drone.logText(build.id, 'hello')).toContain('hello\n');
    await world.cleaned();
    expect(world.drone.complaints).toEqual([]);
    world.drone.calls.assertNoOverlap();
  });
});
