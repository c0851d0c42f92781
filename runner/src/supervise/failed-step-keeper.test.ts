import { settle } from '@hangar/shared/testing/fake-clock';
import { refusal } from '@hangar/shared/testing/fake-cluster';
import type { V1ContainerState, V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { ANNOTATION } from '../pipeline/compiled.ts';
import type { PlannedStep, RunPlan } from '../pipeline/run-plan.ts';
import { aPlan, aPlannedStep } from './testing/a-plan.ts';
import { aPod, gated, running, withStates } from './testing/a-pod.ts';
import { TestStageRun, type TestStageRunOptions } from './testing/test-stage-run.ts';

const HALF_HOUR_MS = 1_800_000;
const END = 'hangar.dev/end-1';
const NOTE =
  '... this container is kept for 30m: kubectl exec -it -n ci drone-abc -c step-1 -- /hangar/bin/gate shell ...';

/** A step, and one that is skipped after its failure. */
const planOf = (changes: Partial<PlannedStep> = {}) =>
  aPlan([aPlannedStep(1, changes), aPlannedStep(2, { after: [1] })], { keepFailedMs: HALF_HOUR_MS });

const started = (options: TestStageRunOptions = {}): TestStageRun =>
  new TestStageRun({ plan: planOf(), ...options, order: { mayKeep: () => true, ...options.order } });

/** Step 1 fails with that code, and step 2 is skipped; the containers are as the gates leave them. */
async function fail(stageRun: TestStageRun, code = 1): Promise<void> {
  await stageRun.run(1, code);
  await stageRun.show((pod) => withStates(pod, { 1: running(), 2: gated(0, 'failed-before') }));
  await stageRun.catchUp();
  await stageRun.clock.step(1_000);
}

const unavailable = (times: number): readonly Error[] =>
  Array.from({ length: times }, () => refusal(503, 'ServiceUnavailable'));

const annotationOf = (stageRun: TestStageRun): string | undefined =>
  stageRun.cluster.find<V1Pod>(stageRun.target)?.metadata?.annotations?.[END];

describe('the container of a failed step', () => {
  it('is kept, while the stage is reported at once, and its log says how to open a shell', async () => {
    const stageRun = started();
    await fail(stageRun, 3);
    expect(stageRun.reports).toEqual(['1 running', '2 skipped', '1 failure', 'stage failure']);
    expect([stageRun.reported, stageRun.keptMs, stageRun.isRemoved]).toEqual([1, HALF_HOUR_MS, false]);
    expect(annotationOf(stageRun)).toMatch(/^ran 3 \d+ \d+$/);
    expect(stageRun.logs.of(1).notes).toContain(NOTE);
    expect(stageRun.logs.of(1).isStored).toBe(true);

    await stageRun.clock.step(HALF_HOUR_MS - 10_000);
    expect([stageRun.isRemoved, stageRun.end]).toEqual([false, undefined]);
    await stageRun.show((pod) => withStates(pod, { 1: gated(3) }));
    await stageRun.clock.step(0);
    expect([stageRun.isRemoved, stageRun.end?.kind]).toEqual([true, 'finished']);
  });

  it('is not kept for ever, whatever its gate does', async () => {
    const stageRun = started();
    await fail(stageRun);
    await stageRun.clock.step(HALF_HOUR_MS + 180_000);
    expect(stageRun.isRemoved).toBe(true);
  });

  it('is recorded for each step that fails, of which one keeps the Pod', async () => {
    let kept = 0;
    const plan = aPlan([aPlannedStep(1), aPlannedStep(2)], { keepFailedMs: HALF_HOUR_MS });
    const stageRun = started({ plan, order: { mayKeep: () => kept++ === 0 } });
    await stageRun.run(1, 3);
    await stageRun.run(2, 4);
    await stageRun.catchUp();
    await stageRun.clock.step(1_000);
    const { annotations } = stageRun.cluster.find<V1Pod>(stageRun.target)?.metadata ?? {};
    expect([1, 2].map((n) => annotations?.[`hangar.dev/end-${n}`]?.slice(0, 5))).toEqual(['ran 3', 'ran 4']);
    expect([stageRun.keptMs, stageRun.isRemoved]).toEqual([HALF_HOUR_MS, false]);
  });

  it('is recorded before the end of its step is reported', async () => {
    const stageRun = started();
    stageRun.cluster.fail('patch', 'pods', ...unavailable(2));
    await stageRun.run(1, 1);
    expect([annotationOf(stageRun), stageRun.reports]).toEqual([undefined, ['1 running', '2 skipped']]);
    await stageRun.clock.step(1_000);
    expect(annotationOf(stageRun)).toMatch(/^ran 1 /);
    expect(stageRun.reports).toContain('1 failure');
  });

  it('is recorded at once on a Pod that has changed since its watch showed it', async () => {
    const stageRun = started();
    stageRun.cluster.put(stageRun.target, { ...stageRun.feed.pod });
    await stageRun.run(1, 1);
    expect(annotationOf(stageRun)).toMatch(/^ran 1 /);
    expect(stageRun.reports).toContain('1 failure');
  });

  it('is not recorded on a Pod that another replica has taken over (issue 11, 1.3)', async () => {
    const stageRun = started();
    const { metadata } = stageRun.feed.pod ?? {};
    const annotations = { ...metadata?.annotations, [ANNOTATION.owner]: 'ci/other' };
    stageRun.cluster.put(stageRun.target, {
      ...stageRun.feed.pod,
      metadata: { ...metadata, annotations },
    });
    await stageRun.run(1, 1);
    expect(annotationOf(stageRun)).toBeUndefined();
    expect(stageRun.cluster.find(stageRun.target)?.metadata?.labels).toBeUndefined();
    expect(stageRun.logs.of(1).notes).not.toContain(NOTE);
  });

  it('is removed at once if that can’t be recorded within ten seconds', async () => {
    const stageRun = started();
    stageRun.cluster.fail('patch', 'pods', ...unavailable(1_000));
    await stageRun.run(1, 1);
    await stageRun.show((pod) => withStates(pod, { 1: running(), 2: gated(0, 'failed-before') }));
    await stageRun.clock.step(12_000);
    expect([stageRun.reports.at(-1), stageRun.keptMs, stageRun.isRemoved]).toEqual([
      'stage failure',
      0,
      true,
    ]);
    expect(stageRun.logs.of(1).notes).not.toContain(NOTE);
  });

  it('is removed at once if the repository has enough of them', async () => {
    const stageRun = started({ order: { mayKeep: () => false } });
    await fail(stageRun);
    expect([stageRun.keptMs, stageRun.isRemoved]).toEqual([0, true]);
    // Its gate stays until then: the next owner must not take it for a running step.
    const [patch] = stageRun.cluster.calls.filter(({ verb }) => verb === 'patch');
    expect(JSON.stringify(patch?.body)).toMatch(/"hangar\.dev\/end-1":"ran 1 \d+ \d+"},"labels":{}/);
    expect(stageRun.logs.of(1).notes).not.toContain(NOTE);
  });

  it.each<[string, Partial<PlannedStep>, number]>([
    ['has not failed', {}, 0],
    ['ends the stage early', {}, 78],
    ['has a failure that is ignored', { fails: 'ignore' }, 1],
    ['has a swapped image', { engine: 'swap' }, 1],
  ])('is not kept if the step %s', async (_what, changes, code) => {
    const stageRun = started({ plan: planOf(changes) });
    if (changes.engine !== 'swap') await stageRun.run(1, code);
    await stageRun.clock.step(1_000);
    expect(annotationOf(stageRun)).toBeUndefined();
  });
});

const labelled = (pod: V1Pod): V1Pod => ({
  ...pod,
  metadata: { ...pod.metadata, labels: { 'hangar.dev/kept': 'true' } },
});

describe('a Pod with a kept container that is taken over', () => {
  const keptPod = (plan: RunPlan, others: Readonly<Record<number, V1ContainerState>>): V1Pod =>
    withStates(labelled(aPod(plan, { annotations: { [END]: 'ran 3 1768383011000 1768383019000' } })), {
      1: running(),
      ...others,
    });
  const pod = keptPod(planOf(), { 2: gated(0, 'failed-before') });

  it('is ended: the stage is reported, and the container stays', async () => {
    const stageRun = started({ pod, adoptions: 1 });
    await settle();
    stageRun.logs.of(1).start(1_768_383_011_000);
    stageRun.logs.of(1).end(3, 1_768_383_019_000);
    await stageRun.clock.step(1_000);
    expect(stageRun.reports).toEqual(['2 skipped', '1 failure', 'stage failure']);
    expect([stageRun.keptMs, stageRun.isRemoved]).toEqual([HALF_HOUR_MS, false]);
    expect(stageRun.logs.of(1).notes).toEqual([NOTE]);
  });

  it('stays if the server has its end already', async () => {
    const stageRun = started({ pod, adoptions: 1 });
    stageRun.server.stage = { ...stageRun.server.stage, status: 'failure', version: 99 };
    stageRun.server.register([1, 2], 99);
    await settle();
    stageRun.logs.of(1).end(3, 1_768_383_019_000);
    await stageRun.clock.step(60_000);
    expect([stageRun.keptMs, stageRun.isRemoved]).toEqual([HALF_HOUR_MS, false]);
  });

  it('still has a step for failures to run', async () => {
    const steps = [...planOf().steps, aPlannedStep(3, { after: [2], runs: 'on-failure' })];
    const plan = aPlan(steps, { keepFailedMs: HALF_HOUR_MS });
    const busy = keptPod(plan, { 2: running(), 3: running() });
    const stageRun = started({ plan, pod: busy, adoptions: 1 });
    await stageRun.clock.step(3_000);
    expect([stageRun.concluded, stageRun.ended]).toEqual([[], 0]);
    await stageRun.run(3);
    await stageRun.clock.step(3_000);
    expect(stageRun.reports).toEqual(['2 skipped', '1 failure', '3 success', 'stage failure']);
  });

  it('runs a step for failures, though its end is read after that of the step it has prevented', async () => {
    const steps = [...planOf().steps, aPlannedStep(3, { after: [2], runs: 'on-failure' })];
    const plan = aPlan(steps, { keepFailedMs: HALF_HOUR_MS });
    const unmarked = withStates(aPod(plan), { 1: running(), 2: gated(0, 'failed-before'), 3: running() });
    const stageRun = started({ plan, pod: unmarked, adoptions: 1 });
    await stageRun.clock.step(3_000);
    expect(stageRun.reports).toEqual(['2 skipped']);
    await stageRun.run(1, 3);
    await stageRun.run(3);
    await stageRun.clock.step(3_000);
    expect(stageRun.reports.at(-1)).toBe('stage failure');
    expect([1, 2, 3].map((n) => stageRun.server.statusOf(n))).toEqual(['failure', 'skipped', 'success']);
  });

  it('is stopped by a cancel while another step runs', async () => {
    const plan = aPlan([aPlannedStep(1), aPlannedStep(2)], { keepFailedMs: HALF_HOUR_MS });
    const stageRun = started({ plan, pod: keptPod(plan, { 2: running() }), adoptions: 1 });
    await settle();
    stageRun.cancelled.abort();
    await stageRun.clock.step(30_000);
    expect([stageRun.concluded[0]?.conclusion.kind, stageRun.isRemoved]).toEqual(['cancelled', true]);
  });
});
