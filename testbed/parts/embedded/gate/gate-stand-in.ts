import { mkdirSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import {
  decide,
  failedSteps,
  type RunDecision,
  type SkipDecision,
  type StepResult,
  type StepResults,
} from '@hangar/runner/decide';
import { EARLY_SUCCESS, KILLED, TIMED_OUT } from '@hangar/runner/exit-codes';
import { errorText } from '@hangar/shared/error-text';
import { formatSpan } from '@hangar/shared/span';
import { type Output, type ProcessExit, type Running, StartError } from '../kubelet/process-group.ts';
import type { Rewrite } from '../kubelet/rewrites.ts';
import { childEnvironment, environmentFile, statusValues } from './child-environment.ts';
import { Limit } from './limit.ts';
import { MarkWriter } from './mark-writer.ts';
import type { PodGates } from './pod-gates.ts';
import {
  GateError,
  type GateStep,
  type RetryPlan,
  readStageFile,
  readStepFile,
  reportedResult,
  type StageFile,
  type StepFile,
  scriptsInPlace,
} from './stage-files.ts';

export interface GateJob {
  readonly n: number;
  /** The container's root on this machine: `/hangar` is `<root>/hangar`. */
  readonly root: string;
  readonly gates: PodGates;
  readonly rewrite: Rewrite;
  /** The container's own environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly start: (argv: readonly string[], env: Record<string, string>, output: Output) => Promise<Running>;
  readonly nowMs: () => number;
}

/** Code of the gate's own failures. */
const OWN_FAILURE = 214;
const KILLED_EXIT: ProcessExit = { code: KILLED, signal: constants.signals.SIGKILL };
/** How long dependants hold when a step died without a word. */
const HOLD_AFTER_KILL_MS = 1000;

const LONGEST_BACKOFF_MS = 60_000;

/** How a program ended. */
interface ProgramEnd {
  readonly decision: RunDecision;
  readonly code: number;
}

/** Runs one gated step in this process by the rules of runner/gate/PROTOCOL.md; only the child is a process. */
export function runGate(job: GateJob, output: Output): Running {
  return new StandIn(job, output).running;
}

/** The step with all that its gate knows of it from the start. */
interface Task {
  readonly stage: StageFile;
  readonly step: GateStep;
  readonly own: StepFile;
}

class StandIn {
  readonly running: Running;
  private readonly job: GateJob;
  private readonly output: Output;
  private readonly marks: MarkWriter;
  private child: Running | undefined;
  private limit: Limit | undefined;
  private stopped = false;
  private killed = false;

  constructor(job: GateJob, output: Output) {
    this.job = job;
    this.output = output;
    this.marks = new MarkWriter(output);
    this.running = { ended: this.run(), signal: (name) => this.onSignal(name) };
  }

  private async run(): Promise<ProcessExit> {
    const { root, gates, n } = this.job;
    try {
      gates.set(n, { started: true });
      const stage = readStageFile(root);
      const own = readStepFile(root);
      const step = stage.steps.find((one) => one.n === n);
      if (step === undefined) throw new GateError(`gate: /hangar/common/stage.json has no step ${n}`);
      return await this.runStep({ stage, step, own });
    } catch (error) {
      return this.ownFailure(error);
    } finally {
      this.holdAfterKill();
    }
  }

  private async runStep(task: Task): Promise<ProcessExit> {
    const decision = await this.decision(task);
    if (decision === 'killed') return KILLED_EXIT;
    return decision === 'run' ? this.runChild(task) : this.skip(task.stage, decision);
  }

  /** Waits for barrier and dependencies; looks at every change of any step. */
  private decision({ stage, step }: Task): Promise<'run' | 'killed' | SkipDecision> {
    return this.job.gates.until(() => {
      if (this.killed) return 'killed';
      const results = this.results(stage);
      if (this.stopped || [...results.values()].some((result) => result.stopping === true)) return 'stopping';
      if (!this.barrierOpen(stage, step)) return undefined;
      const decision = decide(step, results, stage.steps);
      if (decision === 'run' && !this.takeSlot(stage, step)) return undefined;
      return decision === 'wait' ? undefined : decision;
    });
  }

  /** Takes one of the places for ordinary steps; false: none is free. */
  private takeSlot({ parallelism = 0, steps }: StageFile, { role }: GateStep): boolean {
    if (parallelism === 0 || role === 'background') return true;
    const { gates, n } = this.job;
    const others = steps.filter((one) => one.n !== n && gates.of(one.n).hasSlot === true);
    if (others.length >= parallelism) return false;
    gates.of(n).hasSlot = true;
    return true;
  }

  private barrierOpen(stage: StageFile, step: GateStep): boolean {
    if (stage.start === 'eager' || (step.n === 1 && step.name === 'clone')) return true;
    return stage.steps.every(({ n, engine }) => {
      const { root, gates } = this.job;
      return engine === 'swap' || gates.of(n).started || reportedResult(root, n) !== undefined;
    });
  }

  private results(stage: StageFile): StepResults {
    const { root, gates } = this.job;
    const results = gates.results();
    for (const { n, engine } of stage.steps) {
      const unknown = engine === 'swap' || !gates.of(n).started;
      const reported = unknown ? reportedResult(root, n) : undefined;
      if (reported !== undefined) results.set(n, reported);
    }
    return results;
  }

  private async runChild(task: Task): Promise<ProcessExit> {
    const { stage, own } = task;
    const { root, env: containerEnv, nowMs } = this.job;
    const failing = failedSteps(this.results(stage), stage.steps);
    const status = statusValues(stage, failing, nowMs());
    const env = childEnvironment(containerEnv, stage, own, { status, failing });
    const droneFolder = join(root, 'run/drone');
    mkdirSync(droneFolder, { recursive: true });
    writeFileSync(join(droneFolder, 'env'), environmentFile(stage, status, env));
    const startMs = Math.floor(nowMs());
    this.marks.first(stage.nonce, `start at=${startMs}`);
    const end = await this.attempts(task, env);
    if (this.killed) return KILLED_EXIT;
    const exit = this.finish(stage, { ...end, startMs });
    await this.keepFailed(task, end);
    return this.killed ? KILLED_EXIT : exit;
  }

  /** The container of a failed step stays for people, where the stage wants that. */
  private async keepFailed(task: Task, end: ProgramEnd): Promise<void> {
    const { stage, step } = task;
    const { keepFailedMs = 0 } = stage;
    const counts = step.role === 'step' && step.fails !== 'ignore' && hasFailed(end);
    if (keepFailedMs === 0 || !counts || this.isHalted(task)) return;
    const passed = Promise.withResolvers<void>();
    const timer = setTimeout(passed.resolve, keepFailedMs);
    await Promise.race([
      passed.promise,
      this.job.gates.until(() => (this.stopped || this.killed ? true : undefined)),
    ]);
    clearTimeout(timer);
  }

  /** Runs the program, and again after failures where `retry` allows it. */
  private async attempts(task: Task, env: Record<string, string>): Promise<ProgramEnd> {
    const { retry } = task.own;
    for (let n = 1; ; n++) {
      const end = await this.attempt(task, retry ? { ...env, HANGAR_STEP_ATTEMPT: String(n) } : env);
      if (!retry || n >= retry.attempts || !mayRepeat(retry, end) || this.isHalted(task)) return end;
      const pauseMs = Math.min(retry.backoffMs * 2 ** (n - 1), LONGEST_BACKOFF_MS);
      this.note(
        `attempt ${n} of ${retry.attempts} failed with exit code ${end.code}; the next one starts in ${formatSpan(pauseMs)}`,
      );
      if (!(await this.pause(task, pauseMs))) return end;
    }
  }

  private async pause(task: Task, ms: number): Promise<boolean> {
    let isOver = false;
    const timer = setTimeout(() => {
      isOver = true;
      this.job.gates.wake();
    }, ms);
    const continues = await this.job.gates.until(() =>
      this.isHalted(task) ? 'no' : isOver ? 'yes' : undefined,
    );
    clearTimeout(timer);
    return continues === 'yes';
  }

  private isHalted({ stage, step }: Task): boolean {
    const isStopping = [...this.results(stage).values()].some(({ stopping }) => stopping === true);
    return this.stopped || this.killed || isStopping || this.mustStop(stage, step);
  }

  private async attempt(task: Task, env: Record<string, string>): Promise<ProgramEnd> {
    const { code } = await this.childExit(task, env);
    const { late, isReady = false } = this.limit ?? {};
    this.limit?.close();
    this.limit = undefined;
    if (late !== undefined) {
      this.note(late.text);
      return { decision: late.decision, code: TIMED_OUT };
    }
    if (task.own.ready === undefined || isReady || this.isHalted(task)) return { decision: 'ran', code };
    this.note(`the service ended with exit code ${code} before it was ready`);
    return { decision: 'unready', code: Math.max(code, 1) };
  }

  private note(text: string): void {
    this.output.stderr(Buffer.from(`hangar: ${text}\n`));
  }

  private async childExit(task: Task, env: Record<string, string>): Promise<ProcessExit> {
    const { root, rewrite, gates, n } = this.job;
    const { argv } = task.own;
    const rewritten = Object.entries(env).map(([name, value]) => [name, rewrite(value)] as const);
    try {
      const scripts = scriptsInPlace(argv, root, rewrite);
      this.child = await this.job.start(scripts, Object.fromEntries(rewritten), this.output);
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      this.output.stderr(Buffer.from(`hangar: cannot run ${argv[0] ?? ''}: not found\n`));
      return { code: 127 };
    }
    if (this.killed) this.child.signal('SIGKILL');
    else if (this.stopped) this.child.signal('SIGTERM');
    if (task.own.ready === undefined) gates.set(n, { result: { phase: 'running' } });
    this.limit = this.limitOf(task, this.child, Object.fromEntries(rewritten));
    void this.stopWhenOver(task, this.child);
    return this.child.ended;
  }

  private limitOf({ stage, own }: Task, child: Running, env: Record<string, string>): Limit {
    const { gates, n, nowMs, start } = this.job;
    const silent: Output = { stdout: () => undefined, stderr: () => undefined };
    return new Limit(own, {
      start: (argv) => start(argv, env, silent),
      ready: () => {
        gates.set(n, { result: { phase: 'running' } });
        this.marks.ready(stage.nonce, Math.floor(nowMs()));
      },
      late: () => void this.stopChild(own, child),
    });
  }

  private async stopChild(own: StepFile, child: Running): Promise<void> {
    child.signal(signalNamed(own.stopSignal));
    const kill = setTimeout(() => child.signal('SIGKILL'), own.stopGraceMs);
    await child.ended;
    clearTimeout(kill);
  }

  /** A service ends with the last ordinary step; a fail-fast failure ends the others. */
  private async stopWhenOver({ stage, step, own }: Task, child: Running): Promise<void> {
    const { gates } = this.job;
    let over = false;
    const ended = child.ended.then(() => {
      over = true;
      gates.wake();
    });
    const why = await gates.until(() => {
      if (over) return 'ended';
      return this.mustStop(stage, step) ? 'stop' : undefined;
    });
    if (why === 'ended') return;
    this.limit?.close();
    await this.stopChild(own, child);
    await ended;
  }

  private mustStop(stage: StageFile, step: GateStep): boolean {
    const results = this.results(stage);
    const ordinary = stage.steps.filter(({ role }) => role === 'step');
    if (step.role === 'background') return ordinary.every(({ n }) => results.get(n)?.phase === 'ended');
    return ordinary.some(({ n, fails }) => fails === 'fast' && n !== step.n && isFailure(results.get(n)));
  }

  private skip(stage: StageFile, why: SkipDecision): ProcessExit {
    if (why === 'stopping') this.job.gates.set(this.job.n, { stopping: true });
    const atMs = Math.floor(this.job.nowMs());
    this.marks.first(stage.nonce, `skip why=${why} at=${atMs}`);
    return this.finish(stage, { decision: why, code: 0, startMs: atMs });
  }

  private finish(
    stage: StageFile,
    { decision, code, startMs }: { decision: RunDecision | SkipDecision; code: number; startMs: number },
  ): ProcessExit {
    const hasRun = decision === 'ran' || decision === 'timed-out' || decision === 'unready';
    const endMs = hasRun ? Math.floor(this.job.nowMs()) : startMs;
    const why = hasRun && decision !== 'ran' ? { why: decision } : {};
    this.marks.last(stage.nonce, { code, atMs: endMs, ...why });
    this.writeMessage(`${decision} ${code} ${startMs} ${endMs}\n`);
    this.job.gates.set(this.job.n, { result: { phase: 'ended', decision, code }, hasSlot: false });
    return { code };
  }

  private ownFailure(error: unknown): ProcessExit {
    const text = errorText(error);
    this.output.stderr(Buffer.from(`${text}\n`));
    this.writeMessage(text);
    const result = { phase: 'ended', decision: 'ran', code: OWN_FAILURE } as const;
    this.job.gates.set(this.job.n, { result });
    return { code: OWN_FAILURE };
  }

  private writeMessage(text: string): void {
    writeFileSync(join(this.job.root, 'dev/termination-log'), text);
  }

  /** Without a result the step was killed: dependants go on after a while, as after 137. */
  private holdAfterKill(): void {
    const { gates, n } = this.job;
    if (gates.of(n).result.phase === 'ended') return;
    const result: StepResult = { phase: 'ended', decision: 'ran', code: KILLED };
    gates.set(n, { hasSlot: false });
    setTimeout(() => gates.set(n, { result }), HOLD_AFTER_KILL_MS).unref();
  }

  private onSignal(name: NodeJS.Signals): void {
    const { gates, n } = this.job;
    if (name === 'SIGKILL') this.killed = true;
    if (['SIGTERM', 'SIGINT', 'SIGQUIT'].includes(name)) {
      this.stopped = true;
      this.limit?.close();
      gates.set(n, { stopping: true });
    }
    this.child?.signal(name);
    gates.wake();
  }
}

function isFailure(result: StepResult | undefined): boolean {
  return result?.phase === 'ended' && hasFailed(result);
}

function hasFailed({ decision, code }: { decision: RunDecision | SkipDecision; code: number }): boolean {
  if (decision === 'timed-out' || decision === 'unready') return true;
  return decision === 'ran' && code !== 0 && code !== EARLY_SUCCESS;
}

const mayRepeat = ({ exitCodes }: RetryPlan, end: ProgramEnd): boolean =>
  hasFailed(end) && (exitCodes === undefined || exitCodes.includes(end.code));

/** `SIGTERM`, `TERM` or `15`; what is not known is SIGTERM. */
function signalNamed(text: string): NodeJS.Signals {
  const names = Object.entries(constants.signals) as [NodeJS.Signals, number][];
  const found = names.find(
    ([name, number]) => name === text || name === `SIG${text}` || String(number) === text,
  );
  return found?.[0] ?? 'SIGTERM';
}
