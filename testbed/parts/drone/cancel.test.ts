import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type PracticeOptions, type PracticeServer, startPracticeServer } from './practice-server.ts';
import { RpcCaller } from './rpc-caller.ts';

vi.setConfig({ testTimeout: 30_000 });

const YAML = 'kind: pipeline\ntype: kubernetes\n';

const opened: PracticeServer[] = [];

async function open(options: Partial<PracticeOptions> = {}) {
  const drone = await startPracticeServer({ secret: 's', longPollMs: 60_000, ...options });
  opened.push(drone);
  return { drone, runner: new RpcCaller(drone.url, 's') };
}

afterEach(async () => {
  for (const drone of opened.splice(0)) await drone.close();
});

describe('watching in memory (drone-rpc §8.12)', () => {
  it('an open watch receives the cancel: 200, empty', async () => {
    const { drone, runner } = await open();
    const build = drone.createBuild({ yaml: YAML });
    const watches = [runner.watch(build.id), runner.watch(build.id)];
    await drone.waitUntil('two watches', {}, () => drone.watchCount(build.id) === 2);

    drone.cancel(build.id);

    expect(await Promise.all(watches)).toMatchObject([
      { status: 200, text: '' },
      { status: 200, text: '' },
    ]);
    expect(drone.watchCount(build.id)).toBe(0);
  });

  it('a watch that opens after the cancel does not receive it', async () => {
    const { drone, runner } = await open({ longPollMs: 20 });
    const build = drone.createBuild({ yaml: YAML });
    drone.cancel(build.id);

    expect((await runner.watch(build.id)).status).toBe(204);
  });

  it('a watch of another build stays', async () => {
    const { drone, runner } = await open({ longPollMs: 100 });
    const [build, other] = [drone.createBuild({ yaml: YAML }), drone.createBuild({ yaml: YAML })];
    const watch = runner.watch(other.id);
    await drone.waitUntil('the watch', {}, () => drone.watchCount(other.id) === 1);

    drone.cancel(build.id);

    expect((await watch).status).toBe(204);
  });

  it('an unknown build is no error, just silence', async () => {
    const { runner } = await open({ longPollMs: 20 });

    expect((await runner.watch(4711)).status).toBe(204);
  });
});

describe('watching with Redis (drone-rpc §8.12)', () => {
  it('a late watch receives the cancel, even after a restart', async () => {
    const { drone, runner } = await open({ watchMode: 'redis' });
    const build = drone.createBuild({ yaml: YAML });
    drone.cancel(build.id);
    drone.restart();

    expect((await runner.watch(build.id)).status).toBe(200);
  });

  it('but not after five minutes', async () => {
    const clock = new FakeClock();
    const { drone, runner } = await open({ watchMode: 'redis', clock });
    const build = drone.createBuild({ yaml: YAML });
    drone.cancel(build.id);
    await clock.step(5 * 60_000);
    const watch = runner.watch(build.id);
    await drone.waitUntil('the watch', {}, () => drone.watchCount(build.id) === 1);

    await clock.step(60_000);

    expect((await watch).status).toBe(500);
  });

  it('a quiet watch ends with 500 instead of 204', async () => {
    const { drone, runner } = await open({ watchMode: 'redis', longPollMs: 20 });
    const build = drone.createBuild({ yaml: YAML });

    expect(await runner.watch(build.id)).toMatchObject({ status: 500, text: 'redis: nil' });
  });
});

describe("cancelling in the server's order (drone-rpc §8.13)", () => {
  it('build and watchers first, stage and steps only after the pause', async () => {
    const { drone, runner } = await open({ cancelPauseMs: 1000, clock: new FakeClock() });
    const build = drone.createBuild({ yaml: YAML });
    await runner.start('test');
    const watch = runner.watch(build.id);
    await drone.waitUntil('the watch', {}, () => drone.watchCount(build.id) === 1);

    drone.cancel(build.id);

    expect((await watch).status).toBe(200);
    expect(drone.build(build.id)).toMatchObject({
      status: 'killed',
      stages: [{ status: 'running', version: 3 }],
    });
  });

  it('after the pause the open stage is killed, its steps too, with exit code 130', async () => {
    const clock = new FakeClock();
    const { drone, runner } = await open({ cancelPauseMs: 1000, clock });
    const build = drone.createBuild({ yaml: YAML });
    const stage = await runner.start('clone', 'test', 'late');
    const [clone, test] = stage.steps;
    if (clone === undefined || test === undefined) throw new Error('no steps');
    await runner.step(clone, { status: 'success', started: 1, stopped: 2 });
    await runner.step(test, { status: 'running', started: 2 });
    drone.cancel(build.id);

    await clock.step(1000);

    expect(drone.stage(build.id)).toMatchObject({ status: 'killed', version: 4 });
    expect(drone.stage(build.id).steps.map((step) => [step.status, step.exit_code, step.version])).toEqual([
      ['success', 0, 2],
      ['killed', 130, 3],
      ['skipped', 130, 2],
    ]);
    const late = await runner.putStage({ ...stage, status: 'killed' });
    expect(late.status).toBe(409);
  });

  it('a runner that reports within the pause is first, and its report stays', async () => {
    const clock = new FakeClock();
    const { drone, runner } = await open({ cancelPauseMs: 1000, clock });
    const build = drone.createBuild({ yaml: YAML });
    const stage = await runner.start('test');
    drone.cancel(build.id);
    const [step] = stage.steps;
    const report = {
      ...stage,
      status: 'killed',
      exit_code: 137,
      steps: [{ ...step, status: 'killed', exit_code: 137 }],
    };

    expect((await runner.putStage(report)).status).toBe(200);
    await clock.step(1000);

    expect(drone.build(build.id)).toMatchObject({
      status: 'killed',
      stages: [{ version: 4, exit_code: 137, steps: [{ exit_code: 137, version: 2 }] }],
    });
  });

  it('a stage that never started is skipped, also one that waits for others', async () => {
    const { drone } = await open();
    const build = drone.createBuild({
      yaml: YAML,
      stages: [{ name: 'a' }, { name: 'b', depends_on: ['a'] }],
    });

    drone.cancel(build.id);

    expect(drone.build(build.id).stages.map((stage) => stage.status)).toEqual(['skipped', 'skipped']);
    expect(drone.build(build.id).status).toBe('killed');
  });

  it('finishing an accepted, cancelled stage as skipped turns the build into a success', async () => {
    const { drone, runner } = await open();
    const build = drone.createBuild({ yaml: YAML });
    const offer = build.stages[0]?.id ?? 0;
    drone.cancel(build.id);
    const stage = JSON.parse((await runner.accept(offer)).text) as object;

    await runner.putStage({ ...stage, status: 'skipped' });

    expect(drone.build(build.id).status).toBe('success');
  });

  it('a newer push makes it skipped; a finished build is left alone', async () => {
    const { drone } = await open();
    const build = drone.createBuild({ yaml: YAML });

    expect(drone.cancel(build.id, 'skipped')).toBe(true);
    expect(drone.cancel(build.id)).toBe(false);
    expect(drone.build(build.id).status).toBe('skipped');
  });

  it('waitForBuild resolves only when stages are rewritten too', async () => {
    const clock = new FakeClock();
    const { drone, runner } = await open({ cancelPauseMs: 1000, clock });
    const build = drone.createBuild({ yaml: YAML });
    await runner.start('test');
    drone.cancel(build.id);
    const waiting = drone.waitForBuild(build.id);

    await clock.step(1000);

    expect((await waiting).stages[0]).toMatchObject({ status: 'killed', steps: [{ exit_code: 130 }] });
  });
});
