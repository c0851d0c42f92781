import type { DroneStage, DroneStep, Status } from './drone.ts';
import { EARLY_SUCCESS, INFRASTRUCTURE, KILLED } from './exit-codes.ts';
import type { RunPlan } from './run-plan.ts';

/** One step as the supervision of its stage knows it. Times in milliseconds since 1970, 0 = not yet. */
export interface StepState {
  readonly n: number;
  readonly status: 'pending' | 'running' | 'success' | 'failure' | 'killed' | 'error' | 'skipped';
  readonly exitCode: number;
  readonly error: string;
  readonly startedMs: number;
  readonly endedMs: number;
  readonly schema: string;
  /** What of its log the server has refused to store, in words. */
  readonly refused: string;
  /** A service that was not ready: its failure counts, although it runs in the background. */
  readonly isUnready?: boolean;
}

/** The steps of a stage, by number. */
export type StageState = ReadonlyMap<number, StepState>;

/** How a step's own program ended. */
export interface Ending {
  readonly code: number;
  readonly startMs: number;
  readonly endMs: number;
  /** Killed for memory, as the kubelet tells. */
  readonly oom?: boolean;
  /** Stopped because another step failed (`failure: fast`). */
  readonly stopped?: boolean;
  /** Why the gate made a failure of its end, whatever its code; absent if the code decides. */
  readonly error?: string | undefined;
  /** It is a service that was not ready. */
  readonly isUnready?: boolean;
}

/** How the whole stage ended: by itself, stopped by people or by the clock, or broken (with the text for the author). */
export type Conclusion =
  | { readonly kind: 'completed' }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'broken'; readonly text: string; readonly step?: number | undefined };

/** All steps pending. */
export function newStage(plan: RunPlan): StageState {
  const pending = {
    status: 'pending',
    exitCode: 0,
    error: '',
    startedMs: 0,
    endedMs: 0,
    schema: '',
    refused: '',
  } as const;
  return new Map(plan.steps.map((step) => [step.n, { n: step.n, ...pending }]));
}

/** The step's program has begun; a step that is not pending stays as it is. */
export function begun(state: StageState, n: number, atMs: number): StageState {
  return change(state, n, ['pending'], { status: 'running', startedMs: atMs });
}

/** The step's program has ended; a final step stays as it is. */
export function ended(state: StageState, n: number, ending: Ending): StageState {
  return change(state, n, ['pending', 'running'], endOf(ending));
}

/** What was told of a step's end before the kubelet's word is put right, whatever it was. */
export function corrected(state: StageState, n: number, ending: Ending): StageState {
  const step = state.get(n);
  const to = endOf(ending);
  if (!step || (step.status === to.status && step.exitCode === to.exitCode && step.error === to.error))
    return state;
  return new Map(state).set(n, { ...step, ...to });
}

/** A program that ended well is not called killed, though one of its children may have been. */
function endOf(ending: Ending): Omit<StepState, 'n' | 'schema' | 'refused'> {
  const { code, startMs, endMs, oom, stopped, error, isUnready } = ending;
  const times = { startedMs: startMs, endedMs: endMs, ...(isUnready ? { isUnready } : {}) };
  if (error !== undefined && !oom) return { ...times, status: 'failure', exitCode: code, error };
  if (code === 0 || code === EARLY_SUCCESS) return { ...times, status: 'success', exitCode: code, error: '' };
  if (oom) return { ...times, status: 'failure', exitCode: KILLED, error: 'killed: out of memory' };
  if (stopped) return { ...times, status: 'killed', exitCode: KILLED, error: '' };
  return { ...times, status: 'failure', exitCode: code, error: '' };
}

/** The step does not run. */
export function skipped(state: StageState, n: number, atMs: number): StageState {
  return change(state, n, ['pending'], { status: 'skipped', startedMs: atMs, endedMs: atMs });
}

/** What the server has of the finished log of a step: its card's schema, and what it has refused. */
export function withLog(
  state: StageState,
  n: number,
  { schema, refused }: Pick<StepState, 'schema' | 'refused'>,
): StageState {
  const step = state.get(n);
  if (!step || (step.schema === schema && step.refused === refused)) return state;
  return new Map(state).set(n, { ...step, schema, refused });
}

/** Is nothing more to come from that step? */
export function isFinal(state: StageState, n: number): boolean {
  const status = state.get(n)?.status;
  return status !== 'pending' && status !== 'running';
}

/** The state with which the stage is closed: nothing is left pending or running (drone-rpc §4.4, §4.6). */
export function concluded(
  state: StageState,
  plan: RunPlan,
  conclusion: Conclusion,
  atMs: number,
): StageState {
  const closed = new Map<number, StepState>();
  for (const step of plan.steps) {
    const now = state.get(step.n);
    if (now) closed.set(step.n, close(now, { background: step.role === 'background', conclusion, atMs }));
  }
  return closed;
}

function close(
  step: StepState,
  end: { background: boolean; conclusion: Conclusion; atMs: number },
): StepState {
  const { conclusion, atMs } = end;
  if (step.status !== 'pending' && step.status !== 'running') return step;
  if (conclusion.kind === 'broken' && conclusion.step === step.n) return broken(step, conclusion.text, atMs);
  if (step.status === 'pending') return { ...step, status: 'skipped', startedMs: atMs, endedMs: atMs };
  if (conclusion.kind === 'completed') return { ...step, status: 'success', exitCode: 0, endedMs: atMs };
  if (conclusion.kind === 'broken' && !end.background) return broken(step, conclusion.text, atMs);
  return { ...step, status: 'killed', exitCode: KILLED, endedMs: atMs };
}

function broken(step: StepState, error: string, atMs: number): StepState {
  const startedMs = step.startedMs || atMs;
  return { ...step, status: 'error', exitCode: INFRASTRUCTURE, error, startedMs, endedMs: atMs };
}

/** The stage's own words for its end. `state` is what {@link concluded} gave. */
export function stageEnd(
  state: StageState,
  plan: RunPlan,
  conclusion: Conclusion,
): { status: Status; error: string; exitCode: number } {
  switch (conclusion.kind) {
    case 'broken':
      return { status: 'error', error: conclusion.text, exitCode: INFRASTRUCTURE };
    case 'cancelled':
    case 'timed-out': {
      const killed = [...state.values()].some((step) => step.status === 'killed');
      return { status: 'killed', error: '', exitCode: killed ? KILLED : 0 };
    }
    case 'completed': {
      const failed = plan.steps.some(({ n, role, fails }) => {
        const step = state.get(n);
        return fails !== 'ignore' && (role === 'step' || step?.isUnready === true) && isBad(step?.status);
      });
      return { status: failed ? 'failure' : 'success', error: '', exitCode: 0 };
    }
  }
}

const isBad = (status: StepState['status'] | undefined): boolean =>
  status === 'failure' || status === 'error' || status === 'killed';

function change(
  state: StageState,
  n: number,
  from: readonly StepState['status'][],
  to: Partial<StepState>,
): StageState {
  const step = state.get(n);
  if (!step || !from.includes(step.status)) return state;
  return new Map(state).set(n, { ...step, ...to });
}

/** A step that has not ended, as the server has it: what the next owner needs if the Pod is lost too. */
export interface OpenStep {
  readonly n: number;
  /** Its id at the server. */
  readonly id: number;
  readonly version: number;
  /** False: pending, or nothing is known since the stage was taken over. */
  readonly isRunning: boolean;
}

/** A step as the server is told (every field counts: PUT replaces). */
export function toDroneStep(
  step: StepState,
  about: { plan: RunPlan; stageId: number; id: number; version: number },
): DroneStep {
  const planned = about.plan.steps.find((one) => one.n === step.n);
  return {
    id: about.id,
    stageId: about.stageId,
    number: step.n,
    name: planned?.name ?? '',
    status: step.status,
    error: [step.error, step.refused].filter((text) => text !== '').join('; '),
    errIgnore: planned?.fails === 'ignore',
    exitCode: step.exitCode,
    started: seconds(step.startedMs),
    stopped: seconds(step.endedMs),
    version: about.version,
    dependsOn: planned?.dependsOn ?? [],
    image: planned?.image ?? '',
    detached: planned?.role === 'background',
    schema: step.schema,
  };
}

/** More than the steps of a pipeline (`compile/pod-size.ts`). */
const NUMBERS_OF_A_START = 1_000;

/**
 * The stage as it is at the moment of its start: running, with all steps registered.
 *
 * @param repeats how many starts of the stage were lost. The server may have inserted their steps, and has each number of a stage only once
 *   (drone-rpc §2.4), so a repeated start has numbers of its own
 */
export function startingStage(stage: DroneStage, plan: RunPlan, atMs: number, repeats = 0): DroneStage {
  const steps = [...newStage(plan).values()].map((step) => ({
    ...toDroneStep(step, { plan, stageId: stage.id, id: 0, version: 0 }),
    number: step.n + repeats * NUMBERS_OF_A_START,
  }));
  return { ...stage, status: 'running', started: stage.started || seconds(atMs), stopped: 0, steps };
}

/** The number within the plan of a step that {@link startingStage} has numbered. */
export const plannedNumber = (number: number): number => number % NUMBERS_OF_A_START;

const seconds = (ms: number): number => Math.floor(ms / 1000);
