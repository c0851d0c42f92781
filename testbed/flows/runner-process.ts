import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const PROGRAM = new URL('../../runner/src/main.ts', import.meta.url).pathname;

/** A runner as a process, as in a Pod of its own. */
export interface RunnerProcess {
  /** Of its HTTP side. */
  readonly address: string;
  /** As the kubelet stops it; resolves when it has ended. */
  stop(): Promise<void>;
}

/** What a runner's process is started with. */
export interface RunnerProcessSpec {
  /** Where its kubeconfig is written to. */
  readonly folder: string;
  readonly kubeconfig: string;
  readonly droneHost: string;
  readonly secret: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Starts `hangar-runner daemon` and waits until its HTTP side is up; rejects with what it said when it ends before. */
export async function startRunnerProcess(spec: RunnerProcessSpec): Promise<RunnerProcess> {
  const kubeconfig = `${spec.folder}/runner-kubeconfig`;
  writeFileSync(kubeconfig, spec.kubeconfig);
  const child = spawn(process.execPath, ['--conditions=source', PROGRAM, 'daemon'], {
    cwd: spec.folder,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '',
      DRONE_RPC_HOST: spec.droneHost,
      DRONE_RPC_PROTO: 'http',
      DRONE_RPC_SECRET: spec.secret,
      DRONE_RUNNER_NAME: 'runner-process',
      DRONE_KUBERNETES_CONFIG: kubeconfig,
      DRONE_SERVER_PORT: '127.0.0.1:0',
      ...spec.env,
    },
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const said: string[] = [];
  const address = await new Promise<string>((resolve, reject) => {
    void ended.then(() => reject(new Error(`the runner ended:\n${said.join('\n')}`)));
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (said.length < 200) said.push(line);
      const [, found] = /"address":"(http:[^"]+)"/.exec(line) ?? [];
      if (found !== undefined) resolve(found);
    });
  });
  return {
    address,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
