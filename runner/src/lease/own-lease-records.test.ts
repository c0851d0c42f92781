import { refusal } from '@hangar/shared/testing/fake-cluster';
import { describe, expect, it } from 'vitest';
import { intentsOf, LEASE_ANNOTATION, successorsOf } from './lease-record.ts';
import { begin, intent, never, TERM_MS, target } from './testing/a-lease.ts';

describe('the open steps of a stage', () => {
  const step = { n: 1, id: 100, version: 2, isRunning: true };

  it('stand in its record with the next renewal, as they are then, until it is settled', async () => {
    const { lease, clock, stored } = begin();
    await lease.take(never);
    void lease.keep(never);
    await lease.intend(intent(63), never);
    let open = [step];
    lease.followSteps(63, () => open);
    expect(intentsOf(stored())).toEqual([intent(63)]);
    await clock.step(TERM_MS / 4);
    expect(intentsOf(stored())).toEqual([{ ...intent(63), steps: [step] }]);
    open = [];
    await clock.step(TERM_MS / 4);
    expect(intentsOf(stored())).toEqual([intent(63)]);
    open = [step];
    lease.settle(63);
    await clock.step(TERM_MS / 4);
    expect(intentsOf(stored())).toEqual([]);
  });

  it('are handed to the next process, which keeps them in the record', async () => {
    const first = begin();
    await first.lease.take(never);
    first.lease.followSteps(63, () => [step]);
    await first.lease.intend(intent(63), never);
    const { lease, stored } = begin(first.cluster);
    const { intents } = await lease.take(never);
    expect(intents).toEqual([{ ...intent(63), steps: [step] }]);
    expect(intentsOf(stored())).toEqual(intents);
  });
});

describe('a stage that its owner prepares', () => {
  it('counts for the next process if this one was lost meanwhile', async () => {
    const first = begin();
    await first.lease.take(never);
    await first.lease.intend({ ...intent(63), preparing: true }, never);
    const second = begin(first.cluster);
    expect((await second.lease.take(never)).intents).toEqual([{ ...intent(63), deaths: 1 }]);
    await second.lease.preparing(63, never);
    expect(intentsOf(second.stored())).toEqual([{ ...intent(63), preparing: true, deaths: 1 }]);
    expect((await begin(first.cluster).lease.take(never)).intents).toEqual([{ ...intent(63), deaths: 2 }]);
  });

  it('does not if the process released the Lease, or took it again itself', async () => {
    const first = begin();
    await first.lease.take(never);
    await first.lease.intend({ ...intent(63), preparing: true, deaths: 1 }, never);
    await first.clock.step(TERM_MS);
    expect((await first.lease.take(never)).intents).toEqual([{ ...intent(63), deaths: 1 }]);
    await first.lease.preparing(63, never);
    await first.lease.release(never);
    expect((await begin(first.cluster).lease.take(never)).intents).toEqual([{ ...intent(63), deaths: 1 }]);
  });

  it('does not once it waits, and the count ends when it has a Pod, each with the next write', async () => {
    const { lease, stored } = begin();
    await lease.take(never);
    await lease.intend({ ...intent(63), preparing: true, deaths: 2 }, never);
    lease.waiting(63);
    await lease.intend(intent(64), never);
    expect(intentsOf(stored())).toEqual([{ ...intent(63), deaths: 2 }, intent(64)]);
    lease.prepared(63);
    await lease.intend(intent(64), never);
    expect(intentsOf(stored())).toEqual([intent(63), intent(64)]);
    expect([lease.deathsOf(63), lease.deathsOf(65)]).toEqual([0, 0]);
  });
});

describe('taking it again after a loss', () => {
  it('continues through a missing right, however long it lasts: the Role is being replaced', async () => {
    const { clock, cluster, lease } = begin();
    await lease.take(never);
    await lease.intend(intent(63), never);
    await clock.step(TERM_MS);
    let isReplaced = false;
    cluster.intercept(() => {
      if (!isReplaced) throw refusal(403, 'Forbidden');
    });
    const taken = lease.take(never);
    await clock.step(600_000);
    isReplaced = true;
    await clock.step(10_000);
    expect((await taken).intents).toEqual([intent(63)]);
  });

  it('returns what it recorded before, holds it anew, and has a signal of its own', async () => {
    const { clock, lease, stageIds } = begin();
    await lease.take(never);
    await lease.intend(intent(63), never);
    const { lost } = lease;
    await clock.step(TERM_MS);
    expect(lost.aborted).toBe(true);
    await expect(lease.intend(intent(64), never)).rejects.toThrow('lost');
    expect((await lease.take(never)).intents).toEqual([intent(63)]);
    expect([lease.lost.aborted, stageIds()]).toEqual([false, [63]]);
  });

  it('leaves to its successor what another replica has taken over meanwhile', async () => {
    const { clock, cluster, lease, stored, stageIds } = begin();
    await lease.take(never);
    await lease.intend(intent(63), never);
    await lease.intend(intent(64), never);
    await clock.step(TERM_MS);
    const annotations = {
      ...stored().metadata?.annotations,
      [LEASE_ANNOTATION.successors]: '{"63":"ci/hangar-runner-r2"}',
    };
    cluster.put(target, { ...stored(), metadata: { ...stored().metadata, annotations } });
    expect((await lease.take(never)).intents).toEqual([intent(64)]);
    expect([stageIds(), successorsOf(stored()).size]).toEqual([[64], 0]);
  });

  it('is lost, not kept, when it finds itself taken over: its process was stopped longer than the term', async () => {
    const { cluster, lease, stored } = begin();
    await lease.take(never);
    await lease.intend(intent(63), never);
    const annotations = {
      ...stored().metadata?.annotations,
      [LEASE_ANNOTATION.successors]: '{"63":"ci/hangar-runner-r2"}',
    };
    cluster.put(target, { ...stored(), metadata: { ...stored().metadata, annotations } });
    await expect(lease.intend(intent(64), never)).rejects.toThrow();
    expect(lease.lost.aborted).toBe(true);
    expect(intentsOf(stored()).map(({ stageId }) => stageId)).toEqual([63]);
  });
});

describe('room for records', () => {
  it('ends before the annotations of a Lease are full, with 1,000 stages well within', async () => {
    const { lease, logged } = begin();
    await lease.take(never);
    const record = (from: number, to: number) =>
      Promise.all(Array.from({ length: to - from }, (_, n) => lease.intend(intent(from + n), never)));
    await record(100_000, 102_000);
    expect([lease.isFull, logged]).toEqual([false, []]);
    await record(102_000, 104_000);
    expect(lease.isFull).toBe(true);
    expect(logged).toEqual([expect.stringContaining('no room for another pipeline')]);
    lease.settle(100_000);
    for (let stageId = 100_001; stageId < 103_000; stageId++) lease.settle(stageId);
    expect(lease.isFull).toBe(false);
  });
});
