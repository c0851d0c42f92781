import { describe, expect, it } from 'vitest';
import { until } from './until.ts';

describe('until', () => {
  it('gives the first thing that there is to see, at once where it is there', async () => {
    let looks = 0;
    const third = (): string | undefined => (++looks < 3 ? undefined : 'there');
    expect(await until('the third look', 10_000, third)).toBe('there');
    expect(await until('an empty text', 10_000, () => '')).toBe('');
    expect(await until('a number', 10_000, () => Promise.resolve(0))).toBe(0);
  });

  it('takes a look that fails for one that sees nothing', async () => {
    let looks = 0;
    const second = (): Promise<boolean> =>
      ++looks < 2 ? Promise.reject(new Error('cut')) : Promise.resolve(true);
    expect(await until('the second look', 10_000, second)).toBe(true);
  });

  it('names the condition on a timeout, and the error of the last attempt', async () => {
    await expect(until('a Pod', 1, () => false)).rejects.toThrow(
      'waited 0.001 s for a Pod, without success: not yet',
    );
    const broken = () => Promise.reject(new Error('cut'));
    await expect(until('a Pod', 1, broken)).rejects.toThrow('for a Pod, without success: cut');
  });
});
