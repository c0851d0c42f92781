import { silentLogger } from '@hangar/shared/logger';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import type { RunPlan } from '../pipeline/run-plan.ts';
import { begun, concluded, ended, newStage, type StepState } from '../pipeline/stage-state.ts';
import { aPlan, aPlannedStep } from '../supervise/testing/a-plan.ts';
import { aStage, FakeCiServer } from '../supervise/testing/fake-ci-server.ts';
import { type Registered, Reporter } from './reporter.ts';
import { likelyVersions } from './step-versions.ts';

const never = new AbortController().signal;
const plan: RunPlan = aPlan([aPlannedStep(1), aPlannedStep(2)]);
const fresh = newStage(plan);
const CANCELLED = { kind: 'cancelled' } as const;

const stepOf = (n: number, state = fresh): StepState => {
  const step = state.get(n);
  if (!step) throw new Error(`no step ${n}`);
  return step;
};
const running = (n: number): StepState => stepOf(n, begun(fresh, n, 1_000));
const done = (n: number): StepState => stepOf(n, ended(fresh, n, { code: 0, startMs: 1_000, endMs: 2_000 }));

/** A stage that was taken over; its first step has that version at the server. */
function begin(version: number, changes: Partial<Registered> = {}) {
  const stage = aStage({ status: 'running', version: 4 });
  const server = new FakeCiServer(stage);
  server.register([1, 2]);
  server.register([1], version);
  const stepIds = new Map([
    [1, 100],
    [2, 200],
  ]);
  const registered = { stage, plan, stepIds, versions: 'unknown', adoptions: 1, ...changes } as const;
  const reporter = new Reporter({ clock: new FakeClock(), ciServer: server, log: silentLogger }, registered);
  return { server, reporter, versionOf: (n: number) => server.step(n)?.version };
}

describe('the end of a step whose version at the server is higher than each guess', () => {
  // It was reported while the stage waited, again when it began, and once more for a lost response.
  const VERSION = 9;

  it('is reported once the stage is known to be open: then another version is no cancel', async () => {
    const { reporter, server } = begin(VERSION);
    expect([await reporter.step(done(1), never), server.statusOf(1)]).toEqual(['conflict', 'pending']);
    expect([await reporter.stepOfOpenStage(done(1), never), server.statusOf(1)]).toEqual([
      'reported',
      'success',
    ]);
    expect(reporter.knows(1)).toBe(true);
  });

  it('is reported after the end of the stage, which was open then, if nothing has shown that before', async () => {
    const { reporter, server } = begin(VERSION);
    const state = new Map([
      [1, done(1)],
      [2, done(2)],
    ]);
    for (const step of state.values()) await reporter.step(step, never);
    expect(await reporter.finish(state, { kind: 'completed' }, never)).toBe('reported');
    expect([server.statusOf(1), server.statusOf(2), server.stage.status]).toEqual([
      'success',
      'success',
      'success',
    ]);
  });

  it('is not reported after an end of the stage that conflicts: the server has an end of the step, too', async () => {
    const { reporter, server, versionOf } = begin(VERSION);
    server.cancel();
    expect(await reporter.finish(new Map([[1, done(1)]]), { kind: 'completed' }, never)).toBe('conflict');
    expect(versionOf(1)).toBe(VERSION + 1);
  });
});

describe('the end of a stage that has exceeded its time', () => {
  const TIMED_OUT = { kind: 'timed-out' } as const;
  const state = concluded(begun(fresh, 1, 1_000), plan, TIMED_OUT, 2_000);

  it('is reported with the other version that the stage may have after a takeover: no cancel explains the conflict', async () => {
    const { reporter, server } = begin(2);
    server.stage = { ...server.stage, version: 3 };
    expect(await reporter.finish(state, TIMED_OUT, never)).toBe('reported');
    expect(server.stage.status).toBe('killed');
  });
});

describe('a step whose version is stale, which keeps the server from taking the end of the stage with its steps', () => {
  it('gets its end after that of the stage, and so do the other steps', async () => {
    const { reporter, server } = begin(1, { versions: 'exact' });
    await reporter.step(running(2), never);
    server.register([1], 5);
    const state = new Map([
      [1, done(1)],
      [2, done(2)],
    ]);
    expect(await reporter.finish(state, { kind: 'completed' }, never)).toBe('reported');
    expect([1, 2].map((n) => server.statusOf(n))).toEqual(['success', 'success']);
  });
});

describe('the likely versions of a step', () => {
  const takeover = { plan, adoptions: 2, takenOverMs: 0 };
  const waited = { ...takeover, recordedVersions: new Map([[1, 2]]) };
  const late = { ...running(2), startedMs: 120_000 };

  it.each([
    ['one that runs', running(1), takeover, [1, 2, 3]],
    ['one that has ended', done(1), takeover, [2, 3, 4, 1]],
    ['one that runs, and was reported while the stage waited', running(1), waited, [2, 3, 4]],
    ['one that has ended, and was reported while the stage waited', done(1), waited, [3, 4, 5, 2]],
    ['another step of such a stage', running(2), waited, [1, 2, 3]],
    ['one that began after the takeover', late, takeover, [1]],
  ])('are as many as former owners may have reported it: %s', (_, step, about, want) => {
    expect(likelyVersions(step, about)).toEqual(want);
  });
});

describe('the start of a step whose version at the server is higher than each guess', () => {
  it('replaces nothing, also in a stage that is open: the server has the start already, or a later state', async () => {
    const { reporter, versionOf } = begin(4);
    expect(await reporter.step(running(1), never)).toBe('conflict');
    expect(await reporter.stepOfOpenStage(running(1), never)).toBe('conflict');
    expect([versionOf(1), reporter.knows(1)]).toEqual([4, false]);
  });
});

describe('a step that the server had cancelled when it was reported as running', () => {
  /** Step 2 began while nobody was there; a cancel at that time made it `skipped`, with the version that a start has. */
  async function revived() {
    const all = begin(1);
    all.server.cancel();
    expect(await all.reporter.step(running(2), never)).toBe('reported');
    expect(all.server.statusOf(2)).toBe('running');
    all.reporter.cancelled();
    return { ...all, state: concluded(begun(fresh, 2, 1_000), plan, CANCELLED, 2_000) };
  }

  it('gets its end with the cancel of the stage: else it would be shown as running for ever', async () => {
    const { reporter, server, state, versionOf } = await revived();
    const before = versionOf(1);
    expect(await reporter.finish(state, CANCELLED, never)).toBe('conflict');
    expect([server.statusOf(2), server.stage.status]).toEqual(['killed', 'killed']);
    // This process has reported nothing of it.
    expect(versionOf(1)).toBe(before);
  });

  it('keeps the end that the server has given it since', async () => {
    const { reporter, server, state } = await revived();
    server.cancel();
    const version = server.step(2)?.version;
    await reporter.finish(state, CANCELLED, never);
    expect(server.step(2)?.version).toBe(version);
  });

  it('gets its end also if this process has made every report, and a response was lost before the cancel', async () => {
    const { reporter, server } = begin(1, { versions: 'exact' });
    server.cancel();
    const [update, place] = [server.updateStep.bind(server), { isFirst: true }];
    server.updateStep = async (step, signal) => {
      const answer = await update(step, signal);
      const isLost = place.isFirst && answer.kind === 'conflict';
      place.isFirst = false;
      return isLost ? { ...answer, afterLostAnswer: true } : answer;
    };
    expect([await reporter.step(running(1), never), server.statusOf(1)]).toEqual(['reported', 'running']);
    const state = concluded(begun(fresh, 1, 1_000), plan, CANCELLED, 2_000);
    expect(await reporter.finish(state, CANCELLED, never)).toBe('conflict');
    expect(server.statusOf(1)).toBe('killed');
  });
});
