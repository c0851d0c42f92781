import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { creationTime, toApiMs, toOwnMs, writeTime } from './api-time.ts';

const API_MS = 1_768_390_000_000;

describe('the API server’s time', () => {
  it('is that of a creation, and goes on with our monotonic clock, whatever our wall clock does', async () => {
    const clock = new FakeClock();
    const time = creationTime({ metadata: { creationTimestamp: new Date(API_MS) } }, clock);
    await clock.step(30_000);
    expect(toApiMs(time, clock, clock.now())).toBe(API_MS + 30_000);
    clock.jump(-7_200_000);
    expect(toApiMs(time, clock, clock.now())).toBe(API_MS + 30_000);
    expect(toOwnMs(time, clock, API_MS)).toBe(clock.now() - 30_000);
  });

  it('is that of the latest write', () => {
    const clock = new FakeClock();
    const managedFields = [{ time: new Date(API_MS - 5_000) }, { time: new Date(API_MS) }, {}];
    expect(writeTime({ metadata: { managedFields } }, clock)).toEqual({ apiMs: API_MS, monotonicMs: 0 });
  });

  it('is taken for ours where the API server doesn’t say', () => {
    const clock = new FakeClock();
    expect([creationTime({}, clock), writeTime({}, clock)]).toEqual([undefined, undefined]);
    expect([toApiMs(undefined, clock, 5), toOwnMs(undefined, clock, 5)]).toEqual([5, 5]);
  });
});
