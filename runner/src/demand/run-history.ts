import { BoundedMap } from '@hangar/shared/bounded';
import type { StageRequest } from '@hangar/shared/contract/demand';
import { medianOf } from '@hangar/shared/median';
import type { RegisteredStage, RegistryChange } from '../stage-registry.ts';
import { requestOf } from './runner-demand.ts';

/** Data from the earlier runs of a stage in this process, by its repository and name. */
export interface FormerRuns {
  /** From admission to the end; undefined before the first end. */
  readonly medianRunMs: number | undefined;
  /** The request of the latest run. */
  readonly request: StageRequest | undefined;
}

interface Kept {
  readonly runsMs: readonly number[];
  readonly request: StageRequest | undefined;
}

const NOTHING: Kept = { runsMs: [], request: undefined };
/** A stage changes with its code, so only its latest runs are used. */
const MOST_RUNS = 5;
const MOST_STAGES = 5_000;

/** Keeps the durations and requests of the latest runs, in bounded memory. */
export class RunHistory {
  readonly #kept = new BoundedMap<string, Kept>(MOST_STAGES);
  readonly #running = new Map<number, RegisteredStage>();

  of(repo: string, stageName: string): FormerRuns {
    const { runsMs, request } = this.#kept.get(keyOf(repo, stageName)) ?? NOTHING;
    return { medianRunMs: medianOf(runsMs), request };
  }

  /** Follows the registry: a stage that no longer runs has ended. */
  registryChanged({ kind, entry }: RegistryChange, nowMs: number): void {
    const { stageId, phase } = entry;
    const former = this.#running.get(stageId);
    this.#running.delete(stageId);
    if (kind === 'changed' && phase === 'running') this.#running.set(stageId, entry);
    else if (former) this.#ended(former, nowMs);
  }

  #ended({ repo, stageName, sinceMs, asks }: RegisteredStage, nowMs: number): void {
    const key = keyOf(repo, stageName);
    const { runsMs } = this.#kept.get(key) ?? NOTHING;
    this.#kept.set(key, { runsMs: [...runsMs, nowMs - sinceMs].slice(-MOST_RUNS), request: requestOf(asks) });
  }
}

const keyOf = (repo: string, stageName: string): string => `${repo}\0${stageName}`;
