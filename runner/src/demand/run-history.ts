import { BoundedMap } from '@hangar/shared/bounded';
import type { StageRequest } from '@hangar/shared/contract/demand';
import { medianOf } from '@hangar/shared/median';
import type { RegisteredStage } from '../stage-registry.ts';
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
  #running = new Map<number, RegisteredStage>();

  of(repo: string, stageName: string): FormerRuns {
    const { runsMs, request } = this.#kept.get(keyOf(repo, stageName)) ?? NOTHING;
    return { medianRunMs: medianOf(runsMs), request };
  }

  /** Called when the registry has changed: a stage that no longer runs has ended. */
  registryChanged(entries: readonly RegisteredStage[], nowMs: number): void {
    const now = new Map(entries.map((entry) => [entry.stageId, entry]));
    for (const [id, entry] of this.#running) if (now.get(id)?.phase !== 'running') this.#ended(entry, nowMs);
    this.#running = new Map([...now].filter(([, { phase }]) => phase === 'running'));
  }

  #ended({ repo, stageName, sinceMs, asks }: RegisteredStage, nowMs: number): void {
    const key = keyOf(repo, stageName);
    const { runsMs } = this.#kept.get(key) ?? NOTHING;
    this.#kept.set(key, { runsMs: [...runsMs, nowMs - sinceMs].slice(-MOST_RUNS), request: requestOf(asks) });
  }
}

const keyOf = (repo: string, stageName: string): string => `${repo}\0${stageName}`;
