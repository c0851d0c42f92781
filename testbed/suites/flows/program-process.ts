import { writeFileSync } from 'node:fs';
import { Child } from '@hangar/shared/testing/child-process';

/** What a program's process is started with. */
export interface ProcessSpec {
  /** Its working folder; its kubeconfig is written there. */
  readonly folder: string;
  readonly kubeconfig: string;
  readonly env: Readonly<Record<string, string>>;
  /** The file that is run; default: from the sources. */
  readonly main?: string;
}

export interface RunnerProcessSpec extends ProcessSpec {
  readonly droneHost: string;
  readonly secret: string;
}

export interface AutoscalerProcessSpec extends ProcessSpec {
  /** Also its POD_NAME. */
  readonly name: string;
}

/** What is started, where, and with which variables besides PATH. */
export interface ProgramSpec {
  readonly program: 'runner' | 'autoscaler';
  readonly command: string;
  readonly folder?: string;
  readonly env: Readonly<Record<string, string>>;
  readonly main?: string | undefined;
}

/** One of our programs as a process, as in a Pod of its own. */
export class ProgramProcess {
  readonly name: string;
  /** Of its HTTP side. */
  readonly address: string;
  readonly #child: Child;

  constructor(name: string, address: string, child: Child) {
    this.name = name;
    this.address = address;
    this.#child = child;
  }

  get stderrText(): string {
    return this.#child.errors;
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
    await this.#child.end(signal);
  }
}

/** Starts a program and waits until its HTTP side is up; rejects with its output when it exits before. */
export async function startProgram(
  { program, command, folder, env, main }: ProgramSpec,
  name: string = program,
): Promise<ProgramProcess> {
  const sources = new URL(`../../../${program}/src/main.ts`, import.meta.url).pathname;
  const child = new Child(process.execPath, ['--conditions=source', main ?? sources, command], {
    folder,
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  const [, address = ''] = await child.says(/"address":"(http:[^"]+)"/);
  return new ProgramProcess(name, address, child);
}

/** Starts `hangar-runner daemon`. */
export function startRunnerProcess(spec: RunnerProcessSpec): Promise<ProgramProcess> {
  const { folder, droneHost, secret, env, main } = spec;
  return startProgram({
    program: 'runner',
    command: 'daemon',
    folder,
    main,
    env: {
      DRONE_RPC_HOST: droneHost,
      DRONE_RPC_PROTO: 'http',
      DRONE_RPC_SECRET: secret,
      DRONE_RUNNER_NAME: 'runner-process',
      DRONE_KUBERNETES_CONFIG: kubeconfigFile('runner', spec),
      DRONE_SERVER_PORT: '127.0.0.1:0',
      ...env,
    },
  });
}

/** Starts `hangar-autoscaler serve`. */
export function startAutoscalerProcess(spec: AutoscalerProcessSpec): Promise<ProgramProcess> {
  const { folder, name, env } = spec;
  return startProgram(
    {
      program: 'autoscaler',
      command: 'serve',
      folder,
      env: {
        POD_NAME: name,
        HANGAR_AUTOSCALER_KUBECONFIG: kubeconfigFile(`autoscaler-${name}`, spec),
        HANGAR_AUTOSCALER_LISTEN: '127.0.0.1:0',
        ...env,
      },
    },
    name,
  );
}

function kubeconfigFile(name: string, { folder, kubeconfig }: ProcessSpec): string {
  const file = `${folder}/${name}-kubeconfig`;
  writeFileSync(file, kubeconfig);
  return file;
}
