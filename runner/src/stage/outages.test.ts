import { noAnswer, refusal } from '@hangar/shared/testing/fake-cluster';
import { describe, expect, it, onTestFinished } from 'vitest';
import { anEntry } from '../metrics/testing/an-entry.ts';
import { ANNOTATION } from '../pipeline/compiled.ts';
import { aStage } from '../supervise/testing/fake-ci-server.ts';
import { runStage } from './run-stage.ts';
import { aDetail, TestStage } from './testing/test-stage.ts';

const DAY_MS = 24 * 3_600_000;

/** A stage that has just been accepted. */
function begin(prepare: (world: TestStage) => void = () => undefined): TestStage {
  const world = new TestStage();
  onTestFinished(() => world.close());
  prepare(world);
  world.intents.set(63, { stageId: 63, buildId: 41, machine: 'me' });
  world.registry.enter(anEntry({ stageId: 63, phase: 'preparing' }));
  void runStage(world.parts, { stage: aStage(), machine: 'me' }, world.handOver.signal);
  return world;
}

describe('an accepted stage while the Kubernetes API has trouble (issue 11, 1.4)', () => {
  const errors = [
    ['does not answer', noAnswer()],
    ['answers 500', refusal(500, 'InternalError')],
    ['refuses the token', refusal(401, 'Unauthorized')],
    ['lacks a right for a while', refusal(403, 'Forbidden', 'cannot create resource "pods"')],
  ] as const;
  const calls = [
    ['the PATCH of the Lease', 'enter'],
    ['the first list of a namespace', 'list pods'],
    ['the creation of the Pod', 'create pods'],
    ['the creation of its Secret', 'create secrets'],
    ['the PATCH that starts the Pod', 'patch pods'],
  ] as const;
  const cases = errors.flatMap(([how, error]) => calls.map(([what, call]) => ({ how, error, what, call })));

  it.each(cases)('goes on when $what works again, after an API server that $how', async ({ error, call }) => {
    let isAway = true;
    const world = begin(({ cluster, parts, entered }) => {
      cluster.intercept(({ verb, target }) => {
        if (isAway && call === `${verb} ${target.resource.plural}`) throw error;
      });
      Object.assign(parts.lease, {
        enter: (namespace: string) =>
          isAway && call === 'enter' ? Promise.reject(error) : Promise.resolve(void entered.push(namespace)),
      });
    });
    await world.clock.step(120_000);
    expect(world.registry.entries).toMatchObject([
      { reason: expect.stringMatching(/^waiting for the Kubernetes API, to /) as string },
    ]);
    isAway = false;
    await world.clock.step(31_000);
    expect(world.registry.entries).toMatchObject([{ phase: 'running', reason: '' }]);
    await world.finishSteps();
    expect(world.reports.at(-1)).toBe('stage success');
  });

  it('ends with a clear error where a right is missing for longer than an upgrade takes', async () => {
    const world = begin(({ cluster }) =>
      cluster.intercept(({ verb }) => {
        if (verb === 'list') throw refusal(403, 'Forbidden', 'User "u" cannot list resource "pods"');
      }),
    );
    await world.clock.step(360_000);
    expect(world.server.stage).toMatchObject({
      status: 'error',
      error: 'the runner may not list Pods: User "u" cannot list resource "pods"',
    });
    expect(world.heard).toContain('failed right-missing operator');
  });

  it('is cancelled in the middle of it', async () => {
    const world = begin(({ cluster }) =>
      cluster.intercept(({ verb }) => (verb === 'list' ? new Promise(() => undefined) : undefined)),
    );
    await world.clock.step(1_000);
    world.cancel();
    await world.clock.step(0);
    expect([world.server.stage.status, world.registry.entries]).toEqual(['killed', []]);
  });
});

describe('a hand-over while a call is on its way whose answer must not be lost (issue 11, 1.5)', () => {
  /** The server answers the start when it is told to. */
  function slowStart() {
    const answer = Promise.withResolvers<void>();
    const world = begin(({ server }) =>
      Object.assign(server, { gate: answer.promise, detail: () => Promise.resolve(server.details) }),
    );
    return { world, answer: () => answer.resolve() };
  }

  it('waits for the answer to the start, and writes it on the Pod', async () => {
    const { world, answer } = slowStart();
    await world.clock.step(1_000);
    world.handOver.abort(new Error('going'));
    await world.clock.step(1_000);
    expect(world.registry.entries).toHaveLength(1);
    answer();
    await world.clock.step(0);
    expect(world.pod?.metadata?.annotations?.[ANNOTATION.stepIds]).toBe('{"1":100,"2":200}');
    expect([world.registry.entries, world.reports, world.intents.size]).toEqual([[], ['stage running'], 1]);
  });

  it('waits no longer than two seconds', async () => {
    const { world } = slowStart();
    await world.clock.step(1_000);
    world.handOver.abort(new Error('going'));
    await world.clock.step(1_999);
    expect(world.registry.entries).toHaveLength(1);
    await world.clock.step(1);
    expect([world.registry.entries, world.intents.size, world.pod === undefined]).toEqual([[], 1, false]);
  });

  it('writes the answer although the API server has trouble just then', async () => {
    const { world, answer } = slowStart();
    await world.clock.step(1_000);
    world.cluster.fail('patch', 'pods', noAnswer(), refusal(500, 'InternalError'));
    world.handOver.abort(new Error('going'));
    answer();
    await world.clock.step(1_000);
    expect(world.pod?.metadata?.annotations?.[ANNOTATION.stepIds]).toBe('{"1":100,"2":200}');
    expect(world.registry.entries).toEqual([]);
  });
});

describe('a Pod that can’t be removed when its stage is reported (chaos F12)', () => {
  it.each([
    ['after its steps', false],
    ['before its steps', true],
  ])('is looked after again, as by a replica that finds it: %s', async (_, isEarly) => {
    const world = begin(({ cluster, server }) => {
      if (isEarly) cluster.fail('patch', 'pods', refusal(422, 'Invalid'));
      cluster.intercept(({ verb }) => {
        if (verb === 'remove') throw new Error('the Lease was lost');
      });
      server.details = { ...aDetail(), stage: server.stage };
    });
    await world.clock.step(1_000);
    const uid = world.pod?.metadata?.uid ?? '';
    if (!isEarly) await world.finishSteps();
    await world.clock.step(1_000);
    expect([world.registry.isQuiet, world.intents.size, world.pod === undefined]).toEqual([true, 0, false]);
    expect(world.registry.hasLanded(uid)).toBe(false);
  });
});

describe('a stage whose end the Drone server doesn’t take', () => {
  /** It has ended, and every call waits for the server. */
  async function ended() {
    const world = begin();
    await world.clock.step(0);
    const back = Promise.withResolvers<void>();
    world.server.gate = back.promise;
    await world.finishSteps();
    return { world, back: () => back.resolve() };
  }

  it('keeps its Pod and its record, takes no capacity, and is reported when the server is back', async () => {
    const { world, back } = await ended();
    await world.clock.step(DAY_MS);
    expect(world.registry.entries).toMatchObject([{ phase: 'reporting' }]);
    expect([world.pod === undefined, world.intents.size]).toEqual([false, 1]);
    back();
    await world.clock.step(0);
    expect(world.reports.at(-1)).toBe('stage success');
    expect([world.pod, world.intents.size, world.registry.isQuiet]).toEqual([undefined, 0, true]);
  });

  it('is given up after the retention, which is counted and logged', async () => {
    const { world } = await ended();
    await world.clock.step(2 * DAY_MS - 60_000);
    expect(world.heard).not.toContain('expired');
    await world.clock.step(60_000);
    expect(world.heard).toContain('expired');
    expect([world.pod, world.intents.size, world.registry.isQuiet]).toEqual([undefined, 0, true]);
  });

  it('is given up, too, where it never had a Pod', async () => {
    const world = begin(({ server }) =>
      Object.assign(server, {
        gate: new Promise(() => undefined),
        detail: () => Promise.reject(new Error('git is away')),
      }),
    );
    await world.clock.step(2 * DAY_MS - 1);
    expect([world.heard.includes('expired'), world.intents.size]).toEqual([false, 1]);
    await world.clock.step(1);
    expect([world.heard.includes('expired'), world.intents.size, world.registry.isQuiet]).toEqual([
      true,
      0,
      true,
    ]);
  });
});
