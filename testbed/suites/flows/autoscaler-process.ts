import { writeFileSync } from 'node:fs';
import { type ProgramProcess, startProgram } from './program-process.ts';

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
  readonly #process: ProgramProcess;

  private constructor(name: string, process: ProgramProcess) {
    this.name = name;
    this.#process = process;
  }

  /** Resolves when its HTTP side is up; rejects with what it said when it ends before. */
  static async start({ folder, kubeconfig, name, env }: AutoscalerProcessSpec): Promise<AutoscalerProcess> {
    const file = `${folder}/autoscaler-${name}-kubeconfig`;
    writeFileSync(file, kubeconfig);
    const process = await startProgram({
      program: 'autoscaler',
      command: 'serve',
      folder,
      env: {
        POD_NAME: name,
        HANGAR_AUTOSCALER_KUBECONFIG: file,
        HANGAR_AUTOSCALER_LISTEN: '127.0.0.1:0',
        ...env,
      },
    });
    return new AutoscalerProcess(name, process);
  }

  /** Of its HTTP side. */
  get address(): string {
    return this.#process.address;
  }

  /** What it wrote to standard error, its first lines. */
  get said(): string {
    return this.#process.said.join('\n');
  }

  async text(path: string): Promise<string> {
    const answer = await fetch(`${this.address}${path}`, { signal: AbortSignal.timeout(10_000) });
    return answer.text();
  }

  async json<T>(path: string): Promise<T> {
    return JSON.parse(await this.text(path)) as T;
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process.signal(signal);
  }

  /** `SIGTERM`: as the kubelet stops it. Resolves when it has ended. */
  end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    return this.#process.end(signal);
  }
}
