import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { longestTurnMs } from './cpu-time.ts';

/** Needs that much CPU time of this thread. */
function work(ms: number): void {
  const before = process.threadCpuUsage();
  for (;;) {
    const { user, system } = process.threadCpuUsage(before);
    if (user + system >= ms * 1_000) return;
  }
}

describe('longestTurnMs', () => {
  it('is the CPU time between two turns of the loop', async () => {
    expect(await longestTurnMs(() => Promise.resolve(work(60)))).toBeGreaterThanOrEqual(60);
  });

  it('does not add up what several turns need', async () => {
    const inTurns = async (): Promise<void> => {
      for (let nth = 0; nth < 20; nth += 1) {
        work(20);
        await turn();
      }
    };
    expect(await longestTurnMs(inTurns)).toBeLessThan(300);
  });

  it('throws what the work throws', async () => {
    await expect(longestTurnMs(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  });
});
