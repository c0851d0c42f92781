import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const PROGRAM = new URL('../../autoscaler/src/main.ts', import.meta.url).pathname;
const MOST_LINES = 500;

/** What an autoscaler's process is started with. */
export interface AutoscalerProcessSpec {
  /** Where its kubeconfig is written to. */
  readonly folder: string;
  readonly kubeconfig: string;
  /** Also its POD_NAME. */
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
}

/** `hangar-autoscaler serve` as a process, as in a Pod of its own. */
export class AutoscalerProcess {
  readonly name: string;
  /** Of its HTTP side. */
  readonly address: string;
  readonly #child: ChildProcess;
  readonly #said: readonly string[];

  private constructor(name: string, address: string, child: ChildProcess, said: readonly string[]) {
    this.name = name;
    this.address = address;
    this.#child = child;
    this.#said = said;
  }

  /** Resolves when its HTTP side is up; rejects with what it said when it ends before. */
  static async start({ folder, kubeconfig, name, env }: AutoscalerProcessSpec): Promise<AutoscalerProcess> {
    const file = `${folder}/autoscaler-${name}-kubeconfig`;
    writeFileSync(file, kubeconfig);
    const child = spawn(process.execPath, ['--conditions=source', PROGRAM, 'serve'], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        PATH: process.env['PATH'] ?? '',
        POD_NAME: name,
        HANGAR_AUTOSCALER_KUBECONFIG: file,
        HANGAR_AUTOSCALER_LISTEN: '127.0.0.1:0',
        ...env,
      },
    });
    const said: string[] = [];
    const address = await new Promise<string>((resolve, reject) => {
      child.once('exit', () => reject(new Error(`the autoscaler ended:\n${said.join('\n')}`)));
      createInterface({ input: child.stderr }).on('line', (line) => {
        if (said.length < MOST_LINES) said.push(line);
        const [, found] = /"address":"(http:[^"]+)"/.exec(line) ?? [];
        if (found !== undefined) resolve(found);
      });
    });
    return new AutoscalerProcess(name, address, child, said);
  }

  /** What it wrote to standard error, its first lines. */
  get said(): string {
    return this.#said.join('\n');
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

  /** `SIGTERM`: as the kubelet stops it. Resolves when it has ended. */
  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill(signal);
    await ended;
  }
}
