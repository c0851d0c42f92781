import type { Clock } from '@hangar/shared/clock';
import type { Logger } from '@hangar/shared/logger';
import {
  type Conclusion,
  type StageState,
  type StepState,
  stageEnd,
  toDroneStep,
} from '../pipeline/stage-state.ts';
import type { DroneStage, DroneStep } from '../pipeline/drone.ts';
import type { RunPlan } from '../pipeline/run-plan.ts';
import type { CiServer, Update } from '../ports/ci-server.ts';

/** The server's ids and versions of a started stage. After adoption a step's version is unknown and found by trial. */
export interface Registered {
  readonly stage: DroneStage;
  readonly plan: RunPlan;
  readonly stepIds: ReadonlyMap<number, number>;
  /** `exact`: we made every update since the start; `unknown`: another replica made some. */
  readonly versions: 'exact' | 'unknown';
  /** How often the stage was taken over, this time included; each owner may have told every step's state once more. */
  readonly adoptions?: number;
  /** When this process took it in hand, milliseconds since 1970: what begins well after that nobody else has told. */
  readonly takenOverMs?: number;
}

/** `conflict`: the server has a newer version, which nearly always means that the build was cancelled (drone-rpc §2.5). */
export type Reported = 'reported' | 'conflict' | 'failed';

/**
 * Trials for a step's version after adoption: registered 1, running 2, reported finally 3, and one more for each owner before who
 * told it again (gate §4). Not one more than that: a cancel raises the version too, and must show as a conflict.
 */
function trialsOf(
  step: StepState,
  { plan, adoptions = 1, takenOverMs = Infinity }: Registered,
): readonly number[] {
  // The first step may have been told to be running while the stage waited.
  const untold = step.n !== plan.steps[0]?.n && step.startedMs > takenOverMs + CLOCKS_DIFFER_MS;
  if (step.status === 'running') return upTo(untold ? 1 : adoptions + 1);
  return [...upTo(adoptions + 2).slice(1), 1];
}

/** A report that nobody wants any more. */
const STOPPED = Promise.resolve<Reported>('failed');

/** A node's clock and ours may differ by this much. */
const CLOCKS_DIFFER_MS = 60_000;

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

/**
 * Tells the server about one stage: one update at a time, in order, each taking over the version of the last answer
 * (drone-rpc §3.12). Nothing here rejects: a report that can't be made is said in our own log.
 */
export class Reporter {
  readonly #clock: Clock;
  readonly #ciServer: CiServer;
  readonly #log: Logger;
  readonly #registered: Registered;
  readonly #versions = new Map<number, number>();
  #stageVersion: number;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: { clock: Clock; ciServer: CiServer; log: Logger }, registered: Registered) {
    this.#clock = parts.clock;
    this.#ciServer = parts.ciServer;
    this.#log = parts.log;
    this.#registered = registered;
    this.#stageVersion = registered.stage.version;
    if (registered.versions === 'exact') for (const n of registered.stepIds.keys()) this.#versions.set(n, 1);
  }

  /** Id of a step at the server, for its log. */
  stepId(n: number): number {
    return this.#registered.stepIds.get(n) ?? 0;
  }

  /** Can the finish carry that step? */
  knows(n: number): boolean {
    return this.#versions.has(n);
  }

  /** The step as it is now. */
  step(step: StepState, signal: AbortSignal): Promise<Reported> {
    return this.#inTurn(() => this.#step(step, signal), signal);
  }

  /** The stage's end, with all steps. A conflict is looked at by nobody: after a cancel all is recorded already. */
  finish(state: StageState, conclusion: Conclusion, signal: AbortSignal): Promise<Reported> {
    return this.#inTurn(() => this.#finish(state, conclusion, signal), signal);
  }

  #inTurn(report: () => Promise<Reported>, signal: AbortSignal): Promise<Reported> {
    const unlessStopped = (): Promise<Reported> => (signal.aborted ? STOPPED : report());
    const turn = this.#last.then(unlessStopped).catch((error: unknown) => {
      if (!signal.aborted) this.#log.warn({ err: error }, 'a report to the Drone server failed');
      return 'failed' as const;
    });
    this.#last = turn;
    return turn;
  }

  async #step(step: StepState, signal: AbortSignal): Promise<Reported> {
    const known = this.#versions.get(step.n);
    const trials = known === undefined ? trialsOf(step, this.#registered) : [known, known + 1];
    for (const [index, version] of trials.entries()) {
      const update = await this.#ciServer.updateStep(this.#drone(step, version), signal);
      if (update.kind === 'updated') {
        this.#versions.set(step.n, update.value.version);
        return 'reported';
      }
      // With a version we are sure of, only a lost answer excuses the conflict; then the next version is tried once.
      if (known !== undefined && !(index === 0 && update.afterLostAnswer)) return 'conflict';
    }
    return 'conflict';
  }

  async #finish(state: StageState, conclusion: Conclusion, signal: AbortSignal): Promise<Reported> {
    const { stage, plan } = this.#registered;
    const end = stageEnd(state, plan, conclusion);
    const known = [...state.values()].filter((step) => this.#versions.has(step.n));
    const steps = known.map((step) => this.#drone(step, this.#versions.get(step.n) ?? 0));
    const stopped = Math.floor(this.#clock.now() / 1000);
    const whole: DroneStage = { ...stage, ...end, stopped, version: this.#stageVersion, steps };
    const update = await this.#ciServer.updateStage(whole, signal);
    return this.#afterFinish(update, whole, signal);
  }

  /** A stale step in the list stops a finish before the stage is touched (drone-rpc §2.4): one more try without steps, unless it is cancelled. */
  async #afterFinish(update: Update<DroneStage>, whole: DroneStage, signal: AbortSignal): Promise<Reported> {
    if (update.kind === 'updated') return 'reported';
    if (update.afterLostAnswer || whole.status === 'killed') return 'conflict';
    const again = await this.#ciServer.updateStage({ ...whole, steps: [] }, signal);
    return again.kind === 'updated' ? 'reported' : 'conflict';
  }

  #drone(step: StepState, version: number): DroneStep {
    const { plan, stage, stepIds } = this.#registered;
    return toDroneStep(step, { plan, stageId: stage.id, id: stepIds.get(step.n) ?? 0, version });
  }
}
