import { describe, expect, it } from 'vitest';
import { boots, nodeHours } from './node-spans.ts';

const HOUR_MS = 3_600_000;
const COUNTED = { fromMs: 10 * HOUR_MS, toMs: 12 * HOUR_MS };
const span = (ordered: number, gone?: number) => ({
  nodePool: 'ci',
  orderedMs: ordered * HOUR_MS,
  goneMs: gone === undefined ? undefined : gone * HOUR_MS,
});

describe('node hours', () => {
  it.each([
    ['a node that came and went meanwhile', span(10.5, 11), 0.5, 1],
    ['one that was there before and stays', span(9), 2, 0],
    ['one that was there before and goes', span(9, 10.25), 0.25, 0],
    ['one that is still there', span(11), 1, 1],
    ['one that was gone before', span(8, 9.5), 0, 0],
    ['one that came afterwards', span(12.5), 0, 0],
  ])('%s counts by the hours in which builds came', (_, one, hours, booted) => {
    expect(nodeHours([one], COUNTED)).toBeCloseTo(hours, 9);
    expect(boots([one], COUNTED)).toBe(booted);
  });

  it('adds up over nodes', () => {
    expect(nodeHours([span(9), span(11)], COUNTED)).toBeCloseTo(3, 9);
  });
});
