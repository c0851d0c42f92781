import { settle } from '@hangar/shared/testing/fake-clock';
import type { V1ContainerState } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { ANNOTATION } from '../pipeline/compiled.ts';
import { aPlan, aPlannedStep } from './testing/a-plan.ts';
import { aPod, gated, running, terminated, waiting, withStates } from './testing/a-pod.ts';
import { TestStageRun } from './testing/test-stage-run.ts';

const show = (stageRun: TestStageRun, states: Readonly<Record<number, V1ContainerState>>): Promise<void> =>
  stageRun.show((pod) => withStates(pod, states));

async function started(options: ConstructorParameters<typeof TestStageRun>[0]): Promise<TestStageRun> {
  const stageRun = new TestStageRun(options);
  await settle();
  return stageRun;
}

/** Steps 1 and 2, the first with a limit of ten minutes. */
const limited = aPlan([aPlannedStep(1, { timeoutMs: 600_000 }), aPlannedStep(2, { after: [1] })]);
/** A service that must be ready within a minute, and a step that waits for it. */
const served = aPlan([
  aPlannedStep(1, { role: 'background', readyMs: 60_000 }),
  aPlannedStep(2, { after: [1] }),
]);

/** The same service beside a step that does not wait for it. */
const independent = aPlan([aPlannedStep(1, { role: 'background', readyMs: 60_000 }), aPlannedStep(2)]);

const TIMED_OUT = { status: 'failure', exitCode: 124, error: 'timed out after 10m' };
const UNREADY = { status: 'failure', exitCode: 124, error: 'not ready within 1m' };

describe('a step that exceeded its timeout', () => {
  it('fails with 124 and that reason, by the mark of its gate', async () => {
    const stageRun = await started({ plan: limited });
    stageRun.logs.of(1).start(stageRun.clock.now());
    stageRun.logs.of(1).end(124, stageRun.clock.now(), 'timed-out');
    await settle();
    expect(stageRun.server.step(1)).toMatchObject(TIMED_OUT);
    expect(stageRun.server.statusOf(2)).toBe('skipped');
    await show(stageRun, { 1: gated(124, 'timed-out'), 2: gated(0, 'failed-before') });
    await stageRun.clock.step(5_000);
    expect(stageRun.server.step(1)).toMatchObject(TIMED_OUT);
    expect(stageRun.reports.at(-1)).toBe('stage failure');
  });

  it.each([
    ['by the termination message alone', undefined],
    ['after a take-over too', 1],
  ])('%s', async (_, adoptions) => {
    const stageRun = await started({ plan: limited, adoptions });
    await show(stageRun, { 1: gated(124, 'timed-out') });
    stageRun.logs.of(1).mark({ kind: 'close', atMs: 0 });
    await stageRun.clock.step(5_000);
    expect(stageRun.server.step(1)).toMatchObject(TIMED_OUT);
  });

  it('differs from one whose program ends with 124', async () => {
    const stageRun = await started({ plan: limited });
    await stageRun.run(1, 124);
    await show(stageRun, { 1: gated(124) });
    await stageRun.clock.step(5_000);
    expect(stageRun.server.step(1)).toMatchObject({ status: 'failure', exitCode: 124, error: '' });
  });

  it('differs from one that the kernel killed for its memory', async () => {
    const stageRun = await started({ plan: limited });
    stageRun.logs.of(1).start(stageRun.clock.now());
    stageRun.logs.of(1).end(137, stageRun.clock.now());
    await show(stageRun, { 1: terminated(137, { reason: 'OOMKilled' }) });
    await stageRun.clock.step(5_000);
    expect(stageRun.server.step(1)).toMatchObject({ exitCode: 137, error: 'killed: out of memory' });
  });
});

describe('a service that was not ready', () => {
  it('fails with that reason, fails the stage, and skips the steps that depend on it', async () => {
    const stageRun = await started({ plan: served });
    stageRun.logs.of(1).start(stageRun.clock.now());
    stageRun.logs.of(1).end(124, stageRun.clock.now(), 'unready');
    await settle();
    await show(stageRun, { 1: gated(124, 'unready'), 2: gated(0, 'failed-before') });
    await stageRun.clock.step(5_000);
    expect(stageRun.server.step(1)).toMatchObject(UNREADY);
    expect(stageRun.server.statusOf(2)).toBe('skipped');
    expect(stageRun.reports.at(-1)).toBe('stage failure');
  });

  it('fails by the termination message alone, after a take-over too', async () => {
    const stageRun = await started({ plan: served, adoptions: 1 });
    await show(stageRun, { 1: gated(1, 'unready'), 2: gated(0, 'failed-before') });
    stageRun.logs.of(1).mark({ kind: 'close', atMs: 0 });
    await stageRun.clock.step(5_000);
    expect(stageRun.server.step(1)).toMatchObject({
      status: 'failure',
      exitCode: 1,
      error: 'ended before it was ready',
    });
    expect(stageRun.reports.at(-1)).toBe('stage failure');
  });

  it('fails with 78 too, which ends no pipeline early then', async () => {
    const stageRun = await started({ plan: served });
    stageRun.logs.of(1).end(78, stageRun.clock.now(), 'unready');
    await show(stageRun, { 1: gated(78, 'unready'), 2: gated(0, 'failed-before') });
    await stageRun.clock.step(5_000);
    expect(stageRun.server.step(1)).toMatchObject({ status: 'failure', exitCode: 78 });
    expect(stageRun.reports.at(-1)).toBe('stage failure');
  });

  it('is waited for when its report arrives after those of the steps', async () => {
    const stageRun = await started({ plan: independent });
    stageRun.logs.of(1).start(stageRun.clock.now());
    stageRun.logs.of(2).skip('failed-before', stageRun.clock.now());
    await stageRun.clock.step(30_000);
    expect(stageRun.reports.some((report) => report.startsWith('stage'))).toBe(false);
    await show(stageRun, { 1: gated(124, 'unready'), 2: gated(0, 'failed-before') });
    stageRun.logs.of(1).mark({ kind: 'close', atMs: 0 });
    await stageRun.clock.step(5_000);
    expect(stageRun.server.step(1)).toMatchObject(UNREADY);
    expect(stageRun.reports.at(-1)).toBe('stage failure');
  });

  it('is an error if the Pod is gone before its report', async () => {
    const stageRun = await started({ plan: independent });
    stageRun.logs.of(2).skip('failed-before', stageRun.clock.now());
    await settle();
    stageRun.feed.lose();
    await stageRun.clock.step(5_000);
    expect(stageRun.reports.at(-1)).toBe('stage error');
  });

  it('does not fail a stage that ignores its failure', async () => {
    const [service = aPlannedStep(1), step = aPlannedStep(2)] = served.steps;
    const stageRun = await started({ plan: aPlan([{ ...service, fails: 'ignore' }, step]) });
    stageRun.logs.of(1).end(124, stageRun.clock.now(), 'unready');
    await settle();
    await stageRun.run(2);
    await show(stageRun, { 1: gated(124, 'unready'), 2: gated(0) });
    await stageRun.clock.step(5_000);
    expect(stageRun.server.step(1)).toMatchObject(UNREADY);
    expect(stageRun.reports.at(-1)).toBe('stage success');
  });
});

describe('a service that was ready', () => {
  it.each([
    ['with success', 0],
    ['with a failure', 1],
    ['with 124', 124],
  ])('and ends later %s, fails nothing', async (_, code) => {
    const stageRun = await started({ plan: served });
    stageRun.logs.of(1).start(stageRun.clock.now());
    stageRun.logs.of(1).ready(stageRun.clock.now());
    stageRun.logs.of(1).end(code, stageRun.clock.now());
    await settle();
    await stageRun.run(2);
    await show(stageRun, { 1: gated(code), 2: gated(0) });
    await stageRun.clock.step(5_000);
    expect(stageRun.server.statusOf(1)).toBe('success');
    expect(stageRun.reports.at(-1)).toBe('stage success');
  });

  it('needs no end of its own for that of the stage', async () => {
    const stageRun = await started({ plan: served });
    stageRun.logs.of(1).start(stageRun.clock.now());
    stageRun.logs.of(1).ready(stageRun.clock.now());
    await stageRun.run(2);
    await stageRun.clock.step(5_000);
    expect(stageRun.reports.at(-1)).toBe('stage success');
  });

  it('or whose container never started, keeps no stage open', async () => {
    const stageRun = await started({ plan: independent });
    await show(stageRun, { 1: waiting('ContainerCreating') });
    await stageRun.run(2);
    await stageRun.clock.step(5_000);
    expect(stageRun.reports.at(-1)).toBe('stage success');
  });
});

describe('a swapped step after a service', () => {
  const swapped = (readyMs: number | undefined) => [
    aPlannedStep(1, { role: 'background', ...(readyMs === undefined ? {} : { readyMs }) }),
    aPlannedStep(2, { after: [1], engine: 'swap' }),
  ];
  async function withService(readyMs: number | undefined): Promise<TestStageRun> {
    const plan = aPlan(swapped(readyMs));
    const stageRun = await started({ plan, pod: withStates(aPod(plan), { 1: running(), 2: running() }) });
    stageRun.logs.of(1).start(stageRun.clock.now());
    await settle();
    return stageRun;
  }
  const isSwapped = (stageRun: TestStageRun): boolean =>
    stageRun.cluster.calls.some(({ body }) =>
      JSON.stringify(body ?? '').includes(`${ANNOTATION.placeholderPrefix}2`),
    );

  it('starts when the service is ready, not before', async () => {
    const stageRun = await withService(60_000);
    expect(isSwapped(stageRun)).toBe(false);
    stageRun.logs.of(1).ready(stageRun.clock.now());
    await settle();
    expect(isSwapped(stageRun)).toBe(true);
  });

  it('starts with the service where nothing checks that it is ready', async () => {
    expect(isSwapped(await withService(undefined))).toBe(true);
  });

  it('is skipped if the service was not ready', async () => {
    const stageRun = await withService(60_000);
    stageRun.logs.of(1).end(124, stageRun.clock.now(), 'unready');
    await settle();
    expect(stageRun.server.statusOf(2)).toBe('skipped');
    expect(isSwapped(stageRun)).toBe(false);
  });
});
