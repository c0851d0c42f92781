import { type Backend, cutError, nowSeconds } from './backend.ts';
import { buildStatus, turnOf } from './downstream.ts';
import { lockConflict, noRows, RpcFailure } from './rpc-failure.ts';
import { isStart } from './status.ts';
import type { WireBuild, WireStage, WireStageUpdate, WireStep } from './wire.ts';

/** Accepts a stage for a machine (drone-rpc §2.2): only a set machine is refused, and the status is not looked at. */
export function acceptStage(backend: Backend, stageId: number, machine: string): WireStage {
  const stage = backend.store.stage(stageId);
  if (stage === undefined) throw noRows();
  if (stage.machine !== '') throw lockConflict();
  const accepted = backend.store.updateStage({
    ...stage,
    machine,
    status: 'pending',
    updated: nowSeconds(backend),
  });
  if (accepted === undefined) throw lockConflict();
  return accepted;
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
  if (build.status === 'pending')
    backend.store.updateBuild({
      ...build,
      status: 'running',
      ...touched(backend),
      started: nowSeconds(backend),
    });
  return { ...stage, steps };
}

function finishStage(backend: Backend, build: WireBuild, update: WireStageUpdate): WireStageUpdate {
  const steps = update.steps.map((step) => {
    const row = backend.store.updateStep(keepPlace(backend, { ...step, error: cutError(step.error) }));
    if (row === undefined) throw lockConflict();
    return { ...step, error: row.error, version: row.version };
  });
  const stage = replaceStage(backend, update);
  settleStage(backend, build.id, update.id, steps);
  return { ...stage, steps };
}

/** Step columns that a PUT never writes. */
function keepPlace(backend: Backend, step: WireStep): WireStep {
  const row = backend.store.step(step.id);
  return { ...step, step_id: row?.step_id ?? step.step_id, number: row?.number ?? step.number };
}

/** Writes all columns that a PUT writes, wiping what the body leaves out; answers the body with the new version. */
function replaceStage(backend: Backend, update: WireStageUpdate): WireStage {
  const { steps: _steps, ...body } = update;
  const row = backend.store.stage(body.id);
  if (row === undefined) throw lockConflict();
  const { number, name, kind, type, limit, throttle, repo_id, build_id } = row;
  const place = { number, name, kind, type, limit, throttle, repo_id, build_id };
  const changed = { ...body, error: cutError(body.error), updated: nowSeconds(backend) };
  const stored = backend.store.updateStage({ ...changed, ...place });
  if (stored === undefined) throw lockConflict();
  return { ...changed, version: stored.version };
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
  const finished = nowSeconds(backend);
  backend.store.updateBuild({
    ...build,
    status,
    ...touched(backend),
    finished,
    started: build.started || finished,
  });
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
      const turn = turnOf(stage, backend.store.stagesOf(buildId));
      if (turn === 'wait') continue;
      const now = nowSeconds(backend);
      const ended = turn === 'skipped' ? { started: now, stopped: now } : {};
      backend.store.updateStage({ ...stage, status: turn, ...ended, updated: now });
      moved = true;
      scheduled ||= turn === 'pending';
    }
  }
  if (scheduled) backend.queue.dispatch();
}

function touched(backend: Backend): { updated: number } {
  return { updated: nowSeconds(backend) };
}
