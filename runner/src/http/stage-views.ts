import { type RegisteredStage, waitingFirst } from '../stage-registry.ts';

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

/** All stages: waiting ones first, then the longest in its state. Pure. */
export function stageViews(entries: readonly RegisteredStage[]): readonly StageView[] {
  return entries.toSorted(waitingFirst).map(viewOf);
}
