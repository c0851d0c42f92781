import { existsSync } from 'node:fs';
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorText } from '@hangar/shared/error-text';
import { orAborted } from '@hangar/shared/or-aborted';
import { Child } from '@hangar/shared/testing/child-process';
import { startPracticeServer } from '../../parts/drone/practice-server.ts';
import {} from '../command.ts';
import type { Measured } from '../measure.ts';
import type { StepsPart, StepsRun } from './bench-system.ts';

const fromHere = (path: string): string => fileURLToPath(new URL(`../../../runner/${path}`, import.meta.url));
const PROGRAMS = [
  { program: fromHere('bin/hangar-runner.mjs'), from: 'the TypeScript sources' },
  { program: fromHere('dist/main.js'), from: 'dist, as in an image (of the last npm run build)' },
] as const;
const SECRET = 'bench-secret';
const SETTLED_MS = 2_000;
const PATIENCE_MS = 60_000;

/** Resident memory of a process some seconds from now, in bytes. */
async function residentBytes({ clock, stop }: StepsRun, { pid }: Child): Promise<number> {
  await clock.sleep(SETTLED_MS, stop);
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

/** A Node.js process that does nothing. */
async function bareBytes(run: StepsRun): Promise<number> {
  const child = new Child(process.execPath, ['-e', 'setInterval(() => {}, 1e6)']);
  return residentBytes(run, child).finally(() => child.end());
}

/** The runner's daemon while it waits for work. */
async function daemonBytes(run: StepsRun, program: string): Promise<number> {
  const { ground, stop } = run;
  await using folder = await mkdtempDisposable(join(tmpdir(), 'hangar-bench-'));
  const kubeconfig = join(folder.path, 'kubeconfig');
  await writeFile(kubeconfig, ground.kubeconfig);
  const drone = await startPracticeServer({ secret: SECRET });
  const env = {
    PATH: process.env['PATH'],
    DRONE_KUBERNETES_CONFIG: kubeconfig,
    DRONE_RPC_HOST: drone.host,
    DRONE_RPC_PROTO: 'http',
    DRONE_RPC_SECRET: SECRET,
    DRONE_RUNNER_NAME: 'bench-memory',
    DRONE_SERVER_PORT: '127.0.0.1:0',
    DRONE_NAMESPACE_DEFAULT: ground.namespace,
    HANGAR_LEASE_NAMESPACE: ground.namespace,
    ...ground.env,
  };
  const child = new Child(process.execPath, [program, 'daemon'], { env });
  const polls = drone.waitUntil(
    'the daemon asks for work',
    { timeoutMs: PATIENCE_MS },
    () => drone.waitingPolls > 0,
  );
  try {
    await orAborted(polls, stop);
    return await residentBytes(run, child);
  } catch (error) {
    throw new Error(`${errorText(error)}\n${child.said.slice(-2_000)}`, { cause: error });
  } finally {
    await child.end();
    await drone.close();
  }
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;

/** What an idle runner holds in memory, beside what Node.js itself takes. */
export const memoryPart: StepsPart = {
  name: 'memory',
  what: "resident memory of the runner's idle process, beside a bare Node.js process",
  run: async (run) => {
    const bare = await bareBytes(run);
    const rows: Measured[] = [];
    for (const { program, from } of PROGRAMS.filter((one) => existsSync(one.program))) {
      const daemon = await daemonBytes(run, program);
      rows.push({
        name: 'idle runner against bare Node.js, resident memory',
        unit: 'ratio',
        values: [daemon / bare],
        note: `${megabytes(daemon)} against ${megabytes(bare)}; from ${from}`,
      });
    }
    return rows;
  },
};
