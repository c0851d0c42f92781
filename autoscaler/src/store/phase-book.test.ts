import { describe, expect, it } from 'vitest';
import type { TimedPhase } from '../watch/boot-phases.ts';
import { PhaseBook } from './phase-book.ts';

function bookOf(times: Partial<Record<TimedPhase, readonly number[]>>): PhaseBook {
  const book = new PhaseBook();
  for (const [phase, all = []] of Object.entries(times) as [TimedPhase, readonly number[]][])
    for (const seconds of all) book.add({ phase, seconds });
  return book;
}

describe('the usual phases of a boot', () => {
  it('are the medians of what was observed, in the order of a boot', () => {
    expect(bookOf({ cold: [50], kubelet: [30, 20, 900], machine: [70, 80] }).phases).toEqual([
      { phase: 'machine', seconds: 70, boots: 2 },
      { phase: 'kubelet', seconds: 30, boots: 3 },
      { phase: 'image', seconds: 50, boots: 1 },
    ]);
  });

  it('have as image what builds on other nodes do not take, and never less than nothing', () => {
    expect(bookOf({ cold: [50, 60, 70], warm: [5, 3, 4] }).phases).toEqual([
      { phase: 'image', seconds: 56, boots: 3 },
    ]);
    expect(bookOf({ cold: [2], warm: [3] }).phases).toEqual([{ phase: 'image', seconds: 0, boots: 1 }]);
  });

  it('leave out what was not observed: warm builds say nothing about a boot', () => {
    expect(bookOf({}).phases).toEqual([]);
    expect(bookOf({ warm: [3] }).phases).toEqual([]);
  });

  it('are of the last 200 boots', () => {
    const slow = Array.from({ length: 150 }, () => 300);
    const fast = Array.from({ length: 200 }, () => 10);

    expect(bookOf({ kubelet: [...slow, ...fast] }).phases).toEqual([
      { phase: 'kubelet', seconds: 10, boots: 200 },
    ]);
  });
});
