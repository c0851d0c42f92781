import { BoundedMap } from '@hangar/shared/bounded';
import type { StageRequest } from '@hangar/shared/contract/demand';
import type { RegisteredStage } from '../stage-registry.ts';
import { requestOf } from './runner-demand.ts';

/** What is known of a stage by its repository and name, from its former runs in this process. */
export interface FormerRuns {
  /** From admission to the end; undefined before the first end. */
  readonly medianRunMs: number | undefined;
  /** What the last one asked for. */
  readonly request: StageRequest | undefined;
}

interface Kept {
  readonly runsMs: readonly number[];
  readonly request: StageRequest | undefined;
}

const NOTHING: Kept = { runsMs: [], request: undefined };
/** A stage changes with its code: only its latest runs say something. */
const MOST_RUNS = 5;
const MOST_STAGES = 5_000;

/** Remembers how long stages ran and what they asked for, the latest ones, in bounded memory. */
export class StageHistory {
  readonly #kept = new BoundedMap<string, Kept>(MOST_STAGES);
  #running = new Map<number, RegisteredStage>();

  of(repo: string, stageName: string): FormerRuns {
    const { runsMs, request } = this.#kept.get(keyOf(repo, stageName)) ?? NOTHING;
    return { medianRunMs: medianOf(runsMs), request };
  }

  /** The registry has changed: who runs no more has ended. */
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

function medianOf(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}
