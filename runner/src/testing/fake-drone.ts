import type { Clock } from '@hangar/shared/clock';
import { orAborted } from '@hangar/shared/or-aborted';
import { aBuild, aDetail, aStage } from '../compile/testing/a-pipeline.ts';
import type { DroneStage, DroneStep, Filter, LogLine, StageDetail } from '../pipeline/drone.ts';
import type { CiServer, StoredLog, Update } from '../ports/ci-server.ts';
import { CiServerError } from '../ports/ci-server.ts';

/** One stage at the server. */
export interface StageRow {
  stage: DroneStage;
  readonly detail: StageDetail;
  readonly steps: Map<number, DroneStep>;
}

const LONG_POLL_MS = 30_000;
const OPEN: ReadonlySet<string> = new Set(['pending', 'running']);

/** An in-memory Drone server with several builds: offers, claims, versions (drone-rpc §3.12), logs, cancels. */
export class FakeDrone implements CiServer {
  readonly rows = new Map<number, StageRow>();
  /** Uploaded logs, by the id of the step. */
  readonly logs = new Map<number, readonly LogLine[]>();
  /** Output of steps in logs that were refused because the server had another one. */
  readonly refusedLines: string[] = [];
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();
  #lastId = 100;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Adds a build with one stage; returns the id of the stage. */
  add(yaml: string): number {
    const [buildId, id] = [this.#nextId(), this.#nextId()];
    const stage = aStage({ id, buildId, machine: '', version: 1 });
    const build = aBuild({ id: buildId, number: buildId, status: 'pending' });
    this.rows.set(id, { stage, detail: aDetail({ stage, build, yaml }), steps: new Map() });
    this.#wake();
    return id;
  }

  /** Cancels as a user does: everything open gets a new status and a new version. */
  cancel(stageId: number): void {
    const row = this.#row(stageId, 'cancel');
    row.stage = { ...row.stage, status: 'killed', version: row.stage.version + 1 };
    for (const step of row.steps.values()) {
      if (!OPEN.has(step.status)) continue;
      const status = step.status === 'running' ? 'killed' : 'skipped';
      row.steps.set(step.id, { ...step, status, version: step.version + 1 });
    }
    this.#wake();
  }

  ping(): Promise<void> {
    return Promise.resolve();
  }

  async request(_filter: Filter, signal: AbortSignal): Promise<DroneStage | undefined> {
    return this.#longPoll(signal, () => {
      const free = [...this.rows.values()].find(
        ({ stage }) => stage.status === 'pending' && stage.machine === '',
      );
      return free?.stage;
    });
  }

  async watch(buildId: number, signal: AbortSignal): Promise<'cancelled' | 'quiet'> {
    const of = (): StageRow | undefined =>
      [...this.rows.values()].find(({ stage }) => stage.buildId === buildId);
    // Like the real server, it does not report a cancel from before the watch.
    if (of()?.stage.status === 'killed') return (await this.#longPoll(signal, () => undefined)) ?? 'quiet';
    const found = await this.#longPoll(signal, () =>
      of()?.stage.status === 'killed' ? ('cancelled' as const) : undefined,
    );
    return found ?? 'quiet';
  }

  async accept(stageId: number, machine: string): ReturnType<CiServer['accept']> {
    const row = this.#row(stageId, 'accept');
    // Refused only if a machine is set (drone-rpc §2.2), even the caller's own.
    if (row.stage.machine !== '') return { kind: 'lost' };
    row.stage = { ...row.stage, machine, version: row.stage.version + 1 };
    return Promise.resolve({ kind: 'accepted', stage: row.stage });
  }

  async detail(stageId: number): Promise<StageDetail> {
    const { stage, detail } = this.#row(stageId, 'detail');
    return Promise.resolve({ ...detail, stage, build: { ...detail.build, status: stage.status } });
  }

  async updateStage(stage: DroneStage): Promise<Update<DroneStage>> {
    const row = this.#row(stage.id, 'update');
    const isStale = stage.steps.some(
      (step) => step.id !== 0 && row.steps.get(step.id)?.version !== step.version,
    );
    if (isStale || stage.version !== row.stage.version) return { kind: 'conflict', afterLostAnswer: false };
    const numbers = [...row.steps.values()].map(({ number }) => number);
    if (stage.steps.some((step) => step.id === 0 && numbers.includes(step.number))) {
      // As the real one: the version rises before the steps are inserted (drone-rpc §2.4).
      row.stage = { ...row.stage, version: stage.version + 1 };
      throw new CiServerError(
        'update',
        500,
        'UNIQUE constraint failed: steps.step_stage_id, steps.step_number',
      );
    }
    // The place of a step in its stage is written once.
    const steps = stage.steps.map((step) => ({
      ...step,
      number: row.steps.get(step.id)?.number ?? step.number,
      id: step.id || this.#nextId(),
      version: step.version + 1,
    }));
    for (const step of steps) row.steps.set(step.id, step);
    row.stage = { ...stage, steps: [], version: stage.version + 1 };
    return Promise.resolve({ kind: 'updated', value: { ...row.stage, steps } });
  }

  async updateStep(step: DroneStep): Promise<Update<DroneStep>> {
    const row = [...this.rows.values()].find(({ steps }) => steps.has(step.id));
    if (row?.steps.get(step.id)?.version !== step.version)
      return { kind: 'conflict', afterLostAnswer: false };
    const { number } = row.steps.get(step.id) ?? step;
    const value = { ...step, number, version: step.version + 1 };
    row.steps.set(step.id, value);
    return Promise.resolve({ kind: 'updated', value });
  }

  sendLines(): Promise<void> {
    return Promise.resolve();
  }

  async uploadLog(stepId: number, log: StoredLog): Promise<'stored' | 'exists'> {
    const lines: LogLine[] = [];
    for await (const part of log) lines.push(...part);
    const stored = this.logs.get(stepId);
    if (!stored) {
      this.logs.set(stepId, lines);
      return 'stored';
    }
    const isMissing = ({ out }: LogLine): boolean =>
      out.startsWith('#') && !stored.some((line) => line.out === out);
    this.refusedLines.push(...lines.filter(isMissing).map(({ out }) => `${out.trim()} of ${stepId}`));
    return 'exists';
  }

  uploadCard(): Promise<void> {
    return Promise.resolve();
  }

  async #longPoll<T>(signal: AbortSignal, find: () => T | undefined): Promise<T | undefined> {
    const untilMs = this.#clock.monotonicMs() + LONG_POLL_MS;
    for (;;) {
      signal.throwIfAborted();
      const found = find();
      const leftMs = untilMs - this.#clock.monotonicMs();
      if (found !== undefined || leftMs <= 0) return found;
      await orAborted(this.#changed(leftMs), signal);
    }
  }

  #changed(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancelTimer();
        this.#waiting.delete(wake);
        resolve();
      };
      const cancelTimer = this.#clock.after(withinMs, wake);
      this.#waiting.add(wake);
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  #row(stageId: number, call: string): StageRow {
    const row = this.rows.get(stageId);
    if (row) return row;
    throw new CiServerError(call, 500, 'sql: no rows in result set', { unknown: true });
  }

  #nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }
}
