import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { creationTime, statusAgeMs, toApiMs, toOwnMs, writeTime } from './api-time.ts';

const API_MS = 1_768_390_000_000;

describe('the API server’s time', () => {
  it('is taken from a creation and advances with the monotonic clock, independent of the wall clock', async () => {
    const clock = new FakeClock();
    const time = creationTime({ metadata: { creationTimestamp: new Date(API_MS) } }, clock);
    await clock.step(30_000);
    const own = { wallMs: clock.now(), monotonicMs: clock.monotonicMs() };
    expect(toApiMs(time, own)).toBe(API_MS + 30_000);
    await clock.step(5_000);
    expect(toApiMs(time, own)).toBe(API_MS + 30_000);
    clock.jump(-7_200_000);
    expect(toApiMs(time, { ...own, wallMs: clock.now() })).toBe(API_MS + 30_000);
    expect(toOwnMs(time, clock, API_MS)).toBe(clock.now() - 35_000);
  });

  it('is taken from the latest write', () => {
    const clock = new FakeClock();
    const managedFields = [{ time: new Date(API_MS - 5_000) }, { time: new Date(API_MS) }, {}];
    expect(writeTime({ metadata: { managedFields } }, clock)).toEqual({ apiMs: API_MS, monotonicMs: 0 });
  });

  it('shows how long ago the status of a Pod was last changed, however the wall clock is set', async () => {
    const clock = new FakeClock();
    const managedFields = [
      { manager: 'kubelet', subresource: 'status', time: new Date(API_MS - 60_000) },
      { manager: 'kube-scheduler', subresource: 'status', time: new Date(API_MS - 90_000) },
      { manager: 'hangar', time: new Date(API_MS) },
    ];
    const pod = { metadata: { managedFields } };
    const time = writeTime(pod, clock);
    await clock.step(5_000);
    clock.jump(259_200_000);
    expect(statusAgeMs(pod, time, clock)).toBe(65_000);
    expect([statusAgeMs({}, time, clock), statusAgeMs(pod, undefined, clock)]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('equals our own time if the API server returns none', () => {
    const clock = new FakeClock();
    expect([creationTime({}, clock), writeTime({}, clock)]).toEqual([undefined, undefined]);
    expect([toApiMs(undefined, { wallMs: 5, monotonicMs: 7 }), toOwnMs(undefined, clock, 5)]).toEqual([5, 5]);
  });
});
