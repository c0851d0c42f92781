import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { graceAfter } from './grace.ts';

function begin() {
  const clock = new FakeClock();
  const handOver = new AbortController();
  const lost = new AbortController();
  const grace = graceAfter(clock, { handOver: handOver.signal, lost: lost.signal }, 2_000);
  return { clock, handOver, lost, grace };
}

describe('the grace period for calls at a hand-over', () => {
  it('begins with the hand-over and ends after its duration', async () => {
    const { clock, handOver, grace } = begin();
    await clock.step(60_000);
    handOver.abort(new Error('going'));
    await clock.step(1_999);
    expect(grace.signal.aborted).toBe(false);
    await clock.step(1);
    expect(grace.signal.reason).toMatchObject({ message: 'going' });
  });

  it('ends at once when the Lease is lost, because other replicas may act then', () => {
    const { lost, grace } = begin();
    lost.abort();
    expect(grace.signal.aborted).toBe(true);
  });

  it('leaves no timer when it is closed', async () => {
    const { clock, handOver, grace } = begin();
    handOver.abort();
    grace.close();
    await clock.step(5_000);
    expect([grace.signal.aborted, clock.pending]).toEqual([false, 0]);
  });
});
