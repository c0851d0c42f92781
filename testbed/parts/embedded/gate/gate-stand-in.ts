import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import {
  decide,
  failedSteps,
  type SkipDecision,
  type StepResult,
  type StepResults,
} from '@hangar/runner/decide';
import { EARLY_SUCCESS, KILLED } from '@hangar/runner/exit-codes';
import { errorText } from '@hangar/shared/error-text';
import type { Rewrite } from '../kubelet/paths.ts';
import { type Exit, type Output, type Running, StartError } from '../kubelet/process-group.ts';
import type { GateBoard } from './board.ts';
import { childEnvironment, environmentFile, statusValues } from './child-environment.ts';
import { scriptsInPlace } from './scripts.ts';
import {
  GateError,
  type GateStep,
  readStage,
  readStep,
  type StageFile,
  type StepFile,
} from './stage-files.ts';
import { toldResult } from './swapped-results.ts';
import { Voice } from './voice.ts';

export interface GateJob {
  readonly n: number;
  /** The container's root on this machine: `/hangar` is `<root>/hangar`. */
  readonly root: string;
  readonly board: GateBoard;
  readonly rewrite: Rewrite;
  /** The container's own environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly start: (argv: readonly string[], env: Record<string, string>, output: Output) => Promise<Running>;
  readonly nowMs: () => number;
}

/** Code of the gate's own failures. */
const OWN_FAILURE = 214;
/** How long dependants hold when a step died without a word. */
const HOLD_AFTER_KILL_MS = 1000;

/** Runs one gated step in this process by the rules of runner/gate/PROTOCOL.md; only the child is a process. */
export function runGate(job: GateJob, output: Output): Running {
  return new StandIn(job, output).running;
}

class StandIn {
  readonly running: Running;
  private readonly job: GateJob;
  private readonly output: Output;
  private readonly voice: Voice;
  private readonly folder: string;
  private child: Running | undefined;
  private stopped = false;
  private killed = false;

  constructor(job: GateJob, output: Output) {
    this.job = job;
    this.output = output;
    this.voice = new Voice(output);
    this.folder = join(job.root, 'hangar/state', String(job.n));
    this.running = { ended: this.run(), signal: (name) => this.onSignal(name) };
  }

  private async run(): Promise<Exit> {
    try {
      this.mark('started');
      this.job.board.set(this.job.n, { started: true });
      const stage = readStage(this.job.root);
      const step = stage.steps.find(({ n }) => n === this.job.n);
      const own = readStep(this.job.root);
      if (step === undefined)
        throw new GateError(`gate: /hangar/common/stage.json has no step ${this.job.n}`);
      return await this.runStep(stage, step, own);
    } catch (error) {
      return this.ownFailure(error);
    } finally {
      this.release();
    }
  }

  private async runStep(stage: StageFile, step: GateStep, own: StepFile): Promise<Exit> {
    const word = await this.turn(stage, step);
    if (word === 'killed') return { code: KILLED, signal: constants.signals.SIGKILL };
    if (word !== 'run') return this.skip(stage, word);
    return this.runChild(stage, step, own);
  }

  /** Waits for barrier and dependencies; every change of the board is looked at. */
  private async turn(stage: StageFile, step: GateStep): Promise<'run' | 'killed' | SkipDecision> {
    const look = (): 'run' | 'killed' | SkipDecision | undefined => {
      if (this.killed) return 'killed';
      const results = this.results(stage);
      if (this.stopped || [...results.values()].some((result) => result.stopping === true)) return 'stopping';
      if (!this.barrierOpen(stage, step)) return undefined;
      const word = decide(step, results, stage.steps);
      return word === 'wait' ? undefined : word;
    };
    return this.until(look);
  }

  private barrierOpen(stage: StageFile, step: GateStep): boolean {
    if (stage.start === 'eager' || (step.n === 1 && step.name === 'clone')) return true;
    return stage.steps.every(
      ({ n, engine }) =>
        engine === 'swap' || this.job.board.of(n).started || toldResult(this.job.root, n) !== undefined,
    );
  }

  private results(stage: StageFile): StepResults {
    const results = this.job.board.results();
    for (const { n, engine } of stage.steps) {
      const unknown = engine === 'swap' || !this.job.board.of(n).started;
      const reported = unknown ? toldResult(this.job.root, n) : undefined;
      if (reported !== undefined) results.set(n, reported);
    }
    return results;
  }

  private until<Answer>(look: () => Answer | undefined): Promise<Answer> {
    return new Promise((resolve) => {
      const check = (): void => {
        const answer = look();
        if (answer === undefined) return;
        forget();
        resolve(answer);
      };
      const forget = this.job.board.onChange(check);
      check();
    });
  }

  private async runChild(stage: StageFile, step: GateStep, own: StepFile): Promise<Exit> {
    const failing = failedSteps(this.results(stage), stage.steps);
    const status = statusValues(stage, failing, this.job.nowMs());
    const env = childEnvironment(this.job.env, stage, own, { status, failing });
    const droneFolder = join(this.job.root, 'run/drone');
    mkdirSync(droneFolder, { recursive: true });
    writeFileSync(join(droneFolder, 'env'), environmentFile(stage, status, env));
    const startMs = Math.floor(this.job.nowMs());
    this.voice.first(stage.nonce, `start at=${startMs}`);
    const exit = await this.childExit(stage, step, own, env);
    if (this.killed) return { code: KILLED, signal: constants.signals.SIGKILL };
    return this.finish(stage, { decision: 'ran', code: exit.code, startMs });
  }

  private async childExit(
    stage: StageFile,
    step: GateStep,
    own: StepFile,
    env: Record<string, string>,
  ): Promise<Exit> {
    const rewritten = Object.entries(env).map(([name, value]) => [name, this.job.rewrite(value)]);
    const argv = scriptsInPlace(own.argv, this.job.root, this.job.rewrite);
    try {
      this.child = await this.job.start(
        argv,
        Object.fromEntries(rewritten) as Record<string, string>,
        this.output,
      );
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      const command = own.argv[0] ?? '';
      this.output.stderr(Buffer.from(`hangar: cannot run ${command}: not found\n`));
      return { code: 127 };
    }
    if (this.killed) this.child.signal('SIGKILL');
    else if (this.stopped) this.child.signal('SIGTERM');
    this.mark('child');
    this.job.board.set(this.job.n, { child: true, result: { phase: 'running' } });
    void this.stopWhenOver(stage, step, own, this.child);
    return this.child.ended;
  }

  /** A service ends with the last ordinary step; a fail-fast failure ends the others. */
  private async stopWhenOver(stage: StageFile, step: GateStep, own: StepFile, child: Running): Promise<void> {
    let over = false;
    const ended = child.ended.then(() => {
      over = true;
      this.job.board.wake();
    });
    const why = await this.until(() => {
      if (over) return 'ended';
      return this.mustStop(stage, step) ? 'stop' : undefined;
    });
    if (why === 'ended') return;
    child.signal(signalNamed(own.stopSignal));
    const kill = setTimeout(() => child.signal('SIGKILL'), own.stopGraceMs);
    await ended;
    clearTimeout(kill);
  }

  private mustStop(stage: StageFile, step: GateStep): boolean {
    const results = this.results(stage);
    const ordinary = stage.steps.filter(({ role }) => role === 'step');
    if (step.role === 'background') return ordinary.every(({ n }) => results.get(n)?.phase === 'ended');
    return ordinary.some(({ n, fails }) => fails === 'fast' && n !== step.n && isFailure(results.get(n)));
  }

  private skip(stage: StageFile, why: SkipDecision): Exit {
    if (why === 'stopping') this.markStopping();
    const atMs = Math.floor(this.job.nowMs());
    this.voice.first(stage.nonce, `skip why=${why} at=${atMs}`);
    return this.finish(stage, { decision: why, code: 0, startMs: atMs });
  }

  private finish(
    stage: StageFile,
    { decision, code, startMs }: { decision: 'ran' | SkipDecision; code: number; startMs: number },
  ): Exit {
    const endMs = decision === 'ran' ? Math.floor(this.job.nowMs()) : startMs;
    const line = `${decision} ${code} ${startMs} ${endMs}\n`;
    this.writeExit(line);
    this.voice.last(stage.nonce, { code, atMs: endMs });
    writeFileSync(join(this.job.root, 'dev/termination-log'), line);
    this.job.board.set(this.job.n, { result: { phase: 'ended', decision, code } });
    return { code };
  }

  private ownFailure(error: unknown): Exit {
    const text = errorText(error);
    this.output.stderr(Buffer.from(`${text}\n`));
    const atMs = Math.floor(this.job.nowMs());
    try {
      writeFileSync(join(this.job.root, 'dev/termination-log'), text);
      this.writeExit(`ran ${OWN_FAILURE} ${atMs} ${atMs}\n`);
    } catch {
      // Its state cannot be written: that is what it said on stderr.
    }
    this.job.board.set(this.job.n, { result: { phase: 'ended', decision: 'ran', code: OWN_FAILURE } });
    return { code: OWN_FAILURE };
  }

  /** The lock is free. Without a result the step was killed: dependants go on after a while, as after 137. */
  private release(): void {
    const { board, n } = this.job;
    board.set(n, { released: true });
    if (board.of(n).result.phase === 'ended') return;
    const ended: StepResult = { phase: 'ended', decision: 'ran', code: KILLED };
    setTimeout(() => board.set(n, { result: ended }), HOLD_AFTER_KILL_MS).unref();
  }

  private onSignal(name: NodeJS.Signals): void {
    if (name === 'SIGKILL') {
      this.killed = true;
    } else if (name === 'SIGTERM' || name === 'SIGINT' || name === 'SIGQUIT') {
      this.stopped = true;
      this.markStopping();
    }
    this.child?.signal(name);
    this.job.board.wake();
  }

  private markStopping(): void {
    this.mark('stopping');
    this.job.board.set(this.job.n, { stopping: true });
  }

  private mark(name: string): void {
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(join(this.folder, name), '');
  }

  private writeExit(line: string): void {
    writeFileSync(join(this.folder, 'exit.new'), line);
    renameSync(join(this.folder, 'exit.new'), join(this.folder, 'exit'));
  }
}

function isFailure(result: StepResult | undefined): boolean {
  return (
    result?.phase === 'ended' &&
    result.decision === 'ran' &&
    result.code !== 0 &&
    result.code !== EARLY_SUCCESS
  );
}

/** `SIGTERM`, `TERM` or `15`; what is not known is SIGTERM. */
function signalNamed(text: string): NodeJS.Signals {
  const names = Object.entries(constants.signals) as [NodeJS.Signals, number][];
  return (
    names.find(([name, number]) => name === text || name === `SIG${text}` || String(number) === text)?.[0] ??
    'SIGTERM'
  );
}
