import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startEmbedded } from '../suites/flows/start-embedded.ts';
import type { TestClusterAccess } from '../suites/flows/test-system.ts';

/** The cluster under the demo. */
export interface DemoCluster {
  readonly kind: 'embedded' | 'real';
  readonly ground: TestClusterAccess;
  /** What `--keep` prints, by what it is. */
  readonly addresses: Readonly<Record<string, string>>;
  /** How long the demo may take; the real kubelet needs a second where the embedded one needs none. */
  readonly limitMs: number;
  /** Ends what was started for the demo alone. */
  close(): Promise<void>;
}

/** Tools of busybox that the pipelines use and not every machine has. */
const STAND_INS = ['httpd', 'wget'];
const USUAL_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** A cluster in this process, which leaves nothing behind, however this process ends. */
export async function embeddedDemoCluster(): Promise<DemoCluster> {
  const { cluster, access: ground } = await startEmbedded();
  const kubeconfig = join(cluster.folder, 'kubeconfig');
  // It has the token of the API.
  writeFileSync(kubeconfig, ground.kubeconfig, { mode: 0o600 });
  const tools = writeStandIns(join(cluster.folder, 'stand-ins'));
  const env = {
    ...ground.env,
    HANGAR_IMAGE_COMMANDS: join(import.meta.dirname, 'image-commands.yml'),
    DRONE_RUNNER_ENVIRON: `PATH:${tools}:${USUAL_PATH}`,
  };
  return {
    kind: 'embedded',
    ground: { ...ground, env },
    addresses: { 'Kubernetes API': cluster.url, KUBECONFIG: kubeconfig, namespace: ground.namespace },
    limitMs: 50_000,
    close: () => cluster.close(),
  };
}

/**
 * A namespace of its own on the real cluster of this machine, so that tests that run there at the same time are not disturbed;
 * it is deleted at the end, the cluster stays. The runner has an admin's rights, since those of its Role are for one namespace.
 * Rejects with the cure where the machine can't.
 */
export async function realDemoCluster(): Promise<DemoCluster> {
  const [{ realClusterAccess }, { OwnNamespace }] = await Promise.all([
    import('../suites/real-flows/real-cluster-access.ts'),
    import('../suites/real-flows/own-namespace.ts'),
  ]);
  const { cluster, ground } = await realClusterAccess();
  const { adminKubeconfig } = ground;
  const space = await OwnNamespace.make(adminKubeconfig, 'hangar-demo');
  const namespace = space.name;
  return {
    kind: 'real',
    ground: { ...ground, kubeconfig: adminKubeconfig, namespace },
    addresses: { 'Kubernetes API': cluster.server, KUBECONFIG: cluster.adminKubeconfig, namespace },
    limitMs: 240_000,
    close: () => space.remove(),
  };
}

/** Small programs that run the stand-ins by this Node.js, since a container's PATH may know another, or none. */
function writeStandIns(folder: string): string {
  mkdirSync(folder);
  for (const name of STAND_INS) {
    const program = join(import.meta.dirname, 'stand-ins', `${name}.ts`);
    const words = [process.execPath, program, folder].map(quoted).join(' ');
    writeFileSync(join(folder, name), `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
  }
  return folder;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
