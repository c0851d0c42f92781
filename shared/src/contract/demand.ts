import type { CountedState } from './runner-metrics.ts';

/** CPU in millicores and memory in bytes, as the scheduler counts them. */
export interface StageRequest {
  readonly cpuMillicores: number;
  readonly memoryBytes: number;
}

/** A stage that a runner has accepted and no scheduler can see yet: it has no Pod, or one that is still held. */
export interface WaitingStage {
  readonly stageId: number;
  readonly stageName: string;
  readonly buildId: number;
  readonly buildNumber: number;
  readonly repo: string;
  readonly event: string;
  /** Where it is, as `GET /stages` names it; for people. */
  readonly phase: string;
  /** Why it waits; empty when it doesn't. */
  readonly reason: string;
  /** Since when, in milliseconds since 1970; undefined: the runner didn't say. */
  readonly sinceMs: number | undefined;
  /** The Pod that is held for it; empty: none yet. */
  readonly pod: string;
  /** Another replica had it before. */
  readonly adopted: boolean;
  /** Undefined: the runner doesn't know yet. */
  readonly request: StageRequest | undefined;
}

/** A stage of a running build that comes when others are done (`depends_on`), and that nobody has accepted yet. */
export interface StageAhead {
  readonly stageId: number;
  readonly stageName: string;
  readonly buildId: number;
  readonly buildNumber: number;
  readonly repo: string;
  readonly event: string;
  /** Names of the stages that it still waits for. */
  readonly waitsFor: readonly string[];
  /** When it is likely to come, by the medians of former runs, in milliseconds since 1970; undefined: some time later. */
  readonly expectedMs: number | undefined;
  /** What its last run asked for; undefined: not known. */
  readonly request: StageRequest | undefined;
}

/** How many stages, and what they ask for together: CPU in millicores, memory in bytes. */
export interface StageSum extends StageRequest {
  readonly stages: number;
}

/** What a runner tells by `GET /demand`: work that no scheduler can see yet, and all of its stages by state. */
export interface RunnerDemand {
  readonly waiting: readonly WaitingStage[];
  /** Not in any sum. Runners of before tell none. */
  readonly ahead: readonly StageAhead[];
  readonly states: Readonly<Record<CountedState, StageSum>>;
}

/** The same as JSON has it: times as RFC 3339, `null` for what is not known. */
export interface DemandAnswer {
  readonly waiting: readonly WaitingEntry[];
  /** Of all in `waiting`. */
  readonly total: StageSum;
  readonly ahead: readonly AheadEntry[];
  readonly states: Readonly<Record<CountedState, StageSum>>;
}

/** A {@link WaitingStage} as JSON has it. */
export interface WaitingEntry extends StageRequest {
  readonly stageId: number;
  readonly stage: string;
  readonly buildId: number;
  readonly build: number;
  readonly repo: string;
  readonly event: string;
  readonly state: string;
  readonly reason: string;
  /** RFC 3339; empty: not known. */
  readonly since: string;
  readonly pod: string;
  readonly adopted: boolean;
}

/** A {@link StageAhead} as JSON has it. */
export interface AheadEntry {
  readonly stageId: number;
  readonly stage: string;
  readonly buildId: number;
  readonly build: number;
  readonly repo: string;
  readonly event: string;
  readonly waitsFor: readonly string[];
  /** RFC 3339; null: some time later. */
  readonly expectedAt: string | null;
  /** Null: not known. */
  readonly cpuMillicores: number | null;
  readonly memoryBytes: number | null;
}

/** The answer of `GET /demand`. Pure. */
export function writeDemand({ waiting, ahead, states }: RunnerDemand): DemandAnswer {
  return { waiting: waiting.map(waitingEntry), total: sumOf(waiting), ahead: ahead.map(aheadEntry), states };
}

function waitingEntry(told: WaitingStage): WaitingEntry {
  const { stageId, buildId, repo, event, reason, pod, adopted, request } = told;
  return {
    stageId,
    stage: told.stageName,
    buildId,
    build: told.buildNumber,
    repo,
    event,
    state: told.phase,
    reason,
    since: timeText(told.sinceMs) ?? '',
    pod,
    adopted,
    cpuMillicores: request?.cpuMillicores ?? 0,
    memoryBytes: request?.memoryBytes ?? 0,
  };
}

function aheadEntry({ stageName, buildNumber, expectedMs, request, ...stage }: StageAhead): AheadEntry {
  return {
    ...stage,
    stage: stageName,
    build: buildNumber,
    expectedAt: timeText(expectedMs) ?? null,
    cpuMillicores: request?.cpuMillicores ?? null,
    memoryBytes: request?.memoryBytes ?? null,
  };
}

const timeText = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : new Date(ms).toISOString();

const sumOf = (waiting: readonly WaitingStage[]): StageSum =>
  waiting.reduce<StageSum>(
    (sum, { request }) => ({
      stages: sum.stages + 1,
      cpuMillicores: sum.cpuMillicores + (request?.cpuMillicores ?? 0),
      memoryBytes: sum.memoryBytes + (request?.memoryBytes ?? 0),
    }),
    { stages: 0, cpuMillicores: 0, memoryBytes: 0 },
  );

/** What could be read of an answer. */
export interface DemandReading {
  readonly waiting: readonly WaitingStage[];
  readonly ahead: readonly StageAhead[];
  /** Entries of both lists that make no sense, or are beyond the bound. */
  readonly lost: number;
}

/** Beyond it a runner is lying or lost: the rest is left out. */
const MOST_STAGES = 20_000;
const MOST_CPU_MILLICORES = 1_000_000;
const MOST_MEMORY_BYTES = 2 ** 44;
const MOST_LETTERS = 500;
/** A stage waits for the others of its build. */
const MOST_NAMES = 1000;

/** Reads an answer of `GET /demand`, whichever version wrote it; undefined: it is no such answer. Never throws. */
export function readDemand(body: string): DemandReading | undefined {
  const { waiting, ahead = [] } = parsed(body);
  if (!Array.isArray(waiting)) return undefined;
  const entries: readonly unknown[] = Array.isArray(ahead) ? ahead : [ahead];
  const read = { waiting: each(waiting, waitingOf), ahead: each(entries, aheadOf) };
  const lost = waiting.length + entries.length - read.waiting.length - read.ahead.length;
  return { ...read, lost };
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const text = (value: unknown): string => (typeof value === 'string' ? value.slice(0, MOST_LETTERS) : '');
const amount = (value: unknown, most = Number.MAX_SAFE_INTEGER): number | undefined =>
  typeof value === 'number' && value >= 0 && value <= most ? value : undefined;

function timeMs(value: unknown): number | undefined {
  const ms = Date.parse(text(value));
  return Number.isNaN(ms) ? undefined : ms;
}

function parsed(body: string): Fields {
  try {
    const data: unknown = JSON.parse(body);
    return isFields(data) ? data : {};
  } catch {
    return {};
  }
}

function each<T>(list: readonly unknown[], read: (fields: Fields) => T | undefined): readonly T[] {
  return list.slice(0, MOST_STAGES).flatMap((one) => (isFields(one) ? (read(one) ?? []) : []));
}

/** A request of nothing is one that the runner doesn't know yet. */
function requestOf(fields: Fields): StageRequest | undefined {
  const cpuMillicores = amount(fields['cpuMillicores'], MOST_CPU_MILLICORES);
  const memoryBytes = amount(fields['memoryBytes'], MOST_MEMORY_BYTES);
  if (cpuMillicores === undefined || memoryBytes === undefined) return undefined;
  return cpuMillicores === 0 && memoryBytes === 0 ? undefined : { cpuMillicores, memoryBytes };
}

/** What both lists tell of a stage; without its id it is none. */
function stageOf(fields: Fields): Omit<StageAhead, 'waitsFor' | 'expectedMs'> | undefined {
  const stageId = amount(fields['stageId']);
  if (stageId === undefined) return undefined;
  return {
    stageId,
    stageName: text(fields['stage']),
    buildId: amount(fields['buildId']) ?? 0,
    buildNumber: amount(fields['build']) ?? 0,
    repo: text(fields['repo']),
    event: text(fields['event']),
    request: requestOf(fields),
  };
}

function waitingOf(fields: Fields): WaitingStage | undefined {
  const stage = stageOf(fields);
  return (
    stage && {
      ...stage,
      phase: text(fields['state']),
      reason: text(fields['reason']),
      sinceMs: timeMs(fields['since']),
      pod: text(fields['pod']),
      adopted: fields['adopted'] === true,
    }
  );
}

function aheadOf(fields: Fields): StageAhead | undefined {
  const stage = stageOf(fields);
  const names: readonly unknown[] = Array.isArray(fields['waitsFor']) ? fields['waitsFor'] : [];
  const waitsFor = names.slice(0, MOST_NAMES).map(text);
  return stage && { ...stage, waitsFor, expectedMs: timeMs(fields['expectedAt']) };
}
