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

/** A server that keeps versions as Drone does; `script` answers before it does, call by call. */
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
  const ciServer: Pick<CiServer, 'updateStep' | 'updateStage'> = {
    updateStep: async (step, signal) => {
      sent.push(`${step.number} ${step.status} v${step.version}`);
      const scripted = await script.shift()?.(signal);
      if (scripted) return scripted;
      if (kept.get(step.number) !== step.version) return { kind: 'conflict', afterLostAnswer: false };
      kept.set(step.number, step.version + 1);
      return { kind: 'updated', value: { ...step, version: step.version + 1 } };
    },
    updateStage: async (whole) => {
      finishes.push(whole);
      return (await stageScript.shift()?.()) ?? { kind: 'updated', value: whole };
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

describe('a step of a stage that we started', () => {
  it('takes over the version of each answer', async () => {
    const { reporter, sent } = begin();
    expect(await reporter.step(running(1), never)).toBe('reported');
    expect(await reporter.step(done(1), never)).toBe('reported');
    expect(sent).toEqual(['1 running v1', '1 success v2']);
    expect([reporter.stepId(1), reporter.stepId(9)]).toEqual([201, 0]);
  });

  it('is reported in turn, one update at a time', async () => {
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

  it('that conflicts was cancelled, and is not tried again', async () => {
    const { reporter, kept, sent } = begin();
    kept.set(1, 2);
    expect(await reporter.step(running(1), never)).toBe('conflict');
    expect(sent).toHaveLength(1);
  });

  it('that conflicts after a lost answer is tried once with the next version (drone-rpc §4.9)', async () => {
    const { reporter, kept, sent, script } = begin();
    kept.set(1, 2);
    script.push(() => conflict(true));
    expect(await reporter.step(running(1), never)).toBe('reported');
    expect(await reporter.step(done(1), never)).toBe('reported');
    expect(sent).toEqual(['1 running v1', '1 running v2', '1 success v3']);
  });

  it('that conflicts after a lost answer and once more was cancelled', async () => {
    const { reporter, kept, sent, script } = begin();
    kept.set(1, 9);
    script.push(() => conflict(true));
    expect(await reporter.step(running(1), never)).toBe('conflict');
    expect(sent).toHaveLength(2);
  });

  it('that the server refuses has failed, and the next is reported all the same', async () => {
    const { reporter, script } = begin();
    script.push(() => Promise.reject(new CiServerError('PUT step', 500, 'trouble')));
    expect(await reporter.step(running(1), never)).toBe('failed');
    expect(await reporter.step(running(2), never)).toBe('reported');
  });

  it('is not sent any more once nobody wants it, and does not keep back others', async () => {
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
    ['not told yet', running(1), 1, ['1 running v1']],
    ['told to be running', running(1), 2, ['1 running v1', '1 running v2']],
    ['ended, told to be running', done(1), 2, ['1 success v2']],
    ['ended, and told so', done(1), 3, ['1 success v2', '1 success v3']],
    ['ended, never told', done(1), 1, ['1 success v2', '1 success v3', '1 success v1']],
  ])('%s', async (_, step, version, want) => {
    const { reporter, sent } = begin('unknown', [[1, version]]);
    expect(reporter.knows(1)).toBe(false);
    expect(await reporter.step(step, never)).toBe('reported');
    expect(sent).toEqual(want);
    expect(reporter.knows(1)).toBe(true);
  });

  it('is exact from its first success on', async () => {
    const { reporter, sent } = begin('unknown', [[1, 2]]);
    await reporter.step(running(1), never);
    await reporter.step(done(1), never);
    expect(sent.at(-1)).toBe('1 success v3');
  });

  it('with no version that fits, it was cancelled', async () => {
    const { reporter } = begin('unknown', [[1, 7]]);
    expect(await reporter.step(done(1), never)).toBe('conflict');
  });
});

describe('the stage’s end', () => {
  const state = new Map([
    [1, done(1)],
    [2, done(2, 1)],
  ]);

  it('carries all steps of which the version is known, and the version of the start', async () => {
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

  it('that conflicts for a stale step is told once more without steps', async () => {
    const { reporter, finishes, stageScript } = begin();
    stageScript.push(() => conflict(false));
    expect(await reporter.finish(state, { kind: 'completed' }, never)).toBe('reported');
    expect(finishes.map((one) => one.steps.length)).toEqual([2, 0]);
  });

  it.each([
    ['after a lost answer: it was told', { kind: 'completed' }, true, 1],
    ['of a cancel: the server knows', { kind: 'cancelled' }, false, 1],
    ['twice: it was cancelled', { kind: 'completed' }, false, 2],
  ] as const)('that conflicts %s', async (_, conclusion, lost, times) => {
    const { reporter, finishes, stageScript } = begin();
    stageScript.push(
      () => conflict(lost),
      () => conflict(false),
    );
    expect(await reporter.finish(state, conclusion, never)).toBe('conflict');
    expect(finishes).toHaveLength(times);
  });

  it('that the server refuses for good has failed', async () => {
    const { reporter, stageScript } = begin();
    stageScript.push(
      () => conflict(false),
      () => Promise.reject(new CiServerError('PUT stage', 500, 'trouble')),
    );
    expect(await reporter.finish(state, { kind: 'completed' }, never)).toBe('failed');
  });
});

describe('a look at a stage', () => {
  const state = new Map([
    [1, done(1)],
    [2, done(2)],
  ]);

  /** A server that keeps the stage's version; `lose` drops an answer: of a call that it carried out, or did not. */
  function beginWith(version: number, versions: 'exact' | 'unknown' = 'exact') {
    const server = { version, status: 'running', buildStatus: 'running', details: 0, starts: 0 };
    const script: ('refuse' | 'lose-done' | 'lose-undone')[] = [];
    const put = (whole: DroneStage): Update<DroneStage> => {
      if (whole.version !== server.version) return { kind: 'conflict', afterLostAnswer: false };
      server.version += 1;
      server.status = whole.status;
      return { kind: 'updated', value: { ...whole, version: server.version } };
    };
    const ciServer: Pick<CiServer, 'updateStage' | 'detail'> = {
      updateStage: (whole) => {
        if (whole.status === 'running') server.starts += 1;
        const how = script.shift();
        if (how === 'refuse') return Promise.reject(new CiServerError('PUT stage', 500, 'trouble'));
        if (how === 'lose-done') put(whole);
        const update = put(whole);
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
    const writeDown = (version: number): Promise<boolean> => Promise.resolve(written.push(version) > 0);
    const stepIds = new Map([
      [1, 201],
      [2, 202],
    ]);
    const reporter = new Reporter(
      { clock: new FakeClock(), ciServer: ciServer as CiServer, log: silentLogger },
      { stage, plan, stepIds, versions },
    );
    return { reporter, server, script, written, look: () => reporter.look(writeDown, never) };
  }

  it('finds it as it was told, and the end carries the version that the look made', async () => {
    const { reporter, server, written, look } = beginWith(3);
    expect([await look(), await look()]).toEqual(['reported', 'reported']);
    expect([server.version, written]).toEqual([5, [4, 5]]);
    expect(await reporter.finish(state, { kind: 'completed' }, never)).toBe('reported');
  });

  it('finds a cancel, which the stage or its build confirms', async () => {
    const { server, look } = beginWith(4);
    server.status = 'killed';
    expect([await look(), server.details]).toEqual(['conflict', 1]);
    const rewritten = beginWith(4);
    rewritten.server.buildStatus = 'killed';
    expect(await rewritten.look()).toBe('conflict');
  });

  it.each([1, 2, 9])('finds a stage of an older backup open, at whatever version: %i', async (version) => {
    const { reporter, server, look } = beginWith(version);
    expect([await look(), server.details]).toEqual(['reported', 1]);
    expect(await reporter.finish(state, { kind: 'completed' }, never)).toBe('reported');
    expect(server.status).toBe('success');
  });

  it.each([1, 2, 9])('is not needed to end a stage of an older backup: %i', async (version) => {
    const { reporter, server } = beginWith(version);
    expect(await reporter.finish(state, { kind: 'completed' }, never)).toBe('reported');
    expect(server.status).toBe('success');
  });

  it('is not made before the version is written down that it will make', async () => {
    const { reporter, server } = beginWith(3);
    expect(await reporter.look(() => Promise.resolve(false), never)).toBe('failed');
    expect([server.starts, server.version]).toEqual([0, 3]);
    // It may be on the Pod all the same.
    expect(reporter.stageVersion).toBe(4);
  });

  it('whose answer was lost is told apart from a cancel by the stage itself', async () => {
    const carriedOut = beginWith(3);
    carriedOut.script.push('lose-done');
    expect([await carriedOut.look(), carriedOut.server.details]).toEqual(['reported', 1]);
    expect([await carriedOut.look(), carriedOut.server.details]).toEqual(['reported', 1]);

    const cancelled = beginWith(4);
    Object.assign(cancelled.server, { status: 'killed', buildStatus: 'killed' });
    cancelled.script.push('lose-undone');
    expect(await cancelled.look()).toBe('conflict');

    const notRewrittenYet = beginWith(3);
    notRewrittenYet.server.buildStatus = 'killed';
    notRewrittenYet.script.push('lose-done');
    expect(await notRewrittenYet.look()).toBe('conflict');
  });

  it('that failed makes no cancel of the next one, whether it was carried out or not', async () => {
    for (const version of [3, 4]) {
      const { server, script, look } = beginWith(3);
      script.push('refuse');
      expect(await look()).toBe('failed');
      server.version = version;
      expect(await look()).toBe('reported');
      expect(server.details).toBe(version - 3);
    }
  });

  it('leaves open what neither the answer nor the stage itself tells', async () => {
    const { script, look } = beginWith(3);
    script.push('lose-done', 'refuse');
    expect(await look()).toBe('failed');
    expect(await look()).toBe('reported');
  });

  it.each([3, 4])('that failed does not keep the end from being told: version %i', async (version) => {
    const { reporter, server, script, look } = beginWith(3);
    script.push('refuse');
    await look();
    server.version = version;
    expect(await reporter.finish(state, { kind: 'completed' }, never)).toBe('reported');
  });

  it('is not made once the end is on its way: it would open the stage again', async () => {
    const { reporter, server, look } = beginWith(3);
    const [finished, looked] = await Promise.all([
      reporter.finish(state, { kind: 'completed' }, never),
      look(),
    ]);
    expect([finished, looked, server.status, server.starts]).toEqual(['reported', 'failed', 'success', 0]);
  });

  it.each([
    ['made the look that it wrote down', 3, 'reported'],
    ['was lost before it', 2, 'reported'],
    ['was cancelled', 4, 'conflict'],
  ] as const)('after a replica that %s finds the right version', async (_, version, found) => {
    const { reporter, look, server } = beginWith(version, 'unknown');
    if (found === 'conflict') server.status = 'killed';
    expect([await look(), server.details]).toEqual([found, found === 'conflict' ? 1 : 0]);
    const ended = await reporter.finish(state, { kind: 'completed' }, never);
    expect(ended).toBe(found);
  });

  it('is not needed to end a stage of a replica that was lost before the look that it wrote down', async () => {
    const { reporter, server } = beginWith(2, 'unknown');
    expect(await reporter.finish(state, { kind: 'completed' }, never)).toBe('reported');
    expect(server.status).toBe('success');
  });
});
