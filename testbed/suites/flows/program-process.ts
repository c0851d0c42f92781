import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const MOST_LINES = 500;
/** Longer than either program takes to hand over. */
const STOP_WITHIN_MS = 10_000;

/** What a program's process is started with. */
export interface ProcessSpec {
  /** Its working folder; its kubeconfig is written there. */
  readonly folder: string;
  readonly kubeconfig: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface RunnerProcessSpec extends ProcessSpec {
  readonly droneHost: string;
  readonly secret: string;
}

export interface AutoscalerProcessSpec extends ProcessSpec {
  /** Also its POD_NAME. */
  readonly name: string;
}

/** One of our programs as a process, as in a Pod of its own. */
export class ProgramProcess {
  readonly name: string;
  /** Of its HTTP side. */
  readonly address: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #lines: readonly string[];

  private constructor(name: string, address: string, child: ChildProcess, lines: readonly string[]) {
    this.name = name;
    this.address = address;
    this.#child = child;
    this.#ended = once(child, 'exit');
    this.#lines = lines;
  }

  /** Resolves when its HTTP side is up; rejects with what it said when it ends before. */
  static async start(
    name: string,
    program: readonly ['runner', 'daemon'] | readonly ['autoscaler', 'serve'],
    folder: string,
    env: Readonly<Record<string, string>>,
  ): Promise<ProgramProcess> {
    const main = new URL(`../../../${program[0]}/src/main.ts`, import.meta.url).pathname;
    const child = spawn(process.execPath, ['--conditions=source', main, program[1]], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env['PATH'] ?? '', ...env },
    });
    const lines: string[] = [];
    const address = await new Promise<string>((resolve, reject) => {
      child.once('exit', () => reject(new Error(`the ${program[0]} ended:\n${lines.join('\n')}`)));
      createInterface({ input: child.stderr }).on('line', (line) => {
        if (lines.length < MOST_LINES) lines.push(line);
        const [, found] = /"address":"(http:[^"]+)"/.exec(line) ?? [];
        if (found !== undefined) resolve(found);
      });
    });
    return new ProgramProcess(name, address, child, lines);
  }

  /** What it wrote to standard error, its first lines. */
  get stderrText(): string {
    return this.#lines.join('\n');
  }

  async text(path: string): Promise<string> {
    const answer = await fetch(`${this.address}${path}`, { signal: AbortSignal.timeout(10_000) });
    return answer.text();
  }

  async json<T>(path: string): Promise<T> {
    return JSON.parse(await this.text(path)) as T;
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal);
  }

  /** `SIGTERM`: as the kubelet stops it, with `SIGKILL` when that takes too long. Resolves when it has ended. */
  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    this.#child.kill(signal);
    const hard = setTimeout(() => this.#child.kill('SIGKILL'), STOP_WITHIN_MS);
    await this.#ended;
    clearTimeout(hard);
  }
}

/** Starts `hangar-runner daemon`. */
export function startRunnerProcess(spec: RunnerProcessSpec): Promise<ProgramProcess> {
  const { folder, droneHost, secret, env } = spec;
  return ProgramProcess.start('runner', ['runner', 'daemon'], folder, {
    DRONE_RPC_HOST: droneHost,
    DRONE_RPC_PROTO: 'http',
    DRONE_RPC_SECRET: secret,
    DRONE_RUNNER_NAME: 'runner-process',
    DRONE_KUBERNETES_CONFIG: kubeconfigFile('runner', spec),
    DRONE_SERVER_PORT: '127.0.0.1:0',
    ...env,
  });
}

/** Starts `hangar-autoscaler serve`. */
export function startAutoscalerProcess(spec: AutoscalerProcessSpec): Promise<ProgramProcess> {
  const { folder, name, env } = spec;
  return ProgramProcess.start(name, ['autoscaler', 'serve'], folder, {
    POD_NAME: name,
    HANGAR_AUTOSCALER_KUBECONFIG: kubeconfigFile(`autoscaler-${name}`, spec),
    HANGAR_AUTOSCALER_LISTEN: '127.0.0.1:0',
    ...env,
  });
}

function kubeconfigFile(name: string, { folder, kubeconfig }: ProcessSpec): string {
  const file = `${folder}/${name}-kubeconfig`;
  writeFileSync(file, kubeconfig);
  return file;
}
