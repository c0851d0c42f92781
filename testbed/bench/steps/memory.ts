import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorText } from '@hangar/shared/error-text';
import { orAborted } from '@hangar/shared/or-aborted';
import { Child } from '@hangar/shared/testing/child-process';
import { startPracticeServer } from '../../parts/drone/practice-server.ts';
import { bundlePrograms, type ProgramName } from '../../parts/images/bundle.ts';
import { imageEnvironment } from '../../parts/images/program-image.ts';
import type { Measured, SampleTarget } from '../measure.ts';
import { cpuMs, residentMib } from '../process-counters.ts';
import { repeatRuns, type StepsPart, type StepsRun } from './bench-system.ts';

const WAYS = [
  { from: 'from the TypeScript sources', argumentsOf: (program: ProgramName) => [`${program}/src/main.ts`] },
  { from: 'bundled, as in its image', argumentsOf: (program: ProgramName) => [`${program}/bundle/main.js`] },
] as const;
const PROGRAMS = [
  { program: 'runner', command: 'daemon' },
  { program: 'autoscaler', command: 'serve' },
] as const;
const SECRET = 'bench-secret';
const SETTLED_MS = 5_000;

/** One life of a process: until its HTTP side was up, and what it held some seconds later. */
interface Life {
  readonly startMs: number;
  /** CPU time until its HTTP side was up: little affected by what else runs on the machine. */
  readonly startCpuMs: number;
  readonly residentMib: number;
}

async function settledMib({ clock, stop }: StepsRun, { pid }: Child): Promise<number> {
  await clock.sleep(SETTLED_MS, stop);
  return residentMib(pid);
}

/** A Node.js process that does nothing. */
async function bareMib(run: StepsRun): Promise<number> {
  const child = new Child(process.execPath, ['-e', 'setInterval(() => {}, 1e6)']);
  return settledMib(run, child).finally(() => child.end());
}

async function life(
  run: StepsRun,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<Life> {
  const { clock, stop, cluster } = run;
  const begunMs = clock.monotonicMs();
  const { repository } = cluster.layout;
  const child = new Child(process.execPath, ['--conditions=source', ...args], { env, folder: repository });
  try {
    await orAborted(child.says(/listening for HTTP requests/), stop);
    const startMs = clock.monotonicMs() - begunMs;
    return { startMs, startCpuMs: await cpuMs(child.pid), residentMib: await settledMib(run, child) };
  } catch (error) {
    throw new Error(`${errorText(error)}\n${child.said.slice(-2_000)}`, { cause: error });
  } finally {
    await child.end();
  }
}

const TARGETS: { readonly start: readonly SampleTarget[]; readonly idle: readonly SampleTarget[] } = {
  start: [{ of: 'p50', atMost: 300 }],
  idle: [{ of: 'max', atMost: 110 }],
};

function rowsOf(title: string, lives: readonly Life[], isBundle: boolean): readonly Measured[] {
  const { start, idle } = isBundle ? TARGETS : { start: [], idle: [] };
  return [
    {
      name: `${title}: start until its HTTP side is up`,
      unit: 'ms',
      values: lives.map(({ startMs }) => startMs),
      targets: start,
    },
    {
      name: `${title}: CPU time of that start`,
      unit: 'ms',
      values: lives.map(({ startCpuMs }) => startCpuMs),
      note: 'all threads, in steps of 10 ms',
    },
    {
      name: `${title}: resident memory while idle`,
      unit: 'MiB',
      values: lives.map((one) => one.residentMib),
      targets: idle,
    },
  ];
}

/** Start and idle memory of both programs, beside what Node.js itself takes. */
export const memoryPart: StepsPart = {
  name: 'memory',
  what: 'start and idle memory of both programs, from their sources and as in their images',
  run: async (run) => {
    const { ground, cluster } = run;
    await bundlePrograms(cluster.layout.repository);
    await using folder = await mkdtempDisposable(join(tmpdir(), 'hangar-bench-'));
    const [kubeconfig, admin] = [join(folder.path, 'runner'), join(folder.path, 'admin')];
    await writeFile(kubeconfig, ground.kubeconfig);
    await writeFile(admin, ground.adminKubeconfig);
    const drone = await startPracticeServer({ secret: SECRET });
    const env = {
      PATH: process.env['PATH'],
      NODE_ENV: 'production',
      DRONE_KUBERNETES_CONFIG: kubeconfig,
      DRONE_RPC_HOST: drone.host,
      DRONE_RPC_PROTO: 'http',
      DRONE_RPC_SECRET: SECRET,
      DRONE_RUNNER_NAME: 'bench-memory',
      DRONE_SERVER_PORT: '127.0.0.1:0',
      DRONE_NAMESPACE_DEFAULT: ground.namespace,
      HANGAR_LEASE_NAMESPACE: ground.namespace,
      POD_NAME: 'bench-memory',
      HANGAR_AUTOSCALER_KUBECONFIG: admin,
      HANGAR_AUTOSCALER_LISTEN: '127.0.0.1:0',
      ...ground.env,
    };
    try {
      const rows: Measured[] = [];
      for (const { program, command } of PROGRAMS)
        for (const way of WAYS) {
          const args = [...way.argumentsOf(program), command];
          const image = way === WAYS[1] ? await imageEnvironment(cluster.layout.repository, program) : {};
          const lives = await repeatRuns(run, [5, 2], () => life(run, args, { ...env, ...image }));
          rows.push(...rowsOf(`idle ${program}, ${way.from}`, lives, way === WAYS[1]));
        }
      const bare = await repeatRuns(run, [3, 1], () => bareMib(run));
      return [...rows, { name: 'bare Node.js: resident memory', unit: 'MiB', values: bare }];
    } finally {
      await drone.close();
    }
  },
};
