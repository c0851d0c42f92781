import { describe, expect, it } from 'vitest';
import type { InjectedFault } from './history.ts';
import { violationsOf } from './invariants.ts';
import { countsOf, tableOf, violationLines } from './report.ts';
import { aBuild, aHistory, SENT_MS, SHAPE } from './testing/a-history.ts';

const fault = (kind: string, fromMs: number, toMs: number, isDone = true): InjectedFault => ({
  ...{ number: 1, kind, what: 'runner-1', isDone },
  ...{ fromMs: SENT_MS + fromMs, toMs: SENT_MS + toMs },
});

const history = aHistory(
  [
    aBuild({ status: 'running' }),
    aBuild({ number: 2, id: 8, sentMs: SENT_MS + 60_000, endedMs: SENT_MS + 70_000 }),
  ],
  {
    faults: [
      fault('kill -9', 2_000, 3_000),
      fault('SIGTERM', 61_000, 62_000),
      fault('SIGTERM', 62_000, 63_000, false),
    ],
  },
);
const violations = violationsOf(history, [SHAPE]);

describe('the table of faults', () => {
  it('counts by kind: injected faults, the builds under way, and their violations', () => {
    expect(countsOf(history, violations, ['kill -9', 'SIGTERM', 'cancel'])).toEqual([
      { kind: 'kill -9', injected: 1, builds: 1, violations: 1 },
      { kind: 'SIGTERM', injected: 1, builds: 1, violations: 0 },
      { kind: 'cancel', injected: 0, builds: 0, violations: 0 },
    ]);
  });

  it('has a row for each kind', () => {
    const [head, row] = tableOf(countsOf(history, violations, ['kill -9']));
    expect(head).toBe('fault    injected  builds  violations');
    expect(row).toBe('kill -9         1       1           1');
  });
});

describe('a violation', () => {
  it('names the build, the expected and the seen result, the faults meanwhile, and the seed', () => {
    const text = violations.flatMap((one) => violationLines(one, history)).join('\n');
    expect(text).toContain('VIOLATION one correct final status: build 1 (id 7, two steps), seed 1\n');
    expect(text).toContain('expected  an end\n');
    expect(text).toContain('seen      running forever\n');
    expect(text).toMatch(/fault {5}\S+–\S+ kill -9: runner-1$/);
  });
});
