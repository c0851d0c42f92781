import { readdir, readFile, readlink, rm, rmdir, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { killPodProcesses, removeCgroups } from './cgroups.ts';
import { attempt, runOrThrow } from './command.ts';
import { cluster, type Layout, statePaths } from './plan/layout.ts';
import { parts } from './plan/parts.ts';
import { stopOrder } from './plan/services.ts';
import { endProcess, findProcesses, stopDaemon } from './process.ts';

const daemonNames = [...parts.flatMap((part) => part.programs.map(({ name }) => name)), 'docker-registry'];
const shimName = 'containerd-shim-runc-v2';
const graceMs = 3_000;

/** Mount points at or below that folder, deepest first. */
export async function mountsBelow(folder: string): Promise<readonly string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8');
  const points = table.split('\n').map((line) => line.split(' ')[4] ?? '');
  const plain = points.map((point) =>
    point.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8))),
  );
  return plain.filter((point) => `${point}/`.startsWith(`${folder}/`)).reverse();
}

async function unmountAll(folder: string): Promise<void> {
  for (let round = 0; round < 10; round += 1) {
    const mounts = await mountsBelow(folder);
    if (mounts.length === 0) return;
    await attempt('umount', ['--lazy', ...mounts]);
    await pause(20);
  }
  // Deleting through a mount would delete what is mounted.
  throw new Error(`still mounted: ${(await mountsBelow(folder)).join(' ')}`);
}

async function stopStrays(layout: Layout, names: readonly string[]): Promise<void> {
  const strays = await findProcesses(names, `${layout.state}/`);
  await Promise.all(strays.map((stray) => endProcess(stray, graceMs)));
}

async function stopServices(layout: Layout): Promise<void> {
  const pidFile = (name: string) => `${statePaths(layout).pids}/${name}`;
  const others = stopOrder.filter((name) => name !== 'kubelet' && name !== 'containerd');
  await Promise.all(others.map((name) => stopDaemon(pidFile(name), graceMs)));
  await stopDaemon(pidFile('kubelet'), graceMs);
  await stopStrays(
    layout,
    daemonNames.filter((name) => name !== 'containerd' && name !== shimName),
  );
  await killPodProcesses();
  await stopDaemon(pidFile('containerd'), graceMs);
  await stopStrays(layout, ['containerd', 'ctr']);
}

/** Shims outlive containerd, and are not needed once their containers are dead. */
async function endShims(layout: Layout): Promise<void> {
  const shims = await findProcesses([shimName], `${layout.state}/`);
  await Promise.all(shims.map((shim) => endProcess(shim, 0)));
}

async function removeBridge(): Promise<void> {
  const { stdout } = await attempt('ip', ['-o', 'link', 'show', 'master', cluster.bridge]);
  const ports = stdout.split('\n').flatMap((line) => /^\d+: ([^:@]+)/.exec(line)?.[1] ?? []);
  for (const port of [...ports, cluster.bridge]) await attempt('ip', ['link', 'delete', port]);
}

/** Results that the network plugins keep for each sandbox; ours are known by the sandboxes on our network. */
async function removeCachedResults(): Promise<void> {
  const folder = '/var/lib/cni/results';
  const names = await readdir(folder).catch(() => []);
  const sandboxes = names.flatMap((name) => /^hangar-([0-9a-f]{64})-/.exec(name)?.[1] ?? []);
  for (const name of names.filter((each) => sandboxes.some((sandbox) => each.includes(sandbox)))) {
    await rm(`${folder}/${name}`, { force: true });
  }
}

/** Sockets of our shims, which lie outside of our folder; each shim's own folder names its socket. */
async function shimSockets(layout: Layout): Promise<readonly string[]> {
  const folder = `${statePaths(layout).containerd}/state/io.containerd.runtime.v2.task/k8s.io`;
  const names = await readdir(folder).catch(() => []);
  const texts = await Promise.all(
    names.map((name) => readFile(`${folder}/${name}/bootstrap.json`, 'utf8').catch(() => '')),
  );
  return texts.flatMap((text) => /unix:\/\/(\/run\/containerd\/s\/[0-9a-f]+)/.exec(text)?.[1] ?? []);
}

const outsideFolders = [
  '/run/containerd/s',
  '/run/containerd',
  '/var/lib/cni/results',
  '/var/lib/cni',
  '/var/lib/kubelet/device-plugins',
  '/var/lib/kubelet',
  '/var/log/containers',
];

/** Removes what kubelet, shims and network plugins leave outside of our folder, and folders left empty by that. */
async function removeOutside(layout: Layout, sockets: readonly string[]): Promise<void> {
  for (const socket of sockets) await rm(socket, { force: true });
  await removeCachedResults();
  await removeLogLinks(layout);
  // The kubelet's fixed place; another cluster would keep more than this in it.
  const beside = await readdir('/var/lib/kubelet').catch(() => []);
  if (beside.every((name) => name === 'device-plugins')) {
    await rm('/var/lib/kubelet/device-plugins/kubelet.sock', { force: true });
  }
  for (const folder of outsideFolders) await rmdir(folder).catch(() => undefined);
}

async function removeLogLinks(layout: Layout): Promise<void> {
  const folder = '/var/log/containers';
  for (const name of await readdir(folder).catch(() => [])) {
    const target = await readlink(`${folder}/${name}`).catch(() => '');
    if (target.startsWith(`${statePaths(layout).podLogs}/`)) await rm(`${folder}/${name}`, { force: true });
  }
}

const forwarding = '/proc/sys/net/ipv4/ip_forward';

/** Notes whether the machine forwarded packets before the bridge plugin switches it on. */
export async function noteForwarding(layout: Layout): Promise<void> {
  await writeFile(`${layout.state}/ip_forward`, await readFile(forwarding, 'utf8'));
}

async function restoreForwarding(layout: Layout): Promise<void> {
  const before = await readFile(`${layout.state}/ip_forward`, 'utf8').catch(() => undefined);
  if (before?.trim() === '0') await writeFile(forwarding, before);
}

/**
 * Ends and removes all that a cluster of this layout left on the machine, in whatever state it is: processes, Pods,
 * mounts, network namespaces, bridge, control groups, state folder. Throws when something can't be removed.
 */
export async function tearDown(layout: Layout): Promise<void> {
  const sockets = await shimSockets(layout);
  await stopServices(layout);
  await endShims(layout);
  await killPodProcesses();
  await unmountAll(layout.state);
  await removeBridge();
  await restoreForwarding(layout);
  await removeOutside(layout, sockets);
  const groups = await removeCgroups();
  if (groups.length > 0) throw new Error(`control groups are still in use: ${groups.join(' ')}`);
  await runOrThrow('rm', ['-rf', '--one-file-system', layout.state]);
}
