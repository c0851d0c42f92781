import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type PracticeServer, startPracticeServer } from './practice-server.ts';
import { RpcCaller } from './rpc-caller.ts';
import type { WireStage } from './wire.ts';

vi.setConfig({ testTimeout: 30_000 });

const YAML = 'kind: pipeline\ntype: kubernetes\n';

let drone: PracticeServer;
let runner: RpcCaller;

beforeEach(async () => {
  drone = await startPracticeServer({ secret: 's', longPollMs: 60_000 });
  runner = new RpcCaller(drone.url, 's');
});

afterEach(async () => {
  await drone.close();
});

const stageIn = (text: string) => JSON.parse(text) as WireStage;

describe('offers (drone-rpc §8.4)', () => {
  it('an unaccepted stage is offered again, to the same runner too, and nothing is written', async () => {
    const build = drone.createBuild({ yaml: YAML });

    const offers = [await runner.poll(), await runner.poll()].map((answer) => stageIn(answer.text).id);

    expect(offers).toEqual([build.stages[0]?.id, build.stages[0]?.id]);
    expect(drone.stage(build.id)).toMatchObject({ version: 1, machine: '' });
  });

  it('an accepted stage is not offered again', async () => {
    drone.createBuild({ yaml: YAML });
    await runner.take();
    const second = drone.createBuild({ yaml: YAML });

    const offer = stageIn((await runner.poll()).text);

    expect(offer.build_id).toBe(second.id);
  });

  it('a poll whose client disconnects is dropped, and the stage is offered to the next one', async () => {
    const hangUp = new AbortController();
    const lost = runner.poll({}, hangUp.signal).catch(() => 'hung up');
    await drone.waitUntil('the poll', {}, () => drone.waitingPolls === 1);
    hangUp.abort();
    expect(await lost).toBe('hung up');
    await drone.waitUntil('the poll to be forgotten', {}, () => drone.waitingPolls === 0);
    const build = drone.createBuild({ yaml: YAML });

    expect(stageIn((await runner.poll()).text).build_id).toBe(build.id);
  });

  it('an offer that is lost with its connection costs nothing', async () => {
    drone.createBuild({ yaml: YAML });
    drone.faults.cutAfter('request');

    await expect(runner.poll()).rejects.toThrow();

    expect((await runner.poll()).status).toBe(200);
  });
});

describe('accepting (drone-rpc §8.5)', () => {
  it('is refused with 409 once a machine is set', async () => {
    drone.createBuild({ yaml: YAML });
    const stage = stageIn((await runner.poll()).text);
    const first = await runner.accept(stage.id, 'pod a&b');

    const second = await runner.accept(stage.id, 'other');

    expect(stageIn(first.text)).toMatchObject({ machine: 'pod a&b', status: 'pending', version: 2 });
    expect([second.status, second.text]).toEqual([409, 'Optimistic Lock Error']);
  });

  it('with an empty machine protects nothing: the stage is dealt out and accepted again', async () => {
    drone.createBuild({ yaml: YAML });
    const stage = stageIn((await runner.poll()).text);
    expect((await runner.accept(stage.id, '')).status).toBe(200);

    const again = stageIn((await runner.poll()).text);

    expect(again).toMatchObject({ id: stage.id, version: 2 });
    expect((await runner.accept(stage.id, 'real')).status).toBe(200);
  });

  it('ignores the status: a cancelled stage becomes pending again', async () => {
    const build = drone.createBuild({ yaml: YAML });
    const stage = stageIn((await runner.poll()).text);
    drone.cancel(build.id);
    expect(drone.stage(build.id).status).toBe('skipped');

    const accepted = await runner.accept(stage.id);

    expect(stageIn(accepted.text)).toMatchObject({ status: 'pending', machine: 'tester' });
    expect(drone.build(build.id).status).toBe('killed');
  });

  it('of an unknown stage is a 500', async () => {
    expect((await runner.accept(4711)).status).toBe(500);
  });
});

describe('the dispatcher (drone-rpc §7)', () => {
  const LIMITED = 'kind: pipeline\ntype: kubernetes\nconcurrency: { limit: 1 }\n';

  /** One stage of a limit of 1 accepted, the next waiting, a poll open. */
  async function limited(clock: FakeClock) {
    const server = await startPracticeServer({ secret: 's', longPollMs: 600_000, clock });
    const caller = new RpcCaller(server.url, 's');
    server.createBuild({ yaml: LIMITED });
    const first = await caller.take();
    const next = server.createBuild({ yaml: LIMITED });
    const poll = caller.poll();
    await server.waitUntil('the poll', {}, () => server.waitingPolls === 1);
    return { server, caller, first, next, poll };
  }

  it("a stage's end frees the next one at the minute's run, not at once", async () => {
    const clock = new FakeClock();
    const { server, caller, first, next, poll } = await limited(clock);
    await caller.putStage({ ...first, status: 'success' });
    await clock.step(59_999);
    expect(server.waitingPolls).toBe(1);

    await clock.step(1);

    expect(stageIn((await poll).text).build_id).toBe(next.id);
    await server.close();
  });

  it('or at the next poll', async () => {
    const { server, caller, first, next, poll } = await limited(new FakeClock());
    await caller.putStage({ ...first, status: 'success' });

    const another = await Promise.race([poll, caller.poll()]);

    expect(stageIn(another.text).build_id).toBe(next.id);
    await server.close();
  });

  it('or when something is scheduled', async () => {
    const { server, caller, first, next, poll } = await limited(new FakeClock());
    await caller.putStage({ ...first, status: 'success' });

    server.createBuild({ yaml: YAML, stages: [{ type: 'docker' }] });

    expect(stageIn((await poll).text).build_id).toBe(next.id);
    await server.close();
  });

  it('deals nothing while the queue is paused', async () => {
    drone.pauseQueue();
    const build = drone.createBuild({ yaml: YAML });
    const poll = runner.poll();
    await drone.waitUntil('the poll', {}, () => drone.waitingPolls === 1);

    drone.resumeQueue();

    expect(stageIn((await poll).text).build_id).toBe(build.id);
  });

  it('a dependent stage is dealt as soon as its dependency has ended', async () => {
    const build = drone.createBuild({
      yaml: YAML,
      stages: [{ name: 'a' }, { name: 'b', depends_on: ['a'] }],
    });
    const first = await runner.take();
    const poll = runner.poll();
    await drone.waitUntil('the poll', {}, () => drone.waitingPolls === 1);
    expect(drone.stage(build.id, 'b')).toMatchObject({ status: 'waiting_on_dependencies', version: 1 });

    await runner.putStage({ ...first, status: 'success' });

    expect(stageIn((await poll).text)).toMatchObject({ name: 'b', status: 'pending', version: 2 });
  });
});
