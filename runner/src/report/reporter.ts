import type { Clock } from '@hangar/shared/clock';
import type { Logger } from '@hangar/shared/logger';
import {
  type Conclusion,
  type StageState,
  type StepState,
  stageEnd,
  toDroneStep,
} from '../flight/stage-state.ts';
import type { DroneStage, DroneStep } from '../pipeline/drone.ts';
import type { RunPlan } from '../pipeline/run-plan.ts';
import { type CiServer, CiServerError, type Update } from '../ports/ci-server.ts';

/** The server's ids and versions of a started stage. After adoption a step's version is unknown and found by trial. */
export interface Registered {
  readonly stage: DroneStage;
  readonly plan: RunPlan;
  readonly stepIds: ReadonlyMap<number, number>;
  /** `exact`: we made every update since the start; `unknown`: another replica made some. */
  readonly versions: 'exact' | 'unknown';
}

/** `conflict`: the server has a newer version, which nearly always means that the build was cancelled (drone-rpc-spec §2.5). */
export type Reported = 'reported' | 'conflict' | 'failed';

/** Trials for a step's version after adoption: registered 1, running 2, reported finally 3 (gate.md §4). */
const TRIALS = { running: [1, 2], final: [2, 3, 1] } as const;

/**
 * Tells the server about one stage: one update at a time, in order, each taking over the version of the last answer
 * (drone-rpc-spec §3.12). Nothing here rejects: a report that can't be made is said in our own log.
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

  /** The step as it is now. */
  step(step: StepState, signal: AbortSignal): Promise<Reported> {
    return this.#inTurn(() => this.#step(step, signal));
  }

  /** The stage's end, with all steps. A conflict is looked at by nobody: after a cancel all is recorded already. */
  finish(state: StageState, conclusion: Conclusion, signal: AbortSignal): Promise<Reported> {
    return this.#inTurn(() => this.#finish(state, conclusion, signal));
  }

  #inTurn(report: () => Promise<Reported>): Promise<Reported> {
    const turn = this.#last.then(report).catch((error: unknown) => {
      this.#log.warn({ err: error }, 'a report to the Drone server failed');
      return 'failed' as const;
    });
    this.#last = turn;
    return turn;
  }

  async #step(step: StepState, signal: AbortSignal): Promise<Reported> {
    const known = this.#versions.get(step.n);
    const trials =
      known === undefined ? TRIALS[step.status === 'running' ? 'running' : 'final'] : [known, known + 1];
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

  /** A stale step in the list stops a finish before the stage is touched (§2.4): one more try without steps, unless it is cancelled. */
  async #afterFinish(update: Update<DroneStage>, whole: DroneStage, signal: AbortSignal): Promise<Reported> {
    if (update.kind === 'updated') return 'reported';
    if (update.afterLostAnswer || whole.status === 'killed') return 'conflict';
    try {
      const again = await this.#ciServer.updateStage({ ...whole, steps: [] }, signal);
      return again.kind === 'updated' ? 'reported' : 'conflict';
    } catch (error) {
      if (error instanceof CiServerError) return 'conflict';
      throw error;
    }
  }

  #drone(step: StepState, version: number): DroneStep {
    const { plan, stage, stepIds } = this.#registered;
    return toDroneStep(step, { plan, stageId: stage.id, id: stepIds.get(step.n) ?? 0, version });
  }
}
