import { type Backend, cutError } from './backend.ts';
import { LOCK_TEXT, lockConflict, RpcFailure } from './rpc-failure.ts';
import { isStart } from './status.ts';
import type { WireStep } from './wire.ts';

/** Applies a step PUT (drone-rpc §2.5): the body's status decides between start and finish. */
export function putStep(backend: Backend, step: WireStep): WireStep {
  return isStart(step.status) ? startStep(backend, step) : finishStep(backend, step);
}

/** The live stream is created, or reset, even when the version turns out to be stale. */
function startStep(backend: Backend, step: WireStep): WireStep {
  backend.streams.create(step.id);
  const row = replaceStep(backend, step);
  if (row === undefined) throw lockConflict();
  return row;
}

/** A stale version is a 500 here: the real server wraps the error, and its status mapping misses it. */
function finishStep(backend: Backend, step: WireStep): WireStep {
  const row = replaceStep(backend, step);
  backend.streams.drop(step.id);
  if (row === undefined) throw new RpcFailure(500, `1 error occurred:\n\t* ${LOCK_TEXT}\n\n`);
  return row;
}

/** Answers the body with the new version; place in the stage is never written. */
function replaceStep(backend: Backend, step: WireStep): WireStep | undefined {
  const changed = { ...step, error: cutError(step.error) };
  const row = backend.store.step(step.id);
  if (row === undefined) return undefined;
  const stored = backend.store.updateStep({ ...changed, step_id: row.step_id, number: row.number });
  return stored === undefined ? undefined : { ...changed, version: stored.version };
}
