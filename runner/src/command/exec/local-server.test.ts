import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { beforeEach, describe, expect, it } from 'vitest';
import { aDetail, aStage } from '../../compile/testing/a-pipeline.ts';
import type { DroneStage, DroneStep, Status } from '../../pipeline/drone.ts';
import { LocalServer } from './local-server.ts';

const step = (number: number, more: Partial<DroneStep> = {}): DroneStep => ({
  id: 0,
  stageId: 31,
  number,
  name: `s${number}`,
  status: 'pending',
  error: '',
  errIgnore: false,
  exitCode: 0,
  started: 0,
  stopped: 0,
  version: 0,
  dependsOn: [],
  image: 'alpine',
  detached: false,
  schema: '',
  ...more,
});

describe('the server of a single stage', () => {
  let clock: FakeClock;
  let reported: string[];
  let server: LocalServer;

  beforeEach(() => {
    clock = new FakeClock();
    reported = [];
    server = new LocalServer(clock, aDetail({ stage: aStage({ version: 2 }) }), {
      step: ({ name, status }) => void reported.push(`${name} ${status}`),
    });
  });

  /** Accepts the stage and starts it with two steps. */
  async function started(): Promise<DroneStage> {
    await server.accept(31, 'laptop');
    const update = await server.updateStage({
      ...server.stage,
      status: 'running',
      steps: [step(1), step(2)],
    });
    if (update.kind !== 'updated') throw new Error('the start was refused');
    return update.value;
  }
  const ends = (status: Status, steps: readonly DroneStep[]) =>
    server.updateStage({ ...server.stage, status, steps });

  it('has one stage, and no other', async () => {
    expect((await server.detail(31)).stage.id).toBe(31);
    await expect(server.detail(32)).rejects.toMatchObject({ status: 404 });
    expect(await server.request()).toBeUndefined();
  });

  it('numbers the steps at the start, from version 1', async () => {
    const { steps, version, machine } = await started();
    expect(steps.map(({ id, number, version: of }) => [id, number, of])).toEqual([
      [1, 1, 1],
      [2, 2, 1],
    ]);
    expect(version).toBe(4);
    expect(machine).toBe('laptop');
    expect(reported).toEqual([]);
  });

  it('accepts steps of the newest version only, and reports them', async () => {
    const { steps } = await started();
    const running = { ...step(1), ...steps[0], status: 'running' as const };
    expect(await server.updateStep(running)).toMatchObject({ kind: 'updated', value: { version: 2 } });
    expect(await server.updateStep(running)).toEqual({ kind: 'conflict', afterLostAnswer: false });
    expect(reported).toEqual(['s1 running']);
  });

  it('refuses a stage of an older version, or with a stale step in it, and keeps its state', async () => {
    const first = await started();
    await server.updateStep({ ...step(1), id: 1, version: 1, status: 'success' });
    expect(await ends('success', first.steps)).toMatchObject({ kind: 'conflict' });
    expect(await server.updateStage({ ...first, version: 2, steps: [] })).toMatchObject({ kind: 'conflict' });
    expect(server.stage.status).toBe('running');
  });

  it('keeps the steps that a final update does not contain, and reports the changed ones', async () => {
    await started();
    await ends('failure', [{ ...step(2), id: 2, version: 1, status: 'skipped' }]);
    expect(server.stage.status).toBe('failure');
    expect(server.stage.steps.map(({ name, status }) => `${name} ${status}`)).toEqual([
      's1 pending',
      's2 skipped',
    ]);
    expect(reported).toEqual(['s2 skipped']);
  });

  it('ends a watch at a cancel, at once and from then on', async () => {
    const watching = server.watch(12, new AbortController().signal);
    server.cancel();
    expect(await watching).toBe('cancelled');
    expect(await server.watch(12, new AbortController().signal)).toBe('cancelled');
  });

  it('ends a watch without news after a while, or when its signal is aborted', async () => {
    const watching = server.watch(12, new AbortController().signal);
    await clock.step(30_000);
    expect(await watching).toBe('quiet');
    const left = new AbortController();
    const other = server.watch(12, left.signal);
    left.abort();
    expect(await other).toBe('quiet');
    expect(clock.pending).toBe(0);
  });
});
