import { expect, it } from 'vitest';
import { unmarkedPodsFor } from './pushes.ts';

it('the room that stays open is a push when nothing comes, more the more comes, and what waits on top', () => {
  const quiet = { perSecond: 0, waiting: 0, tickSeconds: 10, endsKnown: true };
  expect(unmarkedPodsFor(quiet)).toBe(5);
  expect(unmarkedPodsFor({ ...quiet, perSecond: 0.5 })).toBe(10);
  expect(unmarkedPodsFor({ ...quiet, perSecond: 0.5, waiting: 7 })).toBe(17);
});

it('and, where ends are not known, two standard deviations more', () => {
  const unknown = { waiting: 0, tickSeconds: 10, endsKnown: false };
  expect(unmarkedPodsFor({ ...unknown, perSecond: 0 })).toBe(5);
  expect(unmarkedPodsFor({ ...unknown, perSecond: 0.5 })).toBe(20);
});
