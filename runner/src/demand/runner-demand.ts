import type {
  RunnerDemand,
  StageAhead,
  StageRequest,
  StageSum,
  WaitingStage,
} from '@hangar/shared/contract/demand';
import type { Load } from '../admit/admit.ts';
import { stageTotals } from '../metrics/stage-totals.ts';
import { type RegisteredStage, waitingFirst } from '../stage-registry.ts';

/** The demand of this replica's stages, for `GET /demand`. Pure. */
export function demandOf(entries: readonly RegisteredStage[], ahead: readonly StageAhead[]): RunnerDemand {
  const totals = stageTotals(entries);
  return {
    waiting: entries.filter(isUnseen).toSorted(waitingFirst).map(waitingStage),
    ahead: ahead.toSorted(
      (a, b) => (a.expectedMs ?? Infinity) - (b.expectedMs ?? Infinity) || a.stageId - b.stageId,
    ),
    states: {
      waiting: sumOf(totals.waiting),
      starting: sumOf(totals.starting),
      running: sumOf(totals.running),
    },
  };
}

function waitingStage({ asks, ...entry }: RegisteredStage): WaitingStage {
  return { ...entry, request: requestOf(asks) };
}

/** Whether the scheduler can't see the stage, because it has no Pod that may be scheduled. */
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

const sumOf = ({ stages, asks }: { readonly stages: number; readonly asks: Load }): StageSum => ({
  stages,
  ...requestOf(asks),
});

/** The resources that a stage requests from a node. */
export const requestOf = ({ cpuMillicores, memoryBytes }: Load): StageRequest => ({
  cpuMillicores,
  memoryBytes,
});
