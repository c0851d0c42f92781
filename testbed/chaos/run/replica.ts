import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '@hangar/shared/clock';
import { Child } from '@hangar/shared/testing/child-process';
import type { MemorySample, ProcessHistory } from '../judge/history.ts';
import type { FaultProxy } from './proxy.ts';

/** The parameters with which a replica is started and restarted. */
export interface ReplicaSpec {
  readonly index: number;
  /** Folder of its kubeconfig and the logs of its processes. */
  readonly folder: string;
  readonly kubernetes: FaultProxy;
  readonly drone: FaultProxy;
  readonly kubeconfig: string;
  readonly env: Readonly<Record<string, string>>;
}

interface Process {
  readonly name: string;
  readonly child: Child;
  readonly samples: MemorySample[];
  exitCode: number | undefined;
  /** Whether it was ended by a fault. */
  isEnded: boolean;
}

const SHIFTED_CLOCK = new URL('./shifted-clock.ts', import.meta.url).href;
const MAIN = new URL('../../../runner/src/main.ts', import.meta.url).pathname;
/** Delay of a restart, shorter than the kubelet's. */
const RESTART_MS = 1_000;
const HAND_OVER_MS = 30_000;

/** One replica of the runner: a real process that is restarted whenever it ends, as in a Pod of a Deployment. */
export class Replica {
  readonly kubernetes: FaultProxy;
  readonly drone: FaultProxy;
  readonly #clock: Clock;
  readonly #spec: ReplicaSpec;
  readonly #processes: Process[] = [];
  #pods = 0;
  /** How far its wall clock is ahead. */
  #shiftMs = 0;
  #isOver = false;

  constructor(clock: Clock, spec: ReplicaSpec) {
    this.#clock = clock;
    this.#spec = spec;
    this.kubernetes = spec.kubernetes;
    this.drone = spec.drone;
  }

  /** Name of its present Pod. */
  get name(): string {
    return `runner-${this.#spec.index}-${this.#pods}`;
  }

  get processes(): readonly ProcessHistory[] {
    return this.#processes;
  }

  get isRunning(): boolean {
    return this.#processes.at(-1)?.child.isRunning === true;
  }

  start(): void {
    if (this.#isOver) return;
    const { folder, env, index } = this.#spec;
    const kubeconfig = join(folder, `kubeconfig-${index}`);
    writeFileSync(kubeconfig, this.#spec.kubeconfig);
    const name = `${this.name}-${this.#processes.length}`;
    const output = openSync(join(folder, `${name}.log`), 'a');
    const child = new Child(
      process.execPath,
      ['--conditions=source', '--import', SHIFTED_CLOCK, MAIN, 'daemon'],
      {
        folder,
        output,
        env: {
          ...{ PATH: process.env['PATH'] ?? '', HOME: folder, ...env },
          ...{ POD_NAME: this.name, POD_UID: `uid-${this.name}`, DRONE_RUNNER_NAME: this.name },
          ...{ DRONE_KUBERNETES_CONFIG: kubeconfig, http_proxy: this.drone.url },
          CHAOS_CLOCK_FILE: this.#clockFile,
        },
      },
    );
    closeSync(output);
    const current: Process = { name, child, samples: [], exitCode: undefined, isEnded: false };
    this.#processes.push(current);
    void this.#restartAfter(current);
  }

  /** Ends its process and restarts it, in the same Pod or as another one. */
  async end(signal: 'SIGTERM' | 'SIGKILL', isNewPod: boolean): Promise<void> {
    const current = this.#processes.at(-1);
    if (!current || current.isEnded) return;
    current.isEnded = true;
    if (signal === 'SIGTERM') current.child.kill('SIGCONT');
    await current.child.end(signal, HAND_OVER_MS);
    if (isNewPod) this.#pods += 1;
    await this.#clock.sleep(RESTART_MS);
    this.start();
  }

  /** Stops its process for a while; it may be killed meanwhile. */
  async pause(lastsMs: number): Promise<void> {
    const current = this.#processes.at(-1);
    current?.child.kill('SIGSTOP');
    await this.#clock.sleep(lastsMs);
    current?.child.kill('SIGCONT');
  }

  /** Sets the wall clock of its processes forwards or back for a while. */
  async shiftClock(byMs: number, lastsMs: number): Promise<void> {
    this.#shiftMs += byMs;
    writeFileSync(this.#clockFile, String(this.#shiftMs));
    await this.#clock.sleep(lastsMs);
    this.#shiftMs -= byMs;
    writeFileSync(this.#clockFile, String(this.#shiftMs));
  }

  /** Records the memory of its process. */
  sample(): void {
    const current = this.#processes.at(-1);
    if (!current?.child.isRunning) return;
    const bytes = memoryOf(current.child.pid);
    if (bytes !== undefined) current.samples.push({ atMs: this.#clock.now(), bytes });
  }

  /** Ends it without a restart. */
  async close(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.#isOver = true;
    const current = this.#processes.at(-1);
    if (!current) return;
    const isRunning = current.child.isRunning && !current.isEnded;
    current.isEnded = true;
    current.child.kill('SIGCONT');
    const { code, signal: by } = await current.child.end(signal, HAND_OVER_MS);
    // A process that is just starting has no handler yet: the signal itself ends it.
    if (isRunning && signal === 'SIGTERM' && by !== 'SIGTERM') current.exitCode = code ?? -1;
  }

  get #clockFile(): string {
    return join(this.#spec.folder, `clock-${this.#spec.index}`);
  }

  async #restartAfter(current: Process): Promise<void> {
    const { code } = await current.child.exit;
    if (current.isEnded) return;
    current.exitCode = code ?? -1;
    await this.#clock.sleep(RESTART_MS);
    this.start();
  }
}

/** Resident memory; undefined: the process is gone. */
function memoryOf(pid: number): number | undefined {
  try {
    const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch {
    return undefined;
  }
}
