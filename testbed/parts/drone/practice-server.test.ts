import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type PracticeServer, startPracticeServer } from './practice-server.ts';
import { RpcCaller } from './rpc-caller.ts';

vi.setConfig({ testTimeout: 30_000 });

const YAML = 'kind: pipeline\ntype: kubernetes\nname: default\nsteps:\n- name: test\n  image: alpine\n';

let drone: PracticeServer;
let runner: RpcCaller;

beforeEach(async () => {
  drone = await startPracticeServer({ secret: 's3cret', longPollMs: 200 });
  runner = new RpcCaller(drone.url, 's3cret');
});

afterEach(async () => {
  await drone.close();
});

describe('a stage from poll to finish', () => {
  it('ends the build with steps, statuses, exit codes and logs', async () => {
    const build = drone.createBuild({ yaml: YAML });
    const stage = await runner.start('clone', 'test');
    const [clone, test] = stage.steps;
    if (clone === undefined || test === undefined) throw new Error('steps are missing');
    const running = await runner.step(clone, { status: 'running', started: 1_768_383_007 });
    await runner.batch(clone.id, [{ pos: 0, out: 'cloning\n', time: 0 }]);
    expect(drone.liveLog(build.id, 'clone')).toEqual([{ pos: 0, out: 'cloning\n', time: 0 }]);
    await runner.upload(clone.id, [{ pos: 0, out: 'cloning\n', time: 0 }]);
    const cloned = await runner.step(running, { status: 'success', stopped: 1_768_383_009 });
    const failed = {
      ...test,
      status: 'failure',
      exit_code: 2,
      started: 1_768_383_009,
      stopped: 1_768_383_010,
    };

    const ended = await runner.putStage({ ...stage, status: 'failure', steps: [cloned, failed] });

    expect(ended.status).toBe(200);
    const final = await drone.waitForBuild(build.id);
    expect(final).toMatchObject({
      status: 'failure',
      stages: [{ status: 'failure', version: 4, machine: 'tester' }],
    });
    expect(
      final.stages[0]?.steps.map((step) => [step.name, step.status, step.exit_code, step.version]),
    ).toEqual([
      ['clone', 'success', 0, 4],
      ['test', 'failure', 2, 2],
    ]);
    expect(drone.logText(build.id, 'clone')).toBe('cloning\n');
    expect(drone.liveLog(build.id, 'clone')).toBeUndefined();
    expect(drone.complaints).toEqual([]);
    drone.calls.assertNoOverlap();
    expect(drone.calls.all.map((call) => [call.endpoint, call.status])).toEqual([
      ['request', 200],
      ['accept', 200],
      ['stage-update', 200],
      ['step-update', 200],
      ['log-batch', 200],
      ['log-upload', 200],
      ['step-update', 200],
      ['stage-update', 200],
    ]);
  });

  it('a build that is not finished keeps waitForBuild waiting until its timeout, which reports its status', async () => {
    const build = drone.createBuild({ yaml: YAML });

    const waiting = drone.waitForBuild(build.id, { timeoutMs: 20 });

    await expect(waiting).rejects.toThrow(/build \d+ pending: default pending/);
  });
});

describe('a build of several stages (drone-rpc §8.16)', () => {
  it('skips what depends on a failure, runs what waits for one, and takes the status of the first bad stage', async () => {
    const build = drone.createBuild({
      yaml: YAML,
      stages: [
        { name: 'a' },
        { name: 'b', depends_on: ['a'] },
        { name: 'c', depends_on: ['b'] },
        { name: 'd', depends_on: ['a'], on_success: false, on_failure: true },
        { name: 'e', depends_on: ['d'], on_failure: true },
      ],
    });
    await runner.putStage({ ...(await runner.take()), status: 'error' });
    const statuses = () => drone.build(build.id).stages.map((stage) => stage.status);
    expect(statuses()).toEqual(['error', 'skipped', 'skipped', 'pending', 'waiting_on_dependencies']);

    await runner.putStage({ ...(await runner.take()), status: 'failure' });
    expect(drone.build(build.id).status).toBe('pending');
    await runner.putStage({ ...(await runner.take()), status: 'success' });

    expect(statuses()).toEqual(['error', 'skipped', 'skipped', 'failure', 'success']);
    expect((await drone.waitForBuild(build.id)).status).toBe('error');
  });
});
