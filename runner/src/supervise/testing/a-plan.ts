import type { PlannedStep, RunPlan } from '../../pipeline/run-plan.ts';

/** A gated step `s<n>` without dependencies. */
export function aPlannedStep(n: number, changes: Partial<PlannedStep> = {}): PlannedStep {
  return {
    n,
    name: `s${n}`,
    image: `docker.io/library/i${n}:1`,
    role: 'step',
    engine: 'gate',
    after: [],
    dependsOn: [],
    runs: 'on-success',
    fails: 'fail',
    pid1: false,
    ...changes,
  };
}

/** A plan of an hour: by default two steps, one after the other. */
export function aPlan(
  steps: readonly PlannedStep[] = [aPlannedStep(1), aPlannedStep(2, { after: [1] })],
  changes: Partial<RunPlan> = {},
): RunPlan {
  return {
    version: 1,
    nonce: 'n0nce',
    steps,
    timeoutMs: 3_600_000,
    repoSlug: 'acme/widget',
    buildNumber: 12,
    buildEvent: 'push',
    ...changes,
  };
}
