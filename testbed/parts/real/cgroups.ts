import { access, mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { cluster } from './plan/layout.ts';
import { signal } from './process.ts';

const base = '/sys/fs/cgroup';

const isThere = async (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Mount points of the control group trees: one in v2, one for each controller in v1 (and hybrid). */
async function trees(): Promise<readonly string[]> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' '));
  const found = mounts.filter(([, , type]) => type === 'cgroup' || type === 'cgroup2');
  return found.flatMap(([, path]) => (path?.startsWith(base) === true ? [path] : []));
}

async function prepare(tree: string): Promise<void> {
  const ours = `${tree}/${cluster.cgroup}`;
  await mkdir(ours, { recursive: true });
  if (await isThere(`${tree}/cgroup.subtree_control`)) {
    const controllers = (await readFile(`${tree}/cgroup.controllers`, 'utf8')).trim().split(' ');
    const wanted = controllers.filter(Boolean).map((name) => `+${name}`);
    await writeFile(`${tree}/cgroup.subtree_control`, wanted.join(' ')).catch(() => undefined);
    await writeFile(`${ours}/cgroup.subtree_control`, wanted.join(' ')).catch(() => undefined);
  }
  // A new cpuset (v1) is empty, and nothing can run in an empty one.
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    const parents = await readFile(`${tree}/${file}`, 'utf8').catch(() => undefined);
    if (parents !== undefined) await writeFile(`${ours}/${file}`, parents.trim());
  }
}

/** Makes the group under which the kubelet keeps all Pods, so that they are found again whatever died. */
export async function makeCgroups(): Promise<void> {
  for (const tree of await trees()) await prepare(tree);
}

async function groupsBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => `${folder}/${name}`);
  const below = await Promise.all(folders.map(groupsBelow));
  // Deepest first: only an empty group can be removed.
  return [...below.flat(), ...folders];
}

/** Our control groups in all trees, deepest first. */
export async function ourGroups(): Promise<readonly string[]> {
  const roots = (await trees()).map((tree) => `${tree}/${cluster.cgroup}`);
  const all = await Promise.all(
    roots.map(async (root) => ((await isThere(root)) ? [...(await groupsBelow(root)), root] : [])),
  );
  return all.flat();
}

/** Numbers of all processes in our groups. */
export async function podProcesses(): Promise<readonly number[]> {
  const groups = await ourGroups();
  const lists = await Promise.all(
    groups.map((group) => readFile(`${group}/cgroup.procs`, 'utf8').catch(() => '')),
  );
  return [...new Set(lists.flatMap((list) => list.split('\n').filter(Boolean).map(Number)))];
}

/** Kills every process of every Pod, again until none is left. Throws when some outlive ten seconds. */
export async function killPodProcesses(): Promise<void> {
  for (let round = 0; round < 200; round += 1) {
    const pids = await podProcesses();
    if (pids.length === 0) return;
    for (const pid of pids) signal(pid, 'SIGKILL');
    await pause(50);
  }
  throw new Error(`processes of Pods outlive SIGKILL: ${(await podProcesses()).join(' ')}`);
}

/** Removes our groups, once their processes are gone; gives those that remain. */
export async function removeCgroups(): Promise<readonly string[]> {
  for (let round = 0; round < 40; round += 1) {
    const groups = await ourGroups();
    if (groups.length === 0) return [];
    for (const group of groups) await rmdir(group).catch(() => undefined);
    // The kernel lets go of a group a moment after its last process.
    if ((await ourGroups()).length > 0) await pause(50);
  }
  return ourGroups();
}
