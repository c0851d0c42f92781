import { runOrThrow } from './command.ts';
import { type Layout, programPath, statePaths } from './plan/layout.ts';
import { endProcess, findProcesses } from './process.ts';

const kubernetesNamespace = ['-n', 'k8s.io'];

/** Runs containerd's `ctr` on the test cluster, in the kubelet's namespace. Throws with its message when it fails. */
export function ctr(layout: Layout, args: readonly string[], input?: Uint8Array): Promise<string> {
  const address = ['--address', statePaths(layout).containerdSocket, ...kubernetesNamespace];
  const program = programPath(layout, 'containerd', 'ctr');
  return runOrThrow(program, [...address, ...args], input === undefined ? {} : { input });
}

/** Puts the images of an OCI archive on the node, under the names that it holds. */
export async function importArchive(layout: Layout, archive: Uint8Array): Promise<void> {
  await ctr(layout, ['images', 'import', '--local', '-'], archive);
}

/** Takes an image from the node, so that its next use is a cold pull; one that isn't there is no error. */
export async function removeImage(layout: Layout, name: string): Promise<void> {
  await ctr(layout, ['images', 'rm', '--sync', name]);
}

/**
 * Ends the shims of a namespace's Pods. For Pods that the API server has forgotten: the shim of one with hundreds of containers may hang
 * when these end at once, and then uses a part of a core until it is killed (seen with containerd 2.4.2).
 */
export async function endShimsOf(layout: Layout, namespace: string): Promise<void> {
  const labels = { 'io.kubernetes.pod.namespace': namespace, 'io.cri-containerd.kind': 'sandbox' };
  const filter = Object.entries(labels).map(([label, value]) => `labels."${label}"==${value}`);
  const ids = (await ctr(layout, ['containers', 'ls', '-q', filter.join(',')])).split('\n').filter(Boolean);
  const shims = await Promise.all(ids.map((id) => findProcesses(['containerd-shim-runc-v2'], id)));
  await Promise.all(shims.flat().map((shim) => endProcess(shim, 0)));
}
