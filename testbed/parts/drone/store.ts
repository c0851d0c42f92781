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

/** The database: rows are replaced as a whole, guarded by their version (drone-rpc §3.12). Ids are never reused. */
export class Store {
  readonly #maxBuilds: number;
  readonly #changed: () => void;
  readonly #repos = new Map<string, WireRepo>();
  readonly #builds = new Map<number, WireBuild>();
  readonly #records = new Map<number, BuildRecord>();
  readonly #stages = new Map<number, WireStage>();
  readonly #steps = new Map<number, WireStep>();
  readonly #stagesOfBuild = new Map<number, number[]>();
  readonly #stepsOfStage = new Map<number, number[]>();
  readonly #logs = new Map<number, Buffer>();
  readonly #cards = new Map<number, unknown>();
  #logBytes = 0;
  #lastId = 0;

  /** @param maxBuilds beyond this the oldest finished builds are forgotten */
  constructor(maxBuilds: number, changed: () => void) {
    this.#maxBuilds = maxBuilds;
    this.#changed = changed;
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
    this.#changed();
  }

  insertStage(stage: WireStage): void {
    this.#stages.set(stage.id, stage);
    this.#stagesOfBuild.get(stage.build_id)?.push(stage.id);
    this.#stepsOfStage.set(stage.id, []);
    this.#changed();
  }

  stage(id: number): WireStage | undefined {
    return this.#stages.get(id);
  }

  /** The stages of a build in id order. */
  stagesOf(buildId: number): WireStage[] {
    return (this.#stagesOfBuild.get(buildId) ?? []).flatMap((id) => this.#stages.get(id) ?? []);
  }

  /** All stages that are not done. */
  openStages(): WireStage[] {
    return [...this.#stages.values()].filter((stage) => !isDone(stage.status));
  }

  /** Replaces the row if the version fits; answers the new row, or undefined for a lock conflict. */
  updateStage(stage: WireStage): WireStage | undefined {
    if (this.#stages.get(stage.id)?.version !== stage.version) return undefined;
    const row = { ...stage, version: stage.version + 1 };
    this.#stages.set(stage.id, row);
    this.#changed();
    return row;
  }

  /** False if the stage is unknown or already has a step of this number. */
  insertStep(step: WireStep): boolean {
    const siblings = this.#stepsOfStage.get(step.step_id);
    if (siblings === undefined || siblings.some((id) => this.#steps.get(id)?.number === step.number))
      return false;
    siblings.push(step.id);
    this.#steps.set(step.id, step);
    this.#changed();
    return true;
  }

  step(id: number): WireStep | undefined {
    return this.#steps.get(id);
  }

  /** The steps of a stage by number. */
  stepsOf(stageId: number): WireStep[] {
    const steps = (this.#stepsOfStage.get(stageId) ?? []).flatMap((id) => this.#steps.get(id) ?? []);
    return steps.sort((a, b) => a.number - b.number);
  }

  /** As updateStage. */
  updateStep(step: WireStep): WireStep | undefined {
    if (this.#steps.get(step.id)?.version !== step.version) return undefined;
    const row = { ...step, version: step.version + 1 };
    this.#steps.set(step.id, row);
    this.#changed();
    return row;
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
      const open = !isDone(build.status) || this.stagesOf(build.id).some((stage) => !isDone(stage.status));
      if (!open) this.#forget(build.id);
    }
  }

  #forget(buildId: number): void {
    for (const stage of this.stagesOf(buildId)) {
      for (const step of this.stepsOf(stage.id)) {
        this.#logBytes -= this.#logs.get(step.id)?.length ?? 0;
        this.#logs.delete(step.id);
        this.#cards.delete(step.id);
        this.#steps.delete(step.id);
      }
      this.#stepsOfStage.delete(stage.id);
      this.#stages.delete(stage.id);
    }
    this.#stagesOfBuild.delete(buildId);
    this.#builds.delete(buildId);
    this.#records.delete(buildId);
  }
}
