import { describe, expect, it } from 'vitest';
import { startOfPlots } from './start-of-plots.ts';

const TO = 100_000;
const firstSampleAt = (at: number | undefined) => ({
  ask: () => Promise.resolve(at === undefined ? [] : [{ labels: {}, points: [[TO, at] as const] }]),
});
const startWith = (at: number | undefined) => startOfPlots(firstSampleAt(at), { to: TO, minutes: 15 });

describe('plots of a board begin', () => {
  it.each([
    ['with the first sample', TO - 300, TO - 300],
    ['two minutes ago at the latest', TO - 20, TO - 120],
    ['when they are asked to, where the data are older', TO - 5000, TO - 900],
    ['when they are asked to, where there are no data', undefined, TO - 900],
  ])('%s', async (_, first, expected) => {
    expect(await startWith(first)).toBe(expected);
  });
});
