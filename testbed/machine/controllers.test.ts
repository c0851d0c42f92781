import { describe, expect, it } from 'vitest';
import { writableControllers } from './controllers.ts';

const found = (mounts: readonly string[], unified = ''): readonly string[] => {
  const all = writableControllers(mounts.join('\n'), unified);
  return ['cpu', 'cpuset', 'memory', 'pids'].filter((name) => all.has(name));
};

describe('controllers of control groups', () => {
  it.each<[string, readonly string[], string, readonly string[]]>([
    [
      'version 2',
      ['cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0'],
      'cpuset cpu io memory pids\n',
      ['cpu', 'cpuset', 'memory', 'pids'],
    ],
    [
      'version 2 that gives some of them away',
      ['cgroup2 /sys/fs/cgroup cgroup2 rw 0 0'],
      'memory pids',
      ['memory', 'pids'],
    ],
    [
      'version 2 in a container without privileges',
      ['cgroup /sys/fs/cgroup cgroup2 ro,nosuid 0 0'],
      'cpu memory',
      [],
    ],
    [
      'version 1, two of them in one tree',
      [
        'cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0',
        'cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0',
        'cgroup /sys/fs/cgroup/pids cgroup ro,relatime,pids 0 0',
      ],
      '',
      ['cpu', 'memory'],
    ],
    [
      'version 1 with an empty tree of version 2 beside it',
      ['cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0', 'cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0'],
      'cpu',
      ['memory'],
    ],
    ['none', ['proc /proc proc rw 0 0'], '', []],
  ])('%s', (_, mounts, unified, want) => {
    expect(found(mounts, unified)).toEqual(want);
  });
});
