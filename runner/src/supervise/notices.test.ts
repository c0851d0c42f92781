import { settle } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import type { PodNotice } from '../watch/pod-notice.ts';
import { aPlan, aPlannedStep } from './testing/a-plan.ts';
import { aPod, running, waiting, withStates } from './testing/a-pod.ts';
import { TestStageRun } from './testing/test-stage-run.ts';

const notice = (text: string, change: Partial<PodNotice> = {}): PodNotice => ({
  key: text,
  text,
  atMs: 1_768_383_000_000,
  container: 'step-2',
  lasts: true,
  ...change,
});

describe('a notice from an Event of a Pod', () => {
  const plan = aPlan([aPlannedStep(1), aPlannedStep(2, { after: [1] })]);

  it('is written once to the log of the step that is due, which shows as running', async () => {
    const stageRun = new TestStageRun({ plan, pod: aPod(plan) });
    await settle();
    stageRun.feed.addNotices(notice('pulling image i2:1'));
    stageRun.feed.addNotices(notice('pulled image i2:1 in 3.2 s', { lasts: false }));
    await stageRun.show((pod) => withStates(pod, { 1: waiting('ContainerCreating') }));

    expect(stageRun.logs.of(1).notes).toEqual(['pulling image i2:1', 'pulled image i2:1 in 3.2 s']);
    expect(stageRun.reports).toEqual(['1 running']);
    expect(stageRun.starts).toEqual([]);
  });

  it('is written to the log of its own step if that is open', async () => {
    const stageRun = new TestStageRun({ plan: aPlan([aPlannedStep(1), aPlannedStep(2)]), pod: aPod(plan) });
    await settle();
    stageRun.feed.addNotices(notice('pulling image i2:1'));
    await settle();

    expect([stageRun.logs.of(1).notes, stageRun.logs.of(2).notes]).toEqual([[], ['pulling image i2:1']]);
  });

  it('is left out once its container runs, and one about the Pod once any container runs', async () => {
    const stageRun = new TestStageRun({ plan, pod: withStates(aPod(plan), { 1: running(), 2: running() }) });
    await settle();
    stageRun.feed.addNotices(
      notice('pulling image i2:1'),
      notice('waiting for a volume: v', { container: '' }),
    );
    await settle();

    expect([stageRun.reports, stageRun.logs.of(1).notes]).toEqual([[], []]);
  });

  it('of a former owner is repeated at the start of the log that had it, and in no other', async () => {
    const own = aPlan([aPlannedStep(1), aPlannedStep(2, { after: [1] }), aPlannedStep(3)]);
    const stageRun = new TestStageRun({ plan: own, pod: aPod(own), adoptions: 1 });
    const before = stageRun.clock.now() - 60_000;
    stageRun.feed.addNotices(
      notice('pulled image i2:1', { atMs: before }),
      notice('pulled image i3:1', { atMs: before, container: 'step-3' }),
      notice('pulled image i4:1', { atMs: stageRun.clock.now() + 1_000, container: 'step-4' }),
    );
    await stageRun.clock.step(1_000);

    expect([stageRun.logs.of(1).notes, stageRun.logs.of(3).notes]).toEqual([
      ['pulled image i2:1', 'pulled image i4:1'],
      ['pulled image i3:1'],
    ]);
  });

  it('of a former owner is left out if it is read too late for the start of a log', async () => {
    const stageRun = new TestStageRun({ plan, pod: aPod(plan), adoptions: 1 });
    await settle();
    stageRun.feed.addNotices(notice('pulled image i2:1', { atMs: stageRun.clock.now() - 60_000 }));
    await settle();

    expect(stageRun.logs.of(1).notes).toEqual([]);
  });

  it('from before an adoption is not written later: it would appear between lines that the step printed', async () => {
    const stageRun = new TestStageRun({ plan, pod: aPod(plan), adoptions: 1 });
    await settle();
    const nowMs = stageRun.clock.now();
    stageRun.feed.addNotices(notice('pulling image i2:1', { atMs: nowMs - 1 }));
    stageRun.feed.addNotices(notice('pulling image i3:1', { atMs: nowMs }));
    await settle();

    expect(stageRun.logs.of(1).notes).toEqual(['pulling image i3:1']);
  });

  it('does not make a service count as running, since other steps wait for that', async () => {
    const services = aPlan([aPlannedStep(1, { role: 'background' }), aPlannedStep(2, { after: [1] })]);
    const stageRun = new TestStageRun({ plan: services, pod: aPod(services) });
    await settle();
    stageRun.feed.addNotices(notice('pulling image i1:1', { container: 'step-1' }));
    await settle();

    expect(stageRun.logs.of(1).notes).toEqual(['pulling image i1:1']);
    expect([stageRun.reports, stageRun.logs.isOpen(2)]).toEqual([[], false]);
  });
});
