import type { STAGE_STATES } from '@hangar/shared/contract/runner-metrics';

/** Where a stage is, as the runner's metrics name it. */
export type StageState = (typeof STAGE_STATES)[number];
