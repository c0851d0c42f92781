import { BoundedMap, BoundedSet } from '@hangar/shared/bounded';
import type { Clock } from '@hangar/shared/clock';
import type { StageAhead } from '@hangar/shared/contract/demand';
import type { DroneStage, StageDetail, Status } from '../pipeline/drone.ts';
import type { RegisteredStage, RegistryChange } from '../stage-registry.ts';
import { RunHistory } from './run-history.ts';

/** The known state of a build. */
interface Build {
  readonly id: number;
  readonly number: number;
  readonly repo: string;
  readonly event: string;
  readonly stages: readonly DroneStage[];
  readonly recordedMs: number;
  /** When one of its stages was last in progress here or had a Pod. */
  seenMs: number;
}

/** How long a build may be without a stage in progress; after that it has ended, or other replicas handle it. */
const MAX_IDLE_MS = 60_000;
/** No build waits for its stages longer than the server does (drone-rpc §4.8). */
const LONGEST_MS = 24 * 3_600_000;
const MOST_BUILDS = 2_000;
const MOST_SEEN = 20_000;

const FINAL: ReadonlySet<Status> = new Set(['success', 'failure', 'error', 'killed', 'skipped', 'declined']);

/**
 * Stages that have not been offered yet, of the builds that this process handles. The details of each stage contain all stages of its build
 * (drone-rpc §2.3); a stage is ahead until a replica has it, or its build has ended. Memory is bounded.
 */
export class StagesAhead {
  readonly #clock: Clock;
  readonly #labels: Readonly<Record<string, string>>;
  readonly #history = new RunHistory();
  readonly #builds = new BoundedMap<number, Build>(MOST_BUILDS);
  /** Stages that any replica has had: they are no longer ahead. */
  readonly #seen = new BoundedSet<number>(MOST_SEEN);
  readonly #entries = new Map<number, RegisteredStage>();

  /** @param labels of this runner: stages for runners with other labels (`node`) are not listed */
  constructor(clock: Clock, labels: Readonly<Record<string, string>>) {
    this.#clock = clock;
    this.#labels = labels;
  }

  /** Records the build of a stage whose details the server has returned. */
  learn({ build, repo }: StageDetail): void {
    const nowMs = this.#clock.now();
    const { id, number, event, stages } = build;
    this.#builds.delete(id);
    if (!stages.some((stage) => this.#isAhead(stage))) return;
    this.#builds.set(id, { id, number, event, stages, repo: repo.slug, recordedMs: nowMs, seenMs: nowMs });
  }

  /** Follows the registry. */
  registryChanged(change: RegistryChange): void {
    const { kind, entry } = change;
    this.#history.registryChanged(change, this.#clock.now());
    this.#seen.add(entry.stageId);
    if (kind === 'left') this.#entries.delete(entry.stageId);
    else this.#entries.set(entry.stageId, entry);
  }

  /** @param podStages ids of stages that have a Pod of any replica */
  list(podStages: ReadonlySet<number>): readonly StageAhead[] {
    const nowMs = this.#clock.now();
    for (const id of podStages) this.#seen.add(id);
    const inProgress = new Set([...this.#entries.keys(), ...podStages]);
    for (const build of this.#builds.values()) {
      if (build.stages.some(({ id }) => inProgress.has(id))) build.seenMs = nowMs;
      const isOver = nowMs - build.seenMs > MAX_IDLE_MS || nowMs - build.recordedMs > LONGEST_MS;
      if (isOver) this.#builds.delete(build.id);
    }
    return [...this.#builds.values()].flatMap((build) => this.#aheadOf(build, inProgress, nowMs));
  }

  #isAhead({ kind, type, status, labels, id }: DroneStage): boolean {
    const isOurs = kind === 'pipeline' && type === 'kubernetes' && equal(labels, this.#labels);
    return isOurs && status === 'waiting_on_dependencies' && !this.#seen.has(id);
  }

  #aheadOf(build: Build, inProgress: ReadonlySet<number>, nowMs: number): StageAhead[] {
    const isDone = ({ id, status }: DroneStage): boolean =>
      FINAL.has(status) || (this.#seen.has(id) && !inProgress.has(id));
    const open = new Set(build.stages.filter((stage) => !isDone(stage)).map(({ name }) => name));
    const entries = [...this.#entries.values()];
    const times = new TimeEstimates(build, { entries, history: this.#history, open, nowMs });
    return build.stages
      .filter((stage) => this.#isAhead(stage))
      .map((stage) => ({
        stageId: stage.id,
        stageName: stage.name,
        buildId: build.id,
        buildNumber: build.number,
        repo: build.repo,
        event: build.event,
        waitsFor: stage.dependsOn.filter((name) => open.has(name)),
        expectedMs: times.beginOf(stage),
        request: this.#history.of(build.repo, stage.name).request,
      }));
  }
}

/** Estimates when the stages of one build begin and end, from earlier runs. */
class TimeEstimates {
  readonly #build: Build;
  readonly #entries: ReadonlyMap<number, RegisteredStage>;
  readonly #history: RunHistory;
  readonly #open: ReadonlySet<string>;
  readonly #nowMs: number;
  readonly #ends = new Map<string, number | undefined>();

  /** @param by.open names of the stages that are not done */
  constructor(
    build: Build,
    by: {
      entries: readonly RegisteredStage[];
      history: RunHistory;
      open: ReadonlySet<string>;
      nowMs: number;
    },
  ) {
    this.#build = build;
    this.#entries = new Map(by.entries.map((entry) => [entry.stageId, entry]));
    this.#history = by.history;
    this.#open = by.open;
    this.#nowMs = by.nowMs;
  }

  /** The expected start: now, or the expected end of the last stage that it waits for. */
  beginOf({ dependsOn }: DroneStage): number | undefined {
    const ends = dependsOn.filter((name) => this.#open.has(name)).map((name) => this.#endOf(name));
    return ends.reduce<number | undefined>(
      (latest, end) => (latest === undefined || end === undefined ? undefined : Math.max(latest, end)),
      this.#nowMs,
    );
  }

  /** Each end is calculated once; a stage that waits for itself has none. */
  #endOf(name: string): number | undefined {
    if (this.#ends.has(name)) return this.#ends.get(name);
    this.#ends.set(name, undefined);
    const stage = this.#build.stages.find((one) => one.name === name);
    const { medianRunMs } = this.#history.of(this.#build.repo, name);
    const beginMs = stage && medianRunMs !== undefined ? this.#startOf(stage) : undefined;
    const endMs = beginMs === undefined ? undefined : Math.max(this.#nowMs, beginMs + (medianRunMs ?? 0));
    this.#ends.set(name, endMs);
    return endMs;
  }

  #startOf(stage: DroneStage): number | undefined {
    const entry = this.#entries.get(stage.id);
    if (entry) return entry.phase === 'running' || entry.phase === 'reporting' ? entry.sinceMs : this.#nowMs;
    // Another replica has it; its start is not known here.
    return stage.status === 'waiting_on_dependencies' ? this.beginOf(stage) : undefined;
  }
}

function equal(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}
