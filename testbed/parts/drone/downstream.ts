import { isDone, isFailed } from './status.ts';
import type { WireStage } from './wire.ts';

type Dependent = Pick<WireStage, 'id' | 'name' | 'status' | 'depends_on' | 'on_success' | 'on_failure'>;

/** What becomes of a waiting stage now. */
export type Turn = 'wait' | 'pending' | 'skipped';

/** Decides for a waiting stage by the state of all stages of its build (drone-rpc §3.11). */
export function turnOf(stage: Dependent, all: readonly Dependent[]): Turn {
  const needed = new Set(stage.depends_on);
  if (all.some((other) => needed.has(other.name) && !isDone(other.status))) return 'wait';
  const failed = all.some((other) => isFailed(other.status));
  return (failed && !stage.on_failure) || (!failed && !stage.on_success) ? 'skipped' : 'pending';
}

const OPEN: ReadonlySet<string> = new Set([
  'pending',
  'running',
  'waiting_on_dependencies',
  'declined',
  'blocked',
]);

/** The build's final status by its stages in id order; undefined while one is open (drone-rpc §3.11). */
export function buildStatus(stages: readonly Pick<WireStage, 'id' | 'status'>[]): string | undefined {
  if (stages.some((stage) => OPEN.has(stage.status))) return undefined;
  const inOrder = [...stages].sort((a, b) => a.id - b.id);
  return inOrder.find((stage) => isFailed(stage.status))?.status ?? 'success';
}
