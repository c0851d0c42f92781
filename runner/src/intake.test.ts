import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { AdmissionQueue } from './admit/admission-queue.ts';
import { NO_LOAD } from './admit/admit.ts';
import { demandOf } from './demand/runner-demand.ts';
import { emptied, hasRoom, usualLookAhead, whenever } from './intake.ts';
import { anEntry } from './metrics/testing/an-entry.ts';
import { StageRegistry } from './stage-registry.ts';

const TEN = { capacity: 10, lookAhead: usualLookAhead(10) };
const never = new AbortController().signal;

/** So many stages at work, and so many in the queue. */
function busy(
  working: number,
  waiting: number,
): { registry: StageRegistry; queue: AdmissionQueue; lease: { isFull: boolean } } {
  const registry = new StageRegistry();
  const unlimited = { pods: undefined, cpuMillicores: undefined, memoryBytes: undefined };
  const taken = { ...NO_LOAD, pipelines: 1 };
  const queue = new AdmissionQueue(() => taken, { pipelines: 1, ...unlimited });
  for (let id = 1; id <= working; id++) registry.enter(anEntry({ stageId: id }));
  for (let id = 1; id <= waiting; id++) {
    registry.enter(anEntry({ stageId: 100 + id, phase: 'waiting' }));
    const asks = { ...NO_LOAD, pipelines: 1 };
    void queue.enter(
      {
        stageId: 100 + id,
        repo: 'r',
        event: 'push',
        asks,
        placement: {},
        waits: () => undefined,
        admitted: () => undefined,
      },
      never,
    );
  }
  return { registry, queue, lease: { isFull: false } };
}

describe('room for one more', () => {
  it.each([
    ['nothing is there', 1, 0, 0, true],
    ['all places are taken, and nobody waits: that would be one that waits', 1, 1, 0, false],
    ['some places are free', 10, 9, 0, true],
    ['one waits: the place that it will take counts', 10, 9, 1, true],
    ['the line of a small one is two long', 1, 0, 1, true],
    ['and no longer', 1, 0, 2, false],
    ['the line of a large one is a fifth', 100, 50, 19, true],
    ['and no longer, too', 100, 50, 20, false],
  ])('%s', (...[, capacity, working, waiting, want]) => {
    expect(hasRoom({ capacity, lookAhead: usualLookAhead(capacity) }, busy(working, waiting))).toBe(want);
  });
});

it('with a capacity of 0 nothing is taken, although some could wait', () => {
  expect(hasRoom({ capacity: 0, lookAhead: 30 }, busy(0, 0))).toBe(false);
});

it('as many as the setting says are accepted and wait', () => {
  expect(hasRoom({ capacity: 10, lookAhead: 30 }, busy(10, 29))).toBe(true);
  expect(hasRoom({ capacity: 10, lookAhead: 30 }, busy(10, 30))).toBe(false);
});

it('there is no room while the Lease can’t record one more stage', () => {
  expect(hasRoom(TEN, busy(1, 0))).toBe(true);
  expect(hasRoom(TEN, { ...busy(1, 0), lease: { isFull: true } })).toBe(false);
});

describe('stages that only wait to be reported', () => {
  const reporting = (registry: StageRegistry, count: number): void => {
    for (let id = 1; id <= count; id++) registry.enter(anEntry({ stageId: 1000 + id, phase: 'reporting' }));
  };

  it('take no place, however many they are: one that runs does (known issue 12)', () => {
    const one = busy(9, 0);
    reporting(one.registry, 1_000);
    expect(hasRoom(TEN, one)).toBe(true);
    one.registry.enter(anEntry({ stageId: 10 }));
    expect(hasRoom(TEN, one)).toBe(false);
  });

  it('ask for nothing', () => {
    const { registry } = busy(1, 0);
    reporting(registry, 1_000);
    const { states, waiting } = demandOf(registry.entries, []);
    expect([states.running.stages, states.waiting.stages, waiting]).toEqual([1, 0, []]);
  });
});

describe('whenever', () => {
  it('looks again at each change, and no more once it holds', async () => {
    const registry = new StageRegistry();
    let looks = 0;
    const waiting = whenever(registry, () => ++looks > 2, never);
    registry.enter(anEntry({ stageId: 1 }));
    registry.leave(1);
    await waiting;
    registry.enter(anEntry({ stageId: 2 }));
    expect(looks).toBe(3);
  });

  it('ends with its signal', async () => {
    const stop = new AbortController();
    const waiting = whenever(new StageRegistry(), () => false, stop.signal);
    stop.abort();
    await expect(waiting).resolves.toBeUndefined();
    await expect(whenever(new StageRegistry(), () => false, stop.signal)).resolves.toBeUndefined();
  });
});

describe('emptied', () => {
  it('waits for stages and for their last lines', async () => {
    const clock = new FakeClock();
    const registry = new StageRegistry();
    registry.enter(anEntry({ stageId: 1 }));
    const lines = Promise.withResolvers<void>();
    registry.linger(lines.promise);
    let isOver = false;
    const waiting = emptied(clock, registry, 3_000).then(() => {
      isOver = true;
    });
    registry.leave(1);
    await clock.step(1_000);
    expect(isOver).toBe(false);
    lines.resolve();
    await waiting;
    expect(clock.pending).toBe(0);
  });

  it('but not for ever', async () => {
    const clock = new FakeClock();
    const registry = new StageRegistry();
    registry.enter(anEntry({ stageId: 1 }));
    const waiting = emptied(clock, registry, 3_000);
    await clock.step(3_000);
    await expect(waiting).resolves.toBeUndefined();
  });
});
