import { describe, expect, it } from 'vitest';
import type { BuildHistory, Effect, History, ProcessHistory } from './history.ts';
import { violationsOf } from './invariants.ts';
import { aBuild, aHistory, POD, SENT_MS, SHAPE } from './testing/a-history.ts';

const MIB = 1024 * 1024;

/** The violated invariants of a history, and what was seen. */
const found = (history: History): readonly string[] =>
  violationsOf(history, [SHAPE]).map(({ invariant, seen }) => `${invariant}: ${seen}`);
const ofBuild = (build: BuildHistory): readonly string[] => found(aHistory([build]));

const start = (step: string, afterMs: number): Effect => ({
  ...{ step, kind: 'start', pod: POD },
  atMs: SENT_MS + afterMs,
});
const withEffects = (...more: readonly Effect[]): readonly Effect[] => [...aBuild().effects, ...more];

describe('one correct final status', () => {
  const statusOf = (build: BuildHistory): readonly string[] =>
    ofBuild(build).filter((one) => one.startsWith('one correct final status'));

  it('holds for a build that ends as its shape expects', () => {
    expect(ofBuild(aBuild())).toEqual([]);
  });

  it.each(['running', 'pending'])('is violated by a build or a stage that stays %s', (status) => {
    expect(statusOf(aBuild({ status }))).toEqual([`one correct final status: ${status} forever`]);
    expect(statusOf(aBuild({}, { status }))).toEqual([`one correct final status: ${status} forever`]);
  });

  it('is violated by a success in place of a failure, and by a step with another exit code', () => {
    expect(statusOf(aBuild({ status: 'success' }, { status: 'success' }))).toHaveLength(1);
    expect(statusOf(aBuild({}, {}, { two: { exitCode: 143 } }))).toEqual([
      'one correct final status: failure [one success, two failure 143, never skipped, service success]',
    ]);
  });

  it('is violated by an error without a cause; not by an error about the loss of a Pod that was lost', () => {
    const error = { status: 'error', error: 'the Pod was deleted' };
    const destroyedMs = [SENT_MS + 4_500];
    expect(statusOf(aBuild({ status: 'error' }, error))).toHaveLength(1);
    expect(statusOf(aBuild({ status: 'error', destroyedMs }, error))).toEqual([]);
    expect(statusOf(aBuild({ status: 'error', destroyedMs }, { ...error, error: '' }))).toHaveLength(1);
    const open = { two: { status: 'running', exitCode: 0 } };
    const gone =
      'the runner was lost while this pipeline ran, and its Pod no longer exists; restart the build';
    const withError = (text: string) => {
      const { stages } = aBuild({}, {}, open);
      return aBuild({
        ...{ status: 'error', destroyedMs },
        stages: stages.map((stage) => ({ ...stage, status: 'error', error: text })),
      });
    };
    expect(statusOf(withError('the Pod was deleted'))).toHaveLength(1);
    expect(statusOf(withError(gone))).toEqual([]);
  });

  it('is violated by a skipped service, unless its Pod was destroyed', () => {
    const skipped = { service: { status: 'skipped' } };
    expect(statusOf(aBuild({}, {}, skipped)).length).toBeGreaterThan(0);
    expect(statusOf(aBuild({ destroyedMs: [SENT_MS + 6_000] }, {}, skipped))).toEqual([]);
  });

  it('is violated by a killed build that was not cancelled', () => {
    expect(statusOf(aBuild({ status: 'killed' }, { status: 'killed' }))).toHaveLength(1);
    const cancelledMs = SENT_MS + 4_500;
    expect(statusOf(aBuild({ status: 'killed', cancelledMs }, { status: 'killed' }))).toEqual([]);
  });

  it('is violated by a step that never ends in a killed build', () => {
    const cancelled = { status: 'killed', cancelledMs: SENT_MS + 4_500 };
    const steps = { two: { status: 'running', exitCode: 0 } };
    expect(statusOf(aBuild(cancelled, { status: 'killed' }, steps))).toHaveLength(1);
  });

  it('is violated by a step with success at the server that never started, or did not end', () => {
    const without = (kind: string) =>
      aBuild().effects.filter((one) => one.step !== 'one' || one.kind !== kind);
    expect(statusOf(aBuild({ effects: without('end') }))).toEqual(['one correct final status: it did not']);
    expect(statusOf(aBuild({ effects: without('start') }))).toEqual([
      'one correct final status: it never started',
    ]);
  });

  it('is violated by a step that is skipped at the server and started', () => {
    expect(statusOf(aBuild({ effects: withEffects(start('never', 6_000)) }))).toEqual([
      'one correct final status: it started',
    ]);
  });

  it('is violated by a build that ends because its start was lost, but not by a start that is repeated', () => {
    const error = 'the runner was lost while this pipeline was being started; restart the build';
    const lost = aBuild({ status: 'error', effects: [] }, { status: 'error', error });
    expect(statusOf(lost)).not.toEqual([]);
    const pending = { name: 'one', status: 'pending', exitCode: 0, lines: undefined };
    expect(statusOf(aBuild({}, { lostSteps: [pending] }))).toEqual([]);
    expect(statusOf(aBuild({}, { lostSteps: [{ ...pending, status: 'running' }] }))).toEqual([
      'one correct final status: one running',
    ]);
  });

  it('is violated by a stage that the server does not have', () => {
    expect(statusOf(aBuild({ stages: [] }))).toEqual(['one correct final status: none']);
  });
});

describe('a step runs at most once', () => {
  it('is violated by two starts of one step', () => {
    expect(ofBuild(aBuild({ effects: withEffects(start('one', 3_500)) }))).toEqual([
      'a step runs at most once: 2 times',
    ]);
  });

  it('is violated by steps of one stage in two Pods', () => {
    const effects = aBuild().effects.map((one) => (one.step === 'two' ? { ...one, pod: 'drone-2' } : one));
    expect(ofBuild(aBuild({ effects }))).toEqual(['a step runs at most once: steps ran in 2 Pods']);
  });
});

describe('nothing starts after a stop', () => {
  const late = (build: Partial<BuildHistory>, more: Partial<History> = {}): readonly string[] =>
    found(aHistory([aBuild(build)], more)).filter((one) => one.startsWith('nothing starts after a stop'));

  it('is violated by a start well after the stop of the Pod, not by one at the same moment', () => {
    expect(late({ podStoppedMs: { [POD]: SENT_MS } })).toEqual([]);
    expect(late({ podStoppedMs: { 'drone-2': SENT_MS - 1 } })).toEqual([]);
    expect(late({ podStoppedMs: { [POD]: SENT_MS - 1 } })).toEqual([
      'nothing starts after a stop: two started 1 ms too late',
    ]);
  });

  it('is violated by a start long after a cancel; faults meanwhile extend the limit', () => {
    const cancelled = { podStoppedMs: {}, cancelledMs: SENT_MS - 26_001 };
    const fault = { number: 1, kind: 'kill -9', what: '', isDone: true, toMs: SENT_MS - 20_000 };
    expect(late(cancelled)).toEqual(['nothing starts after a stop: two started 1 ms too late']);
    expect(late(cancelled, { faults: [{ ...fault, fromMs: SENT_MS - 21_000 }] })).toEqual([]);
    const before = { ...fault, fromMs: SENT_MS - 40_000, toMs: SENT_MS - 30_000 };
    expect(late(cancelled, { faults: [before] })).toHaveLength(1);
  });
});

describe('logs are complete', () => {
  const logs = (lines: readonly number[] | undefined, build: Partial<BuildHistory> = {}): readonly string[] =>
    ofBuild(aBuild(build, {}, { one: { lines } })).filter((one) => one.startsWith('logs are complete'));

  it.each<[string, readonly number[] | undefined]>([
    ['no log', undefined],
    ['the last 3 lines are missing', []],
    ['the last 1 lines are missing', [1, 2]],
    ['line 2 is missing, line 3 is there', [1, 3]],
    ['line 1 is missing, line 2 is there', [2, 3]],
    ['line 2 after line 2', [1, 2, 2, 3]],
    ['line 1 after line 2', [2, 1, 3]],
  ])('%s', (fault, lines) => {
    expect(logs(lines)).toEqual([`logs are complete: ${fault} (the step is success)`]);
  });

  it('allows a missing end if the Pod was destroyed, but no line twice', () => {
    const destroyed = { destroyedMs: [SENT_MS + 2_500] };
    expect(logs([1], destroyed)).toEqual([]);
    expect(logs(undefined, destroyed)).toEqual([]);
    expect(logs([1, 1], destroyed)).toHaveLength(1);
  });

  it('allows a missing end of a service, which is stopped with its pipeline, but no missing log', () => {
    const ofService = (lines: readonly number[] | undefined) =>
      ofBuild(aBuild({}, {}, { service: { lines } }));
    expect(ofService([])).toEqual([]);
    expect(ofService([2])).toHaveLength(1);
    expect(ofService(undefined)).toHaveLength(1);
  });

  it('allows a missing end of a step that was killed, but no gap before it', () => {
    const killed = (lines: readonly number[]) =>
      ofBuild(
        aBuild(
          { status: 'killed', cancelledMs: SENT_MS + 4_500 },
          { status: 'killed' },
          { two: { status: 'killed', exitCode: 137, lines } },
        ),
      );
    expect(killed([1])).toEqual([]);
    expect(killed([2])).toHaveLength(1);
  });
});

describe('nothing is left in the cluster', () => {
  it('is violated by each leftover object', () => {
    expect(found(aHistory([aBuild()], { leftovers: ['Pod drone-1', 'Lease hangar-runner-a'] }))).toEqual([
      'nothing is left in the cluster: Pod drone-1',
      'nothing is left in the cluster: Lease hangar-runner-a',
    ]);
  });
});

describe('memory is flat', () => {
  const process = (mibAt: (second: number) => number, seconds = 120): ProcessHistory => ({
    name: 'runner-1',
    exitCode: undefined,
    samples: Array.from({ length: seconds }, (_, nth) => {
      return { atMs: SENT_MS + nth * 1_000, bytes: mibAt(nth) * MIB };
    }),
  });
  const memory = (one: ProcessHistory): readonly string[] => found(aHistory([], { processes: [one] }));

  it('is violated by growth after the first seconds', () => {
    expect(memory(process(() => 150))).toEqual([]);
    expect(memory(process((second) => Math.min(200, 100 + second * 10)))).toEqual([]);
    expect(memory(process((second) => 100 + second * 3))).toEqual(['memory is flat: 421 MiB']);
  });

  it('is violated by more memory than any runner needs, even for a short time', () => {
    expect(memory(process(() => 700, 3))).toEqual(['memory is flat: runner-1: 700 MiB']);
  });
});

describe('the daemon ends only on a signal', () => {
  it.each([
    [0, 0],
    [75, 1],
    [70, 1],
    [1, 1],
    [-1, 1],
  ])('exit code %i', (exitCode, count) => {
    const processes = [{ name: 'runner-1', samples: [], exitCode }];
    expect(found(aHistory([], { processes }))).toHaveLength(count);
  });
});
