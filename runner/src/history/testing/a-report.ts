import type { DroneStage, DroneStep, LogLine } from '../../pipeline/drone.ts';

/** A report of a step that runs, changed as told. */
export function aStepReport(change: Partial<DroneStep> = {}): DroneStep {
  return {
    ...{ id: 0, stageId: 1, number: 1, name: 'build', status: 'running', error: '', errIgnore: false },
    ...{ exitCode: 0, started: 1_768_383_000, stopped: 0, version: 1, dependsOn: [], image: 'alpine' },
    ...{ detached: false, schema: '' },
    ...change,
  };
}

/** A report of a stage that runs, with one step, changed as told. */
export function aStageReport(change: Partial<DroneStage> = {}): DroneStage {
  return {
    ...{ id: 1, repoId: 3, buildId: 10, number: 1, name: 'default', kind: 'pipeline', type: 'kubernetes' },
    ...{ status: 'running', error: '', errIgnore: false, exitCode: 0, machine: 'm1', os: 'linux', arch: '' },
    ...{ variant: '', kernel: '', limit: 0, throttle: 0, started: 1_768_383_000, stopped: 0, created: 0 },
    ...{ updated: 0, version: 1, onSuccess: true, onFailure: false, dependsOn: [], labels: {} },
    steps: [aStepReport()],
    ...change,
  };
}

/** Numbered lines of a live log, from a position on. */
export const linesFrom = (pos: number, ...texts: readonly string[]): readonly LogLine[] =>
  texts.map((text, index) => ({ pos: pos + index, out: `${text}\n`, time: 0 }));
