import { BoundedMap } from '@hangar/shared/bounded';
import type { DroneStage, DroneStep, LogLine, StageDetail, Status } from '../pipeline/drone.ts';
import type { RegisteredStage, RegistryChange } from '../stage-registry.ts';
import { type StepOutput, StepOutputs } from './step-output.ts';

/** A step, as it was last reported. Times in seconds since 1970, 0 = not yet. */
export type ShownStep = Pick<
  DroneStep,
  'id' | 'number' | 'name' | 'image' | 'status' | 'exitCode' | 'error' | 'started' | 'stopped'
> & {
  /** What of its log the server has refused to store, in words. */
  readonly notStored: string;
};

/** Where a stage comes from; empty as long as the server has not described it. */
export interface StageOrigin {
  readonly title: string;
  readonly author: string;
  readonly ref: string;
  readonly commit: string;
}

/** One stage of this replica: what the registry knows of it, and what was reported of it. Times in seconds since 1970, 0 = not yet. */
export interface ShownStage {
  /** The last entry of the registry. */
  readonly entry: RegisteredStage;
  /** Whether it is still in the registry. */
  readonly isOpen: boolean;
  readonly status: Status;
  readonly error: string;
  readonly started: number;
  readonly stopped: number;
  readonly origin: StageOrigin;
  /** By number. */
  readonly steps: readonly ShownStep[];
}

/** What the history keeps. */
export interface HistoryLimits {
  /** Stages that have ended. */
  readonly stages: number;
  readonly stepOutputBytes: number;
  readonly outputBytes: number;
}

/** For one page of 200 stages, and the last screens of their logs. */
export const HISTORY_LIMITS: HistoryLimits = {
  stages: 200,
  stepOutputBytes: 64 * 1024,
  outputBytes: 8 * 1024 * 1024,
};

const NO_ORIGIN: StageOrigin = { title: '', author: '', ref: '', commit: '' };
/** Titles and errors are cut: they come from people, and 200 of them are kept. */
const TEXT_CHARS = 2_000;

const cut = (text: string): string => (text.length <= TEXT_CHARS ? text : `${text.slice(0, TEXT_CHARS)}…`);

/**
 * The stages that this process runs and has run, for the dashboard (previous-runner §7.3). Bounded: of ended stages the latest are kept (known
 * issue 59), of their logs the ends. It is lost with the process: the Drone server has everything.
 */
export class StageHistory {
  readonly #open = new Map<number, ShownStage>();
  readonly #ended: BoundedMap<number, ShownStage>;
  readonly #stageOfStep = new Map<number, number>();
  readonly #outputs: StepOutputs;
  readonly #limits: HistoryLimits;

  constructor(limits: HistoryLimits = HISTORY_LIMITS) {
    this.#limits = limits;
    this.#ended = new BoundedMap(limits.stages);
    this.#outputs = new StepOutputs({ stepBytes: limits.stepOutputBytes, totalBytes: limits.outputBytes });
  }

  /** All stages: open ones, then the ended ones, the latest first. */
  get stages(): readonly ShownStage[] {
    return [...this.#open.values(), ...[...this.#ended.values()].reverse()];
  }

  find(stageId: number): ShownStage | undefined {
    return this.#open.get(stageId) ?? this.#ended.get(stageId);
  }

  /** The end of the log of a step; undefined if there is none. */
  outputOf(stepId: number): StepOutput | undefined {
    return this.#outputs.of(stepId);
  }

  /** Follows the registry: new stages, their phases, and those that have left. */
  registryChanged({ kind, entry }: RegistryChange): void {
    const { stageId } = entry;
    const known = this.find(stageId);
    if (kind === 'left') {
      if (known?.isOpen) this.#end(stageId, known);
      return;
    }
    this.#ended.delete(stageId);
    this.#open.set(stageId, { ...(known ?? newStage(entry)), entry, isOpen: true });
  }

  /** The server has described a stage. */
  described({ stage, build }: StageDetail): void {
    const { title, message, authorLogin, ref, after } = build;
    const [firstLine = ''] = (title || message).split('\n', 1);
    const origin = { title: cut(firstLine), author: cut(authorLogin), ref: cut(ref), commit: cut(after) };
    this.#change(stage.id, () => ({ origin }));
  }

  /** A stage is reported, or the server has answered with it. */
  stageReported(stage: DroneStage): void {
    const { status, started, stopped, steps } = stage;
    for (const { id } of steps) if (id > 0) this.#stageOfStep.set(id, stage.id);
    this.#change(stage.id, (record) => ({
      ...{ status, started, stopped, error: cut(stage.error) },
      steps: merged(record.steps, steps),
    }));
  }

  /** A step is reported. */
  stepReported(step: DroneStep): void {
    this.#stageOfStep.set(step.id, step.stageId);
    this.#change(step.stageId, (record) => ({ steps: merged(record.steps, [step]) }));
  }

  /** Lines of a step's log are sent to the server, live or as a whole. */
  linesSent(stepId: number, lines: readonly LogLine[]): void {
    if (this.find(this.#stageOfStep.get(stepId) ?? 0)) this.#outputs.add(stepId, lines);
  }

  /** The server will never store that of a step. */
  notStored(stepId: number, text: string): void {
    const notStored = cut(text);
    this.#change(this.#stageOfStep.get(stepId) ?? 0, ({ steps }) => ({
      steps: steps.map((step) => (step.id === stepId ? { ...step, notStored } : step)),
    }));
  }

  #change(stageId: number, change: (record: ShownStage) => Partial<ShownStage>): void {
    const record = this.#open.get(stageId);
    if (record) this.#open.set(stageId, { ...record, ...change(record) });
  }

  /** A stage of which nothing was reported was not accepted, or is continued elsewhere: it leaves no trace. */
  #end(stageId: number, record: ShownStage): void {
    this.#open.delete(stageId);
    if (record.started === 0 && record.stopped === 0) return this.#forget(record);
    const [oldest] = this.#ended.size >= this.#limits.stages ? this.#ended.values() : [];
    if (oldest && !this.#ended.has(stageId)) this.#forget(oldest);
    this.#ended.set(stageId, { ...record, isOpen: false });
  }

  #forget({ steps }: ShownStage): void {
    for (const { id } of steps) {
      this.#stageOfStep.delete(id);
      this.#outputs.delete(id);
    }
  }
}

const newStage = (entry: RegisteredStage): ShownStage => ({
  ...{ entry, isOpen: true, status: 'pending', error: '', started: 0, stopped: 0 },
  ...{ origin: NO_ORIGIN, steps: [] },
});

/** A report of a step replaces the former one; ids come with the first response. */
function merged(known: readonly ShownStep[], reported: readonly DroneStep[]): readonly ShownStep[] {
  if (reported.length === 0) return known;
  const all = new Map(known.map((step) => [step.number, step]));
  for (const step of reported) all.set(step.number, shownStep(step, all.get(step.number)));
  return [...all.values()].sort((a, b) => a.number - b.number);
}

function shownStep(step: DroneStep, before: ShownStep | undefined): ShownStep {
  const { number, name, image, status, exitCode, started, stopped } = step;
  const id = step.id || (before?.id ?? 0);
  const notStored = before?.notStored ?? '';
  return {
    ...{ id, number, name, image, status, exitCode, started, stopped },
    error: cut(step.error),
    notStored,
  };
}
