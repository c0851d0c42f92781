import type { Clock } from '@hangar/shared/clock';
import { isDone } from './status.ts';
import type { WireBuild, WireNetrc, WireRepo, WireSecret, WireStage, WireStep } from './wire.ts';

/** A build with what belongs to it and never changes. */
export interface BuildRecord {
  readonly repo: WireRepo;
  readonly yaml: string;
  readonly secrets: readonly WireSecret[];
  readonly netrc: WireNetrc | null;
}

/** Uploaded logs beyond this are forgotten with their builds. */
const MOST_LOG_BYTES = 256 * 1024 * 1024;

/** When the server saw a row begin to run and end, in ms: the protocol has whole seconds. */
export interface SeenTimes {
  readonly runningMs?: number;
  readonly doneMs?: number;
}

/** Rows by their id, replaced as a whole and guarded by their version (drone-rpc §3.12). */
class Table<Row extends { readonly id: number; readonly version: number }> {
  readonly rows = new Map<number, Row>();
  readonly #changed: (row: Row) => void;

  constructor(changed: (row: Row) => void) {
    this.#changed = changed;
  }

  get(id: number): Row | undefined {
    return this.rows.get(id);
  }

  insert(row: Row): void {
    this.rows.set(row.id, row);
    this.#changed(row);
  }

  /** Replaces the row if the version fits; answers the new row, or undefined for a lock conflict. */
  update(row: Row): Row | undefined {
    if (this.rows.get(row.id)?.version !== row.version) return undefined;
    const stored = { ...row, version: row.version + 1 };
    this.insert(stored);
    return stored;
  }
}

type SeenRow = Pick<WireBuild, 'id' | 'status'>;

/** The database. Ids are never reused. */
export class BuildStore {
  readonly stages: Table<WireStage>;
  readonly steps: Table<WireStep>;
  readonly #maxBuilds: number;
  readonly #changed: () => void;
  readonly #repos = new Map<string, WireRepo>();
  readonly #builds = new Map<number, WireBuild>();
  readonly #records = new Map<number, BuildRecord>();
  readonly #stagesOfBuild = new Map<number, number[]>();
  readonly #stepsOfStage = new Map<number, number[]>();
  readonly #logs = new Map<number, Buffer>();
  readonly #cards = new Map<number, unknown>();
  readonly #times = new Map<number, SeenTimes>();
  readonly #clock: Clock;
  #logBytes = 0;
  #lastId = 0;

  /** @param maxBuilds beyond this the oldest finished builds are forgotten */
  constructor(clock: Clock, maxBuilds: number, changed: () => void) {
    this.#clock = clock;
    this.#maxBuilds = maxBuilds;
    this.#changed = changed;
    const seen = (row: SeenRow): void => {
      this.#see(row);
      changed();
    };
    this.stages = new Table<WireStage>(seen);
    this.steps = new Table<WireStep>(seen);
  }

  #see({ id, status }: SeenRow): void {
    const { runningMs, doneMs } = this.timesOf(id);
    const nowMs = this.#clock.now();
    if (status === 'running' && runningMs === undefined) this.#times.set(id, { runningMs: nowMs });
    if (isDone(status) && doneMs === undefined) this.#times.set(id, { ...this.timesOf(id), doneMs: nowMs });
  }

  /** When a build, stage or step began to run and ended. */
  timesOf(id: number): SeenTimes {
    return this.#times.get(id) ?? {};
  }

  /** A fresh id; one sequence for all tables, so that mixing up ids shows. */
  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  repo(slug: string): WireRepo | undefined {
    return this.#repos.get(slug);
  }

  saveRepo(repo: WireRepo): void {
    this.#repos.set(repo.slug, repo);
  }

  insertBuild(build: WireBuild, record: BuildRecord): void {
    this.#builds.set(build.id, build);
    this.#records.set(build.id, record);
    this.#stagesOfBuild.set(build.id, []);
    this.#forgetOld();
    this.#changed();
  }

  builds(): WireBuild[] {
    return [...this.#builds.values()];
  }

  build(id: number): WireBuild | undefined {
    return this.#builds.get(id);
  }

  record(buildId: number): BuildRecord | undefined {
    return this.#records.get(buildId);
  }

  /** Builds are changed by the server only; their version just counts. */
  updateBuild(build: WireBuild): void {
    this.#builds.set(build.id, { ...build, version: build.version + 1 });
    this.#see(build);
    this.#changed();
  }

  insertStage(stage: WireStage): void {
    this.#stagesOfBuild.get(stage.build_id)?.push(stage.id);
    this.#stepsOfStage.set(stage.id, []);
    this.stages.insert(stage);
  }

  /** The stages of a build in id order. */
  stagesOf(buildId: number): WireStage[] {
    return (this.#stagesOfBuild.get(buildId) ?? []).flatMap((id) => this.stages.get(id) ?? []);
  }

  /** All stages that are not done. */
  openStages(): WireStage[] {
    return [...this.stages.rows.values()].filter((stage) => !isDone(stage.status));
  }

  /** False if the stage is unknown or already has a step of this number. */
  insertStep(step: WireStep): boolean {
    const siblings = this.#stepsOfStage.get(step.step_id);
    if (siblings === undefined || this.stepsOf(step.step_id).some(({ number }) => number === step.number))
      return false;
    siblings.push(step.id);
    this.steps.insert(step);
    return true;
  }

  /** The steps of a stage by number. */
  stepsOf(stageId: number): WireStep[] {
    const steps = (this.#stepsOfStage.get(stageId) ?? []).flatMap((id) => this.steps.get(id) ?? []);
    return steps.sort((a, b) => a.number - b.number);
  }

  /** The raw bytes of a step's uploaded log. */
  uploadedLog(stepId: number): Buffer | undefined {
    return this.#logs.get(stepId);
  }

  saveLog(stepId: number, body: Buffer): void {
    this.#logBytes += body.length - (this.#logs.get(stepId)?.length ?? 0);
    this.#logs.set(stepId, body);
    this.#forgetOld();
    this.#changed();
  }

  card(stepId: number): unknown {
    return this.#cards.get(stepId);
  }

  saveCard(stepId: number, data: unknown): void {
    this.#cards.set(stepId, data);
    this.#changed();
  }

  /** Drops finished builds, oldest first, while there are too many or their logs are too large. */
  #forgetOld(): void {
    for (const build of this.#builds.values()) {
      if (this.#builds.size <= this.#maxBuilds && this.#logBytes <= MOST_LOG_BYTES) return;
      if ([build, ...this.stagesOf(build.id)].every(({ status }) => isDone(status))) this.#forget(build.id);
    }
  }

  #forget(buildId: number): void {
    for (const stage of this.stagesOf(buildId)) {
      for (const step of this.stepsOf(stage.id)) {
        this.#logBytes -= this.#logs.get(step.id)?.length ?? 0;
        for (const rows of [this.#logs, this.#cards, this.#times, this.steps.rows]) rows.delete(step.id);
      }
      for (const rows of [this.#stepsOfStage, this.#times, this.stages.rows]) rows.delete(stage.id);
    }
    for (const rows of [this.#stagesOfBuild, this.#builds, this.#records, this.#times]) rows.delete(buildId);
  }
}
