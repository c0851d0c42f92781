import { describe, expect, it } from 'vitest';
import { type Disk, isVersionAtLeast, lacking, type Machine, remedyText } from './judge.ts';
import {
  CHROMIUM,
  CLUSTER,
  CLUSTER_BUILD,
  GATE_PROCESSES,
  type Need,
  PROMETHEUS,
  SHELLS,
  TEAR_DOWN,
} from './needs.ts';
import { machineWith } from './testing/machines.ts';

const GB = 1e9;
const disk = (freeBytes: number, more: Partial<Disk> = {}): Disk => ({
  ...{ folder: '/somewhere', device: 1, totalBytes: 100 * GB },
  ...{ freeBytes, ...more },
});

const namesOf = (needs: readonly Need[], machine: Machine): readonly string[] =>
  lacking(needs, machine).map(({ name }) => name);

describe('what the test cluster needs', () => {
  const whole = machineWith(CLUSTER);

  it('is all there on a machine that has it', () => {
    expect(lacking(CLUSTER, whole)).toEqual([]);
  });

  it.each<[string, Partial<Machine>, string]>([
    ['Linux', { platform: 'darwin' }, 'needs Linux: use a Linux machine or a Linux virtual machine'],
    ['root', { isRoot: false }, 'needs root: run "sudo -E npm test"'],
    [
      "one of Debian's files",
      { files: new Set([...whole.files].filter((path) => path !== '/usr/bin/docker-registry')) },
      'needs /usr/bin/docker-registry: run "sudo testbed/install-debian.sh" once',
    ],
    [
      'a program in PATH',
      { programs: new Set([...whole.programs].filter((program) => program !== 'openssl')) },
      'needs openssl: run "sudo testbed/install-debian.sh" once',
    ],
    [
      'Go',
      { goVersion: undefined },
      'needs Go 1.26 or newer: install Go (https://go.dev/dl) and put it in PATH',
    ],
    [
      'a Go that is new enough',
      { goVersion: '1.25.9' },
      'needs Go 1.26 or newer (here: 1.25.9): install Go (https://go.dev/dl) and put it in PATH',
    ],
    [
      'a controller of control groups',
      { controllers: new Set(['cpu', 'cpuset', 'memory']) },
      'needs control groups that may be written (cpu, cpuset, memory, pids): use a virtual machine, or a container with all privileges',
    ],
    [
      'overlayfs',
      { commands: new Set([...whole.commands].filter((command) => !command.includes('overlay'))) },
      'needs overlayfs in the folder of the test cluster (HANGAR_TESTBED_STATE): use a virtual machine, or a container with all privileges',
    ],
  ])('is told in one line with its remedy: %s', (_, less, line) => {
    expect(remedyText(lacking(CLUSTER, { ...whole, ...less }))).toBe(line);
  });

  it('is reported with each remedy once', () => {
    const bare = { ...whole, files: new Set<string>(), goVersion: undefined };
    const line = remedyText(lacking(CLUSTER, bare));

    expect(line).toMatch(/^needs Go 1\.26 or newer: install Go .*; needs \/usr\/lib\/cni\/bridge, /);
    expect(line).toContain('/usr/bin/busybox or /bin/busybox: run "sudo');
    expect(line.match(/install-debian/g)).toHaveLength(1);
    expect(line).not.toContain('\n');
  });

  it('takes busybox at either of its places', () => {
    const files = (busybox: string) =>
      new Set([...[...whole.files].filter((path) => !path.endsWith('/busybox')), busybox]);

    expect(namesOf(CLUSTER, { ...whole, files: files('/bin/busybox') })).toEqual([]);
    expect(namesOf(CLUSTER, { ...whole, files: files('/opt/busybox') })).toHaveLength(1);
  });

  it('on another platform is that platform alone: nothing else would help', () => {
    const mac: Machine = { ...machineWith([]), platform: 'darwin', isRoot: false };

    expect(namesOf(CLUSTER, mac)).toEqual(['Linux']);
  });

  it('without root reports missing files, not what only root can check', () => {
    const user = { ...whole, isRoot: false, commands: new Set<string>(), files: new Set<string>() };

    expect(namesOf(CLUSTER, user).slice(0, 2)).toEqual(['root', '/usr/lib/cni/bridge']);
    expect(namesOf(CLUSTER, user).join()).not.toContain('overlayfs');
  });

  it('does not blame the kernel for what a missing program could not try', () => {
    const programs = new Set([...whole.programs].filter((program) => program !== 'unshare'));
    const lines = namesOf(CLUSTER, { ...whole, programs, commands: new Set<string>() });

    expect(lines).toEqual(['unshare']);
  });

  it('leaves the two percent of a disk that the kubelet wants to see free', () => {
    const of = (freeBytes: number, totalBytes: number): readonly string[] =>
      namesOf(CLUSTER, { ...whole, disks: { state: disk(freeBytes, { totalBytes }) } });

    expect(of(4 * GB, 100 * GB)).toEqual([]);
    expect(of(4 * GB, 101 * GB)).toEqual(['2 GB of free disk for the test cluster (/somewhere has 4.0 GB)']);
  });

  it('is less for taking it down: what Debian brings may be gone by then', () => {
    const bare = { ...whole, files: new Set<string>(), goVersion: undefined };

    expect(namesOf(TEAR_DOWN, bare)).toEqual([]);
    expect(namesOf(TEAR_DOWN, { ...bare, isRoot: false })).toEqual(['root']);
  });
});

describe('free disk for building', () => {
  const whole = machineWith(CLUSTER_BUILD);
  const on = (cache: Disk, goBuild: Disk, goModules: Disk): readonly string[] =>
    namesOf(CLUSTER_BUILD, { ...whole, disks: { cache, goBuild, goModules } });

  it('is added up where folders share a disk', () => {
    const [much, little] = [disk(10.3 * GB), disk(10.2 * GB)];

    expect(on(much, much, much)).toEqual([]);
    expect(on(little, little, little)).toHaveLength(3);
  });

  it('is counted by itself on each disk', () => {
    const other = disk(2.5 * GB, { device: 2 });

    expect(on(disk(7.8 * GB), disk(7.8 * GB), other)).toEqual([]);
    expect(on(disk(7.7 * GB), disk(7.7 * GB), other)).toHaveLength(2);
  });

  it('is not required where Go, which names its folders, is missing', () => {
    const disks = { cache: disk(20 * GB) };

    expect(namesOf(CLUSTER_BUILD, { ...whole, disks, goVersion: undefined })).toEqual(['Go 1.26 or newer']);
  });
});

describe('other needs', () => {
  it.each<[string, readonly Need[], string]>([
    ['Chromium', CHROMIUM, 'needs Chromium: run "sudo testbed/install-debian.sh chromium" once'],
    [
      'Prometheus',
      PROMETHEUS,
      'needs prometheus, promtool: run "sudo testbed/install-debian.sh prometheus" once',
    ],
    ['a shell', SHELLS, 'needs bash, zsh, fish: run "sudo testbed/install-debian.sh shells" once'],
  ])('%s has to run, not only to be there', (_, needs, line) => {
    expect(lacking(needs, machineWith(needs))).toEqual([]);
    expect(remedyText(lacking(needs, { ...machineWith(needs), commands: new Set() }))).toBe(line);
  });

  it('processes of the gate need no root, but mount namespaces', () => {
    const user = { ...machineWith(GATE_PROCESSES), isRoot: false };

    expect(namesOf(GATE_PROCESSES, user)).toEqual([]);
    expect(namesOf(GATE_PROCESSES, { ...user, commands: new Set<string>() })).toEqual([
      'mount namespaces, with user namespaces if you are not root',
    ]);
  });
});

describe('a version', () => {
  it.each([
    ['1.26', true],
    ['1.26.8', true],
    ['1.27rc1', true],
    ['2.0', true],
    ['1.25.12', false],
    ['1.9', false],
    ['0.99', false],
  ])('%s is at least 1.26: %s', (version, want) => {
    expect(isVersionAtLeast(version, '1.26')).toBe(want);
  });
});
