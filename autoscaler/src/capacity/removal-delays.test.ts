import { expect, it } from 'vitest';
import { delaysBeside } from './removal-delays.ts';

it.each([
  { announcedShare: 0, emptyForMs: 30_000, lowerPaceMs: 60_000 },
  { announcedShare: 0.5, emptyForMs: 15_000, lowerPaceMs: 30_000 },
  { announcedShare: 1, emptyForMs: 0, lowerPaceMs: 0 },
])('where a share of $announcedShare is announced, nodes stay empty for $emptyForMs ms', (want) => {
  const { announcedShare, ...delays } = want;
  const rules = { emptyForMs: 30_000, lowerPaceMs: 60_000, batch: 10 };

  expect(delaysBeside(rules, announcedShare)).toEqual({ ...delays, batch: 10 });
});
