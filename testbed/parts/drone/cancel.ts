import { type Backend, nowSeconds } from './backend.ts';
import { isDone } from './status.ts';
import type { WireStage } from './wire.ts';

/** `killed`: a person cancelled. `skipped`: a newer push did. */
export type CancelStatus = 'killed' | 'skipped';

/** The first half of a cancel (drone-rpc §4.6): the build, then its watchers. False if the build is done or unknown. */
export function cancelBuild(backend: Backend, buildId: number, status: CancelStatus): boolean {
  const build = backend.store.build(buildId);
  if (build === undefined || isDone(build.status)) return false;
  const now = nowSeconds(backend);
  backend.store.updateBuild({ ...build, status, finished: now, updated: now, started: build.started || now });
  backend.watches.cancel(buildId);
  return true;
}

/** The second half, after the commit status was sent: every unfinished stage and its unfinished steps. */
export function cancelStages(backend: Backend, buildId: number): void {
  for (const stage of backend.store.stagesOf(buildId)) {
    if (!isDone(stage.status)) cancelStage(backend, stage);
  }
}

function cancelStage(backend: Backend, stage: WireStage): void {
  const now = nowSeconds(backend);
  backend.store.updateStage({ ...stage, ...cancelled(stage.started, now), updated: now });
  for (const step of backend.store.stepsOf(stage.id))
    if (!isDone(step.status))
      backend.store.updateStep({ ...step, ...cancelled(step.started, now), exit_code: 130 });
}

function cancelled(started: number, now: number) {
  return { status: started === 0 ? 'skipped' : 'killed', started: started || now, stopped: now };
}
