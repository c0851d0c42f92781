import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DecidableStep } from '../../src/pipeline/step-decision.ts';
import { gateBinary } from './binary.ts';

/** A step of a test's stage: the differences from an ordinary gated step, and its shell command or argv. */
export interface TestStep extends Partial<Omit<DecidableStep, 'n'>> {
  readonly engine?: 'gate' | 'swap';
  readonly sh?: string;
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly own?: Readonly<Record<string, unknown>>;
}

/** How a gate ended: its exit code, or the signal that ended it. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One gate as a process. */
export class Gate {
  readonly process: ChildProcess;
  readonly ending: Promise<Ending>;
  stdout = '';
  stderr = '';

  constructor(process: ChildProcess) {
    this.process = process;
    process.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    process.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.ending = new Promise((resolve, reject) => {
      process.on('error', reject);
      process.on('close', (code, signal) =>
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr }),
      );
    });
  }

  get pid(): number {
    if (this.process.pid === undefined) throw new Error('the gate was not started');
    return this.process.pid;
  }

  get running(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }
}

const stepDefaults = { role: 'step', engine: 'gate', runs: 'on-success', fails: 'fail' } as const;

/**
 * A Pod without Kubernetes: one folder, with a root per container that contains the files of PROTOCOL.md.
 * `$ROOT` in a step's environment is the folder, for files that tests check.
 */
export class TestPod {
  readonly root: string;
  readonly steps: readonly TestStep[];
  readonly gates = new Map<number, Gate>();
  readonly #binary = gateBinary();

  constructor(steps: readonly TestStep[], stage: Readonly<Record<string, unknown>> = {}) {
    this.root = mkdtempSync(join(tmpdir(), 'hangar-gate-'));
    chmodSync(this.root, 0o755);
    this.steps = steps;
    this.initialise();
    mkdirSync(join(this.root, 'hangar/common'));
    mkdirSync(join(this.root, 'hangar/pod'));
    this.writeStage(stage);
    for (const n of this.numbers()) this.#writeContainer(n);
  }

  numbers(): number[] {
    return this.steps.map((_step, at) => at + 1);
  }

  initialise(): void {
    const numbers = this.numbers().map(String);
    const init = spawnSync(this.#binary, ['--root', this.root, 'init', ...numbers], { encoding: 'utf8' });
    if (init.status !== 0) throw new Error(`gate init: ${init.stderr}`);
  }

  writeStage(stage: Readonly<Record<string, unknown>>): void {
    const steps = this.steps.map(({ role, engine, runs, fails, name, after }, at) => ({
      ...stepDefaults,
      ...Object.fromEntries(Object.entries({ role, engine, runs, fails }).filter(([, v]) => v !== undefined)),
      n: at + 1,
      name: name ?? `s${at + 1}`,
      after: after ?? [],
    }));
    const text = { version: 1, nonce: 'abcd', start: 'barrier', buildFailed: false, failedSteps: [] };
    const whole = { ...text, droneEnv: {}, env: {}, steps, ...stage };
    writeFileSync(join(this.root, 'hangar/common/stage.json'), JSON.stringify(whole));
  }

  containerRoot(n: number): string {
    return join(this.root, 'containers', String(n));
  }

  #writeContainer(n: number): void {
    const step = this.steps[n - 1] ?? {};
    const at = this.containerRoot(n);
    for (const folder of ['hangar/own', 'run', 'dev']) mkdirSync(join(at, folder), { recursive: true });
    for (const shared of ['state', 'common', 'pod']) {
      symlinkSync(join(this.root, 'hangar', shared), join(at, 'hangar', shared));
    }
    symlinkSync(join(this.root, 'run/drone', String(n)), join(at, 'run/drone'));
    writeFileSync(join(at, 'dev/termination-log'), '', { mode: 0o666 });
    chmodSync(join(at, 'dev/termination-log'), 0o666);
    const own = {
      version: 1,
      n,
      argv: step.argv ?? ['/bin/sh', '-c', step.sh ?? `echo ${n} >> "$ROOT/order"`],
      env: { ...step.env, ROOT: this.root },
      unset: [],
      pid1: false,
      stopSignal: 'SIGTERM',
      stopGraceMs: 10_000,
      ...step.own,
    };
    writeFileSync(join(at, 'hangar/own/step.json'), JSON.stringify(own));
  }

  start(n: number, options: { env?: NodeJS.ProcessEnv; uid?: number } = {}): Gate {
    const args = ['--root', this.containerRoot(n), 'run', String(n)];
    const gate = new Gate(
      spawn(this.#binary, args, {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: options.env ?? { PATH: process.env['PATH'] },
        cwd: this.root,
        ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
      }),
    );
    this.gates.set(n, gate);
    return gate;
  }

  /** Starts all gated containers, in order. */
  startAll(except: readonly number[] = []): void {
    for (const [at, step] of this.steps.entries()) {
      if (step.engine !== 'swap' && !except.includes(at + 1)) this.start(at + 1);
    }
  }

  gate(n: number): Gate {
    const gate = this.gates.get(n);
    if (gate === undefined) throw new Error(`step ${n} was not started`);
    return gate;
  }

  async ending(n: number): Promise<Ending> {
    return this.gate(n).ending;
  }

  async endings(): Promise<Ending[]> {
    return Promise.all([...this.gates.values()].map((gate) => gate.ending));
  }

  /** Decisions and codes of all exit files, such as `ran 0`; `none` if there is no file. */
  exits(): string[] {
    return this.numbers().map((n) => {
      const path = this.statePath(n, 'exit');
      return existsSync(path) ? readFileSync(path, 'utf8').split(' ').slice(0, 2).join(' ') : 'none';
    });
  }

  statePath(n: number, file: string): string {
    return join(this.root, 'hangar/state', String(n), file);
  }

  read(path: string): string {
    const whole = join(this.root, path);
    return existsSync(whole) ? readFileSync(whole, 'utf8') : '';
  }

  /** The words that the steps wrote to `$ROOT/order`. */
  order(): string[] {
    return this.read('order').split('\n').filter(Boolean);
  }

  message(n: number): string {
    return readFileSync(join(this.containerRoot(n), 'dev/termination-log'), 'utf8');
  }

  /** Reports a step without a gate as the runner does, by annotation. */
  tell(n: number, line: string): void {
    writeFileSync(join(this.root, 'hangar/pod', `result-${n}`), line);
  }

  note(word: string): void {
    appendFileSync(join(this.root, 'order'), `${word}\n`);
  }

  async started(...numbers: number[]): Promise<void> {
    await until(() => numbers.every((n) => existsSync(this.statePath(n, 'started'))));
  }

  async childStarted(n: number): Promise<void> {
    await until(() => existsSync(this.statePath(n, 'child')));
  }

  /** Waits for a file that a step creates below `$ROOT`. */
  async file(path: string): Promise<void> {
    await until(() => existsSync(join(this.root, path)));
  }

  /** Kills the remaining processes, by their ids, and removes the folder. */
  async close(): Promise<void> {
    for (const gate of this.gates.values()) if (gate.running) gate.process.kill('SIGKILL');
    await this.endings();
    rmSync(this.root, { recursive: true, force: true, maxRetries: 5 });
  }
}

const deadlineMs = 50_000;
const pauseMs = 5;

/** Waits for a condition; after a time-out the test fails with the condition's text. */
export async function until(condition: () => boolean): Promise<void> {
  const begin = performance.now();
  while (!condition()) {
    if (performance.now() - begin > deadlineMs) throw new Error(`waited in vain for ${condition.toString()}`);
    await sleep(pauseMs);
  }
}

/** Whether a process of that id is alive; a zombie is not. */
export function lives(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
