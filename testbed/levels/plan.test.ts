import { describe, expect, it } from 'vitest';
import { machineWith } from '../machine/testing/machines.ts';
import type { PartName } from '../parts/real/plan/parts.ts';
import { LEVELS } from './levels.ts';
import { levelPlanOf, needsOf, planLines } from './plan.ts';

const NOTHING: ReadonlySet<PartName> = new Set();
const EVERYTHING: ReadonlySet<PartName> = new Set(LEVELS.flatMap(({ parts }) => parts));
const whole = machineWith(LEVELS.flatMap((level) => needsOf(level, EVERYTHING)));
const tiny = { folder: '/cache', device: 1, freeBytes: 1e9, totalBytes: 1e9 };

const named = (...names: readonly string[]) => LEVELS.filter(({ name }) => names.includes(name));

describe('a plan', () => {
  it("runs every level on Linux with root, Go and Debian's packages", () => {
    const { runs, leftOut } = levelPlanOf(LEVELS, whole, NOTHING);

    expect(runs.map(({ level }) => level.name)).toEqual(LEVELS.map(({ name }) => name));
    expect(leftOut).toEqual([]);
  });

  it('runs what needs nothing on a machine that has nothing', () => {
    const bare = { ...machineWith([]), isRoot: false, goVersion: undefined };

    const { runs } = levelPlanOf(LEVELS, bare, NOTHING);
    expect(runs.map(({ level }) => level.name)).toEqual(['unit', 'flows', 'chaos']);
  });

  it('leaves a level out with one line: its name, what is missing, and the remedy', () => {
    const files = new Set([...whole.files].filter((path) => !path.startsWith('/usr/lib/cni/')));
    const { runs, leftOut } = levelPlanOf(named('unit', 'real'), { ...whole, files }, EVERYTHING);

    expect(runs.map(({ level }) => level.name)).toEqual(['unit']);
    expect(leftOut).toEqual([
      'left out: real (failures, placing, scaling and chaos on a real cluster): needs /usr/lib/cni/bridge, /usr/lib/cni/host-local, ' +
        '/usr/lib/cni/loopback: run "sudo testbed/install-debian.sh" once',
    ]);
  });

  it('leaves out completion alone where zsh and fish are missing', () => {
    const commands = new Set([...whole.commands].filter((command) => !/^(zsh|fish) /.test(command)));
    const { runs, leftOut } = levelPlanOf(LEVELS, { ...whole, commands }, NOTHING);

    expect(runs).toHaveLength(LEVELS.length - 1);
    expect(leftOut).toEqual([
      expect.stringMatching(
        /^left out: shells \(.*\): needs zsh, fish: run "sudo testbed\/install-debian.sh shells" once$/,
      ),
    ]);
  });

  it.each<[string, ReadonlySet<PartName>, number]>([
    ['lacks parts', new Set(['etcd']), 0],
    ['has all that the level needs', new Set(['helm']), 1],
  ])('demands room for building only where the cache %s', (_, missing, want) => {
    const machine = { ...whole, disks: { cache: { ...tiny, freeBytes: 0 } } };

    expect(levelPlanOf(named('large'), machine, missing).runs).toHaveLength(want);
  });

  it('builds each part before the first level that needs it', () => {
    const missing: ReadonlySet<PartName> = new Set(['kwok', 'helm']);
    const { runs } = levelPlanOf(named('real', 'chart', 'docs'), whole, missing);

    expect(runs.map(({ level, builds }) => [level.name, builds.map(({ name }) => name)])).toEqual([
      ['real', ['kwok']],
      ['chart', ['helm']],
      ['docs', []],
    ]);
  });

  it('lists what is built first, its duration, and the basis of that estimate', () => {
    const lines = (missing: ReadonlySet<PartName>, records: Parameters<typeof planLines>[1]) =>
      planLines(levelPlanOf(named('unit', 'large'), whole, missing), records);

    expect(lines(new Set(['etcd', 'kubernetes']), [])).toEqual([
      'runs 2 of 2 levels:',
      '  unit   pure functions by tables and properties, edges on loopback',
      '  large  two hundred steps in one Pod, on a real kubelet; builds etcd-v3.6.7, kubernetes-v1.34.4 first ' +
        '(about 6 min by measurements on two cores)',
    ]);
    expect(lines(new Set(['etcd']), [{ part: 'kubernetes', seconds: 700 }])[2]).toContain(
      '; builds etcd-v3.6.7 first (about 48 s by what was built here before)',
    );
    expect(lines(NOTHING, [])[2]).not.toContain('builds');
  });

  it('reports when no level runs', () => {
    const mac = { ...whole, platform: 'darwin' as const };

    expect(planLines(levelPlanOf(named('real'), mac, NOTHING), [])).toEqual([
      'no level runs',
      expect.stringMatching(/^left out: real \(.*\): needs Linux: use a Linux machine/),
    ]);
  });
});
