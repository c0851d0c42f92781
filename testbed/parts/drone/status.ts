import type { WireStage } from './wire.ts';

const UNDONE: ReadonlySet<string> = new Set(['waiting_on_dependencies', 'blocked', 'pending', 'running']);
const FAILED: ReadonlySet<string> = new Set(['failure', 'error', 'killed']);

/** True unless the server still waits for it; unknown and empty states count as done (drone-rpc §3.10, §2.4). */
export function isDone(status: string): boolean {
  return !UNDONE.has(status);
}

/** True for the two states that make a PUT a start; anything else is a finish (drone-rpc §2.4, §2.5). */
export function isStart(status: string): boolean {
  return status === 'pending' || status === 'running';
}

type Dependent = Pick<WireStage, 'id' | 'name' | 'status' | 'depends_on' | 'on_success' | 'on_failure'>;

/** What becomes of a waiting stage now. */
export type NextStatus = 'wait' | 'pending' | 'skipped';

/** Decides for a waiting stage by the state of all stages of its build (drone-rpc §3.11). */
export function nextStatusOf(stage: Dependent, all: readonly Dependent[]): NextStatus {
  const needed = new Set(stage.depends_on);
  if (all.some((other) => needed.has(other.name) && !isDone(other.status))) return 'wait';
  const failed = all.some((other) => FAILED.has(other.status));
  return (failed ? stage.on_failure : stage.on_success) ? 'pending' : 'skipped';
}

/** The build's final status by its stages in id order; undefined while one is open (drone-rpc §3.11). */
export function buildStatus(stages: readonly Pick<WireStage, 'id' | 'status'>[]): string | undefined {
  if (stages.some(({ status }) => UNDONE.has(status) || status === 'declined')) return undefined;
  const inOrder = [...stages].sort((a, b) => a.id - b.id);
  return inOrder.find(({ status }) => FAILED.has(status))?.status ?? 'success';
}
