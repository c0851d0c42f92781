import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { embeddedGround } from '../flows/embedded-ground.ts';
import type { Ground } from '../flows/world.ts';

/** The cluster under the demo. */
export interface DemoGround {
  readonly kind: 'embedded' | 'real';
  readonly ground: Ground;
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
export async function embeddedDemoGround(): Promise<DemoGround> {
  const { cluster, ground } = await embeddedGround();
  const kubeconfig = join(cluster.folder, 'kubeconfig');
  writeFileSync(kubeconfig, ground.kubeconfig);
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

/** The real cluster of this machine, brought up if it isn't; it stays. Rejects with the cure where the machine can't. */
export async function realDemoGround(): Promise<DemoGround> {
  const { realGround } = await import('../real-flows/real-ground.ts');
  const { cluster, ground } = await realGround();
  const env = { ...ground.env, HANGAR_REGISTRY_MIRRORS: `docker.io:${cluster.registry}` };
  return {
    kind: 'real',
    ground: { ...ground, env },
    addresses: {
      'Kubernetes API': cluster.server,
      KUBECONFIG: cluster.adminKubeconfig,
      namespace: ground.namespace,
    },
    limitMs: 240_000,
    close: () => Promise.resolve(),
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
