import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { untilTime } from './until-time.ts';

const DAY_MS = 86_400_000;

describe('untilTime', () => {
  it.each([
    ['a span that is over', -5, 0],
    ['an hour', 3_600_000, 3_600_000],
    ['more than a timer of this machine can wait', 40 * DAY_MS, 40 * DAY_MS],
  ])('acts once after %s', async (_, spanMs, afterMs) => {
    const clock = new FakeClock();
    let acts = 0;
    untilTime(clock, spanMs, () => {
      acts += 1;
    });
    await clock.step(Math.max(0, afterMs - 1));
    expect(acts).toBe(afterMs > 0 ? 0 : 1);
    await clock.step(1);
    await clock.step(100 * DAY_MS);
    expect(acts).toBe(1);
  });

  it('asks no timer for more than it can do', async () => {
    const clock = new FakeClock();
    const asked: number[] = [];
    const watched = Object.assign(Object.create(clock) as FakeClock, {
      monotonicMs: () => clock.monotonicMs(),
      after: (ms: number, act: () => void) => {
        asked.push(ms);
        return clock.after(ms, act);
      },
    });
    untilTime(watched, 60 * DAY_MS, () => undefined);
    await clock.step(60 * DAY_MS);
    expect(Math.max(...asked)).toBeLessThan(2 ** 31);
  });

  it('acts no more when it is called off, at once or in between', async () => {
    const clock = new FakeClock();
    const act = (): never => {
      throw new Error('acted');
    };
    untilTime(clock, 10, act)();
    const callOff = untilTime(clock, 1_000, act);
    await clock.step(500);
    callOff();
    await clock.step(DAY_MS);
    expect(clock.pending).toBe(0);
  });
});
