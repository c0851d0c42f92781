import { run } from './command.ts';
import { type Layout, programPath, statePaths } from './plan/layout.ts';

const kubernetesNamespace = ['-n', 'k8s.io'];

/** Runs containerd's `ctr` on the test cluster, in the kubelet's namespace. Throws with its words when it fails. */
export function ctr(layout: Layout, args: readonly string[], input?: Uint8Array): Promise<string> {
  const address = ['--address', statePaths(layout).containerdSocket, ...kubernetesNamespace];
  const program = programPath(layout, 'containerd', 'ctr');
  return run(program, [...address, ...args], input === undefined ? {} : { input });
}

/** Puts the images of an OCI archive on the node, under the names that it holds. */
export async function importArchive(layout: Layout, archive: Uint8Array): Promise<void> {
  await ctr(layout, ['images', 'import', '--local', '-'], archive);
}

/** Takes an image from the node, so that its next use is a cold pull; one that isn't there is no error. */
export async function removeImage(layout: Layout, name: string): Promise<void> {
  await ctr(layout, ['images', 'rm', '--sync', name]);
}
