import { describe, expect, it } from 'vitest';
import type { RunningBuild } from '../capacity/job.ts';
import { NamedRunTimes } from './named-run-times.ts';

/** Two pipelines that run for about 100 and 1000 seconds, a tenth more or less, and builds without a name that run for 300. */
function learned(): NamedRunTimes {
  const runTimes = new NamedRunTimes();
  for (let nth = 0; nth < 300; nth += 1) {
    const spread = 0.9 + (nth % 21) / 100;
    runTimes.ended({ name: 'a short', seconds: 100 * spread });
    runTimes.ended({ name: 'a long', seconds: 1000 * spread });
    runTimes.ended({ name: '', seconds: 300 });
  }
  return runTimes;
}
const build = (name: string, startedAt: number): RunningBuild => ({ name, startedAt });
const chance = (runTimes: NamedRunTimes, one: RunningBuild, within: number): number =>
  runTimes.leaving([one], 0, within)[0]?.chance ?? Number.NaN;

describe('run times by name', () => {
  it('a build ends when others of its name did, whatever other names do', () => {
    const runTimes = learned();
    expect(chance(runTimes, build('a short', 0), 120)).toBeGreaterThan(0.95);
    expect(chance(runTimes, build('a long', 0), 120)).toBeLessThan(0.05);
    expect(chance(runTimes, build('a long', -850), 120)).toBeGreaterThan(0.3);
    expect(runTimes.expectedEnd(build('a short', 0), 0)).toBeCloseTo(100, -1);
    expect(runTimes.expectedEnd(build('a long', 0), 0)).toBeCloseTo(1000, -2);
  });

  it('a build that is late is expected to end later than now', () => {
    const end = learned().expectedEnd(build('a short', -105), 0);
    expect(end).toBeGreaterThan(0);
    expect(end).toBeLessThan(20);
  });

  it('the first run of a new name already says something: half of the way to its own time', () => {
    const runTimes = learned();
    const before = runTimes.expectedEnd(build('a new', 0), 0);
    runTimes.ended({ name: 'a new', seconds: 10 });
    const after = runTimes.expectedEnd(build('a new', 0), 0);
    expect(after).toBeCloseTo(Math.sqrt(before * 10), -1);
  });

  it('builds of one age without a name are one group, and named ones have chances of their own', () => {
    const groups = learned().leaving([build('', 0), build('', 0), build('a short', 0)], 0, 120);
    expect(groups.map(({ count }) => count)).toEqual([1, 2]);
  });

  it('nothing is known before some builds have ended: none ends, and each node may be empty now', () => {
    const runTimes = new NamedRunTimes();
    for (let nth = 0; nth < 49; nth += 1) runTimes.ended({ name: 'a short', seconds: 100 });
    expect(chance(runTimes, build('a short', 0), 1e6)).toBe(0);
    expect(runTimes.expectedEnd(build('a short', 0), 7)).toBe(7);
  });

  it('of a name that is new no more is known than of any build', () => {
    const runTimes = learned();
    const [fresh, unnamed] = [build('a new', -200), build('', -200)];
    expect(runTimes.expectedEnd(fresh, 0)).toBe(runTimes.expectedEnd(unnamed, 0));
    expect(runTimes.leaving([fresh, unnamed], 0, 120)).toHaveLength(1);
  });

  it('records without names count for named builds until enough of those have ended', () => {
    const runTimes = new NamedRunTimes();
    for (let nth = 0; nth < 300; nth += 1) runTimes.ended({ name: '', seconds: 300 });
    for (let nth = 0; nth < 50; nth += 1) runTimes.ended({ name: 'a short', seconds: 100 });
    expect(chance(runTimes, build('a short', -200), 120)).toBeGreaterThan(0.9);
    expect(runTimes.expectedEnd(build('a short', -200), 0)).toBeCloseTo(100, -2);
    runTimes.ended({ name: 'a short', seconds: 100 });
    expect(runTimes.expectedEnd(build('a short', 0), 0)).toBeCloseTo(100, -1);
  });

  it('names are forgotten, longest unseen first, when there are very many', () => {
    const runTimes = learned();
    for (let nth = 0; nth < 9_999; nth += 1) runTimes.ended({ name: `b ${nth}`, seconds: 300 });
    const unknown = runTimes.expectedEnd(build('never seen', 0), 0);
    expect(runTimes.expectedEnd(build('a short', 0), 0)).toBe(unknown);
    expect(runTimes.expectedEnd(build('a long', 0), 0)).not.toBe(unknown);
  });
});

it('a node is empty when the last of its builds has ended; one without builds is not named', () => {
  const builds = [
    { ...build('a short', 0), node: 'n1' },
    { ...build('a long', 0), node: 'n1' },
    { ...build('a short', 0), node: 'n2' },
  ];
  const emptyAt = learned().emptyAt(builds, 0);
  expect([...(emptyAt?.keys() ?? [])]).toEqual(['n1', 'n2']);
  expect(emptyAt?.get('n1')).toBeCloseTo(1000, -2);
  expect(emptyAt?.get('n2')).toBeCloseTo(100, -1);
});

it('when nodes are empty is unknown until enough named builds have ended, however many others have', () => {
  const runTimes = new NamedRunTimes();
  for (let nth = 0; nth < 300; nth += 1) runTimes.ended({ name: '', seconds: 300 });
  expect(runTimes.emptyAt([], 0)).toBeUndefined();
  for (let nth = 0; nth < 51; nth += 1) runTimes.ended({ name: 'a short', seconds: 100 });
  expect(runTimes.emptyAt([], 0)).toEqual(new Map());
});
