import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Clock } from '@hangar/shared/clock';
import { Child } from '@hangar/shared/testing/child-process';
import { runOrThrow } from '../real/command.ts';
import type { ProgramName } from './bundle.ts';
import type { Image } from './image.ts';

/** Sizes of an image in bytes, lowest layer first. */
export interface ImageSize {
  readonly layerBytes: readonly number[];
  /** In a registry. */
  readonly packedBytes: number;
  /** On a node. */
  readonly unpackedBytes: number;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

/** What an image weighs. */
export function sizeOf({ layers }: Image): ImageSize {
  const layerBytes = layers.map(({ blob }) => blob.data.length);
  const unpackedBytes = sum(layers.map(({ blob }) => gunzipSync(blob.data).length));
  return { layerBytes, packedBytes: sum(layerBytes), unpackedBytes };
}

/** An API server and a Drone server that a program needs before it listens for HTTP requests. */
const KUBECONFIG = `apiVersion: v1
kind: Config
clusters: [{ name: c, cluster: { server: "https://127.0.0.1:9" } }]
contexts: [{ name: c, context: { cluster: c, user: u } }]
users: [{ name: u, user: {} }]
current-context: c
`;

const COMMAND: Readonly<Record<ProgramName, string>> = { runner: 'daemon', autoscaler: 'serve' };

const environmentOf = (kubeconfig: string): NodeJS.ProcessEnv => ({
  NODE_ENV: 'production',
  DRONE_RPC_HOST: '127.0.0.1:9',
  DRONE_RPC_SECRET: 'none',
  DRONE_SERVER_PORT: '127.0.0.1:0',
  DRONE_KUBERNETES_CONFIG: kubeconfig,
  HANGAR_AUTOSCALER_LISTEN: '127.0.0.1:0',
  HANGAR_AUTOSCALER_KUBECONFIG: kubeconfig,
});

/** From the start of the process until its HTTP side is up, with exactly what is in the image; milliseconds, one for each run. */
export async function startTimesMs(
  clock: Clock,
  image: Image,
  program: ProgramName,
  runs: number,
): Promise<readonly number[]> {
  const folder = await mkdtemp(join(tmpdir(), 'hangar-image-'));
  try {
    const root = join(folder, 'root');
    await mkdir(root);
    for (const { blob } of image.layers)
      await runOrThrow('tar', ['-xf', '-', '-C', root], { input: gunzipSync(blob.data) });
    const kubeconfig = join(folder, 'kubeconfig');
    await writeFile(kubeconfig, KUBECONFIG);
    const times: number[] = [];
    for (let n = 0; n < runs; n += 1) times.push(await startTimeMs(clock, root, program, kubeconfig));
    return times;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function startTimeMs(
  clock: Clock,
  root: string,
  program: ProgramName,
  kubeconfig: string,
): Promise<number> {
  const main = join(root, 'hangar', program, 'bundle', 'main.js');
  const begunMs = clock.monotonicMs();
  const child = new Child(join(root, 'usr/local/bin/node'), [main, COMMAND[program]], {
    folder: root,
    env: environmentOf(kubeconfig),
  });
  try {
    await child.says(/listening for HTTP requests/);
    return clock.monotonicMs() - begunMs;
  } finally {
    await child.end('SIGKILL');
  }
}
