import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { LeaseLost, type LeaseState, LeaseValidity } from './lease-validity.ts';

const TERM_MS = 15_000;
const SAFE_MS = 10_000;

function held() {
  const clock = new FakeClock();
  const validity = new LeaseValidity(clock, TERM_MS);
  validity.begin();
  validity.renewed(clock.monotonicMs());
  return { clock, validity };
}

describe('LeaseValidity', () => {
  it('allows writes before the Lease is taken for the first time: rights are reviewed by then', () => {
    expect(() => new LeaseValidity(new FakeClock(), TERM_MS).assertHeld()).not.toThrow();
  });

  it('allows writes until two thirds of the term have passed, and not at that moment', async () => {
    const { clock, validity } = held();
    await clock.step(SAFE_MS - 1);
    expect(() => validity.assertHeld()).not.toThrow();
    await clock.step(1);
    expect(() => validity.assertHeld()).toThrow(LeaseLost);
    expect(validity.lost.aborted).toBe(true);
  });

  it('refuses a write of a process that was stopped, though its timer has not fired yet', () => {
    const { clock, validity } = held();
    clock.sleepThrough(SAFE_MS);
    expect([validity.state, validity.lost.aborted]).toEqual(['held', false]);
    expect(() => validity.assertHeld()).toThrow(LeaseLost);
    expect([validity.state, validity.lost.aborted]).toEqual(['lost', true]);
  });

  it('counts each renewal from its beginning', async () => {
    const { clock, validity } = held();
    const startedMs = clock.monotonicMs();
    await clock.step(6_000);
    validity.renewed(startedMs);
    await clock.step(SAFE_MS - 6_000);
    expect(validity.state).toBe('lost');
  });

  it('a renewal that is answered after the loss does not undo it; a new term does', async () => {
    const { clock, validity } = held();
    await clock.step(SAFE_MS);
    validity.renewed(clock.monotonicMs());
    expect(() => validity.assertHeld()).toThrow(LeaseLost);
    validity.begin();
    validity.renewed(clock.monotonicMs());
    expect(() => validity.assertHeld()).not.toThrow();
    expect(validity.lost.aborted).toBe(false);
  });

  it('refuses writes while the Lease is taken again: others may have acted since the loss', async () => {
    const { clock, validity } = held();
    await clock.step(SAFE_MS);
    validity.begin();
    expect(() => validity.assertHeld()).toThrow('being acquired');
    expect(validity.lost.aborted).toBe(false);
  });

  it('a renewal of the last term that is answered in the next one counts for neither', async () => {
    const { clock, validity } = held();
    const startedMs = clock.monotonicMs();
    await clock.step(SAFE_MS);
    validity.begin();
    validity.renewed(startedMs);
    await clock.step(1);
    expect([validity.state, validity.lost.aborted]).toEqual(['taking', false]);
  });

  it('refuses writes after the release, which is no loss', () => {
    const { validity } = held();
    validity.release();
    expect(() => validity.assertHeld()).toThrow('handed over');
    expect(validity.lost.aborted).toBe(false);
  });

  it('reports each change once', async () => {
    const { clock, validity } = held();
    const states: LeaseState[] = [];
    const stop = validity.listen((state) => states.push(state));
    validity.renewed(clock.monotonicMs());
    await clock.step(SAFE_MS);
    validity.begin();
    stop();
    validity.renewed(clock.monotonicMs());
    expect(states).toEqual(['lost', 'taking']);
  });
});
