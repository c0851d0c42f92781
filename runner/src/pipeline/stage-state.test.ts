import { describe, expect, it } from 'vitest';
import { aPlan, aPlannedStep } from '../supervise/testing/a-plan.ts';
import { aStage } from '../supervise/testing/fake-ci-server.ts';
import {
  begun,
  type Conclusion,
  concluded,
  corrected,
  ended,
  isFinal,
  newStage,
  type StageState,
  skipped,
  stageEnd,
  startingStage,
  toDroneStep,
} from './stage-state.ts';

const plan = aPlan([1, 2, 3].map((n) => aPlannedStep(n)));
const at = (code: number, more: object = {}) => ({ code, startMs: 1_000, endMs: 2_000, ...more });
const COMPLETED: Conclusion = { kind: 'completed' };
const CANCELLED: Conclusion = { kind: 'cancelled' };
const TIMED_OUT: Conclusion = { kind: 'timed-out' };

/** Status and exit code of all steps, in order. */
const reports = (state: StageState) =>
  [...state.values()].map(({ status, exitCode }) => `${status} ${exitCode}`);

describe('a step (previous-runner §6.3, §6.4)', () => {
  const fresh = newStage(plan);

  it('is pending, runs, ends', () => {
    expect(reports(fresh)).toEqual(['pending 0', 'pending 0', 'pending 0']);
    const running = begun(fresh, 1, 500);
    expect(running.get(1)).toMatchObject({ status: 'running', startedMs: 500 });
    expect(ended(running, 1, at(0)).get(1)).toMatchObject({
      status: 'success',
      startedMs: 1_000,
      endedMs: 2_000,
    });
  });

  it.each([
    [0, 'success 0'],
    [1, 'failure 1'],
    [2, 'failure 2'],
    [78, 'success 78'],
    [137, 'failure 137'],
    [213, 'failure 213'],
    [255, 'failure 255'],
  ])('that exits with %i is told as %s', (code, want) => {
    expect(reports(ended(fresh, 1, at(code)))[0]).toBe(want);
  });

  it('killed for memory says so, with the code of a kill whatever its own (known issue 36)', () => {
    expect(ended(fresh, 1, at(2, { oom: true })).get(1)).toMatchObject({
      status: 'failure',
      exitCode: 137,
      error: 'killed: out of memory',
    });
  });

  it.each([0, 78])('that ends well with %i is not called killed for a child that was', (code) => {
    expect(ended(fresh, 1, at(code, { oom: true })).get(1)).toMatchObject({
      status: 'success',
      exitCode: code,
      error: '',
    });
  });

  it('that is final stays as it is: what is said twice, or late, changes nothing', () => {
    const done = ended(fresh, 1, at(3));
    expect(begun(done, 1, 9)).toBe(done);
    expect(ended(done, 1, at(0))).toBe(done);
    expect(skipped(done, 1, 9)).toBe(done);
  });

  it('that runs is begun or skipped no more', () => {
    const running = begun(fresh, 1, 500);
    expect(begun(running, 1, 600)).toBe(running);
    expect(skipped(running, 1, 600)).toBe(running);
  });

  it('that does not exist changes nothing', () => {
    expect(begun(fresh, 9, 1)).toBe(fresh);
    expect(corrected(fresh, 9, at(0))).toBe(fresh);
  });

  it('is put right by the kubelet, whatever was told before', () => {
    const wrong = ended(fresh, 1, at(0));
    expect(reports(corrected(wrong, 1, at(1)))[0]).toBe('failure 1');
    expect(reports(corrected(skipped(fresh, 1, 5), 1, at(0)))[0]).toBe('success 0');
    expect(corrected(ended(fresh, 1, at(137)), 1, at(137, { oom: true })).get(1)?.error).toBe(
      'killed: out of memory',
    );
    expect(corrected(wrong, 1, at(0, { endMs: 9_000 }))).toBe(wrong);
  });

  it('is final unless pending or running; one that nobody knows is', () => {
    expect([1, 2, 9].map((n) => isFinal(skipped(fresh, 1, 1), n))).toEqual([true, false, true]);
    expect(isFinal(begun(fresh, 1, 1), 1)).toBe(false);
  });
});

/** previous-runner §6.6, drone-rpc §4.4, §4.6. */
describe('a stage ends (previous-runner §6.1, §6.4)', () => {
  const state = (...codes: readonly (number | 'running' | 'pending')[]): StageState =>
    codes.reduce<StageState>((now, code, index) => {
      if (code === 'pending') return now;
      return code === 'running' ? begun(now, index + 1, 1_000) : ended(now, index + 1, at(code));
    }, newStage(plan));
  const ignoring = aPlan([aPlannedStep(1, { fails: 'ignore' }), aPlannedStep(2), aPlannedStep(3)]);
  const beside = aPlan([aPlannedStep(1, { role: 'background' }), aPlannedStep(2), aPlannedStep(3)]);

  it.each([
    ['all well', plan, state(0, 0, 0), COMPLETED, 'success', 0, ['success 0', 'success 0', 'success 0']],
    [
      'one failed',
      plan,
      state(1, 'pending', 0),
      COMPLETED,
      'failure',
      0,
      ['failure 1', 'skipped 0', 'success 0'],
    ],
    [
      'early and well',
      plan,
      state(78, 'pending', 'pending'),
      COMPLETED,
      'success',
      0,
      ['success 78', 'skipped 0', 'skipped 0'],
    ],
    [
      'an ignored failure',
      ignoring,
      state(1, 0, 0),
      COMPLETED,
      'success',
      0,
      ['failure 1', 'success 0', 'success 0'],
    ],
    [
      'a failing one beside it',
      beside,
      state('running', 0, 0),
      COMPLETED,
      'success',
      0,
      ['success 0', 'success 0', 'success 0'],
    ],
    [
      'cancelled',
      plan,
      state(0, 'running', 'pending'),
      CANCELLED,
      'killed',
      137,
      ['success 0', 'killed 137', 'skipped 0'],
    ],
    [
      'cancelled between steps',
      plan,
      state(0, 'pending', 'pending'),
      CANCELLED,
      'killed',
      0,
      ['success 0', 'skipped 0', 'skipped 0'],
    ],
    [
      'cancelled after a failure',
      plan,
      state(1, 'running', 'pending'),
      CANCELLED,
      'killed',
      137,
      ['failure 1', 'killed 137', 'skipped 0'],
    ],
    [
      'too late',
      plan,
      state(0, 'running', 'pending'),
      TIMED_OUT,
      'killed',
      137,
      ['success 0', 'killed 137', 'skipped 0'],
    ],
    [
      'broken as a whole',
      plan,
      state(0, 'running', 'pending'),
      { kind: 'broken', text: 'lost' },
      'error',
      255,
      ['success 0', 'error 255', 'skipped 0'],
    ],
    [
      'broken by a step that never ran',
      plan,
      state(0, 'pending', 'pending'),
      { kind: 'broken', text: 'lost', step: 2 },
      'error',
      255,
      ['success 0', 'error 255', 'skipped 0'],
    ],
    [
      'broken by a step that is over',
      plan,
      state(0, 'running', 'pending'),
      { kind: 'broken', text: 'lost', step: 1 },
      'error',
      255,
      ['success 0', 'error 255', 'skipped 0'],
    ],
    [
      'broken beside a service',
      beside,
      state('running', 'running', 0),
      { kind: 'broken', text: 'lost' },
      'error',
      255,
      ['killed 137', 'error 255', 'success 0'],
    ],
  ] as const)('%s', (...[, of, before, conclusion, status, exitCode, steps]) => {
    const closed = concluded(before, of, conclusion, 5_000);
    expect(reports(closed)).toEqual(steps);
    expect(stageEnd(closed, of, conclusion)).toEqual({
      status,
      exitCode,
      error: conclusion.kind === 'broken' ? 'lost' : '',
    });
    expect([...closed.values()].every(({ endedMs, startedMs }) => endedMs > 0 && startedMs > 0)).toBe(true);
  });

  it('leaves nothing out that the plan has, and nothing in that it has not', () => {
    const closed = concluded(
      new Map(newStage(aPlan([aPlannedStep(1), aPlannedStep(9)]))),
      aPlan([aPlannedStep(1), aPlannedStep(2)]),
      COMPLETED,
      1,
    );
    expect([...closed.keys()]).toEqual([1]);
  });

  it('counts an error of an ordinary step as a failure', () => {
    const closed = new Map(newStage(plan)).set(1, { ...state(1).get(1), status: 'error' } as never);
    expect(stageEnd(closed, plan, COMPLETED).status).toBe('failure');
  });
});

describe('what the server is told', () => {
  it('a step with every field, times in seconds', () => {
    const of = aPlan([aPlannedStep(1, { role: 'background', fails: 'ignore', dependsOn: ['clone'] })]);
    const step = { ...ended(newStage(of), 1, at(3)).get(1), schema: 'https://cards/1' } as never;
    expect(toDroneStep(step, { plan: of, stageId: 63, id: 201, version: 2 })).toEqual({
      id: 201,
      stageId: 63,
      number: 1,
      name: 's1',
      status: 'failure',
      error: '',
      errIgnore: true,
      exitCode: 3,
      started: 1,
      stopped: 2,
      version: 2,
      dependsOn: ['clone'],
      image: 'docker.io/library/i1:1',
      detached: true,
      schema: 'https://cards/1',
    });
  });

  it('a step that is not in the plan without a name', () => {
    const [step] = newStage(aPlan([aPlannedStep(7)])).values();
    expect(step && toDroneStep(step, { plan, stageId: 63, id: 1, version: 1 })).toMatchObject({
      name: '',
      image: '',
      dependsOn: [],
    });
  });

  it('the start registers all steps, and echoes the stage', () => {
    const starting = startingStage(aStage({ labels: { pool: 'large' } }), plan, 9_500);
    expect(starting).toMatchObject({
      id: 63,
      version: 3,
      status: 'running',
      started: 9,
      stopped: 0,
      labels: { pool: 'large' },
    });
    expect(starting.steps.map(({ number, id, version, status }) => [number, id, version, status])).toEqual([
      [1, 0, 0, 'pending'],
      [2, 0, 0, 'pending'],
      [3, 0, 0, 'pending'],
    ]);
  });
});
