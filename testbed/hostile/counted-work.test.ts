import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WorkCounter } from './counted-work.ts';

function linear(n: number): number {
  let sum = 0;
  for (let at = 0; at < n; at += 1) sum += at % 3;
  return sum;
}

function quadratic(n: number): number {
  let sum = 0;
  for (let at = 0; at < n; at += 1) sum += linear(n);
  return sum;
}

describe('WorkCounter', () => {
  const counter = new WorkCounter();
  beforeAll(() => counter.start());
  afterAll(() => counter.stop());
  const workOf = (call: (n: number) => number, n: number): Promise<number> =>
    counter.count(() => Promise.resolve(void call(n)));

  it('counts twice the linear work and four times the quadratic work for twice the size', async () => {
    expect((await workOf(linear, 20_000)) / (await workOf(linear, 10_000))).toBeCloseTo(2, 1);
    expect((await workOf(quadratic, 400)) / (await workOf(quadratic, 200))).toBeCloseTo(4, 0);
  });
});
