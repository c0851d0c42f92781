import { type Load, NO_LOAD, plus } from '../admit/admit.ts';
import { type StageState, stageTotals } from '../metrics/stage-totals.ts';
import type { RegisteredStage } from '../stage-registry.ts';
import type { StageAhead } from './stages-ahead.ts';

/** One stage, as `GET /stages` tells of it. */
export interface StageView {
  readonly stageId: number;
  readonly stage: string;
  readonly buildId: number;
  readonly build: number;
  readonly repo: string;
  readonly event: string;
  readonly state: RegisteredStage['phase'];
  /** Why it waits; empty when it doesn't. */
  readonly reason: string;
  /** RFC 3339. */
  readonly since: string;
  /** Empty before there is one. */
  readonly pod: string;
  readonly adopted: boolean;
  readonly cpuMillicores: number;
  readonly memoryBytes: number;
}

/** A stage as others may see it. Pure. */
export function viewOf(entry: RegisteredStage): StageView {
  const { stageId, buildId, repo, event, reason, pod, adopted, asks } = entry;
  return {
    stageId,
    stage: entry.stageName,
    buildId,
    build: entry.buildNumber,
    repo,
    event,
    state: entry.phase,
    reason,
    since: new Date(entry.sinceMs).toISOString(),
    pod,
    adopted,
    cpuMillicores: asks.cpuMillicores,
    memoryBytes: asks.memoryBytes,
  };
}

const ORDER: Readonly<Record<RegisteredStage['phase'], number>> = {
  waiting: 0,
  preparing: 1,
  starting: 2,
  running: 3,
  reporting: 4,
};

/** All stages: waiting ones first, then the longest in its state. Pure. */
export function stageViews(entries: readonly RegisteredStage[]): readonly StageView[] {
  return [...entries]
    .sort((a, b) => ORDER[a.phase] - ORDER[b.phase] || a.sinceMs - b.sinceMs || a.stageId - b.stageId)
    .map(viewOf);
}

/** What many stages ask for together. */
export interface Sum {
  readonly stages: number;
  readonly cpuMillicores: number;
  readonly memoryBytes: number;
}

/** A stage that is still to come, as `GET /demand` tells of it. */
export interface AheadView {
  readonly stageId: number;
  readonly stage: string;
  readonly buildId: number;
  readonly build: number;
  readonly repo: string;
  readonly event: string;
  /** Names of stages of the same build that must be done before. */
  readonly waitsFor: readonly string[];
  /** RFC 3339, by the medians of former runs; null: some time later. */
  readonly expectedAt: string | null;
  /** As its last run asked for; null: not known. */
  readonly cpuMillicores: number | null;
  readonly memoryBytes: number | null;
}

function aheadView({ stageName, buildNumber, expectedMs, asks, ...stage }: StageAhead): AheadView {
  return {
    ...stage,
    stage: stageName,
    build: buildNumber,
    expectedAt: expectedMs === undefined ? null : new Date(expectedMs).toISOString(),
    cpuMillicores: asks?.cpuMillicores ?? null,
    memoryBytes: asks?.memoryBytes ?? null,
  };
}

/** What `GET /demand` tells: work that no scheduler can see yet, and what is in work, by state. */
export interface Demand {
  /** Stages that have no Pod which a scheduler may place: without any, or with one that is still held (`pod` names it). */
  readonly waiting: readonly StageView[];
  readonly total: Sum;
  /** Stages of running builds that wait for others (`depends_on`), those first that come first; not in any sum. */
  readonly ahead: readonly AheadView[];
  readonly states: Readonly<Record<StageState, Sum>>;
}

/** The demand of this replica's stages. Pure. */
export function demandOf(entries: readonly RegisteredStage[], ahead: readonly StageAhead[]): Demand {
  const unseen = entries.filter(isUnseen);
  const totals = stageTotals(entries);
  const asks = unseen.map((entry) => entry.asks).reduce(plus, NO_LOAD);
  return {
    waiting: stageViews(unseen),
    total: sum(unseen.length, asks),
    ahead: ahead
      .toSorted((a, b) => (a.expectedMs ?? Infinity) - (b.expectedMs ?? Infinity) || a.stageId - b.stageId)
      .map(aheadView),
    states: {
      waiting: sum(totals.waiting.stages, totals.waiting.asks),
      starting: sum(totals.starting.stages, totals.starting.asks),
      running: sum(totals.running.stages, totals.running.asks),
    },
  };
}

function isUnseen(entry: RegisteredStage): boolean {
  switch (entry.phase) {
    case 'preparing':
    case 'waiting':
      return true;
    case 'starting':
      return entry.pod === '';
    case 'running':
    case 'reporting':
      return false;
  }
}

const sum = (stages: number, { cpuMillicores, memoryBytes }: Load): Sum => ({
  stages,
  cpuMillicores,
  memoryBytes,
});
