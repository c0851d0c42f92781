import { createLogger } from '@hangar/shared/logger';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { noAnswer, refusal } from '@hangar/shared/testing/fake-cluster';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RunnerMetrics } from '../metrics/runner-metrics.ts';
import { anEntry } from '../metrics/testing/an-entry.ts';
import { ANNOTATION } from '../pipeline/compiled.ts';
import { aStage } from '../supervise/testing/fake-ci-server.ts';
import { runStage } from './run-stage.ts';
import { aDetail, TestStage } from './testing/test-stage.ts';

const DAY_MS = 24 * 3_600_000;
const QUIET = {
  ...{ stages: [], unschedulablePods: 0, orphanedPods: 0 },
  ...{ watchStaleMs: 0, pollAgeMs: 0, eventLoopLagMs: 0 },
};

/** A stage that has just been accepted. */
function begin(prepare: (env: TestStage) => void = () => undefined): TestStage {
  const env = new TestStage();
  onTestFinished(() => env.close());
  prepare(env);
  env.intents.set(63, { stageId: 63, buildId: 41, machine: 'me' });
  env.registry.enter(anEntry({ stageId: 63, phase: 'preparing' }));
  void runStage(env.parts, { stage: aStage(), machine: 'me' }, env.handOver.signal);
  return env;
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

  it.each(cases)(
    'continues when $what works again, after an API server that $how',
    async ({ error, call }) => {
      let isAway = true;
      const env = begin(({ cluster, parts, entered }) => {
        cluster.intercept(({ verb, target }) => {
          if (isAway && call === `${verb} ${target.resource.plural}`) throw error;
        });
        Object.assign(parts.lease, {
          enter: (namespace: string) =>
            isAway && call === 'enter'
              ? Promise.reject(error)
              : Promise.resolve(void entered.push(namespace)),
        });
      });
      await env.clock.step(120_000);
      expect(env.registry.entries).toMatchObject([
        { reason: expect.stringMatching(/^waiting for the Kubernetes API, to /) as string },
      ]);
      isAway = false;
      await env.clock.step(31_000);
      expect(env.registry.entries).toMatchObject([{ phase: 'running', reason: '' }]);
      await env.finishSteps();
      expect(env.reports.at(-1)).toBe('stage success');
    },
  );

  it('ends with a clear error if a permission is missing for longer than an upgrade takes', async () => {
    const env = begin(({ cluster }) =>
      cluster.intercept(({ verb }) => {
        if (verb === 'list') throw refusal(403, 'Forbidden', 'User "u" cannot list resource "pods"');
      }),
    );
    await env.clock.step(360_000);
    expect(env.server.stage).toMatchObject({
      status: 'error',
      error: 'the runner is not allowed to list Pods: User "u" cannot list resource "pods"',
    });
    expect(env.heard).toContain('failed right-missing operator');
  });

  it('can be cancelled during the outage', async () => {
    const env = begin(({ cluster }) =>
      cluster.intercept(({ verb }) => (verb === 'list' ? new Promise(() => undefined) : undefined)),
    );
    await env.clock.step(1_000);
    env.cancel();
    await env.clock.step(0);
    expect([env.server.stage.status, env.registry.entries]).toEqual(['killed', []]);
  });
});

describe('a hand-over during a call whose response must not be lost (issue 11, 1.5)', () => {
  /** The server responds to the start when the test lets it. */
  function slowStart() {
    const answer = Promise.withResolvers<void>();
    const env = begin(({ server }) =>
      Object.assign(server, { gate: answer.promise, detail: () => Promise.resolve(server.details) }),
    );
    return { env, answer: () => answer.resolve() };
  }

  it('waits for the response to the start, and writes it to the Pod', async () => {
    const { env, answer } = slowStart();
    await env.clock.step(1_000);
    env.handOver.abort(new Error('going'));
    await env.clock.step(1_000);
    expect(env.registry.entries).toHaveLength(1);
    answer();
    await env.clock.step(0);
    expect(env.pod?.metadata?.annotations?.[ANNOTATION.stepIds]).toBe('{"1":100,"2":200}');
    expect([env.registry.entries, env.reports, env.intents.size]).toEqual([[], ['stage running'], 1]);
  });

  it('waits no longer than two seconds', async () => {
    const { env } = slowStart();
    await env.clock.step(1_000);
    env.handOver.abort(new Error('going'));
    await env.clock.step(1_999);
    expect(env.registry.entries).toHaveLength(1);
    await env.clock.step(1);
    expect([env.registry.entries, env.intents.size, env.pod === undefined]).toEqual([[], 1, false]);
  });

  it('writes the response although the API server fails at that time', async () => {
    const { env, answer } = slowStart();
    await env.clock.step(1_000);
    env.cluster.fail('patch', 'pods', noAnswer(), refusal(500, 'InternalError'));
    env.handOver.abort(new Error('going'));
    answer();
    await env.clock.step(1_000);
    expect(env.pod?.metadata?.annotations?.[ANNOTATION.stepIds]).toBe('{"1":100,"2":200}');
    expect(env.registry.entries).toEqual([]);
  });
});

describe('a Pod that can’t be removed when its stage is reported (chaos F12)', () => {
  it.each([
    ['after its steps', false],
    ['before its steps', true],
  ])('is handled again, like a Pod found by another replica: %s', async (_, isEarly) => {
    const env = begin(({ cluster, server }) => {
      if (isEarly) cluster.fail('patch', 'pods', refusal(422, 'Invalid'));
      cluster.intercept(({ verb }) => {
        if (verb === 'remove') throw new Error('the Lease was lost');
      });
      server.details = { ...aDetail(), stage: server.stage };
    });
    await env.clock.step(1_000);
    const uid = env.pod?.metadata?.uid ?? '';
    if (!isEarly) await env.finishSteps();
    await env.clock.step(1_000);
    expect([env.registry.isQuiet, env.intents.size, env.pod === undefined]).toEqual([true, 0, false]);
    expect(env.registry.hasLanded(uid)).toBe(false);
  });
});

describe('a stage whose end the Drone server doesn’t accept', () => {
  /** The stage has ended, and every call waits for the server. */
  async function ended(prepare?: (env: TestStage) => void) {
    const env = begin(prepare);
    await env.clock.step(0);
    const back = Promise.withResolvers<void>();
    env.server.gate = back.promise;
    await env.finishSteps();
    return { env, back: () => back.resolve() };
  }

  it('keeps its Pod and its record, uses no capacity, and is reported when the server is available again', async () => {
    const { env, back } = await ended();
    await env.clock.step(DAY_MS);
    expect(env.registry.entries).toMatchObject([{ phase: 'reporting' }]);
    expect([env.pod === undefined, env.intents.size]).toEqual([false, 1]);
    back();
    await env.clock.step(0);
    expect(env.reports.at(-1)).toBe('stage success');
    expect([env.pod, env.intents.size, env.registry.isQuiet]).toEqual([undefined, 0, true]);
  });

  it('is removed after the retention, which is counted and logged', async () => {
    const lines: string[] = [];
    const metrics = new RunnerMetrics(new FakeClock(), { version: '1.2.3', machine: 'm1', capacity: 5 });
    const log = createLogger('error', { write: (line) => void lines.push(line) });
    const { env } = await ended(({ parts }) => Object.assign(parts, { events: metrics, log }));
    const counted = async (): Promise<string | undefined> =>
      /^hangar_runner_expired_stages_total (\d+)$/m.exec(await metrics.text(QUIET))?.[1];
    await env.clock.step(2 * DAY_MS - 60_000);
    expect([await counted(), lines, env.intents.size]).toEqual(['0', [], 1]);
    await env.clock.step(60_000);
    expect(await counted()).toBe('1');
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      {
        level: 'error',
        stageId: 63,
        buildId: 41,
        retentionMs: 2 * DAY_MS,
        msg: 'the Drone server has not accepted the end of a stage within HANGAR_RECORD_RETENTION: its Pod and its record are removed',
      },
    ]);
    expect([env.pod, env.intents.size, env.registry.isQuiet]).toEqual([undefined, 0, true]);
  });

  it('is removed after the retention without ever having had a Pod', async () => {
    const env = begin(({ server }) =>
      Object.assign(server, {
        gate: new Promise(() => undefined),
        detail: () => Promise.reject(new Error('git is away')),
      }),
    );
    await env.clock.step(2 * DAY_MS - 1);
    expect([env.heard.includes('expired'), env.intents.size]).toEqual([false, 1]);
    await env.clock.step(1);
    expect([env.heard.includes('expired'), env.intents.size, env.registry.isQuiet]).toEqual([true, 0, true]);
  });
});
