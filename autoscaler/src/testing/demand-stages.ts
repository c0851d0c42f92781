import type { StageAhead, WaitingStage } from '@hangar/shared/contract/demand';

/** A stage that a runner has accepted, as `GET /demand` tells of it; without a Pod unless told. */
export const aWaitingStage = (stageId: number, change: Partial<WaitingStage> = {}): WaitingStage => ({
  ...{ stageId, stageName: 'test', buildId: 1, buildNumber: 1, repo: 'a/b', event: 'push' },
  ...{ phase: 'waiting', reason: '', sinceMs: 0, pod: '', adopted: false, request: undefined },
  ...change,
});

/** A stage of a running build that waits for others. */
export const aStageAhead = (stageId: number, expectedMs: number | undefined): StageAhead => ({
  ...{ stageId, stageName: 'deploy', buildId: 1, buildNumber: 1, repo: 'a/b', event: 'push' },
  ...{ waitsFor: ['test'], expectedMs, request: undefined },
});
