import {
  type Backend,
  cutError,
  LOCK_TEXT,
  lockConflict,
  noRows,
  nowSeconds,
  RpcFailure,
} from './backend.ts';
import { buildStatus, isDone, isStart, nextStatusOf } from './status.ts';
import type { WireBuild, WireStage, WireStageUpdate, WireStep } from './wire.ts';

/** Accepts a stage for a machine (drone-rpc §2.2): only a set machine is refused, and the status is not looked at. */
export function acceptStage(backend: Backend, stageId: number, machine: string): WireStage {
  const stage = backend.store.stages.get(stageId);
  if (stage === undefined) throw noRows();
  if (stage.machine !== '') throw lockConflict();
  const accepted = { ...stage, machine, status: 'pending', updated: nowSeconds(backend) };
  const stored = backend.store.stages.update(accepted);
  if (stored === undefined) throw lockConflict();
  return stored;
}

/** Applies a stage PUT (drone-rpc §2.4): the body's status decides between start and finish. */
export function putStage(backend: Backend, update: WireStageUpdate): WireStageUpdate {
  const build = backend.store.build(update.build_id);
  if (build === undefined) throw noRows();
  return isStart(update.status) ? startStage(backend, build, update) : finishStage(backend, build, update);
}

/** The stage's version rises before the steps are inserted, so a second start leaves a half-done state. */
function startStage(backend: Backend, build: WireBuild, update: WireStageUpdate): WireStageUpdate {
  const stage = replaceStage(backend, update);
  const steps = update.steps.map((step): WireStep => {
    const row = { ...step, id: backend.store.nextId(), version: 1, error: cutError(step.error) };
    if (!backend.store.insertStep(row))
      throw new RpcFailure(500, 'UNIQUE constraint failed: steps.step_stage_id, steps.step_number');
    return row;
  });
  const now = nowSeconds(backend);
  if (build.status === 'pending')
    backend.store.updateBuild({ ...build, status: 'running', updated: now, started: now });
  return { ...stage, steps };
}

function finishStage(backend: Backend, build: WireBuild, update: WireStageUpdate): WireStageUpdate {
  const steps = update.steps.map((step) => {
    const row = replaceStep(backend, step);
    if (row === undefined) throw lockConflict();
    return row;
  });
  const stage = replaceStage(backend, update);
  settleStage(backend, build.id, update.id, steps);
  return { ...stage, steps };
}

/** Writes all columns that a PUT writes, wiping what the body leaves out; answers the body with the new version. */
function replaceStage(backend: Backend, update: WireStageUpdate): WireStage {
  const { steps: _steps, ...body } = update;
  const row = backend.store.stages.get(body.id);
  if (row === undefined) throw lockConflict();
  const { number, name, kind, type, limit, throttle, repo_id, build_id } = row;
  const place = { number, name, kind, type, limit, throttle, repo_id, build_id };
  const changed = { ...body, error: cutError(body.error), updated: nowSeconds(backend) };
  const stored = backend.store.stages.update({ ...changed, ...place });
  if (stored === undefined) throw lockConflict();
  return { ...changed, version: stored.version };
}

/** The same for a step: its place in the stage is never written. Undefined for a lock conflict. */
function replaceStep(backend: Backend, step: WireStep): WireStep | undefined {
  const changed = { ...step, error: cutError(step.error) };
  const { step_id, number } = backend.store.steps.get(step.id) ?? step;
  const stored = backend.store.steps.update({ ...changed, step_id, number });
  return stored === undefined ? undefined : { ...changed, version: stored.version };
}

/** Applies a step PUT (drone-rpc §2.5). The live stream is created, reset or dropped even when the version is stale. */
export function putStep(backend: Backend, step: WireStep): WireStep {
  const starts = isStart(step.status);
  if (starts) backend.streams.create(step.id);
  else backend.streams.drop(step.id);
  const row = replaceStep(backend, step);
  if (row !== undefined) return row;
  if (starts) throw lockConflict();
  // A stale version at the finish is a 500: the real server wraps the error, and its status mapping misses it.
  throw new RpcFailure(500, `1 error occurred:\n\t* ${LOCK_TEXT}\n\n`);
}

/** What follows a stage's end: streams go, dependents move, the build may end. */
export function settleStage(
  backend: Backend,
  buildId: number,
  stageId: number,
  listed: readonly WireStep[] = [],
): void {
  for (const step of [...listed, ...backend.store.stepsOf(stageId)]) backend.streams.drop(step.id);
  moveDependents(backend, buildId);
  const build = backend.store.build(buildId);
  const status = buildStatus(backend.store.stagesOf(buildId));
  if (build === undefined || status === undefined) return;
  const now = nowSeconds(backend);
  const times = { updated: now, finished: now, started: build.started || now };
  backend.store.updateBuild({ ...build, status, ...times });
}

/**
 * Repeated until nothing moves, because a skipped stage may free another. The dispatcher is woken only by a stage that
 * is scheduled: a stage's end alone frees limits no sooner than the next run (drone-rpc §7.3).
 */
function moveDependents(backend: Backend, buildId: number): void {
  let scheduled = false;
  for (let moved = true; moved; ) {
    moved = false;
    for (const stage of backend.store.stagesOf(buildId)) {
      if (stage.status !== 'waiting_on_dependencies') continue;
      const status = nextStatusOf(stage, backend.store.stagesOf(buildId));
      if (status === 'wait') continue;
      const now = nowSeconds(backend);
      const ended = status === 'skipped' ? { started: now, stopped: now } : {};
      backend.store.stages.update({ ...stage, status, ...ended, updated: now });
      moved = true;
      scheduled ||= status === 'pending';
    }
  }
  if (scheduled) backend.queue.dispatch();
}

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
export function cancelStages({ clock, store }: Backend, buildId: number): void {
  const now = nowSeconds({ clock });
  const cancelled = (started: number) => ({
    status: started === 0 ? 'skipped' : 'killed',
    started: started || now,
    stopped: now,
  });
  for (const stage of store.stagesOf(buildId).filter(({ status }) => !isDone(status))) {
    store.stages.update({ ...stage, ...cancelled(stage.started), updated: now });
    for (const step of store.stepsOf(stage.id).filter(({ status }) => !isDone(status)))
      store.steps.update({ ...step, ...cancelled(step.started), exit_code: 130 });
  }
}
