import { describe, expect, it } from 'vitest';
import type { PlannedStep, RunPlan } from '../../pipeline/run-plan.ts';
import { Turns } from './turns.ts';

type Row = Pick<PlannedStep, 'n' | 'after'> & { role?: PlannedStep['role'] };

const planOf = (...rows: readonly Row[]): RunPlan => ({
  version: 1,
  nonce: 'n',
  timeoutMs: 1,
  repoSlug: '',
  buildNumber: 1,
  buildEvent: 'push',
  steps: rows.map(({ n, after, role = 'step' }) => ({
    n,
    after,
    role,
    name: `s${n}`,
    image: 'i',
    engine: 'gate',
    dependsOn: [],
    runs: 'on-success',
    fails: 'fail',
    pid1: false,
  })),
});

/** Three serial steps. */
const LINE = planOf({ n: 1, after: [] }, { n: 2, after: [1] }, { n: 3, after: [2] });

function stage(plan: RunPlan, ...open: readonly number[]) {
  const turns = new Turns(plan);
  const seen: string[] = [];
  for (const n of open) turns.open(n);
  return { turns, seen, say: (n: number, text: string) => turns.show(n, () => seen.push(`${n} ${text}`)) };
}

describe('the order of steps on the screen', () => {
  it('holds early output until the previous step has been printed completely', () => {
    const { turns, seen, say } = stage(LINE, 1, 2);
    say(2, 'early');
    say(1, 'late');
    expect(seen).toEqual(['1 late']);
    turns.finish(1);
    say(2, 'then');
    expect(seen).toEqual(['1 late', '2 early', '2 then']);
  });

  it('is kept for a step that has finished while it was held itself', () => {
    const { turns, seen, say } = stage(LINE, 1, 2, 3);
    say(3, 'c');
    say(2, 'b');
    turns.finish(2);
    turns.finish(3);
    expect(seen).toEqual([]);
    say(1, 'a');
    turns.finish(1);
    expect(seen).toEqual(['1 a', '2 b', '3 c']);
  });

  it('does not wait for a step that never opened its log', () => {
    const { seen, say } = stage(LINE, 2);
    say(2, 'b');
    expect(seen).toEqual(['2 b']);
  });

  it('allows independent steps to mix, and services with all steps', () => {
    const plan = planOf({ n: 1, after: [], role: 'background' }, { n: 2, after: [1] }, { n: 3, after: [1] });
    const { seen, say } = stage(plan, 1, 2, 3);
    say(3, 'c');
    say(2, 'b');
    say(1, 'a');
    expect(seen).toEqual(['3 c', '2 b', '1 a']);
  });

  it('is given up when too many lines are held', () => {
    const { seen, say } = stage(LINE, 1, 2);
    for (let n = 0; n < 20_001; n++) say(2, 'flood');
    expect(seen).toHaveLength(20_001);
  });

  it('prints everything at the end', () => {
    const { turns, seen, say } = stage(LINE, 1, 2, 3);
    say(3, 'c');
    turns.finishAll();
    expect(seen).toEqual(['3 c']);
  });
});
