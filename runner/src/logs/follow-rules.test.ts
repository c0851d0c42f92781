import { backoffDelayMs } from '@hangar/shared/backoff';
import { describe, expect, it } from 'vitest';
import {
  afterStream,
  type FollowState,
  OUT_OF_REACH_MS,
  REFUSED_MS,
  reopening,
  type StreamEnd,
} from './follow-rules.ts';

const running: FollowState = {
  endedAtMs: undefined,
  progressAtMs: 0,
  failures: 3,
  streamsAfterEnd: 0,
  sawEnd: false,
  sawClose: false,
  refusedAtMs: undefined,
};
const ended: FollowState = { ...running, endedAtMs: 1000, streamsAfterEnd: 1 };
const clean: StreamEnd = { kind: 'clean', afterEnd: true, fresh: 0, reason: 'r' };
const again = (failures: number): object => ({ kind: 'again', failures });

describe('afterStream', () => {
  it.each<[string, FollowState, StreamEnd, number, object]>([
    [
      'both marks: complete',
      { ...running, sawEnd: true, sawClose: true },
      { ...clean, kind: 'broken', afterEnd: false },
      0,
      { kind: 'complete' },
    ],
    ['one mark: again', { ...running, sawEnd: true }, { ...clean, afterEnd: false }, 0, again(4)],
    ['still running: again', running, { ...clean, afterEnd: false }, 0, again(4)],
    ['something new: without waiting longer', running, { ...clean, afterEnd: false, fresh: 1 }, 0, again(0)],
    ['silence: no failure', running, { ...clean, kind: 'silent', afterEnd: false }, 0, again(0)],
    ['opened before the end: once more', ended, { ...clean, afterEnd: false }, 1000, again(4)],
    ['opened after the end with something new: once more', ended, { ...clean, fresh: 2 }, 1000, again(0)],
    ['opened after the end with nothing new: complete', ended, clean, 1000, { kind: 'complete' }],
    ['gone while running: again', running, { ...clean, kind: 'gone', afterEnd: false }, 0, again(4)],
    [
      'gone after the end: cut off',
      ended,
      { ...clean, kind: 'gone' },
      0,
      { kind: 'cut-off', reason: 'the Pod no longer exists' },
    ],
    ['not ready after the end: again', ended, { ...clean, kind: 'not-ready' }, 0, again(4)],
    [
      'not ready three times after the end: no log',
      { ...ended, streamsAfterEnd: 3 },
      { ...clean, kind: 'not-ready' },
      0,
      { kind: 'complete' },
    ],
    [
      'unavailable for less than half a minute: again',
      ended,
      { ...clean, kind: 'unavailable' },
      999 + OUT_OF_REACH_MS,
      again(4),
    ],
    ...(['unavailable', 'broken', 'silent', 'undelivered'] as const).flatMap(
      (kind): [string, FollowState, StreamEnd, number, object][] =>
        [OUT_OF_REACH_MS, 48 * 3_600_000].map((ms) => [
          `${kind} for ${ms / 1000} s: again, and reported as out of reach, since the Pod still has the log`,
          ended,
          { ...clean, kind },
          1000 + ms,
          { ...again(kind === 'silent' ? 0 : 4), outOfReach: 'r' },
        ]),
    ),
    [
      'broken, but with recent lines: again',
      { ...ended, progressAtMs: 20_000 },
      { ...clean, kind: 'broken' },
      1000 + OUT_OF_REACH_MS,
      again(4),
    ],
    ...(['forbidden', 'undelivered'] as const).flatMap(
      (kind): [string, FollowState, StreamEnd, number, object][] => [
        [
          `${kind} for less than five minutes: again, since that may change`,
          { ...ended, refusedAtMs: 1000 },
          { ...clean, kind },
          999 + REFUSED_MS,
          { ...again(4), outOfReach: 'r' },
        ],
        [
          `${kind} for five minutes: cut off`,
          { ...ended, refusedAtMs: 1000 },
          { ...clean, kind },
          1000 + REFUSED_MS,
          { kind: 'cut-off', reason: 'r' },
        ],
        [
          `${kind} once, after an outage of an hour: again`,
          { ...ended, refusedAtMs: 3_600_000 },
          { ...clean, kind },
          3_600_000,
          { ...again(4), outOfReach: 'r' },
        ],
      ],
    ),
    [
      'forbidden while running: again',
      running,
      { ...clean, kind: 'forbidden', afterEnd: false },
      1e9,
      again(4),
    ],
  ])('%s', (...[, state, end, nowMs, want]) => {
    expect(afterStream(state, end, nowMs)).toEqual(want);
  });
});

it('reopening() doubles from 50 ms to 5 s, half of it random', () => {
  const delay = (dice: number) => (failures: number) =>
    backoffDelayMs(
      reopening(() => dice),
      failures,
    );
  expect([0, 1, 2, 7, 99].map(delay(1))).toEqual([50, 100, 200, 5000, 5000]);
  expect([0, 99].map(delay(0))).toEqual([25, 2500]);
});
