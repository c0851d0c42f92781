const TREE = '/sys/fs/cgroup';

interface Mount {
  readonly path: string;
  readonly type: string;
  readonly options: readonly string[];
}

function writableMounts(mounts: string): readonly Mount[] {
  const all = mounts.split('\n').map((line): Mount => {
    const [, path = '', type = '', options = ''] = line.split(' ');
    return { path, type, options: options.split(',') };
  });
  return all.filter(({ path, options }) => path.startsWith(TREE) && options.includes('rw'));
}

/**
 * Names of the controllers of control groups that may be written, of either version, from the text of /proc/self/mounts and that of the
 * unified tree's `cgroup.controllers` (empty without one).
 */
export function writableControllers(mounts: string, unified: string): ReadonlySet<string> {
  const found = writableMounts(mounts).flatMap(({ path, type, options }) => {
    // Version 1 has a tree for each controller, or for several, which are among its options.
    if (type === 'cgroup') return options;
    return type === 'cgroup2' && path === TREE ? unified.split(/\s+/) : [];
  });
  return new Set(found);
}
