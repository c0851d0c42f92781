import type { StageFile, StepFile } from './stage-files.ts';

/** What the gate itself knows when a step begins. @see runner/gate/PROTOCOL.md */
export function statusValues(
  stage: StageFile,
  failing: readonly string[],
  nowMs: number,
): Record<string, string> {
  const word = (bad: boolean): string => (bad ? 'failure' : 'success');
  const seconds = String(Math.floor(nowMs / 1000));
  return {
    DRONE_BUILD_STATUS: word(stage.buildFailed || failing.length > 0),
    DRONE_BUILD_FINISHED: seconds,
    DRONE_STAGE_STATUS: word(failing.length > 0),
    DRONE_STAGE_FINISHED: seconds,
  };
}

/** The child's environment: container, stage, gate, step; later ones win. */
export function childEnvironment(
  container: Readonly<Record<string, string>>,
  stage: StageFile,
  step: StepFile,
  known: { readonly status: Readonly<Record<string, string>>; readonly failing: readonly string[] },
): Record<string, string> {
  const merged: Record<string, string> = { ...container, ...stage.env };
  for (const key of step.unset) delete merged[key];
  const names = [...stage.failedSteps, ...known.failing];
  return {
    ...merged,
    ...known.status,
    DRONE_STEP_NUMBER: String(step.n),
    ...(names.length === 0 ? {} : { DRONE_FAILED_STEPS: names.join(',') }),
    ...step.env,
  };
}

/** `/run/drone/env`: the status values as the child sees them, and Drone's own keys where they are plain. */
export function environmentFile(
  stage: StageFile,
  status: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>>,
): string {
  const plain = Object.entries(stage.droneEnv).filter(([key]) => /^[A-Za-z0-9_.-]+$/.test(key));
  const seen = Object.keys(status).map((key) => [key, env[key] ?? ''] as const);
  return Object.entries(Object.fromEntries([...plain, ...seen]))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}\n`)
    .join('');
}
