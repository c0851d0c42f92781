import { describe, expect, it } from 'vitest';
import { countedDays } from './counted-days.ts';

const DAY = 86_400;
const MIDNIGHT = 20_000 * DAY;
const request = { cpuMillicores: 1, memoryBytes: 1 };
const arriving = (...times: readonly number[]) =>
  times.map((at) => ({ arrivedAt: MIDNIGHT + at, durationSeconds: 1, request }));

describe('countedDays', () => {
  it.each([
    { title: 'all of a day', last: 10, asked: undefined, want: 0, from: 5 },
    { title: 'the second of two days', last: DAY, asked: undefined, want: 1, from: DAY },
    { title: 'the second half of a week', last: 6 * DAY, asked: undefined, want: 3, from: 3 * DAY },
    { title: 'the second of two weeks', last: 13 * DAY, asked: undefined, want: 7, from: 7 * DAY },
    { title: 'the last of fifteen days', last: 14 * DAY, asked: undefined, want: 14, from: 14 * DAY },
    { title: 'two weeks of four', last: 27 * DAY, asked: undefined, want: 14, from: 14 * DAY },
    { title: 'all but two weeks of a year', last: 364 * DAY, asked: undefined, want: 14, from: 14 * DAY },
    { title: 'what is asked for', last: 27 * DAY, asked: 2, want: 2, from: 2 * DAY },
    { title: 'from the first job when nothing is learned', last: 27 * DAY, asked: 0, want: 0, from: 5 },
  ])('counts $title', ({ last, asked, want, from }) => {
    const { midnight, trainDays, countFrom } = countedDays(arriving(5, last), asked);

    expect({ midnight, trainDays, countFrom }).toEqual({
      midnight: MIDNIGHT,
      trainDays: want,
      countFrom: MIDNIGHT + from,
    });
  });

  it.each([
    { title: 'nothing of a month', last: 27 * DAY, asked: undefined, want: /^$/ },
    {
      title: 'what it chose for less',
      last: 13 * DAY,
      asked: undefined,
      want: /14 days: 7 days for training, /,
    },
    {
      title: 'nothing was learned of one day',
      last: 9000,
      asked: undefined,
      want: /1 day: all of it is evaluated, /,
    },
    { title: 'nothing for days that were requested', last: 13 * DAY, asked: 7, want: /^$/ },
    {
      title: 'that nothing is left',
      last: DAY,
      asked: 2,
      want: /nothing is left to evaluate. Use .* fewer than 2$/,
    },
    {
      title: 'that the cost of one burst is not counted',
      last: 25,
      asked: 0,
      want: /^the evaluated builds arrived within 20 s: node-hours are counted until the last one arrives/,
    },
    { title: 'minutes of a longer burst', last: 3600, asked: 0, want: /arrived within 60 minutes: / },
    { title: 'nothing of an hour', last: 3605, asked: 0, want: /^$/ },
    { title: 'the only remedy for one day', last: 9, asked: 1, want: /1 day, .*Use --train-days 0$/ },
  ])('reports $title', ({ last, asked, want }) => {
    expect(countedDays(arriving(5, last), asked).note).toMatch(want);
  });
});
