import type { V1Pod } from '@kubernetes/client-node';
import { decide, type SkipDecision, type StepResult, type StepResults } from '../decide/decide.ts';
import { containerName } from '../pipeline/compiled.ts';
import type { PlannedStep } from '../pipeline/run-plan.ts';
import type { Mark, StepLog } from '../ports/step-logs.ts';
import type { Reporter } from '../report/reporter.ts';
import type { PodView } from '../watch/observe.ts';
import { type Trouble, waitingFor } from '../watch/trouble.ts';
import type { Beacon } from './beacon.ts';
import type { FlightOrder, FlightParts } from './flight.ts';
import { begun, ended, isFinal, type StageState, skipped } from './stage-state.ts';
import { Swaps } from './swaps.ts';

/** What the steps see of the flight they belong to. */
export interface Deck {
  readonly beacon: Beacon;
  readonly reporter: Reporter;
  /** Aborted when nothing more is to be waited for. */
  readonly halt: AbortSignal;
  state(): StageState;
  view(): PodView;
  pod(): V1Pod;
  gone(): boolean;
  /** The end of the stage is decided: no further step is begun. */
  concluded(): boolean;
  /** When that was, milliseconds since 1970; Infinity before. */
  concludedMs(): number;
  /** Handed over: whoever comes next reads the logs from their start, and uploads them. */
  left(): boolean;
  change(next: StageState): void;
  /** The server has a newer version of a step: it was cancelled. */
  conflict(): void;
  broken(trouble: Trouble): void;
}

/** How a step's program ended, as far as known; `sure` once the kubelet said so. */
interface Known {
  readonly decision: 'ran' | SkipDecision;
  readonly code: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly oom: boolean;
  readonly sure: boolean;
}

/** 137 may be a memory kill, which only the kubelet tells: it is awaited this long. */
const OOM_WORD_MS = 3_000;
const KILLED = 137;
/** An adopted log is read from its start; its end, if it has one, is seen within this time. */
const CATCHING_UP_MS = 500;
/** The gate's own failure (PROTOCOL.md), when no line of its own stands beside it. */
const GATE_FAILED = 214;
/** Decisions that mean the program did not run. */
const RAN = 'ran';
const STOPPING = 'stopping';

/** All steps of one flight: each waits for its turn, is read, and is reported. */
export class StepFlights {
  readonly #parts: FlightParts;
  readonly #order: FlightOrder;
  readonly #deck: Deck;
  readonly #swaps: Swaps;
  readonly #known = new Map<number, Known>();
  readonly #startedMs = new Map<number, number>();
  readonly #logs = new Map<number, StepLog>();
  readonly #unreported = new Set<number>();
  #lastNote = '';

  constructor(parts: FlightParts, order: FlightOrder, deck: Deck) {
    this.#parts = parts;
    this.#order = order;
    this.#deck = deck;
    this.#swaps = new Swaps(parts, order, deck);
  }

  /** Starts a life for each step. `ordinary` resolves when all that count are final and reported, `background` when the others are. */
  flyAll(): { ordinary: Promise<void>; background: Promise<void> } {
    const fly = (role: PlannedStep['role']): Promise<void> =>
      Promise.all(
        this.#order.plan.steps.filter((step) => step.role === role).map((step) => this.#fly(step)),
      ).then(() => undefined);
    return { ordinary: fly('step'), background: fly('background') };
  }

  /** Takes in what the kubelet says now. */
  look(): void {
    for (const step of this.#order.plan.steps) this.#lookAt(step);
    this.#tellWaiting();
  }

  /** Has the kubelet told the end of every gated container of an ordinary step? */
  confirmed(): boolean {
    return this.#order.plan.steps.every(
      (step) => step.role === 'background' || step.engine === 'swap' || this.#known.get(step.n)?.sure,
    );
  }

  /** After an adoption, versions of steps that were never reported by us are found by trial, so that the finish can carry them. */
  async reportUnknown(state: StageState, signal: AbortSignal): Promise<void> {
    for (const n of this.#unreported) {
      const step = state.get(n);
      if (step) await this.#deck.reporter.step(step, signal);
    }
  }

  async #fly(step: PlannedStep): Promise<void> {
    const { beacon, halt } = this.#deck;
    const came = await beacon.until(() => this.#deck.concluded() || this.#verdict(step) !== 'wait', halt);
    if (!came || this.#deck.concluded()) return;
    const verdict = this.#verdict(step);
    if (verdict !== 'run' && verdict !== 'wait') return this.#skip(step, verdict);
    const turnMs = this.#parts.clock.now();
    const log = this.#open(step);
    if (step.engine === 'swap') await this.#swaps.swap(step);
    await log.follow(this.#following(step, log, turnMs));
    await this.#settle(step, log);
  }

  /** By the results so far: not yet, its turn, or never (in a word). A result that is already there (after an adoption) counts too. */
  #verdict(step: PlannedStep): 'wait' | 'run' | SkipDecision {
    const known = this.#known.get(step.n);
    if (known) return known.decision === RAN ? 'run' : known.decision;
    const verdict = decide(step, this.#results(), this.#order.plan.steps);
    // Somebody stopped the Pod: what comes of that is the flight's business.
    return verdict === STOPPING ? 'wait' : verdict;
  }

  #results(): StepResults {
    const results = new Map<number, StepResult>();
    for (const n of this.#startedMs.keys()) results.set(n, { phase: 'running' });
    for (const [n, known] of this.#known)
      results.set(n, { phase: 'ended', decision: known.decision, code: known.code });
    return results;
  }

  #open(step: PlannedStep): StepLog {
    if (this.#logs.size === 0 && this.#order.firstLog && step.n === this.#order.plan.steps[0]?.n) {
      this.#logs.set(step.n, this.#order.firstLog);
      return this.#order.firstLog;
    }
    const { namespace = 'default', name = '' } = this.#order.pod.metadata ?? {};
    const log = this.#parts.stepLogs.open({
      namespace,
      pod: name,
      container: containerName(step.n),
      nonce: step.engine === 'gate' ? this.#order.plan.nonce : undefined,
      stepId: this.#deck.reporter.stepId(step.n),
      stepName: step.name,
      masks: this.#order.masks[step.n] ?? [],
      ...(this.#order.adopted ? { shownUntilMs: this.#order.takenOverMs } : {}),
    });
    if (this.#logs.size === 0) for (const note of this.#order.notes) log.note(note);
    this.#logs.set(step.n, log);
    return log;
  }

  #following(step: PlannedStep, log: StepLog, turnMs: number): Parameters<StepLog['follow']>[0] {
    const { beacon, halt } = this.#deck;
    const ended = beacon
      .until(() => this.#deck.gone() || Boolean(this.#known.get(step.n)?.sure), halt)
      .then(() => undefined);
    return { ended, signal: halt, onMark: (mark) => this.#mark(step, mark, log, turnMs) };
  }

  #mark(step: PlannedStep, mark: Mark, log: StepLog, turnMs: number): void {
    switch (mark.kind) {
      case 'start':
        this.#parts.events.stepStarted(step.engine, Math.max(0, mark.atMs - turnMs));
        return this.#begin(step, mark.atMs, log);
      case 'skip':
        return this.#learn(step, {
          decision: wordOf(mark.why),
          code: 0,
          startMs: mark.atMs,
          endMs: mark.atMs,
          oom: false,
          sure: false,
        });
      case 'end': {
        if (this.#known.has(step.n)) return;
        const startMs = this.#startedMs.get(step.n) ?? mark.atMs;
        return this.#learn(step, {
          decision: RAN,
          code: mark.code,
          startMs,
          endMs: mark.atMs,
          oom: false,
          sure: false,
        });
      }
      case 'close':
        return;
    }
  }

  #begin(step: PlannedStep, atMs: number, log: StepLog): void {
    this.#startedMs.set(step.n, atMs);
    if (this.#deck.concluded()) return;
    const before = this.#deck.state();
    const now = begun(before, step.n, atMs);
    if (now === before) return this.#deck.beacon.flash();
    this.#deck.change(now);
    void this.#reportRunning(step).then(() => log.goLive());
    if (step.engine === 'swap' && step.role === 'background')
      this.#swaps.publish(step.n, { decision: 'running', code: 0, startMs: atMs, endMs: 0 });
  }

  #learn(step: PlannedStep, known: Known): void {
    this.#known.set(step.n, known);
    this.#deck.beacon.flash();
  }

  #lookAt(step: PlannedStep): void {
    const container = this.#deck.view().steps.get(step.n);
    if (this.#known.get(step.n)?.sure) return;
    if (container?.kind === 'running' && step.engine === 'swap') {
      const log = this.#logs.get(step.n);
      if (log) this.#begin(step, container.startedMs || this.#parts.clock.now(), log);
    }
    if (container?.kind !== 'ended') return;
    const { line, code, reason } = container;
    if (code === GATE_FAILED && !line && step.engine === 'gate')
      return this.#gateFailed(step, container.message);
    const startMs = line?.startMs || this.#startedMs.get(step.n) || container.startedMs;
    const endMs = line?.endMs || container.endedMs;
    const decision = line ? wordOf(line.decision) : (this.#known.get(step.n)?.decision ?? RAN);
    this.#known.set(step.n, {
      decision,
      code,
      startMs,
      endMs,
      oom: reason === 'OOMKilled' && code !== 0,
      sure: true,
    });
  }

  #gateFailed(step: PlannedStep, message: string): void {
    this.#deck.broken({
      code: 'container-refused',
      blame: 'operator',
      step: step.n,
      text: `step ${step.name} could not be begun: ${message}`,
    });
  }

  /** Its program is over: wait for what only the kubelet can add, upload the log, tell the server. */
  async #settle(step: PlannedStep, log: StepLog): Promise<void> {
    const { halt, beacon } = this.#deck;
    await beacon.until(() => this.#known.has(step.n) || this.#deck.gone(), halt);
    if (this.#known.get(step.n)?.code === KILLED) await this.#kubeletsWord(step);
    if (this.#deck.left()) return;
    const { schema } = await log.finish(new AbortController().signal);
    const known = this.#known.get(step.n);
    // What ended after the stop was stopped: the conclusion says how.
    if (!known || known.decision === STOPPING || known.endMs > this.#deck.concludedMs()) return;
    if (step.role === 'background')
      return this.#parts.log.debug({ step: step.name, code: known.code }, 'a background step has ended');
    if (known.decision !== RAN) return this.#skip(step, known.decision);
    this.#deck.change(this.#withSchema(step, ended(this.#deck.state(), step.n, known), schema));
    if (step.engine === 'swap') this.#swaps.publish(step.n, known);
    if (!this.#deck.concluded()) await this.#report(step);
  }

  #withSchema(step: PlannedStep, state: StageState, schema: string): StageState {
    const now = state.get(step.n);
    return schema && now ? new Map(state).set(step.n, { ...now, schema }) : state;
  }

  async #kubeletsWord(step: PlannedStep): Promise<void> {
    const late = new AbortController();
    const callOff = this.#parts.clock.after(OOM_WORD_MS, () => late.abort());
    await this.#deck.beacon.until(
      () => Boolean(this.#known.get(step.n)?.sure),
      AbortSignal.any([late.signal, this.#deck.halt]),
    );
    callOff();
  }

  async #skip(step: PlannedStep, why: SkipDecision): Promise<void> {
    const before = this.#deck.state();
    if (why === STOPPING || this.#deck.concluded() || isFinal(before, step.n)) return;
    const atMs = this.#parts.clock.now();
    // A gated step's own word on it will come; a swapped one keeps its placeholder and says nothing more.
    const known = {
      decision: why,
      code: 0,
      startMs: atMs,
      endMs: atMs,
      oom: false,
      sure: step.engine === 'swap',
    };
    if (!this.#known.has(step.n)) this.#known.set(step.n, known);
    this.#deck.change(skipped(before, step.n, atMs));
    if (step.engine === 'swap') this.#swaps.publish(step.n, known);
    await this.#report(step);
  }

  /** After an adoption, what is read of a step may be long past: only one that still runs is told to be running. */
  async #reportRunning(step: PlannedStep): Promise<void> {
    if (this.#order.adopted) await this.#parts.clock.sleep(CATCHING_UP_MS, this.#deck.halt);
    if (!this.#known.has(step.n)) await this.#report(step);
  }

  async #report(step: PlannedStep): Promise<void> {
    const state = this.#deck.state().get(step.n);
    if (!state) return;
    const reported = await this.#deck.reporter.step(state, this.#deck.halt);
    if (reported === 'conflict') this.#deck.conflict();
    if (reported === 'failed') this.#unreported.add(step.n);
  }

  /** What the Pod waits for is said in the log of the step whose turn it is, once a cause. */
  #tellWaiting(): void {
    const note = waitingFor(this.#deck.view(), this.#order.plan);
    if (note === '' || note === this.#lastNote) return;
    const open = [...this.#logs].find(([n]) => !isFinal(this.#deck.state(), n));
    const step = this.#order.plan.steps.find((one) => one.n === open?.[0]);
    if (!open || !step) return;
    this.#lastNote = note;
    open[1].note(note);
    this.#begin(step, this.#parts.clock.now(), open[1]);
  }
}

const SKIPS: readonly SkipDecision[] = ['failed-before', 'passed-before', 'fast', 'ended-early', 'stopping'];

/** A gate's word; one that we don't know comes from a newer gate and means at least that something ran. */
function wordOf(text: string): 'ran' | SkipDecision {
  return SKIPS.find((word) => word === text) ?? RAN;
}
