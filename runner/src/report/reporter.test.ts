import { silentLogger } from '@hangar/shared/logger';
import { FakeClock, settle } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import type { DroneStage, DroneStep } from '../pipeline/drone.ts';
import type { RunPlan } from '../pipeline/run-plan.ts';
import { begun, ended, newStage, type StageState, type StepState } from '../pipeline/stage-state.ts';
import { type CiServer, CiServerError, type Update } from '../ports/ci-server.ts';
import { Reporter } from './reporter.ts';

const never = new AbortController().signal;
const steps = [1, 2].map((n) => ({ n, name: `step${n}`, role: 'step', dependsOn: [] }));
const plan = { steps } as unknown as RunPlan;
const stage = { id: 63, version: 3, status: 'running', started: 7 } as unknown as DroneStage;
const fresh = newStage(plan);

/** A server that keeps versions like Drone; the entries of `script` take precedence, one per call. */
function begin(
  versions: 'exact' | 'unknown' = 'exact',
  atServer: readonly [number, number][] = [
    [1, 1],
    [2, 1],
  ],
) {
  const kept = new Map(atServer);
  const sent: string[] = [];
  const finishes: DroneStage[] = [];
  const script: ((signal: AbortSignal) => Promise<Update<DroneStep> | undefined>)[] = [];
  const stageScript: (() => Promise<Update<DroneStage>>)[] = [];
  const ciServer: Pick<CiServer, 'updateStep' | 'updateStage' | 'detail'> = {
    detail: () => Promise.resolve({ stage: { ...stage, status: 'killed' }, build: {} } as never),
    updateStep: async (step, signal) => {
      sent.push(`${step.number} ${step.status} v${step.version}`);
      const scripted = await script.shift()?.(signal);
      if (scripted) return scripted;
      if (kept.get(step.number) !== step.version) return { kind: 'conflict', afterLostAnswer: false };
      kept.set(step.number, step.version + 1);
      return { kind: 'updated', value: { ...step, version: step.version + 1 } };
    },
    updateStage: async (sentStage) => {
      finishes.push(sentStage);
      return (await stageScript.shift()?.()) ?? { kind: 'updated', value: sentStage };
    },
  };
  const reporter = new Reporter(
    { clock: new FakeClock(), ciServer: ciServer as CiServer, log: silentLogger },
    {
      stage,
      plan,
      stepIds: new Map([
        [1, 201],
        [2, 202],
      ]),
      versions,
    },
  );
  return { reporter, kept, sent, finishes, script, stageScript };
}

const conflict = (afterLostAnswer: boolean) =>
  Promise.resolve({ kind: 'conflict', afterLostAnswer } as const);
const stepOf = (state: StageState, n: number): StepState => {
  const step = state.get(n);
  if (!step) throw new Error(`no step ${n}`);
  return step;
};
const running = (n: number): StepState => stepOf(begun(fresh, n, 1_000), n);
const done = (n: number, code = 0): StepState =>
  stepOf(ended(fresh, n, { code, startMs: 1_000, endMs: 2_000 }), n);

describe('a step of a stage that we started (previous-runner §6.5, §6.10)', () => {
  it('is reported with the version from the last response', async () => {
    const { reporter, sent } = begin();
    expect(await reporter.step(running(1), never)).toBe('reported');
    expect(await reporter.step(done(1), never)).toBe('reported');
    expect(sent).toEqual(['1 running v1', '1 success v2']);
    expect([reporter.stepId(1), reporter.stepId(9)]).toEqual([201, 0]);
  });

  it('is reported in order, one update at a time', async () => {
    const { reporter, sent, script } = begin();
    let answer = (): void => undefined;
    script.push(
      () =>
        new Promise((resolve) => {
          answer = () => resolve(undefined);
        }),
    );
    const both = [reporter.step(running(1), never), reporter.step(running(2), never)];
    await settle();
    expect(sent).toEqual(['1 running v1']);
    answer();
    expect(await Promise.all(both)).toEqual(['reported', 'reported']);
  });

  it('was cancelled if it conflicts, and is not retried', async () => {
    const { reporter, kept, sent } = begin();
    kept.set(1, 2);
    expect(await reporter.step(running(1), never)).toBe('conflict');
    expect(sent).toHaveLength(1);
  });

  it('is retried once with the next version if it conflicts after a lost response (drone-rpc §4.9)', async () => {
    const { reporter, kept, sent, script } = begin();
    kept.set(1, 2);
    script.push(() => conflict(true));
    expect(await reporter.step(running(1), never)).toBe('reported');
    expect(await reporter.step(done(1), never)).toBe('reported');
    expect(sent).toEqual(['1 running v1', '1 running v2', '1 success v3']);
  });

  it('was cancelled if it conflicts after a lost response and again', async () => {
    const { reporter, kept, sent, script } = begin();
    kept.set(1, 9);
    script.push(() => conflict(true));
    expect(await reporter.step(running(1), never)).toBe('conflict');
    expect(sent).toHaveLength(2);
  });

  it('has failed if the server rejects it, and the next one is reported nevertheless', async () => {
    const { reporter, script } = begin();
    script.push(() => Promise.reject(new CiServerError('PUT step', 500, 'trouble')));
    expect(await reporter.step(running(1), never)).toBe('failed');
    expect(await reporter.step(running(2), never)).toBe('reported');
  });

  it('is not sent after its signal is aborted, and does not block others', async () => {
    const { reporter, sent, script } = begin();
    const stop = new AbortController();
    script.push(
      (signal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    );
    const outcomes = [
      reporter.step(running(1), stop.signal),
      reporter.step(done(1), stop.signal),
      reporter.step(running(2), never),
    ];
    await settle();
    stop.abort(new Error('over'));
    expect(await Promise.all(outcomes)).toEqual(['failed', 'failed', 'reported']);
    expect(sent).toEqual(['1 running v1', '2 running v1']);
  });
});

describe('a step of a stage that was taken over: its version is found by trial (gate §4)', () => {
  it.each([
    ['not reported yet', running(1), 1, ['1 running v1']],
    ['reported as running', running(1), 2, ['1 running v1', '1 running v2']],
    ['ended, reported as running', done(1), 2, ['1 success v2']],
    ['ended and reported', done(1), 3, ['1 success v2', '1 success v3']],
    ['ended, never reported', done(1), 1, ['1 success v2', '1 success v3', '1 success v1']],
  ])('%s', async (_, step, version, want) => {
    const { reporter, sent } = begin('unknown', [[1, version]]);
    expect(reporter.knows(1)).toBe(false);
    expect(await reporter.step(step, never)).toBe('reported');
    expect(sent).toEqual(want);
    expect(reporter.knows(1)).toBe(true);
  });

  it('is known after its first successful report', async () => {
    const { reporter, sent } = begin('unknown', [[1, 2]]);
    await reporter.step(running(1), never);
    await reporter.step(done(1), never);
    expect(sent.at(-1)).toBe('1 success v3');
  });

  it('was cancelled if no version matches', async () => {
    const { reporter } = begin('unknown', [[1, 7]]);
    expect(await reporter.step(done(1), never)).toBe('conflict');
  });
});

describe('the stage’s end', () => {
  const state = new Map([
    [1, done(1)],
    [2, done(2, 1)],
  ]);

  it('includes all steps whose version is known, and the version of the start', async () => {
    const { reporter, finishes } = begin();
    await reporter.step(running(1), never);
    expect(await reporter.finish(state, { kind: 'completed' }, never)).toBe('reported');
    expect(finishes).toMatchObject([
      {
        id: 63,
        version: 3,
        status: 'failure',
        started: 7,
        stopped: 1_768_383_000,
        steps: [
          { number: 1, version: 2 },
          { number: 2, version: 1 },
        ],
      },
    ]);
    const adopted = begin('unknown');
    await adopted.reporter.finish(state, { kind: 'completed' }, never);
    expect(adopted.finishes[0]?.steps).toEqual([]);
  });

  it('is reported again without steps if it conflicts because of a stale step', async () => {
    const { reporter, finishes, stageScript } = begin();
    stageScript.push(() => conflict(false));
    expect(await reporter.finish(state, { kind: 'completed' }, never)).toBe('reported');
    expect(finishes.map((one) => one.steps.length)).toEqual([2, 0]);
  });

  it.each([
    ['after a lost response: it was reported', { kind: 'completed' }, true, 2],
    ['after a cancel: the server has the end', { kind: 'cancelled' }, false, 1],
    ['twice: the details show that it was cancelled', { kind: 'completed' }, false, 2],
  ] as const)('that conflicts %s', async (_, conclusion, lost, times) => {
    const { reporter, finishes, stageScript } = begin();
    stageScript.push(
      () => conflict(lost),
      () => conflict(false),
    );
    expect(await reporter.finish(state, conclusion, never)).toBe('conflict');
    expect(finishes).toHaveLength(times);
  });

  it('has failed if the server rejects it permanently', async () => {
    const { reporter, stageScript } = begin();
    stageScript.push(
      () => conflict(false),
      () => Promise.reject(new CiServerError('PUT stage', 500, 'trouble')),
    );
    expect(await reporter.finish(state, { kind: 'completed' }, never)).toBe('failed');
  });
});

describe('a stage that has ended at the server', () => {
  it('is not reported again once its details show that (chaos, 62 minutes)', async () => {
    const { reporter, finishes } = begin('unknown');

    expect(await reporter.stateAtServer(never, never)).toBe('over');
    expect(await reporter.finish(fresh, { kind: 'cancelled' }, never)).toBe('conflict');
    expect(finishes).toEqual([]);
  });

  it('is not reported as cancelled by who has taken it over: the previous owner may have reported its success', async () => {
    const { reporter, finishes } = begin('unknown');
    reporter.cancelled();

    expect(await reporter.finish(fresh, { kind: 'cancelled' }, never)).toBe('conflict');
    expect(finishes).toEqual([]);
  });

  it('is reported as cancelled by who has made every report: the version proves that it is open', async () => {
    const { reporter, finishes } = begin('exact');
    reporter.cancelled();

    expect(await reporter.finish(fresh, { kind: 'cancelled' }, never)).toBe('reported');
    expect(finishes).toMatchObject([{ status: 'killed' }]);
  });
});

describe('a state check', () => {
  const state = new Map([
    [1, done(1)],
    [2, done(2)],
  ]);

  /** A server that keeps the stage's version; `lose-done` and `lose-undone` drop the response of a call that was or was not applied. */
  function beginWith(version: number, versions: 'exact' | 'unknown' = 'exact') {
    const server = { version, status: 'running', buildStatus: 'running', details: 0, starts: 0 };
    const script: ('refuse' | 'lose-done' | 'lose-undone')[] = [];
    const put = (sentStage: DroneStage): Update<DroneStage> => {
      if (sentStage.version !== server.version) return { kind: 'conflict', afterLostAnswer: false };
      server.version += 1;
      server.status = sentStage.status;
      return { kind: 'updated', value: { ...sentStage, version: server.version } };
    };
    const ciServer: Pick<CiServer, 'updateStage' | 'detail' | 'ping'> = {
      ping: () => Promise.resolve(),
      updateStage: (sentStage) => {
        if (sentStage.status === 'running') server.starts += 1;
        const how = script.shift();
        if (how === 'refuse') return Promise.reject(new CiServerError('PUT stage', 500, 'trouble'));
        if (how === 'lose-done') put(sentStage);
        const update = put(sentStage);
        const isLost = how !== undefined && update.kind === 'conflict';
        return Promise.resolve(isLost ? { ...update, afterLostAnswer: true } : update);
      },
      detail: () => {
        server.details += 1;
        if (script.shift()) return Promise.reject(new CiServerError('detail', 500, 'no Git host'));
        const now = { ...stage, version: server.version, status: server.status };
        return Promise.resolve({ stage: now, build: { status: server.buildStatus } } as never);
      },
    };
    const written: number[] = [];
    const recordVersion = (version: number): Promise<boolean> => Promise.resolve(written.push(version) > 0);
    const stepIds = new Map([
      [1, 201],
      [2, 202],
    ]);
    const clock = new FakeClock();
    const reporter = new Reporter(
      { clock, ciServer: ciServer as CiServer, log: silentLogger },
      { stage, plan, stepIds, versions },
    );
    return {
      reporter,
      ciServer,
      server,
      script,
      written,
      clock,
      checkState: () => reporter.checkState(recordVersion, never),
    };
  }

  it('is not needed to end a stage whose version differs from the recorded one, although a lost response precedes the conflict (chaos, 62 minutes)', async () => {
    const { reporter, server, script } = beginWith(7, 'unknown');
    script.push('lose-undone');
    expect(await reporter.finish(state, { kind: 'completed' }, never)).toBe('reported');
    expect([server.status, server.details]).toEqual(['success', 1]);
  });

  it('is not needed to find that a stage has ended, and its end is not reported a second time', async () => {
    const { reporter, server, script } = beginWith(3);
    script.push('lose-done');
    expect(await reporter.finish(state, { kind: 'completed' }, never)).toBe('conflict');
    // Details would let a failing Git host replace that end by an error.
    expect([server.status, server.version, server.details]).toEqual(['success', 4, 0]);
  });

  it('is not needed to end a stage while the details cannot be read: they are read until they can', async () => {
    const { reporter, server, script, clock } = beginWith(7, 'unknown');
    script.push('lose-undone', 'lose-undone', 'lose-undone', 'lose-undone', 'lose-undone');
    const finished = reporter.finish(state, { kind: 'completed' }, never);
    await clock.step(120_000);
    expect([await finished, server.status]).toEqual(['reported', 'success']);
    expect(server.details).toBeGreaterThan(1);
  });

  it('finds the reported state, and the end has the version that the check produced', async () => {
    const { reporter, server, written, checkState } = beginWith(3);
    expect([await checkState(), await checkState()]).toEqual(['reported', 'reported']);
    expect([server.version, written]).toEqual([5, [4, 5]]);
    expect(await reporter.finish(state, { kind: 'completed' }, never)).toBe('reported');
  });

  it('finds a cancel that the stage or its build confirms', async () => {
    const { server, checkState } = beginWith(4);
    server.status = 'killed';
    expect([await checkState(), server.details]).toEqual(['conflict', 1]);
    const rewritten = beginWith(4);
    rewritten.server.buildStatus = 'killed';
    expect(await rewritten.checkState()).toBe('conflict');
  });

  it.each([1, 2, 9])('finds a stage from an older backup open, at any version: %i', async (version) => {
    const { reporter, server, checkState } = beginWith(version);
    expect([await checkState(), server.details]).toEqual(['reported', 1]);
    expect(await reporter.finish(state, { kind: 'completed' }, never)).toBe('reported');
    expect(server.status).toBe('success');
  });

  it('is not needed to end a stage that is accepted and not started in an older backup', async () => {
    const { reporter, server } = beginWith(9);
    server.status = 'pending';
    expect(await reporter.finish(state, { kind: 'completed' }, never)).toBe('reported');
    expect(server.status).toBe('success');
  });

  it.each([1, 2, 9])('is not needed to end a stage from an older backup: %i', async (version) => {
    const { reporter, server } = beginWith(version);
    expect(await reporter.finish(state, { kind: 'completed' }, never)).toBe('reported');
    expect(server.status).toBe('success');
  });

  it('is not made before the version that it will produce is recorded', async () => {
    const { reporter, server } = beginWith(3);
    expect(await reporter.checkState(() => Promise.resolve(false), never)).toBe('failed');
    expect([server.starts, server.version]).toEqual([0, 3]);
    // The Pod may have it nevertheless.
    expect(reporter.stageVersion).toBe(4);
  });

  it('with a lost response is distinguished from a cancel by the details of the stage', async () => {
    const carriedOut = beginWith(3);
    carriedOut.script.push('lose-done');
    expect([await carriedOut.checkState(), carriedOut.server.details]).toEqual(['reported', 1]);
    expect([await carriedOut.checkState(), carriedOut.server.details]).toEqual(['reported', 1]);

    const cancelled = beginWith(4);
    Object.assign(cancelled.server, { status: 'killed', buildStatus: 'killed' });
    cancelled.script.push('lose-undone');
    expect(await cancelled.checkState()).toBe('conflict');

    const notRewrittenYet = beginWith(3);
    notRewrittenYet.server.buildStatus = 'killed';
    notRewrittenYet.script.push('lose-done');
    expect(await notRewrittenYet.checkState()).toBe('conflict');
  });

  it('that failed does not make the next one report a cancel, whether it was applied or not', async () => {
    for (const version of [3, 4]) {
      const { server, script, checkState } = beginWith(3);
      script.push('refuse');
      expect(await checkState()).toBe('failed');
      server.version = version;
      expect(await checkState()).toBe('reported');
      expect(server.details).toBe(version - 3);
    }
  });

  it('fails if neither the response nor the details show the state', async () => {
    const { script, checkState } = beginWith(3);
    script.push('lose-done', 'refuse');
    expect(await checkState()).toBe('failed');
    expect(await checkState()).toBe('reported');
  });

  it.each([3, 4])('that failed does not prevent the report of the end: version %i', async (version) => {
    const { reporter, server, script, checkState } = beginWith(3);
    script.push('refuse');
    await checkState();
    server.version = version;
    expect(await reporter.finish(state, { kind: 'completed' }, never)).toBe('reported');
  });

  it('is not made while the end is reported, as it would open the stage again', async () => {
    const { reporter, server, checkState } = beginWith(3);
    const [finished, checked] = await Promise.all([
      reporter.finish(state, { kind: 'completed' }, never),
      checkState(),
    ]);
    expect([finished, checked, server.status, server.starts]).toEqual(['reported', 'failed', 'success', 0]);
  });

  it.each([
    ['made the check that it recorded', 3, 'reported'],
    ['was lost before it', 2, 'reported'],
    ['was cancelled', 4, 'conflict'],
  ] as const)('after a replica that %s finds the right version', async (_, version, found) => {
    const { reporter, checkState, server } = beginWith(version, 'unknown');
    if (found === 'conflict') server.status = 'killed';
    expect([await checkState(), server.details]).toEqual([found, found === 'conflict' ? 1 : 0]);
    const ended = await reporter.finish(state, { kind: 'completed' }, never);
    expect(ended).toBe(found);
  });

  describe('while the details can’t be read, after a conflict', () => {
    const HOUR_MS = 3_600_000;
    const GIT_HOST = new CiServerError('detail', 500, 'no Git host');
    const NO_ROWS = new CiServerError('detail', 500, 'sql: no rows in result set', { missing: true });

    /** The server answers pings, and its details fail. */
    function failing(error: Error = GIT_HOST) {
      const all = { ...beginWith(9), fails: true };
      const { server } = all;
      const read = all.ciServer.detail;
      all.ciServer.detail = (id, signal, how) => {
        expect(how).toEqual({ isRepeated: false });
        if (!all.fails) return read(id, signal, how);
        server.details += 1;
        return Promise.reject(error);
      };
      return all;
    }

    it('shows nothing: the next one requests them again', async () => {
      const env = failing();
      expect([await env.checkState(), env.server.details]).toEqual(['failed', 1]);
      env.fails = false;
      expect([await env.checkState(), env.server.details]).toEqual(['reported', 2]);
    });

    it.each([
      ['running', 'open'],
      ['killed', 'over'],
    ])(
      'they are requested until they can, since a wrong guess would stop a build: %s',
      async (status, want) => {
        const env = failing();
        env.server.status = status;
        let state = 'not read';
        void env.reporter.stateAtServer(never, never).then((read) => (state = read));
        await env.clock.step(HOUR_MS);
        expect(state).toBe('not read');
        env.fails = false;
        await env.clock.step(30_000);
        expect(state).toBe(want);
      },
    );

    it('the stage is over if the server has no such row, three times over five minutes while it answers pings', async () => {
      const { reporter, clock } = failing(NO_ROWS);
      const state = reporter.stateAtServer(never, never);
      await clock.step(300_000);
      expect(reporter.isUnknown).toBe(false);
      await clock.step(30_000);
      expect([await state, reporter.isUnknown]).toEqual(['over', true]);
    });

    it('so is one that is checked again and again', async () => {
      const { reporter, clock, checkState } = failing(NO_ROWS);
      for (let n = 0; n < 2; n++) {
        expect(await checkState()).toBe('failed');
        await clock.step(150_000);
      }
      expect([await checkState(), reporter.isUnknown]).toEqual(['unknown', true]);
    });

    it('so is one whose end is reported', async () => {
      const { reporter, clock } = failing(NO_ROWS);
      const finished = reporter.finish(state, { kind: 'completed' }, never);
      await clock.step(330_000);
      expect([await finished, reporter.isUnknown]).toEqual(['unknown', true]);
    });

    it('that proves nothing while the server answers no pings', async () => {
      const { reporter, clock, ciServer } = failing(NO_ROWS);
      ciServer.ping = () => Promise.reject(new CiServerError('ping', 0, 'no answer'));
      void reporter.stateAtServer(never, never);
      await clock.step(HOUR_MS);
      expect(reporter.isUnknown).toBe(false);
    });

    it('the end is reported at once, and not after the pause between two requests', async () => {
      const env = failing();
      const stateAtServer = env.reporter.stateAtServer(never, never);
      await env.clock.step(70_000);
      env.fails = false;
      const finished = env.reporter.finish(state, { kind: 'completed' }, never);
      await env.clock.step(0);
      expect([await finished, env.server.status, await stateAtServer]).toEqual([
        'reported',
        'success',
        'unread',
      ]);
    });

    it('they are not requested again once that is not needed any more, also not after the pause', async () => {
      const { reporter, server, clock } = failing();
      const unneeded = new AbortController();
      const state = reporter.stateAtServer(never, unneeded.signal);
      await clock.step(400);
      unneeded.abort();
      expect([await state, server.details]).toEqual(['unread', 1]);
    });

    it('they are requested once if that is not needed at all', async () => {
      const { reporter, server } = failing();
      expect([await reporter.stateAtServer(never, AbortSignal.abort()), server.details]).toEqual([
        'unread',
        1,
      ]);
    });
  });

  it('is not needed to end a stage of a replica that was lost before the check that it recorded', async () => {
    const { reporter, server } = beginWith(2, 'unknown');
    expect(await reporter.finish(state, { kind: 'completed' }, never)).toBe('reported');
    expect(server.status).toBe('success');
  });
});
