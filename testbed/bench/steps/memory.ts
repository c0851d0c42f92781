import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { startPracticeServer } from '../../parts/drone/practice-server.ts';
import type { Measured } from '../measure/row.ts';
import type { Bench } from './bench.ts';
import type { Track } from './track.ts';

const fromHere = (path: string): string => fileURLToPath(new URL(`../../../runner/${path}`, import.meta.url));
const PROGRAMS = [
  { program: fromHere('bin/hangar-runner.mjs'), from: 'the TypeScript sources' },
  { program: fromHere('dist/main.js'), from: 'dist, as in an image (of the last npm run build)' },
] as const;
const SECRET = 'bench-secret';
const SETTLED_MS = 2_000;
const PATIENCE_MS = 60_000;

/** Resident memory of a process, in bytes. */
async function residentBytes(child: ChildProcess): Promise<number> {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await exit;
}

/** A Node.js process that does nothing. */
async function bareBytes(track: Track): Promise<number> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' });
  return track.tidied(
    async () => {
      await track.clock.sleep(SETTLED_MS);
      return residentBytes(child);
    },
    () => ended(child),
  );
}

/** The runner's daemon while it waits for work. */
async function daemonBytes(track: Track, program: string): Promise<number> {
  const { ground, cluster, clock } = track;
  const drone = await startPracticeServer({ secret: SECRET });
  const env = {
    PATH: process.env['PATH'],
    DRONE_KUBERNETES_CONFIG: cluster.runnerKubeconfig ?? cluster.adminKubeconfig,
    DRONE_RPC_HOST: drone.host,
    DRONE_RPC_PROTO: 'http',
    DRONE_RPC_SECRET: SECRET,
    DRONE_RUNNER_NAME: `bench-memory-${process.pid}`,
    DRONE_SERVER_PORT: '127.0.0.1:0',
    DRONE_NAMESPACE_DEFAULT: ground.namespace,
    HANGAR_LEASE_NAMESPACE: ground.namespace,
    ...ground.env,
  };
  const said: Buffer[] = [];
  const child = spawn(process.execPath, [program, 'daemon'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.on('data', (part: Buffer) => said.push(part));
  child.stderr.on('data', (part: Buffer) => said.push(part));
  const work = async (): Promise<number> => {
    const polls = (): boolean => drone.waitingPolls > 0;
    await drone
      .waitUntil('the daemon asks for work', { timeoutMs: PATIENCE_MS }, polls)
      .catch((error: unknown) => {
        throw new Error(`${String(error)}\n${Buffer.concat(said).toString().slice(-2000)}`);
      });
    await clock.sleep(SETTLED_MS);
    return residentBytes(child);
  };
  return track.tidied(work, async () => {
    await ended(child);
    await drone.close();
  });
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;

/** What an idle runner holds in memory, beside what Node.js itself takes. */
export const memoryBench: Bench = {
  name: 'memory',
  what: "resident memory of the runner's idle process, beside a bare Node.js process",
  run: async (track) => {
    const bare = await bareBytes(track);
    const rows: Measured[] = [];
    for (const { program, from } of PROGRAMS.filter((one) => existsSync(one.program))) {
      const daemon = await daemonBytes(track, program);
      rows.push({
        name: 'idle runner against bare Node.js, resident memory',
        unit: 'ratio',
        values: [daemon / bare],
        targets: [],
        note: `${megabytes(daemon)} against ${megabytes(bare)}; from ${from}`,
      });
    }
    return rows;
  },
};
