import { type JsonRecord, parseJson, recordOf, recordsOf, textOf } from '@hangar/shared/json';
import type { Resources } from '../capacity/shape.ts';
import type { ScrapeProblem } from './runner-reading.ts';

/** A stage that a runner has accepted and no scheduler can see yet. */
export interface KnownStage {
  readonly stageId: number;
  readonly repo: string;
  readonly reason: string;
  /** The Pod that is held for it; empty: none yet. */
  readonly pod: string;
  readonly sinceMs: number | undefined;
  /** Undefined when the runner doesn't know yet. */
  readonly request: Resources | undefined;
}

/** A stage of a running build that comes when others are done; nobody has accepted it yet. */
export interface StageAhead {
  readonly stageId: number;
  readonly repo: string;
  /** Undefined: some time later. */
  readonly expectedMs: number | undefined;
}

/** Beyond it a runner is lying or lost: the rest is left out. */
const MOST_STAGES = 100_000;
const MOST_CPU_MILLICORES = 1_000_000;
const MOST_MEMORY_BYTES = 2 ** 44;

const text = (value: unknown): string => textOf(value).slice(0, 500);
const amount = (value: unknown, most: number): number | undefined =>
  typeof value === 'number' && value >= 0 && value <= most ? value : undefined;

function requestOf(fields: JsonRecord): Resources | undefined {
  const cpuMillicores = amount(fields['cpuMillicores'], MOST_CPU_MILLICORES);
  const memoryBytes = amount(fields['memoryBytes'], MOST_MEMORY_BYTES);
  if (cpuMillicores === undefined || memoryBytes === undefined) return undefined;
  return cpuMillicores === 0 && memoryBytes === 0 ? undefined : { cpuMillicores, memoryBytes };
}

function stageOf(fields: JsonRecord): KnownStage | undefined {
  const stageId = amount(fields['stageId'], Number.MAX_SAFE_INTEGER);
  if (stageId === undefined) return undefined;
  const since = Date.parse(text(fields['since']));
  return {
    stageId,
    repo: text(fields['repo']),
    reason: text(fields['reason']),
    pod: text(fields['pod']),
    sinceMs: Number.isNaN(since) ? undefined : since,
    request: requestOf(fields),
  };
}

function aheadOf(fields: JsonRecord): StageAhead | undefined {
  const stageId = amount(fields['stageId'], Number.MAX_SAFE_INTEGER);
  if (stageId === undefined) return undefined;
  const expected = Date.parse(text(fields['expectedAt']));
  return { stageId, repo: text(fields['repo']), expectedMs: Number.isNaN(expected) ? undefined : expected };
}

function each<T>(list: readonly unknown[], read: (fields: JsonRecord) => T | undefined): readonly T[] {
  return recordsOf(list.slice(0, MOST_STAGES)).flatMap((one) => read(one) ?? []);
}

/** What a runner's `GET /demand` says. `stages` undefined: it is no such answer. */
export interface ReadDemand {
  readonly stages: readonly KnownStage[] | undefined;
  /** Runners of before tell none. */
  readonly ahead: readonly StageAhead[];
  readonly problems: readonly ScrapeProblem[];
}

/** Reads the answer of `GET /demand`; what makes no sense is set aside and told. */
export function readDemand(target: string, body: string): ReadDemand {
  const { waiting, ahead: reported = [] } = recordOf(parseJson(body));
  const cure = 'it must be the answer of a Hangar runner: { "waiting": [ { "stageId": … } ] }';
  const problem = (words: string): ScrapeProblem => ({ target, problem: words, cure });
  if (!Array.isArray(waiting))
    return {
      stages: undefined,
      ahead: [],
      problems: [problem('GET /demand is no list of waiting stages')],
    };
  const list: readonly unknown[] = Array.isArray(reported) ? reported : [reported];
  const [stages, ahead] = [each(waiting, stageOf), each(list, aheadOf)];
  const lost = waiting.length + list.length - stages.length - ahead.length;
  return {
    stages,
    ahead,
    problems: lost === 0 ? [] : [problem(`${lost} entries of GET /demand make no sense`)],
  };
}
